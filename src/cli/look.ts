import type { Checkpoint } from "../engine/checkpoint.ts";
import { bastionOf, isRouter } from "../plan/query.ts";
import { lostGuests, type StandingGuest } from "../infra/displaced.ts";
import type { Plan } from "../plan/types.ts";
import { askHosts, type Drift } from "./ask-hosts.ts";
import type { Context } from "./context.ts";
import type { OffGuest } from "./power.ts";
import type { Session } from "./session.ts";

export interface Looked {
  /** Hosts that are off. */
  readonly off: readonly string[];
  /** Who runs and was not asked, and why; undefined where all were. */
  readonly notAsked: string | undefined;
  readonly drifts: readonly Drift[];
  /** Guests on record that are another's now, or nobody's: not for an up to put right. */
  readonly lost: readonly Drift[];
}

/** What the hosts that run say of themselves; those that are off are named, and nobody is asked through them. */
export async function lookAtHosts(
  context: Pick<Context, "folders">,
  session: Pick<Session, "sockets" | "room" | "artefacts">,
  checkpoint: Checkpoint,
  plan: Plan,
  standing: readonly StandingGuest[],
  guestsOff: readonly OffGuest[],
): Promise<Looked> {
  const off = guestsOff.map((g) => g.host.id);
  const lost = lostGuests(checkpoint.resources, standing).flatMap(({ host, vmId }): Drift[] => {
    const role = plan.hosts.get(host)?.role;
    const what = `VM ${vmId}, which it was made on, does not bear this stack's mark any more`;
    return role === undefined ? [] : [{ host, role, step: null, what }];
  });
  const bastion = bastionOf(plan);
  const routers = [...plan.hosts.values()].filter((h) => isRouter(h));
  const isOff = (id: string): boolean => off.includes(id);
  const way = [...(bastion && isOff(bastion.id) ? [bastion.id] : []), ...routers.map((r) => r.id).filter(isOff)];
  const isShut =
    (bastion !== undefined && isOff(bastion.id)) || (routers.length > 0 && routers.every((r) => isOff(r.id)));
  if (isShut) return { off, notAsked: `the way in leads through ${way.join(" and ")}`, drifts: [], lost };
  // Who is not there as this stack's answers nobody, and would be waited for.
  const running = standing.map((g) => g.host).filter((id) => !isOff(id));
  const asked = await askHosts(context, session, checkpoint, new Set(running));
  const silent = asked.filter((d) => d.isSilent === true);
  const first = silent[0];
  return {
    off,
    notAsked: first && `${silent.map((d) => d.host).join(", ")} (${first.what.replace(/\.$/, "")})`,
    drifts: asked.filter((d) => d.isSilent !== true),
    lost,
  };
}
