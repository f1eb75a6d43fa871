import { formatAddress } from "../../core/ip.ts";
import { routersOf } from "../../plan/query.ts";
import type { Host, Plan, Zone } from "../../plan/types.ts";
import type { Measured, MeasuredProblem } from "../role.ts";
import { serverOf, watchedOf } from "./agents.ts";
import HEARD from "./carp_heard.py";
import { asksRouters, cutsOf, deathOf, NO_WAY, routersBeside } from "./routers.ts";

/*
 * Who leads a zone, as a host of the zone hears it: CARP's adverts are multicast, from the leader's own address. No MIB
 * tells it, and on the wire a pfSense and its stand-in say the same (docs/decisions/032).
 */

/** What carp_heard.py prints. */
const [NOBODY, BOTH, USURPED] = [0, 3, 4] as const;
const EVERY_SECONDS = 20;

interface Listener {
  readonly zone: Zone;
  readonly host: Host;
}

/** A host in each zone that has a shared address; in the supervision's zone itself, and first. */
function listenersOf(plan: Plan, server: Host): readonly Listener[] {
  const inZone = (zone: Zone): readonly Host[] => watchedOf(plan).filter((h) => h.nics[0]!.zone === zone.id);
  return [...plan.zones.values()]
    .flatMap((zone): Listener[] => {
      const [first] = inZone(zone);
      const host = inZone(zone).includes(server) ? server : first;
      return zone.vip === null || host === undefined ? [] : [{ zone, host }];
    })
    .sort((a, b) => Number(b.host === server) - Number(a.host === server));
}

/** Two routers of a zone, one of which leads as the plan says. */
export function heardOf(plan: Plan): readonly Measured[] {
  const server = serverOf(plan);
  if (server === undefined || !asksRouters(plan)) return [];
  const [primary, secondary] = routersOf(plan);
  // Where the supervision cannot tell a dead router from one that does not lead, it says nothing of either.
  if (!primary || !secondary || routersBeside(plan, server).length < 2) return [];
  const listeners = listenersOf(plan, server);
  return listeners.map((one) => heard(plan, one, { primary, secondary, first: listeners[0]!, server }));
}

interface Among {
  readonly primary: Host;
  readonly secondary: Host;
  readonly first: Listener;
  readonly server: Host;
}

const BOTH_LEAD = (zone: Zone): string => `Deux routeurs mènent à la fois la zone ${zone.id} (CARP), entendus`;
const NOBODY_LEADS = (zone: Zone): string => `Aucun routeur ne mène la zone ${zone.id} (CARP), vu`;

function heard(plan: Plan, { zone, host }: Listener, { primary, secondary, first, server }: Among): Measured {
  const addressOf = (router: Host): string => {
    const leg = router.nics.find((nic) => nic.zone === zone.id);
    return leg === undefined ? "" : formatAddress(leg.address);
  };
  // What is so in all zones is told of one: of the others later, when that one was told.
  const isFirst = zone === first.zone;
  const times = isFirst ? 2 : 4;
  const always = (item: string, value: number, looks: number): string =>
    `min(${item},#${looks})=${value} and max(${item},#${looks})=${value}`;
  const problem = (name: (of: Zone) => string, value: number): MeasuredProblem => ({
    name: name(zone),
    isWrong: (item) => always(item, value, times),
    unless: [],
    unlessSilent: [],
    follows: [
      [server.id, NO_WAY],
      ...(isFirst ? [] : [[first.host.id, `${name(first.zone)} sur {HOST.NAME}`] as const]),
    ],
  });
  const usurped: MeasuredProblem = {
    name: `${secondary.id} mène (CARP) alors que ${primary.id} est là, vu`,
    // Later than what makes a router step back: its death, an access that it lost.
    isWrong: (item) => always(item, USURPED, 5),
    unless: [],
    unlessSilent: [],
    follows: [deathOf(primary), ...cutsOf(plan, primary)],
  };
  return {
    host: host.id,
    word: "carp",
    name: `CARP, zone ${zone.id} : qui mène (1 ${primary.id} ; 2 ${secondary.id}, l'autre absent ; 4 ${secondary.id}, l'autre là ; 3 les deux ; 0 personne)`,
    program: HEARD,
    input: JSON.stringify({
      own: formatAddress(host.nics[0]!.address),
      vhid: zone.vip!.vhid,
      primary: addressOf(primary),
      secondary: addressOf(secondary),
    }),
    unit: "",
    everySeconds: EVERY_SECONDS,
    deadlineSeconds: 10,
    problems: [problem(BOTH_LEAD, BOTH), problem(NOBODY_LEADS, NOBODY), ...(isFirst ? [usurped] : [])],
  };
}
