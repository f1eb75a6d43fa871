import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { secret } from "../../../src/core/secret-place.ts";
import { fillText, shown, type Text } from "../../../src/core/text.ts";
import { hide, putBack } from "../../../src/provision/steps/put-back.ts";

const secrets: Record<string, string> = {
  "password/dc/administrator": "Zk7-correct.horse-Q2",
  "vault-key/dc1": "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEH\n-----END PRIVATE KEY-----",
};
const resolve = (kind: string, label: string): string => secrets[`${kind}/${label}`]!;
const declared: Text = [
  "[ldap]\nserver = dc1\npassword = ",
  secret("password", "dc/administrator"),
  "\n",
  secret("vault-key", "dc1"),
  "\n",
];
const live = fillText(declared, resolve);
const put = (text: string, of: Text = declared): string => shown(putBack(of, text, resolve));

describe("a live file as the state may hold it", () => {
  test("has its places for secrets again, of several lines too, where it is as declared", () => {
    expect(putBack(declared, live, resolve)).toEqual(declared);
  });

  test("shows a line that was changed by hand in a file without secrets", () => {
    const plain = "a = 1\nb = 2\n";
    expect(putBack(plain, "a = 1\nb = 3\n", resolve)).toBe("a = 1\nb = 3\n");
  });

  test("shows of a changed line of a file with secrets no more than its name", () => {
    const seen = put(live.replace("Zk7-correct.horse-Q2", "hunter2"));
    expect(seen).not.toContain("hunter2");
    expect(seen).toMatch(/^password = ?…/m);
    expect(seen).toContain("{{secret:vault-key/dc1}}");
  });

  test("hides a line that somebody added, and a key that somebody replaced", () => {
    const other = "-----BEGIN PRIVATE KEY-----\nAAAAotherotherother\n-----END PRIVATE KEY-----";
    const seen = put(`${live.replace(secrets["vault-key/dc1"]!, other)}s3cr3t\n`);
    expect(seen).not.toContain("AAAAother");
    expect(seen).not.toContain("s3cr3t");
  });

  test("never shows a secret, whatever lines are dropped, moved or typed in between", () => {
    const lines = live.split("\n");
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.constantFrom(...lines), fc.string({ minLength: 8, maxLength: 12 })), { maxLength: 12 }),
        (mixed) => {
          const seen = put(mixed.join("\n"));
          for (const secret of Object.values(secrets))
            for (const line of secret.split("\n")) if (!line.startsWith("-----")) expect(seen).not.toContain(line);
        },
      ),
    );
  });
});

describe("a text that is to be shown", () => {
  test("loses every known secret, and each line of a key", () => {
    const text = "bind with Zk7-correct.horse-Q2 failed near MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEH";
    expect(hide(text, Object.values(secrets))).toBe("bind with (secret) failed near (secret)");
  });
});
