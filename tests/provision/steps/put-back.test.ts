import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { hide, putBack } from "../../../src/provision/steps/put-back.ts";
import { substituteSecrets } from "../../../src/roles/template.ts";

const secrets: Record<string, string> = {
  "password/dc/administrator": "Zk7-correct.horse-Q2",
  "vault-key/dc1": "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEH\n-----END PRIVATE KEY-----",
};
const resolve = (kind: string, label: string): string => secrets[`${kind}/${label}`]!;
const declared = [
  "[ldap]",
  "server = dc1",
  "password = {{secret:password/dc/administrator}}",
  "{{secret:vault-key/dc1}}",
  "",
].join("\n");
const live = substituteSecrets(declared, resolve);

describe("a live file as the state may hold it", () => {
  test("has its places for secrets again, of several lines too, where it is as declared", () => {
    expect(putBack(declared, live, resolve)).toBe(declared);
  });

  test("shows a line that was changed by hand in a file without secrets", () => {
    const plain = "a = 1\nb = 2\n";
    expect(putBack(plain, "a = 1\nb = 3\n", resolve)).toBe("a = 1\nb = 3\n");
  });

  test("shows of a changed line of a file with secrets no more than its name", () => {
    const shown = putBack(declared, live.replace("Zk7-correct.horse-Q2", "hunter2"), resolve);
    expect(shown).not.toContain("hunter2");
    expect(shown).toMatch(/^password = ?…/m);
    expect(shown).toContain("{{secret:vault-key/dc1}}");
  });

  test("hides a line that somebody added, and a key that somebody replaced", () => {
    const other = "-----BEGIN PRIVATE KEY-----\nAAAAotherotherother\n-----END PRIVATE KEY-----";
    const shown = putBack(declared, `${live.replace(secrets["vault-key/dc1"]!, other)}s3cr3t\n`, resolve);
    expect(shown).not.toContain("AAAAother");
    expect(shown).not.toContain("s3cr3t");
  });

  test("never shows a secret, whatever lines are dropped, moved or typed in between", () => {
    const lines = live.split("\n");
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.constantFrom(...lines), fc.string({ minLength: 8, maxLength: 12 })), { maxLength: 12 }),
        (mixed) => {
          const shown = putBack(declared, mixed.join("\n"), resolve);
          for (const secret of Object.values(secrets))
            for (const line of secret.split("\n")) if (!line.startsWith("-----")) expect(shown).not.toContain(line);
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
