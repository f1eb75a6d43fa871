import { describe, expect, test } from "vitest";
import { fillTemplate, substituteSecrets } from "../../src/roles/template.ts";
import { faultOf } from "../stack/temporary.ts";

describe("fillTemplate", () => {
  test("fills names, with and without spaces, as often as they come", () => {
    expect(fillTemplate("f", "{{a}}-{{ b }}-{{a}}", { a: "1", b: "2" })).toBe("1-2-1");
  });

  test("writes a value as it is: neither $ nor braces in it mean anything", () => {
    expect(fillTemplate("f", "<{{a}}>", { a: "$& $1 {{b}} \\" })).toBe("<$& $1 {{b}} \\>");
  });

  test("leaves secrets for the last moment, and fills names inside their labels", () => {
    const text = "{{secret:ssh-private/host/{{host}}|json}} {{secret:password/x}}";
    expect(fillTemplate("f", text, { host: "dc1" })).toBe("{{secret:ssh-private/host/dc1|json}} {{secret:password/x}}");
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

describe("substituteSecrets", () => {
  const resolve = (kind: string, label: string): string => `<${kind} ${label}\n"2">`;

  test("replaces each placeholder by kind and label, as it is or as one JSON scalar", () => {
    expect(substituteSecrets("a: {{secret:password/u/x}}", resolve)).toBe('a: <password u/x\n"2">');
    const line = substituteSecrets("a: {{secret:ssh-private/host/dc1|json}}", resolve);
    expect(line.split("\n")).toHaveLength(1);
    expect(JSON.parse(line.slice(3))).toBe('<ssh-private host/dc1\n"2">');
  });

  test("writes it as XML text or in base64 where the file wants that", () => {
    const value = (): string => "<a & b>\n";
    expect(substituteSecrets("{{secret:vault-key/x|xml}}", value)).toBe("&lt;a &amp; b&gt;\n");
    expect(substituteSecrets("{{secret:vault-key/x|base64}}", value)).toBe("PGEgJiBiPgo=");
  });

  test("leaves everything else alone, other braces too", () => {
    const text = "{{ other }} {single} {{{triple}}}";
    expect(substituteSecrets(text, resolve)).toBe(text);
  });

  test("writes a secret as it is, whatever it holds", () => {
    expect(substituteSecrets("{{secret:password/x}}", () => "$& {{secret:password/y}}")).toBe(
      "$& {{secret:password/y}}",
    );
  });

  test.each([
    "{{secret:pasword/x}}",
    "{{secret:password}}",
    "{{secret:password/}}",
    "{{secret:password/x|rot13}}",
    "{{secret:password/x|json|json}}",
    "{{secret:}}",
  ])("refuses %s, and quotes it", async (text) => {
    const fault = await faultOf(() => substituteSecrets(`a ${text} b`, resolve));
    expect(fault.code).toBe("TEMPLATE_UNKNOWN_SECRET");
    expect(fault.message).toContain(text);
    expect(fault.hint).toContain("password, password-digest, bcrypt, ssh-private, ssh-public");
  });
});
