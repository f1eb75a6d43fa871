import type { Host, Plan } from "../../../src/plan/index.ts";

/** The lab's plan with Windows on pc2. */
export function withWindows(plan: Plan, windows: object = {}): Plan {
  const debian = plan.images.get("debian-13")!;
  const image = { ...debian, id: "windows-10", os: "windows" as const, url: null, fileName: "windows-10.qcow2" };
  const pc2: Host = { ...plan.hosts.get("pc2")!, image: "windows-10" };
  const told = plan.settings.get("workstation")!;
  return {
    ...plan,
    images: new Map([...plan.images, ["windows-10", image]]),
    hosts: new Map([...plan.hosts, ["pc2", pc2]]),
    settings: new Map([...plan.settings, ["workstation", { ...told, values: { ...told.values, windows } }]]),
  };
}
