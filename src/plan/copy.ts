import type { Diagnostic, Outcome } from "../core/diagnostics.ts";
import { broadcastOf, contains, formatAddress, formatNetwork, networkOf, type Address } from "../core/ip.ts";
import type { PlanCode } from "./codes.ts";
import { macOf } from "./mac.ts";
import type { Host, Nic, Plan, Zone } from "./types.ts";

/** An address that people outside the lab use: the bastion's door, a WAN on a real access. */
export interface OperatorAddress {
  readonly address: Address;
  readonly prefix: number;
  readonly gateway: Address | null;
}

/** How copies of a lab keep apart on one cluster. All are the stack's; the defaults suit a class. */
export interface CopySettings {
  /** VM id of number 0 in copy 0; 1000 if left out. */
  readonly vmidBase?: number;
  /** Step of VM ids between copies; 100 if left out, for hosts are numbered 1 to 99. */
  readonly vmidStride?: number;
  /** Step of VLANs between copies; 100 if left out. */
  readonly vlanStride?: number;
  /** How many copies there may be, copy 0 included; 40 if left out, which is what VLANs allow. At most 100. */
  readonly copies?: number;
  /** By name, as copy 0 has them; each copy adds its number. */
  readonly operator?: Readonly<Record<string, OperatorAddress>>;
}

/**
 * What the hypervisor and the operator see of one copy. Everything inside the lab is the plan's, the same in each copy:
 * addresses, host names, CARP ids.
 */
export interface Placement {
  readonly copy: number;
  /** Proxmox pool that holds the copy's guests: `lab`, `lab-c07`. */
  readonly poolName: string;
  /** Name of the guest on the hypervisor: `rtr-a`, `c07-rtr-a`. */
  guestName(host: Host): string;
  /** VM id: base + step × copy + the host's number. */
  vmId(host: Host): number;
  /** 802.1Q tag: the zone's + step × copy. */
  vlanTag(zone: Zone): number;
  /** The plan's MAC in copy 0; another in each copy, for segments that copies share (a real access). */
  mac(host: Host, nic: Nic): string;
  /** Operator-facing addresses by name, the copy's number added. */
  readonly operator: Readonly<Record<string, OperatorAddress>>;
}

// IEEE 802.1Q, and Proxmox' own bounds of a VM id.
const MAX_VLAN = 4094;
const VMID = { lo: 100, hi: 999_999_999 };

/** Places copy `copy` of a plan; every reason why it has no room otherwise. Pure. */
export function applyCopy(plan: Plan, copy: number, settings: CopySettings = {}): Outcome<Placement> {
  const { vmidBase = 1000, vmidStride = 100, vlanStride = 100, copies = 40, operator = {} } = settings;
  const errors: Diagnostic[] = [];
  const fail = (code: PlanCode, path: string, fact: string, hint: string): void => {
    errors.push({ code, severity: "error", path, fact, hint });
  };
  if (!Number.isInteger(copies) || copies < 1 || copies > 100)
    fail("PLAN_COPY_NUMBER", "copies", `${copies} is not a number of copies`, "From 1 to 100");
  else if (!Number.isInteger(copy) || copy < 0 || copy >= copies)
    fail("PLAN_COPY_NUMBER", "copy", `${copy} is not a copy`, `A whole number from 0 to ${copies - 1}`);
  if (errors.length > 0) return { ok: false, errors, warnings: [] };

  const spans = [
    ["vmidStride", vmidStride, span([...plan.hosts.values()].map((host) => host.number))],
    ["vlanStride", vlanStride, span([...plan.zones.values()].map((zone) => zone.vlan))],
  ] as const;
  // Where nobody set a step and nobody is beside it, copy 0 may be as wide as it likes.
  const isAlone = copy === 0 && settings.vlanStride === undefined;
  for (const [path, stride, width] of spans) {
    if (Number.isInteger(stride) && (stride >= width || (path === "vlanStride" && isAlone))) continue;
    const isSet = settings[path] !== undefined;
    const fact = `${stride} is less than the ${width} that one copy takes`;
    const within = `Bring the VLANs of addressing.yaml within ${stride} of each other: each copy has ${stride} of them`;
    fail("PLAN_COPY_STRIDE", path, fact, isSet || path !== "vlanStride" ? `At least ${width}` : within);
  }

  // The widest alone: the rest follows from it.
  const zones = [...plan.zones.values()].sort((a, b) => b.vlan - a.vlan);
  for (const zone of zones.slice(0, 1)) {
    const tag = zone.vlan + vlanStride * copy;
    if (tag <= MAX_VLAN) continue;
    const last = Math.max(0, Math.floor((MAX_VLAN - zone.vlan) / vlanStride));
    const fact = `VLAN ${tag} of zone "${zone.id}" passes ${MAX_VLAN}`;
    fail("PLAN_COPY_VLAN", "copy", fact, `With a step of ${vlanStride} the last copy is ${last}`);
  }
  for (const host of plan.hosts.values()) {
    const vmid = vmidBase + vmidStride * copy + host.number;
    if (Number.isInteger(vmid) && vmid >= VMID.lo && vmid <= VMID.hi) continue;
    const fact = `VM id ${vmid} of host "${host.id}" is not between ${VMID.lo} and ${VMID.hi}`;
    fail("PLAN_COPY_VMID", "vmidBase", fact, "Choose a base such as 1000");
    break;
  }
  const moved = moveOperator(operator, copy, copies, fail);
  if (errors.length > 0) return { ok: false, errors, warnings: [] };

  const label = copy === 0 ? null : `c${String(copy).padStart(2, "0")}`;
  const placement: Placement = {
    copy,
    poolName: label === null ? plan.name : `${plan.name}-${label}`,
    guestName: (host) => (label === null ? host.id : `${label}-${host.id}`),
    vmId: (host) => vmidBase + vmidStride * copy + host.number,
    vlanTag: (zone) => zone.vlan + vlanStride * copy,
    mac: (host, nic) => (label === null ? nic.mac : macOf(label, host.id, nic.zone)),
    operator: moved,
  };
  return { ok: true, value: placement, warnings: [] };
}

/** How many consecutive numbers hold all of these. */
const span = (values: readonly number[]): number => Math.max(0, ...values) - Math.min(...values, Infinity) + 1;

function moveOperator(
  operator: Readonly<Record<string, OperatorAddress>>,
  copy: number,
  copies: number,
  fail: (code: PlanCode, path: string, fact: string, hint: string) => void,
): Readonly<Record<string, OperatorAddress>> {
  const entries = Object.entries(operator);
  for (const [index, [name, { address }]] of entries.entries())
    for (const [other, { address: near }] of entries.slice(0, index)) {
      const distance = address.value > near.value ? address.value - near.value : near.value - address.value;
      if (address.family !== near.family || distance >= BigInt(copies)) continue;
      const fact = `${formatAddress(address)} is ${distance} from "${other}": another copy would have it`;
      fail("PLAN_COPY_STRIDE", `operator.${name}`, fact, `Keep them ${copies} apart, or allow fewer copies`);
    }
  return Object.fromEntries(
    entries.map(([name, { address, prefix, gateway }]) => {
      const network = networkOf(address, prefix);
      const own = { family: address.family, value: address.value + BigInt(copy) };
      const text = formatAddress(address);
      const isGateway = gateway !== null && gateway.family === own.family && gateway.value === own.value;
      const isBroadcast = own.family === 4 && prefix < 31 && own.value === broadcastOf(network).value;
      if (!contains(network, own) || isGateway || isBroadcast) {
        const why = isGateway ? "meets the gateway" : `leaves the hosts of ${formatNetwork(network)}`;
        fail(
          "PLAN_COPY_ADDRESS",
          `operator.${name}`,
          `${text} + ${copy} ${why}`,
          "Begin lower, or choose a wider network",
        );
      }
      return [name, { address: own, prefix, gateway }];
    }),
  );
}
