import { VM_OPTIONS } from "../schema/vm-options.ts";
import type { VmState } from "../state/state.ts";
import { digestOf, own } from "../world.ts";

export type Config = Record<string, string>;

/** The configuration with what is pending: what the guest will have at its next start. */
export function nextConfig(vm: VmState): Config {
  const config = { ...vm.config, ...vm.pending };
  for (const key of vm.pendingDeletes) removeKey(config, key);
  return config;
}

export const configDigest = (vm: VmState): string =>
  digestOf([vm.config, vm.pending, vm.pendingDeletes, vm.lock, vm.snapshots]);

/** As the API shows it: numbers where the schema says integer or boolean, no password. */
export function configAnswer(config: Readonly<Config>): Record<string, string | number> {
  const answer: Record<string, string | number> = {};
  for (const [key, value] of Object.entries(config)) answer[key] = optionAnswer(key, value);
  return answer;
}

export function optionAnswer(key: string, value: string): string | number {
  if (key === "cipassword") return "**********";
  const type = own(VM_OPTIONS, key)?.type;
  return type === "integer" || type === "boolean" ? Number(value) : value;
}

/** Moves pending changes into the configuration; at a start, or when the guest is off. */
export function applyPending(vm: VmState): void {
  vm.config = nextConfig(vm);
  vm.pending = {};
  vm.pendingDeletes = [];
}

export function removeKey(config: Config, key: string): void {
  // eslint-disable-next-line @typescript-eslint/no-dynamic-delete -- a configuration is a JSON object
  delete config[key];
}

const HOTPLUG_DEFAULT = "network,disk,usb";

/** Does a running guest take this change at once? Otherwise it stays pending until the next start. */
export function isHotPluggable(config: Readonly<Config>, key: string): boolean {
  const setting = config["hotplug"] ?? HOTPLUG_DEFAULT;
  const features = setting === "1" ? HOTPLUG_DEFAULT : setting;
  if (/^(net\d+)$/.test(key)) return features.includes("network");
  if (/^(scsi|virtio)\d+$/.test(key)) return features.includes("disk");
  if (/^(ide|sata)\d+$/.test(key)) return /media=cdrom|^none|cloudinit/.test(config[key] ?? "");
  if (/^(ipconfig\d+|unused\d+)$/.test(key)) return true;
  if (key === "memory") return features.includes("memory");
  if (key === "cores" || key === "sockets" || key === "vcpus") return features.includes("cpu");
  return ALWAYS.has(key);
}

const ALWAYS = new Set(
  (
    "name description onboot startup tags protection hookscript vmstatestorage shares cpuunits cpulimit affinity " +
    "ciuser cipassword cicustom citype ciupgrade sshkeys nameserver searchdomain template lock hotplug"
  ).split(" "),
);
