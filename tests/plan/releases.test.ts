import { expect, test } from "vitest";
import { releaseNamed } from "../../src/core/debian.ts";
import { loadPlan } from "../../src/plan/index.ts";
import { releaseFindings } from "../../src/plan/hosts/releases.ts";
import type { Plan } from "../../src/plan/types.ts";
import { KEPT } from "../plans/shipped.ts";

const outcome = await loadPlan(KEPT, { nodes: 2 });
if (!outcome.ok) throw new Error("the lab's plan is not sound");
const lab = outcome.value;

/** The lab with another file behind its image `debian-13`. */
function on(fileName: string): Plan {
  const image = { ...lab.images.get("debian-13")!, fileName, release: releaseNamed(fileName) ?? null };
  return { ...lab, images: new Map([...lab.images, ["debian-13", image]]) };
}
const said = (plan: Plan, today: string): readonly string[] =>
  releaseFindings(plan, today)
    .filter((f) => f.path === "images.debian-13")
    .map((f) => `${f.severity} ${f.code}`);

test("a supported release is nothing to speak of; one that is not out yet is said with its hosts and its place", () => {
  const findings = releaseFindings(lab, "2026-11-30");
  expect(findings).toMatchObject([
    { code: "IMAGE_RELEASE_UNRELEASED", severity: "warning", path: "images.debian-14", place: { line: 15 } },
  ]);
  expect(findings[0]!.fact).toContain("on which pbx would run");
});

test.each([
  ["debian-13.qcow2", "2026-11-30", []],
  ["debian-12.qcow2", "2026-11-30", ["warning IMAGE_RELEASE_LONG_TERM"]],
  ["debian-11.qcow2", "2026-11-30", ["warning IMAGE_RELEASE_ENDED"]],
  ["debian-13.qcow2", "2031-01-01", ["warning IMAGE_RELEASE_ENDED"]],
  ["debian-zurg.qcow2", "2026-11-30", ["warning IMAGE_RELEASE_UNKNOWN"]],
  ["own.qcow2", "2026-11-30", ["warning IMAGE_RELEASE_UNKNOWN"]],
])("%s on %s: %j", (fileName, today, codes) => expect(said(on(fileName), today)).toEqual(codes));

test("an image that no host runs on is not spoken of", () => {
  const hosts = new Map([...lab.hosts].filter(([, host]) => host.image !== "debian-14"));
  expect(releaseFindings({ ...lab, hosts }, "2026-11-30")).toEqual([]);
});
