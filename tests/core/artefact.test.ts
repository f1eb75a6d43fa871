import { describe, expect, test } from "vitest";
import {
  digestIn,
  judgeArtefact,
  otherVersions,
  type Artefact,
  type Digest,
  type Place,
  type Seen,
} from "../../src/core/artefact.ts";

const A = "a".repeat(64);
const B = "b".repeat(64);
const digest = (hex: string, by = "the catalogue"): Digest => ({ algorithm: "sha256", hex, by });
const tool: Artefact = {
  id: "tool",
  name: "Tool",
  version: "1.2",
  licence: "MIT",
  fileName: "tool-1.2.tar.gz",
  url: "https://example.org/tool",
  digest: digest(A),
  source: "Download it",
};
const supplied: Artefact = { ...tool, url: null, digest: null };

const absent: Seen = { kind: "absent", others: [] };
const file = (hex: string, beside: Digest | null = null, version: string | null = null): Seen => ({
  kind: "file",
  digest: hex,
  beside,
  version,
});
const places = (folder: Seen, cache: Seen): Place[] => [
  { kind: "folder", path: "/folder/x", seen: folder },
  { kind: "cache", path: "/cache/x", seen: cache },
];

describe("an artefact", () => {
  test("is found in the setting's folder before the cache", () => {
    expect(judgeArtefact(tool, places(file(A), file(A)))).toEqual({
      kind: "found",
      in: "folder",
      path: "/folder/x",
      digest: tool.digest,
    });
    expect(judgeArtefact(tool, places(absent, file(A)))).toMatchObject({ kind: "found", in: "cache" });
  });

  test("that is nowhere was looked for in each place", () => {
    const others: Seen = { kind: "absent", others: ["/folder/tool-1.3.tar.gz"] };
    expect(judgeArtefact(tool, places(others, absent))).toEqual({
      kind: "absent",
      looked: ["/folder/x", "/cache/x"],
      others: ["/folder/tool-1.3.tar.gz"],
    });
  });

  test("of a wrong digest is named with both, and a good one elsewhere is no way around it", () => {
    expect(judgeArtefact(tool, places(file(B), file(A)))).toEqual({
      kind: "wrong",
      path: "/folder/x",
      is: B,
      wanted: tool.digest,
    });
  });

  test("that cannot be read is not passed over either", () => {
    expect(judgeArtefact(tool, places({ kind: "unreadable", why: "it is no file" }, file(A)))).toEqual({
      kind: "unreadable",
      path: "/folder/x",
      why: "it is no file",
    });
  });

  test("of which nobody publishes a digest goes by the file beside it, and without one is not used", () => {
    const beside = digest(A, "/folder/x.sha256");
    expect(judgeArtefact(supplied, places(file(A, beside), absent))).toMatchObject({ kind: "found", digest: beside });
    expect(judgeArtefact(supplied, places(file(B, beside), absent))).toMatchObject({ kind: "wrong", wanted: beside });
    expect(judgeArtefact(supplied, places(file(B), absent))).toEqual({ kind: "unstated", path: "/folder/x", is: B });
  });

  test("cannot be made good by a file beside it where its digest is known", () => {
    expect(judgeArtefact(tool, places(file(B, digest(B, "/folder/x.sha256")), absent)).kind).toBe("wrong");
  });

  test("that says its version must say the right one, whatever vouches for its bytes", () => {
    const saying: Artefact = { ...supplied, says: { file: "config.php", version: /x/ } };
    const beside = digest(A, "/folder/x.sha256");
    const judged = (version: string | null, b: Digest | null = beside): unknown =>
      judgeArtefact(saying, places(file(A, b, version), absent));
    expect(judged("1.2")).toMatchObject({ kind: "found" });
    expect(judged("1.3")).toEqual({ kind: "other-version", path: "/folder/x", is: "1.3", wanted: "1.2" });
    expect(judged(null)).toMatchObject({ kind: "other-version", is: null });
    expect(judged("1.3", null)).toMatchObject({ kind: "other-version" });
    expect(judged("1.2", null)).toMatchObject({ kind: "unstated" });
  });
});

test("another version of a file is known by its name", () => {
  const names = [
    "tool-1.2.tar.gz",
    "tool-1.10.tar.gz",
    "tool-2.0-rc1.tar.gz",
    "tool-x.tar.gz",
    "tool-1.3.zip",
    "tool-",
  ];
  expect(otherVersions(tool, names)).toEqual(["tool-1.10.tar.gz", "tool-2.0-rc1.tar.gz"]);
  expect(otherVersions({ ...tool, version: null }, names)).toEqual([]);
  expect(otherVersions({ ...tool, fileName: "tool.tar.gz" }, names)).toEqual([]);
});

describe("a digest in a checksums file", () => {
  test.each([
    ["sha256sum's line", `${B}  other\n${A}  x.iso\n`],
    ["sha256sum's line of a binary file", `${A} *x.iso`],
    ["a line with ./ before the name", `${A}  ./x.iso\r\n`],
    ["BSD's line", `SHA256 (x.iso) = ${A}\n`],
    ["upper case", `${A.toUpperCase()}  x.iso`],
    ["the digits alone", `${A}\n`],
  ])("is read from %s", (_form, text) => expect(digestIn(text, "x.iso")).toBe(A));

  test.each([
    ["another file's", `${A}  y.iso`],
    ["digits among other lines", `${A}\n${B}  y.iso`],
    ["too few digits", `${A.slice(1)}  x.iso`],
    ["words", "x.iso is fine"],
    ["nothing", ""],
  ])("is not made of %s", (_form, text) => expect(digestIn(text, "x.iso")).toBeNull());

  test("may be a SHA-512", () => expect(digestIn(`${A}${B}  x.iso`, "x.iso", "sha512")).toBe(A + B));
});
