import { describe, expect, test } from "vitest";
import { secret } from "../../src/core/secret-place.ts";
import { fillText, placesOf } from "../../src/core/text.ts";
import { fillTemplate } from "../../src/roles/template.ts";
import { faultOf } from "../stack/temporary.ts";

describe("fillTemplate", () => {
  test("fills names, with and without spaces, as often as they come", () => {
    expect(fillTemplate("f", "{{a}}-{{ b }}-{{a}}", { a: "1", b: "2" })).toBe("1-2-1");
  });

  test("writes a value as it is: neither $ nor braces in it mean anything", () => {
    expect(fillTemplate("f", "<{{a}}>", { a: "$& $1 {{b}} \\" })).toBe("<$& $1 {{b}} \\>");
  });

  test("has a secret's place where a role gives one, among text that is text", () => {
    const key = secret("ssh-private", "host/dc1", "json");
    const text = fillTemplate("f", "# {{host}}\nkey: {{key}}\n", { host: "{{secret:password/x}} {{key}}", key });
    expect(text).toEqual(["# {{secret:password/x}} {{key}}\nkey: ", key, "\n"]);
    expect(placesOf(text)).toEqual([key]);
    expect(fillText(text, () => "K")).toBe('# {{secret:password/x}} {{key}}\nkey: "K"\n');
  });

  test("is a string where no place is among the values, and knows no place by its words", async () => {
    expect(fillTemplate("f", "{{a}}", { a: "{{secret:password/x}}" })).toBe("{{secret:password/x}}");
    const fault = await faultOf(() => fillTemplate("f", "{{secret:password/x}}", {}));
    expect(fault.code).toBe("TEMPLATE_UNKNOWN_NAME");
    expect(fault.hint).toContain("its role gives the place");
  });

  test("refuses a name that it is not given, by file and line, and lists what it is given", async () => {
    const fault = await faultOf(() => fillTemplate("templates/x/conf", "a\n{{b}}\n  {{c}}\n", { b: "", a: "" }));
    expect(fault.code).toBe("TEMPLATE_UNKNOWN_NAME");
    expect(fault.message).toMatch(/^templates\/x\/conf:3 \{\{c\}\}/);
    expect(fault.hint).toContain("It is given a, b;");
  });

  test("refuses names that the template does not use: a value that reaches nobody is a mistake", async () => {
    const fault = await faultOf(() => fillTemplate("templates/x/conf", "{{b}}", { a: "", b: "", z: "" }));
    expect(fault.code).toBe("TEMPLATE_UNUSED_NAME");
    expect(fault.message).toBe("templates/x/conf does not use a, z.");
  });

  test("an empty value is a value", () => {
    expect(fillTemplate("f", "<{{a}}>", { a: "" })).toBe("<>");
  });

  test.each(["constructor", "toString", "__proto__"])("%s is a name like any other", async (name) => {
    expect((await faultOf(() => fillTemplate("f", `{{${name}}}`, {}))).code).toBe("TEMPLATE_UNKNOWN_NAME");
  });
});
