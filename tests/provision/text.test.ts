import fc from "fast-check";
import { expect, test } from "vitest";
import { fillText, textFrom, type Text } from "../../src/core/text.ts";
import { declaredText, textOfState } from "../../src/provision/text.ts";

const VALUE = "Zk7-correct.horse-Q2";
const words = fc.constantFrom("{{secret:", "password/x", "|json", "}}", "{{secret:password/x}}", " ", "a", "{", "\n");
const strings = fc.array(words, { maxLength: 8 }).map((parts) => parts.join(""));

test("a declared text that went through a state is what it was, and no string in it is a place", () => {
  const parts = fc.array(fc.oneof(strings, fc.constant({ secret: "password/x" })), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(fc.oneof(strings, parts), (value) => {
      const text: Text = textFrom(value)!;
      const back = textOfState(textFrom(JSON.parse(JSON.stringify(declaredText(text))))!);
      expect(fillText(back, () => VALUE)).toBe(fillText(text, () => VALUE));
      if (typeof text === "string") expect(fillText(back, () => VALUE)).toBe(text);
    }),
  );
});

test("a text without such words stays a string in the state, as it was before", () => {
  expect(declaredText("port = 389\n{{host}} {{ secret }}\n")).toBe("port = 389\n{{host}} {{ secret }}\n");
});

test("a state of before has its places again, with how each is written", () => {
  expect(textOfState("key: {{secret:ssh-private/host/dc1|json}}\n{{secret:vault-key/dc1}}")).toEqual([
    "key: ",
    { as: "json", secret: "ssh-private/host/dc1" },
    "\n",
    { secret: "vault-key/dc1" },
  ]);
});
