import fc from "fast-check";
import ssh2 from "ssh2";
import { describe, expect, test } from "vitest";
import { parseSshKey } from "../../src/core/ssh-key.ts";

const { generateKeyPairSync } = ssh2.utils;
const text = (s: string): Buffer => Buffer.from(s, "latin1");
/** A key of any content: its fields with their lengths before them. */
const keyOf = (type: string, ...fields: readonly Buffer[]): string => {
  const parts = [text(type), ...fields].flatMap((f) => {
    const size = Buffer.alloc(4);
    size.writeUInt32BE(f.length);
    return [size, f];
  });
  return `${type} ${Buffer.concat(parts).toString("base64")}`;
};
const E = Buffer.from([1, 0, 1]);
/** A number of so many bits, its sign's bit before it where it must be. */
const modulus = (bits: number): Buffer => {
  const hex = (1n << BigInt(bits - 1)).toString(16);
  const bytes = Buffer.from(hex.padStart(hex.length + (hex.length % 2), "0"), "hex");
  return bytes[0]! >= 0x80 ? Buffer.concat([Buffer.from([0]), bytes]) : bytes;
};
const factOf = (line: string): string | undefined => {
  const parsed = parseSshKey(line);
  return "fact" in parsed ? parsed.fact : undefined;
};

describe("a public SSH key", () => {
  test.each([
    ["ed25519", generateKeyPairSync("ed25519").public],
    ["ecdsa 256", generateKeyPairSync("ecdsa", { bits: 256 }).public],
    ["ecdsa 384", generateKeyPairSync("ecdsa", { bits: 384 }).public],
    ["ecdsa 521", generateKeyPairSync("ecdsa", { bits: 521 }).public],
    ["rsa 3072", generateKeyPairSync("rsa", { bits: 3072 }).public],
    ["on a security key", keyOf("sk-ssh-ed25519@openssh.com", Buffer.alloc(32, 7), text("ssh:"))],
  ])("%s, as its tool writes it, is taken, whatever the comment", (_, line) => {
    const [type, blob] = line.trim().split(" ");
    for (const comment of ["", " élise@portable", " two words {{secret:password/x}}"])
      expect(parseSshKey(`${type!} ${blob!}${comment}`)).toEqual({ type, blob });
  });

  test.each([
    ["without the application", [Buffer.alloc(32, 7)]],
    ["with something behind it", [Buffer.alloc(32, 7), text("ssh:"), text("x")]],
    ["with a point that is cut", [Buffer.alloc(31, 7), text("ssh:")]],
  ])("on a security key, %s, is damaged", (_, fields) => {
    expect(factOf(keyOf("sk-ssh-ed25519@openssh.com", ...fields))).toMatch(/is cut, or has something behind it/);
  });

  test.each([
    [3071, /3071 bits; at least 3072/],
    [3072, undefined],
    [16_384, undefined],
    [16_385, /at most 16384/],
  ])("of RSA with %i bits is judged by its length", (bits, fact) => {
    const said = factOf(keyOf("ssh-rsa", E, modulus(bits)));
    if (fact === undefined) expect(said).toBeUndefined();
    else expect(said).toMatch(fact);
  });

  const own = generateKeyPairSync("ed25519").public.trim().split(" ")[1]!;
  test.each([
    ["", /does not begin with a type/],
    ["ssh-dss AAAAB3NzaC1kc3M=", /does not begin with a type/],
    [`command="sh" ssh-ed25519 ${own}`, /does not begin with a type/],
    ["ssh-ed25519", /no base64/],
    [`ssh-ed25519  ${own}`, /no base64/],
    [`ssh-ed25519 ${own}=`, /no base64/],
    [`ssh-ed25519 ${own.slice(0, -1)}-`, /no base64/],
    [`ssh-ed25519 ${own}\nssh-ed25519 ${own}`, /line break/],
    [`ssh-rsa ${own}`, /another type inside/],
    [keyOf("ssh-ed25519", Buffer.alloc(31)), /cut, or has something behind/],
    [keyOf("ssh-ed25519", Buffer.alloc(32), Buffer.alloc(0)), /cut, or has something behind/],
    [keyOf("ecdsa-sha2-nistp256", text("nistp384"), Buffer.alloc(65, 4)), /cut, or has something behind/],
    [keyOf("ecdsa-sha2-nistp256", text("nistp256"), Buffer.alloc(65, 2)), /cut, or has something behind/],
    [keyOf("ssh-rsa", E, Buffer.alloc(384, 0xff)), /cut, or has something behind/],
    [keyOf("ssh-rsa", modulus(4096)), /cut, or has something behind/],
  ])("%j is refused", (line, fact) => {
    expect(factOf(line)).toMatch(fact);
  });

  test("that is a private one is refused, and not repeated", () => {
    const pasted = generateKeyPairSync("ed25519").private;
    const said = parseSshKey(pasted);
    expect(said).toMatchObject({ fact: "is a private key" });
    for (const line of pasted.split("\n").filter((l) => l !== "" && !l.startsWith("-")))
      expect(JSON.stringify(said)).not.toContain(line);
  });

  test("cut anywhere is refused, and no text makes the reader fail", () => {
    const bytes = Buffer.from(own, "base64");
    for (let n = 0; n < bytes.length; n++)
      expect([n, factOf(`ssh-ed25519 ${bytes.subarray(0, n).toString("base64")}`) !== undefined]).toEqual([n, true]);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), fc.constantFrom("ssh-ed25519", "ssh-rsa"), (some, type) => {
        parseSshKey(`${type} ${Buffer.from(some).toString("base64")}`);
      }),
    );
  });
});
