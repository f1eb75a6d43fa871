import { describe, expect, test } from "vitest";
import { applySeed } from "../../../src/twin/seed/apply.ts";
import { readNoCloud } from "../../../src/twin/seed/nocloud.ts";

const present = {
  passwd: "root:x:0:0:root:/root:/bin/bash\n",
  group: "root:x:0:\nadm:x:4:\nsudo:x:27:carol\n",
  shadow: "root:*:20000:0:99999:7:::\n",
  gshadow: "root:*::\nadm:*::\nsudo:*::carol\n",
};
const userData = `#cloud-config
users:
  - {name: alice, groups: [adm, sudo, absent]}
`;
const seed = readNoCloud(
  new Map([
    ["meta-data", Buffer.from("instance-id: i\nlocal-hostname: h\n")],
    ["user-data", Buffer.from(userData)],
  ]),
  { name: "h" },
);

describe("the accounts of a seed", () => {
  const files = new Map(applySeed(seed, present, () => undefined).files.map((f) => [f.path, f]));

  test("stand in the four files alike, so that the system's own checks find nothing", () => {
    expect(files.get("/etc/group")!.content).toBe("root:x:0:\nadm:x:4:alice\nsudo:x:27:carol,alice\nalice:x:1000:\n");
    expect(files.get("/etc/gshadow")!.content).toBe("root:*::\nadm:*::alice\nsudo:*::carol,alice\nalice:!::\n");
    expect(files.get("/etc/passwd")!.content).toContain("alice:x:1000:1000:");
    expect(files.get("/etc/shadow")!.content).toContain("alice:!:");
  });

  test("are shadowed for root and the group shadow", () => {
    for (const path of ["/etc/shadow", "/etc/gshadow"])
      expect(files.get(path)).toMatchObject({ mode: 0o640, group: 42 });
  });
});
