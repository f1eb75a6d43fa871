import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readFromZip } from "../../src/artefacts/zip.ts";
import { temporaryFolder } from "../stack/temporary.ts";
import { zipOf } from "./zips.ts";

const read = (bytes: Buffer, name: string, most = 1_000): Promise<Buffer | null> => {
  const file = join(temporaryFolder(), "x.zip");
  writeFileSync(file, bytes);
  return readFromZip(file, (n) => n.endsWith(name), most);
};

describe("a file in a zip", () => {
  test.each([true, false])("is read whether stored or not (%s)", async (isStored) => {
    const zip = zipOf([
      { name: "a/", content: "" },
      { name: "a/other.php", content: "x" },
      { name: "a/config.php", content: "<?php é", isStored },
    ]);
    expect((await read(zip, "config.php"))?.toString("latin1")).toBe("<?php é");
  });

  test("is found behind a comment that holds the directory's own mark", async () => {
    const zip = zipOf([{ name: "config.php", content: "yes" }], "made by x");
    expect((await read(zip, "config.php"))?.toString()).toBe("yes");
  });

  test("of several that are wanted is the one nearest the top", async () => {
    const zip = zipOf([
      { name: "a/b/config.php", content: "deep" },
      { name: "a/config.php", content: "top" },
    ]);
    expect((await read(zip, "config.php"))?.toString()).toBe("top");
  });

  test("that is not there is none", async () => {
    expect(await read(zipOf([{ name: "index.php", content: "x" }]), "config.php")).toBeNull();
  });

  test.each([
    ["is no zip", Buffer.from("a".repeat(100)), /is no zip/],
    ["is empty", Buffer.alloc(0), /is no zip/],
    ["was cut off at its end", zipOf([{ name: "config.php", content: "x" }]).subarray(0, 60), /is no zip/],
    ["was cut off at its front", zipOf([{ name: "config.php", content: "x" }]).subarray(40), /is no zip that is read/],
    ["is encrypted", zipOf([{ name: "config.php", content: "x", isEncrypted: true }]), /encrypted/],
    ["is packed otherwise", zipOf([{ name: "config.php", content: "x", method: 14 }]), /method 14/],
    ["holds more than anybody reads", zipOf([{ name: "config.php", content: "x".repeat(2_000) }]), /more than 1000/],
  ])("of what %s is refused in words", async (_what, bytes, words) => {
    await expect(read(bytes, "config.php")).rejects.toThrow(words);
  });
});
