import { join } from "node:path";
import { Fault } from "../core/fault.ts";
import { formatAddress } from "../core/ip.ts";
import { bastionOf } from "../plan/query.ts";
import type { Host, Plan } from "../plan/types.ts";
import type { StackSecret } from "../stack/secret.ts";
import { hostKeyOf, USER, type Target } from "./target.ts";

export interface TargetFacts {
  readonly secret: StackSecret;
  readonly vmId: (host: Host) => number;
  /** Folder of the guests' own sockets (`<vmid>/ssh`), where guests run on this machine; null on a real Proxmox. */
  readonly sockets: string | null;
  /** The bastion's address on the operator's network; null where it has none. */
  readonly operator: string | null;
}

/** Every host's SSH server, in band and out of band. */
export interface Targets {
  readonly bastion: string;
  /** The real way: through the bastion and the routers; out of band for scenery. @throws Fault DOOR_NO_WAY */
  inBand(host: string): Target;
  /** As a hypervisor's console: with every firewall closed too. @throws Fault DOOR_NO_CONSOLE */
  outOfBand(host: string): Target;
}

const SSH = 22;
/** pfSense's one account, whose key its config.xml holds. */
const ROUTER_USER = "admin";

export function targetsOf(plan: Plan, facts: TargetFacts): Targets {
  const bastion = bastionOf(plan);
  const isRouter = (host: Host): boolean => plan.images.get(host.image)!.os === "pfsense";
  const known = (host: Host): Pick<Target, "name" | "user" | "hostKey"> => ({
    name: host.id,
    user: isRouter(host) ? ROUTER_USER : USER,
    hostKey: hostKeyOf(facts.secret, host.id),
  });
  const socket = (host: Host): Target | undefined =>
    facts.sockets === null
      ? undefined
      : { ...known(host), way: { kind: "socket", path: join(facts.sockets, String(facts.vmId(host)), "ssh") } };
  const hostOf = (id: string): Host => {
    const host = plan.hosts.get(id);
    if (host === undefined) throw new Error(`${id} is no host of the plan`);
    return host;
  };

  return {
    bastion: bastion?.id ?? "bastion",
    inBand(id) {
      const host = hostOf(id);
      if (host === bastion) {
        if (facts.sockets !== null) return socket(host)!;
        if (facts.operator === null) throw noDoor();
        return { ...known(host), way: { kind: "tcp", host: facts.operator, port: SSH } };
      }
      if (host.isOutside) {
        const out = socket(host);
        if (out !== undefined) return out;
        throw new Fault(
          "DOOR_NO_WAY",
          `${id} lies outside the lab's firewall: no row of the flow table leads there from the bastion.`,
          "It is scenery, reached by its console in Proxmox' web interface.",
        );
      }
      if (bastion === undefined) throw noDoor();
      // A router by its leg in the bastion's own zone: no other router in between.
      const zone = bastion.nics[0]!.zone;
      const nic = (isRouter(host) ? host.nics.find((n) => n.zone === zone) : undefined) ?? host.nics[0]!;
      return { ...known(host), way: { kind: "inside", host: formatAddress(nic.address), port: SSH } };
    },
    outOfBand(id) {
      const host = hostOf(id);
      const target = socket(host);
      if (target !== undefined) return target;
      throw new Fault(
        "DOOR_NO_CONSOLE",
        `The console of ${id} is the hypervisor's: on a real Proxmox this command cannot open it.`,
        `Open VM ${facts.vmId(host)} in Proxmox' web interface, Console; \`maquette ssh ${id}\` goes the ordinary way.`,
      );
    },
  };
}

const noDoor = (): Fault =>
  new Fault(
    "DOOR_NO_WAY",
    "There is no way in: the bastion has no leg on the operator's network.",
    "Set maquette:operator (docs/own-proxmox.md), then run `maquette up`.",
  );
