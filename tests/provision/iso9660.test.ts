import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { iso9660 } from "../../src/provision/iso9660.ts";
import { readCd } from "./iso-reader.ts";

const seed = new Map([
  ["user-data", Buffer.from("#cloud-config\n")],
  ["meta-data", Buffer.from("instance-id: x\n")],
  ["network-config", Buffer.from("version: 2\n")],
]);

describe("a CD", () => {
  test("is read with its label in the case that cloud-init looks for, by both of its volumes", () => {
    const { primary, joliet } = readCd(iso9660("cidata", seed));
    expect([primary.label, joliet.label]).toEqual(["cidata", "cidata"]);
  });

  test("has the names as they are for readers of Joliet, and 8.3 for the rest, with the same content", () => {
    const { primary, joliet } = readCd(iso9660("cidata", seed));
    expect(Object.fromEntries([...joliet.files].map(([n, b]) => [n, b.toString()]))).toEqual({
      "meta-data": "instance-id: x\n",
      "network-config": "version: 2\n",
      "user-data": "#cloud-config\n",
    });
    for (const name of primary.files.keys()) expect(name).toMatch(/^[A-Z0-9_]{1,8}\.[A-Z0-9_]{0,3};1$/);
    expect([...primary.files.values()].map(String).sort()).toEqual([...joliet.files.values()].map(String).sort());
  });

  test("is the same bytes for the same files, whatever their order", () => {
    const other = new Map([...seed].reverse());
    expect(iso9660("cidata", other).equals(iso9660("cidata", seed))).toBe(true);
    expect(iso9660("config", seed).equals(iso9660("cidata", seed))).toBe(false);
  });

  test("may be empty, and may hold an empty file", () => {
    expect(readCd(iso9660("", new Map())).joliet.files.size).toBe(0);
    expect(readCd(iso9660("x", new Map([["empty", Buffer.alloc(0)]]))).joliet.files.get("empty")).toHaveLength(0);
  });

  test("holds every content under every name, of any size around a sector's", () => {
    const name = fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$/);
    const size = fc.oneof(fc.constantFrom(0, 1, 2047, 2048, 2049, 4096, 4097), fc.nat(9_000));
    const files = fc.uniqueArray(fc.tuple(name, size), { selector: ([n]) => n, maxLength: 8 });
    fc.assert(
      fc.property(fc.stringMatching(/^[A-Za-z0-9_]{0,16}$/), files, (label, listed) => {
        const wanted = new Map(listed.map(([n, s], i) => [n, Buffer.alloc(s, i + 1)]));
        const { primary, joliet } = readCd(iso9660(label, wanted));
        expect([primary.label, joliet.label]).toEqual([label, label]);
        expect(primary.files.size).toBe(wanted.size);
        expect([...joliet.files.keys()].sort()).toEqual([...wanted.keys()].sort());
        for (const [n, content] of wanted) expect(joliet.files.get(n)!.equals(content)).toBe(true);
      }),
      { numRuns: 100 },
    );
  });

  test("gives names that 8.3 makes alike different ones", () => {
    const names = ["a-b", "a_b", "A_B", "x.conf", "x.config", "a.b.c", "a.b.d", "long-name-1", "long-name-2"];
    const { primary } = readCd(iso9660("x", new Map(names.map((n) => [n, Buffer.from(n)]))));
    expect([...primary.files.values()].map(String).sort()).toEqual([...names].sort());
  });

  test.each(["", "a/b", "a\0b", ".", "..", "x".repeat(65)])("refuses %j for a file's name", (name) => {
    expect(() => iso9660("x", new Map([[name, Buffer.alloc(0)]]))).toThrow(/no name for a file/);
  });

  test("refuses a label of more than 16 characters", () => {
    expect(readCd(iso9660("x".repeat(16), seed)).primary.label).toBe("x".repeat(16));
    expect(() => iso9660("x".repeat(17), seed)).toThrow(/volume label/);
  });

  test("refuses more files than its one folder holds, instead of writing half of them", () => {
    const many = (n: number): Map<string, Buffer> =>
      new Map(Array.from({ length: n }, (_, i) => [`file-${i}`.padEnd(64, "x"), Buffer.alloc(1)]));
    expect(readCd(iso9660("x", many(12))).joliet.files.size).toBe(12);
    expect(() => iso9660("x", many(13))).toThrow(/too many files/);
  });
});
