import { z } from "zod";
import { nothing, upid } from "../pve/client/answers.ts";
import { seg, type PveClient } from "../pve/client/client.ts";
import { Fault } from "../core/fault.ts";

/** What an operator does to a machine from outside: power and cables. */
export interface LabPower {
  /** Power off at once. */
  stop(host: string): Promise<void>;
  start(host: string): Promise<void>;
  reboot(host: string): Promise<void>;
  /** Pulls or plugs the cable of the host's n-th NIC. */
  setLink(host: string, nic: number, isUp: boolean): Promise<void>;
  isRunning(host: string): Promise<boolean>;
  /** Asks it to end as its power button does; one that does not is an error. */
  shutDown(host: string): Promise<void>;
  /** Ids of hosts that run. */
  running(): Promise<ReadonlySet<string>>;
}

/** What a simulated UPS says: one state after the other, each for so many seconds; the last one stays. */
export type UpsStates = readonly { readonly text: string; readonly seconds: number }[];

/** The plug of the UPS, where it is simulated. */
export interface UpsPlug {
  /** @param host who reads it */
  say(host: string, states: UpsStates): Promise<void>;
  /** On mains again; a stop that is under way goes on, and is waited for, as nothing takes it back. */
  restore(host: string): Promise<void>;
}

const TASK = { pollMs: 50, deadlineMs: 120_000 };

/**
 * Through the Proxmox VE API, as on any hypervisor.
 * @param vmIdOf the VM of a host of the plan
 * @param hosts ids of the plan's
 * @param pull how a cable is pulled where there is a shorter way than by the VM's configuration
 */
export function apiPower(
  client: PveClient,
  vmIdOf: (host: string) => number,
  hosts: Iterable<string>,
  pull?: LabPower["setLink"],
): LabPower {
  const ids = [...hosts];
  const vmOf = async (host: string): Promise<{ readonly path: string; readonly status: string }> => {
    const vm = (await client.listVms()).find((v) => v.vmid === vmIdOf(host));
    if (!vm)
      throw new Fault(
        "ACCEPT_NO_GUEST",
        `${host} is not made yet.`,
        "Run `maquette up`: it makes what the plan names.",
      );
    return { path: `/nodes/${seg(vm.node)}/qemu/${vm.vmid}`, status: vm.status };
  };
  const act = async (host: string, verb: "stop" | "start" | "reboot" | "shutdown"): Promise<void> => {
    const { path } = await vmOf(host);
    await client.waitTask(await client.post(`${path}/status/${verb}`, upid), TASK);
  };
  return {
    stop: (host) => act(host, "stop"),
    start: (host) => act(host, "start"),
    reboot: (host) => act(host, "reboot"),
    isRunning: async (host) => (await vmOf(host)).status === "running",
    shutDown: (host) => act(host, "shutdown"),
    running: async () => {
      const on = new Set((await client.listVms()).flatMap((v) => (v.status === "running" ? [v.vmid] : [])));
      return new Set(ids.filter((host) => on.has(vmIdOf(host))));
    },
    setLink:
      pull ??
      (async (host, nic, isUp) => {
        const { path } = await vmOf(host);
        const config = await client.get(`${path}/config`, z.record(z.string(), z.unknown()));
        const before = config[`net${nic}`];
        if (typeof before !== "string")
          throw new Fault(
            "ACCEPT_NO_NIC",
            `${host} has no net${nic}.`,
            "Run `maquette up`: the VM differs from the plan.",
          );
        const kept = before.split(",").filter((part) => !part.startsWith("link_down="));
        await client.put(`${path}/config`, nothing, {
          [`net${nic}`]: [...kept, ...(isUp ? [] : ["link_down=1"])].join(","),
        });
      }),
  };
}

/** Things to be undone, last first; each is tried, whatever became of the others. */
export class Undo {
  readonly #steps: { readonly what: string; readonly work: () => Promise<void> }[] = [];

  add(what: string, work: () => Promise<void>): void {
    this.#steps.push({ what, work });
  }

  /** @returns what could not be undone, in words */
  async run(): Promise<readonly string[]> {
    const failures: string[] = [];
    for (let step = this.#steps.pop(); step; step = this.#steps.pop()) {
      try {
        await step.work();
      } catch (error) {
        failures.push(`${step.what}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
    return failures;
  }
}
