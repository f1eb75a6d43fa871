import { badParameter, failure } from "../api-error.ts";
import { flag, format, int, node, oneOf, opt, storageId, text } from "../schema/schema.ts";
import { VM_OPTIONS } from "../schema/vm-options.ts";
import { describeGuest } from "../vm/describe.ts";
import { drivesOf } from "../vm/drive-string.ts";
import { applyPending } from "../vm/config.ts";
import { defaultTimeoutMs, shutdownGuest, startGuest, stopGuest } from "../vm/power.ts";
import { checkLock, checkSkipLock, own } from "../world.ts";
import type { VmState } from "../state/state.ts";
import type { TaskHandle } from "../tasks.ts";
import { method, subdirs } from "./method.ts";
import type { Call } from "./method.ts";
import { guestFigures } from "./resources.ts";

const skiplock = opt(flag());
const timeout = opt(int({ minimum: 0 }));
const keepActive = opt(flag(), { default: false });

/** A task that holds the guest alone. */
function powerTask(call: Call, type: string, work: (vm: VmState, task: TaskHandle) => Promise<void>): string {
  checkSkipLock(call.isRoot, call.flag("skiplock"));
  call.vm();
  return call.task(type, call.vmid, (task) => call.world.locks.exclusive(call.vmid, () => work(call.vm(), task)));
}

function checkRunning(call: Call): void {
  if (!call.vm().isOn) throw failure(`VM ${call.vmid} not running`);
}

/** For a guest that HA manages, the manager does it: the task has another name, the resource another state. */
function haState(call: Call, state: "started" | "stopped"): boolean {
  const resource = own(call.world.state.haResources, `vm:${call.vmid}`);
  if (resource === undefined) return false;
  resource.state = state;
  return true;
}

const timeoutMs = (call: Call, vm: VmState): number =>
  call.has("timeout") ? call.integer("timeout") * 1000 : defaultTimeoutMs(vm);

const path = "/nodes/{node}/qemu/{vmid}/status";

export const QEMU_STATUS = [
  method("GET", path, {}, () =>
    subdirs("current", "reboot", "reset", "resume", "shutdown", "start", "stop", "suspend"),
  ),
  method("GET", `${path}/current`, {}, async (call) => {
    const vm = call.vm();
    const status = (await call.world.driver.status([vm.vmid])).get(vm.vmid);
    const ha = own(call.world.state.haResources, `vm:${vm.vmid}`);
    const isPaused = status?.power === "paused";
    const hasAgent = describeGuest(call.world, vm).isAgentEnabled;
    return {
      ...guestFigures(vm, status),
      qmpstatus: vm.isOn ? (isPaused ? "paused" : "running") : "stopped",
      ha: ha === undefined ? { managed: 0 } : { managed: 1, state: ha.state, ...ha.options },
      ...(hasAgent ? { agent: 1 } : {}),
      ...(vm.config["serial0"] === undefined ? {} : { serial: 1 }),
      ...(vm.isOn
        ? {
            pid: status?.pid ?? 0,
            balloon: guestFigures(vm, status)["maxmem"],
            "running-machine": "pc-i440fx-10.0+pve0",
            "running-qemu": "10.0.2",
            "proxmox-support": {},
            blockstat: Object.fromEntries(drivesOf(vm.config).map(({ slot }) => [slot, {}])),
            nics: {},
          }
        : {}),
    };
  }),
  method(
    "POST",
    `${path}/start`,
    {
      "force-cpu": opt(text()),
      machine: VM_OPTIONS["machine"]!,
      migratedfrom: opt(node),
      migration_network: opt(format("CIDR")),
      migration_type: opt(oneOf("secure", "insecure")),
      "nets-host-mtu": opt(text({ pattern: /net\d+=\d+(,net\d+=\d+)*/ })),
      skiplock,
      stateuri: opt(text({ maxLength: 128 })),
      targetstorage: opt(format("storage-pair-list")),
      timeout,
      "with-conntrack-state": opt(flag(), { default: false }),
    },
    (call) => {
      for (const name of ["stateuri", "migratedfrom", "targetstorage", "force-cpu"]) {
        if (call.has(name)) throw badParameter(name, "Only root may use this option.");
      }
      return powerTask(call, haState(call, "started") ? "hastart" : "qmstart", (vm, task) =>
        startGuest(call.world, vm, task, call.flag("skiplock")),
      );
    },
  ),
  method(
    "POST",
    `${path}/stop`,
    { keepActive, migratedfrom: opt(node), "overrule-shutdown": opt(flag(), { default: false }), skiplock, timeout },
    (call) => {
      call.vm();
      if (call.flag("overrule-shutdown")) abortShutdowns(call);
      return powerTask(call, haState(call, "stopped") ? "hastop" : "qmstop", (vm, task) =>
        stopGuest(call.world, vm, task, call.flag("skiplock")),
      );
    },
  ),
  method(
    "POST",
    `${path}/shutdown`,
    { forceStop: opt(flag(), { default: false }), keepActive, skiplock, timeout },
    (call) => {
      call.vm();
      return powerTask(call, haState(call, "stopped") ? "hastop" : "qmshutdown", (vm, task) =>
        shutdownGuest(call.world, vm, task, { timeoutMs: timeoutMs(call, vm), isForced: call.flag("forceStop") }),
      );
    },
  ),
  method("POST", `${path}/reboot`, { timeout }, (call) => {
    checkRunning(call);
    return powerTask(call, "qmreboot", async (vm, task) => {
      await shutdownGuest(call.world, vm, task, { timeoutMs: timeoutMs(call, vm), isForced: false });
      applyPending(vm);
      await call.world.driver.start(describeGuest(call.world, vm), task.log);
      vm.isOn = true;
      call.world.touch();
    });
  }),
  method("POST", `${path}/reset`, { skiplock }, (call) => {
    checkRunning(call);
    return powerTask(call, "qmreset", async (vm, task) => {
      if (!call.flag("skiplock")) checkLock(vm);
      await task.elapse();
      await call.world.driver.reboot(describeGuest(call.world, vm), task.log);
    });
  }),
  method(
    "POST",
    `${path}/suspend`,
    { skiplock, statestorage: opt(storageId, { requires: "todisk" }), todisk: opt(flag(), { default: false }) },
    (call) => {
      checkRunning(call);
      if (call.flag("todisk")) throw failure("the simulator does not hibernate guests to disk");
      return powerTask(call, "qmpause", async (vm, task) => {
        checkLock(vm);
        await task.elapse();
        await call.world.driver.pause(vm.vmid);
      });
    },
  ),
  method("POST", `${path}/resume`, { nocheck: opt(flag()), skiplock }, (call) => {
    checkRunning(call);
    return powerTask(call, "qmresume", async (vm, task) => {
      await task.elapse();
      await call.world.driver.resume(vm.vmid);
    });
  }),
];

function abortShutdowns(call: Call): void {
  for (const task of call.world.tasks.list()) {
    if (task.exitstatus === undefined && task.id === String(call.vmid) && task.type === "qmshutdown")
      call.world.tasks.stop(task.upid);
  }
}
