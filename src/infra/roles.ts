import * as pulumi from "@pulumi/pulumi";
import { Fault } from "../core/fault.ts";
import { formatAddress } from "../core/ip.ts";
import { bastionOf, isRouter } from "../plan/query.ts";
import type { Host } from "../plan/types.ts";
import type { Guest } from "./guest.ts";
import type { World } from "./world.ts";
import type { DeclaredStep, HostSystem } from "../provision/steps/index.ts";
import type { AuthorityRequest, CertificateRequest } from "../roles/seed.ts";

export interface RoleArgs {
  readonly host: string;
  readonly role: string;
  readonly vmId: pulumi.Input<number>;
  readonly mark: string;
  readonly reach: {
    readonly os: HostSystem;
    readonly way: "door" | "inside" | "console";
    readonly address: string;
    readonly bastion: { readonly host: string; readonly vmId: number; readonly address: string | null };
  };
  readonly network: string;
  readonly steps: readonly DeclaredStep[];
  readonly authority: AuthorityRequest;
  readonly certificates: Readonly<Record<string, CertificateRequest>>;
  readonly digest: string;
}

/** A role on a host (src/provision/steps): texts with places for secrets and a keyed digest, no secret. */
class HostRole extends pulumi.CustomResource {
  /** Which guest it was done on: another one does not have it. */
  declare readonly instance: pulumi.Output<string>;

  constructor(name: string, args: RoleArgs, opts: pulumi.CustomResourceOptions) {
    super("provision:index:Role", name, { ...args, instance: undefined }, opts);
  }
}

/**
 * What is done inside each guest, in the order that the roles ask for: the base, then the host's own role, each after
 * the own roles of the hosts that it names. The way in comes first: routers carry, and the bastion lets through to
 * whoever is new.
 * @param routers what must be done before a packet passes as the plan says
 */
export function addRoles(world: World, guests: ReadonlyMap<string, Guest>, routers: readonly pulumi.Resource[]): void {
  const { plan, naming, mark } = world;
  const bastion = bastionOf(plan);
  if (bastion === undefined || !guests.has(bastion.id)) return;
  if (world.isGuestsOnly) return;
  const power = [...plan.hosts.values()]
    .filter((h) => h === bastion || isRouter(h))
    .flatMap((h) => guests.get(h.id)?.vm ?? []);
  const way = [...power, ...routers];
  const last = new Map<string, HostRole>();
  for (const host of inOrder(world)) {
    const guest = guests.get(host.id);
    // On a real Proxmox the scenery has no console that a program could use.
    if (guest === undefined || (host.isOutside && !world.isEmbedded)) continue;
    for (const { role, steps, authority, certificates, after, digest } of world.roles.get(host.id)!) {
      const before = [
        last.get(host.id),
        ...after.map((id) => last.get(id)),
        // It has opened its door by then; on a stack that is made, the door is as its seed left it.
        ...(host.isOutside ? [] : [last.get(bastion.id)]),
      ].filter((r) => r !== undefined);
      const made = new HostRole(
        `${host.id}-${role}`,
        {
          host: host.id,
          role,
          vmId: guest.vm.vmId,
          mark,
          reach: {
            os: plan.images.get(host.image)!.os === "windows" ? "windows" : "debian",
            way: host === bastion ? "door" : host.isOutside ? "console" : "inside",
            address: formatAddress(host.nics[0]!.address),
            bastion: {
              host: bastion.id,
              vmId: naming.vmId(bastion),
              address: naming.operator?.cidr.split("/")[0] ?? null,
            },
          },
          network: world.seeds.get(host.id)!.network,
          steps,
          authority,
          certificates,
          digest,
        },
        {
          parent: guest,
          dependsOn: [...(host.isOutside ? [] : way), ...before],
          // Nothing is undone in a guest that is deleted: its disk goes.
          deletedWith: guest.vm,
        },
      );
      last.set(host.id, made);
    }
  }
}

/** Hosts so that whoever is waited for comes before. @throws Fault ROLE_CIRCLE */
export function inOrder({ plan, roles }: Pick<World, "plan" | "roles">): readonly Host[] {
  const done = new Set<string>();
  const ordered: Host[] = [];
  const visit = (host: Host, path: readonly string[]): void => {
    if (done.has(host.id)) return;
    if (path.includes(host.id))
      throw new Fault(
        "ROLE_CIRCLE",
        `Roles wait for each other: ${[...path, host.id].join(" → ")}.`,
        "Let one of them go without what the other gives (`after` in its work).",
      );
    for (const id of roles.get(host.id)!.flatMap((r) => r.after)) visit(plan.hosts.get(id)!, [...path, host.id]);
    done.add(host.id);
    ordered.push(host);
  };
  // Whatever is done inside the firewall is done through the bastion.
  const bastion = bastionOf(plan);
  if (bastion !== undefined) visit(bastion, []);
  for (const host of plan.hosts.values()) visit(host, []);
  return ordered;
}
