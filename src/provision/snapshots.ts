import { z } from "zod";
import { Fault } from "../core/fault.ts";
import { upid } from "../pve/client/answers.ts";
import { seg, type PveClient } from "../pve/client/client.ts";
import type { ListedVm } from "./ownership.ts";

/** A guest of a snapshot, by its host in the plan. */
export interface SnapshotGuest {
  readonly host: string;
  readonly role: string;
  readonly vmId: number;
}

const TASK = { pollMs: 50, deadlineMs: 300_000 };
/** Proxmox' own form (pve-configid) and length; with one letter it refuses. */
const NAME = /^[A-Za-z][\w-]{1,39}$/;
/** So that snapshots that people made by hand under the same name are never taken for ours. */
const DESCRIPTION = "maquette ";

/** @throws Fault CLI_USAGE for what Proxmox takes for no name */
export function checkSnapshotName(name: string): string {
  if (NAME.test(name) && name !== "current" && name !== "pending") return name;
  throw new Fault(
    "CLI_USAGE",
    `"${name}" is no name for a snapshot.`,
    "Proxmox takes 2 to 40 letters, digits, - and _, a letter first; current and pending are its own.",
  );
}

type Node = ListedVm & { readonly status: string };

/** The snapshots of one name on the guests of a lab, taken and restored all together, through the Proxmox VE API. */
export class GuestSnapshots {
  readonly #client: PveClient;
  readonly #mark: string;
  readonly #guests: readonly SnapshotGuest[];

  constructor(client: PveClient, mark: string, guests: readonly SnapshotGuest[]) {
    this.#client = client;
    this.#mark = mark;
    this.#guests = guests;
  }

  /**
   * Takes one of every guest, as of one moment: all but the routers stand still meanwhile, so that no domain controller
   * has heard of a change that another one's snapshot does not hold. Whatever happens, they run on afterwards.
   * @returns how long they stood still, ms
   * @throws Fault SNAPSHOT_…, and then no guest has it
   */
  async take(name: string, description: string): Promise<{ readonly stillMs: number }> {
    const nodes = await this.#nodes();
    await this.#refuseOthers(nodes, name);
    await this.#removeLeftovers(nodes, name);
    // A router's disk holds its configuration alone, and CARP would take its standing still for its death.
    const still = this.#guests.filter((g) => g.role !== "router" && nodes.get(g.vmId)!.status === "running");
    const paused: SnapshotGuest[] = [];
    let since = 0;
    let stillMs = 0;
    try {
      try {
        since = performance.now();
        await all(still, async (g) => {
          if (await this.#isPaused(nodes.get(g.vmId)!)) return;
          paused.push(g);
          await this.#task(nodes.get(g.vmId)!, "status/suspend");
        });
        await all(this.#guests, (g) =>
          this.#task(nodes.get(g.vmId)!, "snapshot", {
            snapname: name,
            description: `${DESCRIPTION}${description}`,
            vmstate: false,
          }),
        );
      } finally {
        await all(paused, (g) => this.#task(nodes.get(g.vmId)!, "status/resume"));
        stillMs = Math.round(performance.now() - since);
      }
    } catch (error) {
      await this.#removeLeftovers(nodes, name).catch(() => undefined);
      throw error;
    }
    return { stillMs };
  }

  /** What an interrupted `take` left: guests that stand still go on, snapshots that not all guests have are deleted. */
  async undo(name: string): Promise<void> {
    const listed = await this.#client.listVms();
    const there = this.#guests.filter((g) => listed.some((v) => this.#isOwn(v, g.vmId)));
    const nodes = new Map(there.map((g) => [g.vmId, listed.find((v) => v.vmid === g.vmId)!] as const));
    await all(there, async (g) => {
      const node = nodes.get(g.vmId)!;
      if (node.status === "running" && (await this.#isPaused(node))) await this.#task(node, "status/resume");
    });
    await this.#removeLeftovers(nodes, name);
  }

  /**
   * Whether the guests can go back, before anything is touched.
   * @throws Fault SNAPSHOT_GUESTS naming guests that have none, and guests that came later
   */
  async checkRestorable(name: string): Promise<void> {
    const listed = await this.#client.listVms();
    const known = new Set(this.#guests.map((g) => g.vmId));
    const later = listed.filter((v) => v.tags.includes(this.#mark) && !v.template && !known.has(v.vmid));
    const without: string[] = [];
    await all(this.#guests, async (g) => {
      const vm = listed.find((v) => this.#isOwn(v, g.vmId));
      if (!vm || !(await this.#has(vm, name))) without.push(g.host);
    });
    if (later.length === 0 && without.length === 0) return;
    const facts = [
      ...(without.length > 0
        ? [`${without.sort().join(", ")} have no snapshot ${name}: they were made anew since`]
        : []),
      ...(later.length > 0 ? [`${later.map((v) => `${v.name} (${v.vmid})`).join(", ")} came later`] : []),
    ];
    throw new Fault(
      "SNAPSHOT_GUESTS",
      `The lab cannot go back to ${name} as a whole: ${facts.join("; ")}. A part of it is never taken back alone: domain controllers would disagree about what was replicated.`,
      "Take a new one (`maquette snapshot OTHER`); or build the lab anew: `maquette destroy`, `maquette up`.",
    );
  }

  /** Takes all guests back, off first, so that none of now meets one of then; they stay off. */
  async restore(name: string, onDone: (left: number) => void): Promise<void> {
    const before = await this.#nodes();
    await all(this.#guests, async (g) => {
      const vm = before.get(g.vmId)!;
      if (vm.status !== "stopped") await this.#task(vm, "status/stop");
    });
    await this.#until("stopped", this.#guests);
    let left = this.#guests.length;
    await all(this.#guests, async (g) => {
      await this.#task(before.get(g.vmId)!, `snapshot/${seg(name)}/rollback`);
      onDone(--left);
    });
  }

  /** Starts those of the guests that are off. */
  async start(which: (guest: SnapshotGuest) => boolean = () => true): Promise<void> {
    const guests = this.#guests.filter(which);
    const nodes = await this.#nodes();
    await all(guests, async (g) => {
      const vm = nodes.get(g.vmId)!;
      if (vm.status !== "running") await this.#task(vm, "status/start");
    });
    await this.#until("running", guests);
  }

  async remove(name: string): Promise<void> {
    const listed = await this.#client.listVms();
    await all(this.#guests, async (g) => {
      const vm = listed.find((v) => this.#isOwn(v, g.vmId));
      if (vm && (await this.#has(vm, name))) await this.#delete(vm, name);
    });
  }

  async #task(vm: ListedVm, what: string, parameters: Readonly<Record<string, string | boolean>> = {}): Promise<void> {
    await this.#client.waitTask(await this.#client.post(`${pathOf(vm)}/${what}`, upid, parameters), TASK);
  }

  async #delete(vm: ListedVm, name: string): Promise<void> {
    await this.#client.waitTask(await this.#client.delete(`${pathOf(vm)}/snapshot/${seg(name)}`, upid), TASK);
  }

  async #removeLeftovers(nodes: ReadonlyMap<number, Node>, name: string): Promise<void> {
    await all([...nodes.values()], async (vm) => {
      if (await this.#has(vm, name)) await this.#delete(vm, name);
    });
  }

  /** @throws Fault SNAPSHOT_NOT_OURS */
  async #refuseOthers(nodes: ReadonlyMap<number, Node>, name: string): Promise<void> {
    const others: string[] = [];
    await all([...nodes.values()], async (vm) => {
      const found = (await this.#list(vm)).find((s) => s.name === name);
      if (found && !found.description.startsWith(DESCRIPTION)) others.push(`${vm.name} (${vm.vmid})`);
    });
    if (others.length > 0)
      throw new Fault(
        "SNAPSHOT_NOT_OURS",
        `${others.sort().join(", ")} ${others.length === 1 ? "has" : "have"} a snapshot ${name} that maquette did not take.`,
        "Choose another name; or delete it in Proxmox, if it is yours.",
      );
  }

  async #has(vm: ListedVm, name: string): Promise<boolean> {
    return (await this.#list(vm)).some((s) => s.name === name && s.description.startsWith(DESCRIPTION));
  }

  #list(vm: ListedVm): Promise<readonly { readonly name: string; readonly description: string }[]> {
    return this.#client.get(`${pathOf(vm)}/snapshot`, snapshotList);
  }

  async #isPaused(vm: ListedVm): Promise<boolean> {
    return (await this.#client.get(`${pathOf(vm)}/status/current`, currentStatus)).qmpstatus === "paused";
  }

  #isOwn(vm: ListedVm, vmId: number): boolean {
    return vm.vmid === vmId && vm.tags.includes(this.#mark);
  }

  /** @throws Fault SNAPSHOT_NO_GUEST */
  async #nodes(): Promise<ReadonlyMap<number, Node>> {
    const listed = await this.#client.listVms();
    const missing = this.#guests.filter((g) => !listed.some((v) => this.#isOwn(v, g.vmId)));
    if (missing.length > 0)
      throw new Fault(
        "SNAPSHOT_NO_GUEST",
        `The lab is not whole: ${missing.map((g) => g.host).join(", ")} ${missing.length === 1 ? "is" : "are"} not made.`,
        "Run `maquette up` first.",
      );
    return new Map(this.#guests.map((g) => [g.vmId, listed.find((v) => v.vmid === g.vmId)!] as const));
  }

  /** HA's manager does what it is asked for after the task has ended. */
  async #until(status: string, guests: readonly SnapshotGuest[]): Promise<void> {
    const deadline = Date.now() + POWER_DEADLINE_MS;
    for (;;) {
      const nodes = await this.#nodes();
      const others = guests.filter((g) => nodes.get(g.vmId)!.status !== status);
      if (others.length === 0) return;
      if (Date.now() > deadline)
        throw new Fault(
          "SNAPSHOT_POWER",
          `Not ${status} after ${POWER_DEADLINE_MS / 1000} s: ${others.map((g) => g.host).join(", ")}.`,
          "Look at their tasks in Proxmox, then run the same command again: it goes on.",
        );
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}

const POWER_DEADLINE_MS = 120_000;
const snapshotList = z.array(z.object({ name: z.string(), description: z.string().default("") }));
const currentStatus = z.object({ qmpstatus: z.string().default("") });

const pathOf = (vm: ListedVm): string => `/nodes/${seg(vm.node)}/qemu/${vm.vmid}`;

/** All at once; each ends before the first failure is told. */
async function all<T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<void> {
  const settled = await Promise.allSettled(items.map(work));
  for (const s of settled) if (s.status === "rejected") throw s.reason;
}
