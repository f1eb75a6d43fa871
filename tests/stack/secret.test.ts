import { spawnSync } from "node:child_process";
import { hkdfSync } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import bcrypt from "bcryptjs";
import fc from "fast-check";
import ssh2 from "ssh2";
import { describe, expect, test } from "vitest";
import { loadStackSecret, StackSecret } from "../../src/stack/secret.ts";
import { faultOf, temporaryFolder } from "./temporary.ts";

const key = Buffer.alloc(32, 7);
const secret = new StackSecret(key);
const label = fc.stringMatching(/^[a-z][a-z0-9/-]{0,30}$/);

describe("derivation", () => {
  test("is HKDF-SHA256 with the label and its epoch as info", () => {
    const expected = Buffer.from(hkdfSync("sha256", key, "", "maquette/v1/ssh-host/dc1#0", 48));
    expect(secret.bytes("ssh-host/dc1", 48)).toEqual(expected);
    const rotated = Buffer.from(hkdfSync("sha256", key, "", "maquette/v1/ssh-host/dc1#3", 48));
    expect(new StackSecret(key, new Map([["ssh-host/dc1", 3]])).bytes("ssh-host/dc1", 48)).toEqual(rotated);
  });

  test("gives the same bytes for the same secret, and others for another label, epoch or secret", () => {
    fc.assert(
      fc.property(label, label, (a, b) => {
        const bytes = secret.bytes(a, 32);
        expect(new StackSecret(Uint8Array.from(key)).bytes(a, 32)).toEqual(bytes);
        expect(secret.bytes(b, 32).equals(bytes)).toBe(a === b);
        expect(new StackSecret(key, new Map([[a, 1]])).bytes(a, 32)).not.toEqual(bytes);
        expect(new StackSecret(key, new Map([[a, 1]])).bytes(`${a}x`, 32)).toEqual(secret.bytes(`${a}x`, 32));
        expect(new StackSecret(Buffer.alloc(32, 8)).bytes(a, 32)).not.toEqual(bytes);
      }),
      { numRuns: 50 },
    );
  });

  test("refuses a secret of less than 32 bytes", () => {
    expect(() => new StackSecret(Buffer.alloc(31))).toThrow(RangeError);
  });
});

describe("a password", () => {
  test("has neither look-alikes nor anything that a shell, YAML, XML or SQL would read", () => {
    fc.assert(
      fc.property(label, (l) => {
        const password = secret.password(l);
        expect(password).toMatch(/^[A-HJ-NP-Za-km-z2-9._-]+$/);
        expect(password.length).toBeGreaterThanOrEqual(24);
        for (const kind of [/[A-Z]/, /[a-z]/, /[0-9]/, /[-_.]/]) expect(password).toMatch(kind);
        expect(password).toBe(new StackSecret(key).password(l));
      }),
    );
  });

  test("draws each character as often as any other", () => {
    const counts = new Map<string, number>();
    const passwords = 3_000;
    for (let i = 0; i < passwords; i++)
      for (const c of secret.password(`u/${i}`).slice(0, 21)) counts.set(c, (counts.get(c) ?? 0) + 1);
    const expected = (passwords * 21) / 60;
    const chiSquare = [...counts.values()].reduce((sum, n) => sum + (n - expected) ** 2 / expected, 0);
    expect(counts.size).toBe(60);
    // 59 degrees of freedom: 112 is passed once in 30000; a plain modulo would reach thousands.
    expect(chiSquare).toBeLessThan(112);
  });

  test("of two labels differs, and its bcrypt hash is the same text each time and verifies", () => {
    expect(secret.password("a")).not.toBe(secret.password("b"));
    const hash = secret.bcrypt("a");
    expect(hash).toMatch(/^\$2b\$10\$/);
    expect(secret.bcrypt("a")).toBe(hash);
    expect(bcrypt.compareSync(secret.password("a"), hash)).toBe(true);
    expect(bcrypt.compareSync(secret.password("b"), hash)).toBe(false);
    expect(secret.bcrypt("b").slice(0, 29)).not.toBe(hash.slice(0, 29));
  });
});

describe("an SSH key", () => {
  const parse = (text: string): ssh2.ParsedKey => {
    const parsed = ssh2.utils.parseKey(text);
    if (parsed instanceof Error) throw parsed;
    return parsed;
  };

  test("parses, signs what its public half verifies, and is the same text each time", () => {
    // Comments of all lengths meet all paddings.
    for (let n = 0; n < 9; n++) {
      const pair = secret.sshKey(`host/${n}`, "c".repeat(n));
      expect(secret.sshKey(`host/${n}`, "c".repeat(n))).toEqual(pair);
      const [own, open] = [parse(pair.privateKey), parse(pair.publicKey)];
      expect([own.type, own.isPrivateKey(), open.isPrivateKey()]).toEqual(["ssh-ed25519", true, false]);
      const signature = own.sign("text");
      expect(open.verify("text", signature)).toBe(true);
      expect(open.verify("other", signature)).toBe(false);
      expect(parse(secret.sshKey("another", "").publicKey).verify("text", signature)).toBe(false);
    }
  });

  test("has lines of at most 70 characters between OpenSSH's own marks", () => {
    const lines = secret.sshKey("host/dc1", "host/dc1").privateKey.split("\n");
    expect([lines[0], lines.at(-2), lines.at(-1)]).toEqual([
      "-----BEGIN OPENSSH PRIVATE KEY-----",
      "-----END OPENSSH PRIVATE KEY-----",
      "",
    ]);
    for (const line of lines.slice(1, -2)) expect(line).toMatch(/^[A-Za-z0-9+/=]{1,70}$/);
  });

  const hasKeygen = spawnSync("ssh-keygen", ["-?"]).error === undefined;
  test.skipIf(!hasKeygen)(
    `is read by ssh-keygen, which derives the same public line${hasKeygen ? "" : " (skipped: ssh-keygen is not installed)"}`,
    () => {
      const file = join(temporaryFolder(), "key");
      const pair = secret.sshKey("provisioner", "provisioner");
      writeFileSync(file, pair.privateKey, { mode: 0o600 });
      const { stdout, status, stderr } = spawnSync("ssh-keygen", ["-y", "-f", file], { encoding: "utf8" });
      expect(status, stderr).toBe(0);
      expect(stdout.trim()).toBe(pair.publicKey);
    },
  );
});

test("a digest tells a change and depends on label and secret", () => {
  const digest = secret.digest("seed", "text");
  expect(digest).toMatch(/^[0-9a-f]{32}$/);
  expect(secret.digest("seed", Buffer.from("text"))).toBe(digest);
  const others = [secret.digest("seed", "texts"), secret.digest("mark", "text")];
  expect(new Set([digest, ...others, new StackSecret(Buffer.alloc(32, 9)).digest("seed", "text")]).size).toBe(4);
});

describe("the stack's secret on disk", () => {
  test("is made once, 32 random bytes for this user alone, and read from then on", async () => {
    const folder = join(temporaryFolder(), "lab");
    const first = await loadStackSecret(folder);
    const file = join(folder, "secret");
    expect(readFileSync(file, "utf8")).toMatch(/^[\w-]{43}\n$/);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect((await loadStackSecret(folder)).digest("x", "y")).toBe(first.digest("x", "y"));
    expect((await loadStackSecret(join(temporaryFolder(), "lab"))).digest("x", "y")).not.toBe(first.digest("x", "y"));
    expect(readdirSync(folder)).toEqual(["secret"]);
  });

  test("is one secret, whoever makes it at the same time", async () => {
    const folder = join(temporaryFolder(), "lab");
    const made = await Promise.all(Array.from({ length: 8 }, () => loadStackSecret(folder)));
    const kept = await loadStackSecret(folder);
    expect(new Set([...made, kept].map((s) => s.digest("x", "y"))).size).toBe(1);
    expect(readdirSync(folder)).toEqual(["secret"]);
  });

  test.each(["", "\n", "AAAA", "A".repeat(42), `<p>${"A".repeat(60)}</p>`, `${"A".repeat(43)}\0`])(
    "damaged (%j) it is refused with the cure, and left as it is",
    async (text) => {
      const folder = temporaryFolder();
      writeFileSync(join(folder, "secret"), text);
      const fault = await faultOf(() => loadStackSecret(folder));
      expect(fault.code).toBe("STACK_SECRET_DAMAGED");
      expect(fault.message).toContain(join(folder, "secret"));
      expect(fault.hint).toMatch(/backup/);
      expect(readFileSync(join(folder, "secret"), "utf8")).toBe(text);
    },
  );

  test("a folder in its place is said, not replaced", async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, "secret"));
    const fault = await faultOf(() => loadStackSecret(folder));
    expect(fault.code).toBe("DISK_NOT_A_FOLDER");
    expect(fault.message).toContain(join(folder, "secret"));
  });
});
