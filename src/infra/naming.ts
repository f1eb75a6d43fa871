import { didYouMean, formatDiagnostic } from "../core/diagnostics.ts";
import { Fault } from "../core/fault.ts";
import { formatAddress, parseNetwork } from "../core/ip.ts";
import { applyCopy, type OperatorAddress } from "../plan/copy.ts";
import { plays } from "../plan/query.ts";
import { macOf } from "../plan/mac.ts";
import type { Host, Plan } from "../plan/types.ts";
import { roles } from "../roles/registry.ts";
import type { SeedNaming } from "../roles/seed.ts";
import type { Settings } from "./settings.ts";
import type { Naming } from "./world.ts";

const MAX_VLAN = 4094;
/** Template ids of a copy: five nodes a role within a hundred. */
const NODES_A_ROLE = 5;

/**
 * How the hypervisor names one copy of the plan under a stack's settings.
 * @throws Fault STACK_COPY when the copy has no room, STACK_SETTINGS when a setting is for nothing that the plan has
 */
export function namingOf(plan: Plan, settings: Settings): Naming {
  knownNames("bridges", settings.bridges, plan.zones.keys(), "zone");
  knownNames("images", settings.images, plan.images.keys(), "image");
  const operator = settings.operator === null ? {} : { bastion: operatorAddress(settings.operator) };
  const placed = applyCopy(plan, settings.copy, { vmidBase: settings.vmidBase, operator });
  if (!placed.ok) {
    throw new Fault(
      "STACK_COPY",
      `Copy ${settings.copy} of the lab has no room: ${placed.errors.map(formatDiagnostic).join("; ")}`,
      "Change maquette:copy, maquette:vmidBase or maquette:operator of the stack.",
    );
  }
  const placement = placed.value;
  const highest = Math.max(...[...plan.zones.values()].map((z) => placement.vlanTag(z))) + settings.vlanOffset;
  if (highest > MAX_VLAN) {
    throw new Fault(
      "STACK_COPY",
      `With maquette:vlanOffset ${settings.vlanOffset} the highest VLAN of copy ${settings.copy} is ${highest}; 802.1Q ends at ${MAX_VLAN}.`,
      "Lower the offset or the copy number.",
    );
  }
  if (settings.nodes.length > NODES_A_ROLE && !settings.storage.isShared) {
    // Templates lie on each node's own storage, and their ids have room for five.
    const used = new Set([...plan.hosts.values()].map((h) => h.node % settings.nodes.length));
    if (Math.max(...used) >= NODES_A_ROLE) {
      throw new Fault(
        "STACK_COPY",
        `The plan places guests on more than ${NODES_A_ROLE} nodes without shared storage.`,
        "Name at most five nodes in maquette:nodes for one copy.",
      );
    }
  }
  const ids = [...roles.keys()];
  const templateId = (role: string, node: number): number => {
    const position = ids.indexOf(role);
    return settings.templateBase + 100 * settings.copy + (position < 0 ? ids.length : position) * NODES_A_ROLE + node;
  };
  const guests = new Set([...plan.hosts.values()].map((h) => placement.vmId(h)));
  const both = ids.flatMap((r) => settings.nodes.map((_, n) => templateId(r, n))).find((id) => guests.has(id));
  if (both !== undefined) {
    throw new Fault(
      "STACK_COPY",
      `With maquette:vmidBase ${settings.vmidBase} and maquette:templateBase ${settings.templateBase} the VM id ${both} would be a guest's and a template's.`,
      "Set them further apart: guests take the hundred from vmidBase + 100 × copy, templates that from templateBase + 100 × copy.",
    );
  }
  const prefix = settings.copy === 0 ? "" : `c${String(settings.copy).padStart(2, "0")}-`;
  const own = placement.operator["bastion"];
  return {
    pool: placement.poolName,
    guestName: (host) => placement.guestName(host),
    vmId: (host) => placement.vmId(host),
    vlan: (zone) => placement.vlanTag(zone) + settings.vlanOffset,
    mac: (host, nic) => placement.mac(host, nic),
    operator: own
      ? {
          cidr: `${formatAddress(own.address)}/${own.prefix}`,
          mac: macOf(`operator-${settings.copy}`, "bastion", "operator"),
        }
      : null,
    templateId,
    templateName: (role, node) => `${prefix}tpl-${role}-${node}`,
  };
}

/** A setting for something that the plan does not have would be ignored in silence. @throws Fault STACK_SETTINGS */
function knownNames(setting: string, given: object, known: Iterable<string>, what: string): void {
  const names = [...known];
  for (const name of Object.keys(given)) {
    if (names.includes(name)) continue;
    const near = didYouMean(name, names);
    throw new Fault(
      "STACK_SETTINGS",
      `maquette:${setting} names ${name}, and the plan has no ${what} of that name.`,
      near === undefined ? `It has ${names.join(", ")}.` : `Did you mean ${near}? It has ${names.join(", ")}.`,
    );
  }
}

function operatorAddress(operator: NonNullable<Settings["operator"]>): OperatorAddress {
  const parsed = parseNetwork(operator.address);
  if (!parsed)
    throw new Fault(
      "STACK_SETTINGS",
      `maquette:operator.address is "${operator.address}".`,
      "Write the bastion's address on the operator's network in CIDR form, such as 192.0.2.10/24.",
    );
  return { address: parsed.address, prefix: parsed.network.prefix, gateway: null };
}

/** What a host's seed has to know of how the hypervisor attaches it. */
export const seedNaming = (naming: Naming, host: Host): SeedNaming => ({
  mac: (nic) => naming.mac(host, nic),
  operator: plays(host, "bastion") ? naming.operator : null,
});
