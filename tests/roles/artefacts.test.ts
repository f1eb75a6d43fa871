import { describe, expect, test } from "vitest";
import { ebrigade, iredmail } from "../../src/roles/artefacts.ts";
import { artefactsIn } from "../../src/roles/registry.ts";
import { renderedLab } from "./lab.ts";

const all = [...iredmail, ...ebrigade];

describe("the catalogue of what others publish", () => {
  test("has each file once, under a name that is a file's", () => {
    expect(new Set(all.map((a) => a.id)).size).toBe(all.length);
    expect(new Set(all.map((a) => a.fileName)).size).toBe(all.length);
    for (const { fileName } of all) expect(fileName).toMatch(/^[A-Za-z0-9][\w.-]*$/);
  });

  test("knows the SHA-256 of whatever it has an address for", () => {
    for (const { id, url, digest } of all.filter((a) => a.url !== null)) {
      expect(url, id).toMatch(/^https:\/\//);
      expect(digest, id).toMatchObject({ algorithm: "sha256", hex: expect.stringMatching(/^[0-9a-f]{64}$/) as string });
    }
  });

  test("names each version in the file's name and address, so that another one is seen", () => {
    for (const { version, fileName, url } of all) {
      expect(fileName).toContain(version!);
      if (url !== null) expect(url).toContain(version!);
    }
  });
});

test("the lab's plan would use iRedMail and eBrigade, and says in both languages what it is without them", async () => {
  const { plan } = await renderedLab();
  const uses = artefactsIn(plan);
  expect(uses.map(({ name, hosts }) => [name, hosts])).toEqual([
    ["iRedMail", ["mail"]],
    ["eBrigade", ["ebrigade"]],
  ]);
  for (const { standsIn, notShown } of uses)
    for (const text of [standsIn.en, standsIn.fr, notShown.en, notShown.fr]) expect(text).not.toBe("");
  const without = { ...plan, hosts: new Map([...plan.hosts].filter(([id]) => id !== "mail")) };
  expect(artefactsIn(without).map((u) => u.name)).toEqual(["eBrigade"]);
});
