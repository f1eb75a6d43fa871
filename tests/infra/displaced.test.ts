import { describe, expect, test } from "vitest";
import {
  displacedGuests,
  misplaced,
  smallClones,
  standingGuests,
  type PlannedGuest,
} from "../../src/infra/displaced.ts";
import type { Recorded } from "../../src/infra/recovery.ts";
import { vm } from "../provision/fake-client.ts";

const mark = "lab-12345678";
const VM = "proxmoxve:index/vmLegacy:VmLegacy";

type Numbers = Readonly<Record<string, number>>;

/** What the engine has on record of a lab that is up, and what the cluster lists: name to VM id. */
const recordOf = (hosts: Numbers): Recorded[] => [
  {
    type: "pulumi:pulumi:Stack",
    outputs: {
      mark,
      guests: Object.fromEntries(
        Object.entries(hosts).map(([name, id]) => [name, { role: "workstation", addresses: [`10.0.0.${id % 100}`] }]),
      ),
    },
  },
  ...Object.entries(hosts).map(([name, vmId]) => ({
    type: VM,
    urn: `urn:pulumi:lab::maquette::maquette:lab:Lab$maquette:lab:Guest$${VM}::${name}`,
    id: String(vmId),
    inputs: { vmId, disks: [{ size: 20 }] },
  })),
];
const listedOf = (hosts: Numbers): ReturnType<typeof vm>[] =>
  Object.entries(hosts).map(([name, id]) => vm(id, name, ["maquette", mark, `host-${name}`]));
const planOf = (hosts: Numbers): PlannedGuest[] =>
  Object.entries(hosts).map(([host, vmId]) => ({ host, vmId, addresses: [`10.0.0.${vmId % 100}`] }));

const now: Numbers = { pc1: 1031, pc2: 1032 };
/** The same lab, pc2 of something for good. */
const keeping = (keeps: string): PlannedGuest[] => planOf(now).map((p) => (p.host === "pc2" ? { ...p, keeps } : p));
/** The same lab, and other disks of pc2. */
const disksOf = (disksGiB: readonly number[]): PlannedGuest[] =>
  planOf(now).map((p) => (p.host === "pc2" ? { ...p, disksGiB } : p));
const after = (plan: Numbers | PlannedGuest[], lab: Numbers = now): string[] =>
  displacedGuests(standingGuests(recordOf(lab), listedOf(lab), mark), Array.isArray(plan) ? plan : planOf(plan)).map(
    (d) =>
      d.kind === "renamed"
        ? `${d.guest.host} ${d.guest.vm.vmid} renamed to ${d.by}${d.address === undefined ? "" : ` at ${d.address}`}`
        : d.kind === "moved"
          ? `${d.guest.host} moved from ${d.from} to ${d.to}`
          : d.kind === "bound"
            ? `${d.guest.host} bound to ${d.from}, not ${d.to}`
            : d.kind === "shrunk"
              ? `${d.guest.host} disk ${d.disk} of ${d.fromGiB} shrunk to ${d.toGiB}`
              : `${d.guest.host} ${d.guest.vm.vmid} renumbered ${d.vmId}${d.by === undefined ? "" : `, taken by ${d.by}`}`,
  );

test("a guest that is of a domain for good is in the way of a plan that has another one", () => {
  const recorded = recordOf(now).map((r) =>
    r.urn === undefined
      ? {
          ...r,
          outputs: { mark, guests: { pc2: { role: "dc", addresses: ["10.0.0.32"], keeps: "the domain a.test" } } },
        }
      : r,
  );
  const displaced = (keeps: string): readonly string[] =>
    displacedGuests(standingGuests(recorded, listedOf(now), mark), keeping(keeps)).map(
      (d) => `${d.kind} ${d.guest.host}`,
    );
  expect(displaced("the domain a.test")).toEqual([]);
  expect(displaced("the domain b.test")).toEqual(["bound pc2"]);
});

describe("a guest that would be cloned with a smaller disk than its template has", () => {
  const recorded: Recorded[] = [
    ...recordOf(now),
    { type: VM, urn: "template", inputs: { vmId: 9045, template: true, disks: [{ size: 20 }] } },
  ];
  const small = (disksGiB: readonly number[], host = "pc3", templateId = 9045): readonly string[] =>
    smallClones(recorded, standingGuests(recorded, listedOf(now), mark), [
      ...planOf(now).filter((p) => p.host !== host),
      { host, vmId: host === "pc2" ? 1032 : 1033, addresses: [], disksGiB, templateId },
    ]).map((s) => `${s.host} ${s.wantedGiB} of ${s.templateGiB}`);

  test("is a new one, or one that stands and shrinks; not one that fits or has no template yet", () => {
    expect(small([15])).toEqual(["pc3 15 of 20"]);
    expect(small([20, 5])).toEqual([]);
    expect(small([15], "pc2")).toEqual(["pc2 15 of 20"]);
    expect(small([20], "pc2")).toEqual([]);
    expect(small([15], "pc3", 9046)).toEqual([]);
  });
});

describe("a guest is in the plan's way", () => {
  test.each<[string, Numbers | PlannedGuest[], string[]]>([
    ["never while nothing changes", now, []],
    ["not when a host is added", { ...now, pc3: 1033 }, []],
    ["not when its host is taken out: that is what the plan says", { pc1: 1031 }, []],
    [
      "not when it gets another address",
      [...planOf({ pc1: 1031 }), { host: "pc2", vmId: 1032, addresses: ["10.0.0.99"] }],
      [],
    ],
    [
      "when it gets another address, and its role is bound to the one that it has",
      [...planOf({ pc1: 1031 }), { host: "pc2", vmId: 1032, addresses: ["10.0.0.99"], keepsAddress: true }],
      ["pc2 moved from 10.0.0.32 to 10.0.0.99"],
    ],
    ["not when a disk grows", disksOf([30]), []],
    ["not when it gets one more", disksOf([20, 5]), []],
    ["not when it is what it was for good, or was not said to be anything", keeping("the domain a.test"), []],
    ["when a disk becomes smaller", disksOf([15]), ["pc2 disk 0 of 20 shrunk to 15"]],
    ["when a disk is taken out", disksOf([]), ["pc2 disk 0 of 20 shrunk to undefined"]],
    ["when its host is renamed", { pc1: 1031, pc9: 1032 }, ["pc2 1032 renamed to pc9"]],
    [
      "when two hosts swap their names",
      { pc2: 1031, pc1: 1032 },
      ["pc1 1031 renumbered 1032, taken by pc2", "pc2 1032 renumbered 1031, taken by pc1"],
    ],
    ["when its host gets another number", { pc1: 1031, pc2: 1033 }, ["pc2 1032 renumbered 1033"]],
    [
      "when its number moves to a host that has one already",
      { pc1: 1033, pc2: 1031 },
      ["pc1 1031 renumbered 1033, taken by pc2", "pc2 1032 renumbered 1031"],
    ],
    [
      "when its number moves to a host that is new",
      { pc1: 1031, pc2: 1033, pc3: 1032 },
      ["pc2 1032 renumbered 1033, taken by pc3"],
    ],
    ["when its host goes and another one comes with its number", { pc1: 1031, web: 1032 }, ["pc2 1032 renamed to web"]],
    [
      "when its host is renamed and renumbered, and keeps its address",
      [...planOf({ pc1: 1031 }), { host: "pc9", vmId: 1039, addresses: ["10.0.0.32"] }],
      ["pc2 1032 renamed to pc9 at 10.0.0.32"],
    ],
    [
      "not when what comes for it has a number and an address of its own",
      [...planOf({ pc1: 1031 }), { host: "pc9", vmId: 1039, addresses: ["10.0.0.39"] }],
      [],
    ],
    [
      "not when two hosts that stay swap addresses",
      [
        { host: "pc1", vmId: 1031, addresses: ["10.0.0.32"] },
        { host: "pc2", vmId: 1032, addresses: ["10.0.0.31"] },
      ],
      [],
    ],
  ])("%s", (_, plan, expected) => {
    expect(after(plan)).toEqual(expected);
  });

  test("when its host is renamed back, after it was made anew under the other name", () => {
    expect(after(now, { pc1: 1031, pc9: 1032 })).toEqual(["pc9 1032 renamed to pc2"]);
  });

  test("in a copy of a class as in the first", () => {
    expect(after({ pc1: 1431, pc9: 1432 }, { pc1: 1431, pc2: 1432 })).toEqual(["pc2 1432 renamed to pc9"]);
  });

  test("when the whole lab becomes another copy: it bears the mark that it was made with", () => {
    const standing = standingGuests(recordOf(now), listedOf(now), "lab-c02-12345678");
    expect(standing.map((g) => [g.host, g.mark])).toEqual([
      ["pc1", mark],
      ["pc2", mark],
    ]);
    expect(displacedGuests(standing, planOf({ pc1: 1231, pc2: 1232 })).map((d) => d.guest.host)).toEqual([
      "pc1",
      "pc2",
    ]);
  });
});

describe("a guest stands", () => {
  test("with its role, disks and addresses, if record and cluster agree that it is ours", () => {
    expect(standingGuests(recordOf(now), listedOf(now), mark)[1]).toMatchObject({
      host: "pc2",
      vm: { vmid: 1032 },
      role: "workstation",
      disksGiB: [20],
      addresses: ["10.0.0.32"],
      isProtected: false,
    });
  });

  test("in the order of ids, whatever order the engine recorded them in", () => {
    const [stack, ...vms] = recordOf(now);
    const hosts = standingGuests([stack!, ...vms.toReversed()], listedOf(now), mark).map((g) => g.host);
    expect(hosts).toEqual(["pc1", "pc2"]);
  });

  test("not if it is gone, is somebody else's, is a template, or is the old one of a replacement", () => {
    const [stack, pc1] = recordOf(now);
    const template = { ...pc1!, urn: pc1!.urn!.replace("lab:Guest", "lab:Templates") };
    const none = (recorded: Recorded[], listed = listedOf(now)): void =>
      expect(standingGuests(recorded, listed, mark)).toEqual([]);
    none([stack!, pc1!], []);
    none([stack!, pc1!], [vm(1031, "pc1", ["maquette", "lab-87654321"])]);
    none([stack!, template]);
    none([stack!, { ...pc1!, delete: true }]);
  });

  test("also while the record says nothing of the stack yet", () => {
    expect(standingGuests([recordOf(now)[1]!], listedOf(now), mark)).toMatchObject([
      { host: "pc1", role: "", addresses: [] },
    ]);
  });
});

describe("the program itself stops", () => {
  const hosts = new Map([
    [1031, "pc1"],
    [1032, "pc9"],
  ]);

  test("before a guest that says by its tag that it is another host's", () => {
    expect(misplaced(listedOf(now), mark, hosts)).toMatchObject([{ vm: { vmid: 1032 }, host: "pc2", by: "pc9" }]);
  });

  test("not before one without such a tag, one that was only renamed by hand, or one of somebody else's", () => {
    const quiet = [
      vm(1031, "x", [mark, "host-pc1"]),
      vm(1032, "pc2", [mark]),
      vm(1032, "pc2", ["other", "host-pc2"]),
      vm(2032, "pc2", [mark, "host-pc2"]),
    ];
    for (const one of quiet) expect(misplaced([one], mark, hosts)).toEqual([]);
  });
});
