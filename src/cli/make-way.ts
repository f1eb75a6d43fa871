import type { StandingGuest } from "../infra/displaced.ts";
import { templateOf, type Naming } from "../infra/world.ts";
import type { PlannedGuest } from "../infra/displaced.ts";
import type { Settings } from "../infra/settings.ts";
import { formatAddress } from "../core/ip.ts";
import { forget } from "../engine/forget.ts";
import { keepsAddress, keptBy } from "../roles/registry.ts";
import type { Plan } from "../plan/types.ts";
import { findOwn } from "../provision/ownership.ts";
import { destroyVm, unprotectVm } from "../pve/client/guests.ts";
import type { Context } from "./context.ts";
import { hostOf } from "./lab-door.ts";
import { describeGuest } from "./losses.ts";
import { rewriteRecord } from "./rewrite-record.ts";
import type { Session } from "./session.ts";

/** What the plan has, as the hypervisor would name it. */
export const plannedGuests = (plan: Plan, naming: Naming, settings: Settings): readonly PlannedGuest[] =>
  [...plan.hosts.values()].map((h) => {
    const keeps = keptBy(plan, h);
    // One of the user's own is as large as they made it.
    const hasTemplate = settings.clones !== "import" && templateOf(settings, h) === undefined;
    return {
      host: h.id,
      vmId: naming.vmId(h),
      addresses: h.nics.map((n) => formatAddress(n.address)),
      keepsAddress: keepsAddress(h),
      ...(keeps === undefined ? {} : { keeps }),
      disksGiB: h.disksGiB,
      ...(hasTemplate ? { templateId: naming.templateId(h.role, h.node % settings.nodes.length) } : {}),
    };
  });

/**
 * What `--replace` names: hosts of the plan, or of guests that stand.
 * @throws Fault CLI_UNKNOWN_HOST
 */
export function allowedToGo(
  asked: unknown,
  plan: Plan,
  naming: Naming,
  standing: readonly StandingGuest[],
): ReadonlySet<string> {
  const names = (Array.isArray(asked) ? asked : [asked]).flatMap((a) => (typeof a === "string" ? a.split(",") : []));
  return new Set(
    names
      .map((name) => name.trim())
      .map((name) => (standing.some((g) => g.host === name) ? name : hostOf(plan, naming, name).id)),
  );
}

/**
 * Deletes guests that are allowed to go, and drops them from the engine's record: it goes by names and would take the
 * next VM of that id for the old one. The guest first: killed in between, the record names what is gone, and is asked
 * again.
 */
export async function makeWay(context: Context, session: Session, guests: readonly StandingGuest[]): Promise<void> {
  for (const guest of guests) {
    // It may have become somebody else's since it was listed.
    const own = await findOwn(session.client, guest.mark, guest.vm.vmid);
    if (own === undefined) continue;
    context.io.progress(`deleting ${describeGuest(guest)}`);
    await unprotectVm(session.client, own.vmid);
    await destroyVm(session.client, own.node, own.vmid);
  }
  const urns = new Set(guests.map((g) => g.urn));
  await rewriteRecord(context, session, (now) => forget(now, urns));
}
