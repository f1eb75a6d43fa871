import { beforeAll, describe, expect, test } from "vitest";
import { parseSettings, type Settings } from "../../src/infra/settings.ts";
import { refuseWithoutImages, suppliedImages } from "../../src/infra/supplied.ts";
import { loadPlan } from "../../src/plan/index.ts";
import type { Plan } from "../../src/plan/types.ts";
import { repositoryRoot } from "../../src/stack/root.ts";
import { faultOf } from "../stack/temporary.ts";

let plan: Plan;
beforeAll(async () => {
  const loaded = await loadPlan(`${repositoryRoot()}/tests/plans/lab`, { nodes: 1 });
  if (!loaded.ok) throw new Error("the lab's plan has faults");
  plan = loaded.value;
});

const settingsOf = (pfsense: object | undefined): Settings =>
  parseSettings("mine", {
    endpoint: "https://192.0.2.10:8006/",
    ...(pfsense === undefined ? {} : { images: { "pfsense-2.8": pfsense } }),
  });

describe("an image that its user supplies", () => {
  test("is one without an address on which some host runs", () => {
    const [only, ...more] = suppliedImages(plan, settingsOf(undefined));
    expect(more).toEqual([]);
    expect(only).toMatchObject({
      hosts: ["rtr-a", "rtr-b"],
      named: null,
      artefact: { id: "pfsense-2.8", fileName: "pfsense-2.8.qcow2", url: null, digest: null },
    });
    const unused = { ...plan, hosts: new Map([...plan.hosts].filter(([id]) => !id.startsWith("rtr"))) };
    expect(suppliedImages(unused, settingsOf(undefined))).toEqual([]);
  });

  test.each([
    ["template", { template: 9900 }],
    ["volume", { volume: "local:import/pfsense-2.8.qcow2" }],
    ["url", { url: "https://files.example/pfsense.qcow2" }],
  ])("may be named as a %s", (named, setting) => {
    expect(suppliedImages(plan, settingsOf(setting))).toMatchObject([{ named }]);
    expect(() => refuseWithoutImages(plan, settingsOf(setting))).not.toThrow();
  });

  test("and is named by nothing ends an up before it begins, with what to set", async () => {
    const fault = await faultOf(() => refuseWithoutImages(plan, settingsOf(undefined)));
    expect(fault.code).toBe("STACK_NO_IMAGE");
    expect(fault.hint).toContain('{"pfsense-2.8": {"template": 9900}}');
  });

  test("has the digest that the settings say, or else the plan", () => {
    const [mine, theirs] = ["A".repeat(128), "b".repeat(128)] as const;
    const [said] = suppliedImages(plan, settingsOf({ sha512: mine }));
    expect(said!.artefact.digest).toEqual({ algorithm: "sha512", hex: mine.toLowerCase(), by: "maquette:images" });
    const image = { ...plan.images.get("pfsense-2.8")!, sha512: theirs };
    const dated = { ...plan, images: new Map([...plan.images, [image.id, image]]) };
    expect(suppliedImages(dated, settingsOf(undefined))[0]!.artefact.digest).toMatchObject({
      hex: theirs,
      by: "hosts.yaml",
    });
  });
});
