import { failure } from "../api-error.ts";
import type { AgentInfo, ExecResult } from "../guest-driver.ts";
import { int, list, opt, text } from "../schema/schema.ts";
import { describeGuest } from "../vm/describe.ts";
import type { World } from "../world.ts";
import { method } from "./method.ts";
import type { Call } from "./method.ts";

/** @throws {ApiError} 500 in Proxmox' words when there is no agent to ask */
async function agentOf(call: Call): Promise<AgentInfo> {
  const { world } = call;
  const vm = call.vm();
  if (!describeGuest(world, vm).isAgentEnabled) throw failure("No QEMU guest agent configured");
  if (!vm.isOn) throw failure(`VM ${vm.vmid} is not running`);
  const info = await world.driver.agent(vm.vmid);
  if (info === undefined) throw failure("QEMU guest agent is not running");
  return info;
}

/** Results of `exec` until they are asked for; by vmid and pid, in memory only. */
class Executions {
  readonly #results = new Map<string, ExecResult | undefined>();
  #pid = 1000;

  start(vmid: number, run: Promise<ExecResult>): number {
    const pid = ++this.#pid;
    const key = `${vmid}/${pid}`;
    this.#results.set(key, undefined);
    run.then(
      (result) => this.#results.set(key, result),
      (error: unknown) =>
        this.#results.set(key, {
          exitCode: 127,
          stdout: "",
          stderr: error instanceof Error ? error.message : String(error),
        }),
    );
    return pid;
  }

  /** A finished result is given once. */
  take(vmid: number, pid: number): ExecResult | undefined {
    const key = `${vmid}/${pid}`;
    if (!this.#results.has(key)) throw failure(`Agent error: PID ${pid} does not exist`);
    const result = this.#results.get(key);
    if (result !== undefined) this.#results.delete(key);
    return result;
  }
}

const perWorld = new WeakMap<World, Executions>();

function executionsOf(world: World): Executions {
  const known = perWorld.get(world) ?? new Executions();
  perWorld.set(world, known);
  return known;
}

const path = "/nodes/{node}/qemu/{vmid}/agent";

export const AGENT = [
  method("GET", `${path}/network-get-interfaces`, {}, async (call) => {
    const { interfaces } = await agentOf(call);
    return {
      result: interfaces.map((nic) => ({
        name: nic.name,
        "hardware-address": nic.mac,
        "ip-addresses": nic.addresses.map(({ address, prefix }) => ({
          "ip-address": address,
          "ip-address-type": address.includes(":") ? "ipv6" : "ipv4",
          prefix,
        })),
      })),
    };
  }),
  method("GET", `${path}/get-host-name`, {}, async (call) => ({
    result: { "host-name": (await agentOf(call)).hostname },
  })),
  method("GET", `${path}/get-osinfo`, {}, async (call) => {
    const { os } = await agentOf(call);
    return {
      result: {
        id: os.id,
        name: os.name,
        "pretty-name": `${os.name} ${os.version}`,
        version: os.version,
        "kernel-release": os.kernel,
        machine: "x86_64",
      },
    };
  }),
  method("POST", `${path}/ping`, {}, async (call) => {
    await agentOf(call);
    return { result: {} };
  }),
  method("POST", `${path}/exec`, { command: list(), "input-data": opt(text({ maxLength: 65536 })) }, async (call) => {
    await agentOf(call);
    return {
      pid: executionsOf(call.world).start(
        call.vmid,
        call.world.driver.exec(call.vmid, call.list("command"), call.optional("input-data") ?? ""),
      ),
    };
  }),
  method("GET", `${path}/exec-status`, { pid: int() }, async (call) => {
    await agentOf(call);
    const result = executionsOf(call.world).take(call.vmid, call.integer("pid"));
    if (result === undefined) return { exited: 0 };
    return { exited: 1, exitcode: result.exitCode, "out-data": result.stdout, "err-data": result.stderr };
  }),
];
