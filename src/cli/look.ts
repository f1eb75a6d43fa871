import type { Checkpoint } from "../engine/checkpoint.ts";
import { bastionOf, isRouter } from "../plan/query.ts";
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
}

/** What the hosts that run say of themselves; those that are off are named, and nobody is asked through them. */
export async function lookAtHosts(
  context: Pick<Context, "folders">,
  session: Pick<Session, "sockets" | "room">,
  checkpoint: Checkpoint,
  plan: Plan,
  guests: readonly OffGuest[],
): Promise<Looked> {
  const off = guests.map((g) => g.host.id);
  const bastion = bastionOf(plan);
  const routers = [...plan.hosts.values()].filter((h) => isRouter(h));
  const isOff = (id: string): boolean => off.includes(id);
  const way = [...(bastion && isOff(bastion.id) ? [bastion.id] : []), ...routers.map((r) => r.id).filter(isOff)];
  const isShut =
    (bastion !== undefined && isOff(bastion.id)) || (routers.length > 0 && routers.every((r) => isOff(r.id)));
  if (isShut) return { off, notAsked: `the way in leads through ${way.join(" and ")}`, drifts: [] };
  const running = [...plan.hosts.keys()].filter((id) => !isOff(id));
  const asked = await askHosts(context, session, checkpoint, new Set(running));
  const silent = asked.filter((d) => d.isSilent === true);
  const first = silent[0];
  return {
    off,
    notAsked: first && `${silent.map((d) => d.host).join(", ")} (${first.what.replace(/\.$/, "")})`,
    drifts: asked.filter((d) => d.isSilent !== true),
  };
}
