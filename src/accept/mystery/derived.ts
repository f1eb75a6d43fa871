import { formatNetwork } from "../../core/ip.ts";
import { bastionOf, fqdnOf, isRouter } from "../../plan/query.ts";
import type { Host, Plan } from "../../plan/types.ts";
import type { Probe, Trouble } from "../../roles/role.ts";
import { KEPT, shell, spoiltFile } from "../../roles/troubles.ts";

/*
 * Faults that any service may have, derived from what acceptance asks: what it asks for does not run, or something stands
 * between it and who asks. Nothing is done to routers or to the scenery, which no student administers.
 */

type Both = Trouble["told"];

/** @param probes of the plan's acceptance */
export function derivedTroubles(plan: Plan, probes: readonly Probe[]): readonly Trouble[] {
  const isOurs = (id: string): boolean => {
    const host = plan.hosts.get(id);
    return host !== undefined && !host.isOutside && !isRouter(host);
  };
  const asked = probes.filter((p) => p.dependsOn !== null && isOurs(p.dependsOn.host));
  const hosts = [...plan.hosts.values()].filter((h) => isOurs(h.id));
  return [
    ...stopped(plan, asked),
    ...hosts.flatMap((host) => [
      ...shut(plan, host, asked),
      ...nameless(plan, host, asked),
      ...misled(plan, host, asked),
    ]),
    ...hosts.flatMap((host) => wayless(plan, host, asked)),
  ];
}

/** Who answers for names asks itself. */
const isResolver = (plan: Plan, host: Host): boolean =>
  plan.domain.dns.some((a) => host.nics.some((n) => n.address.value === a.value));

const zoneOf = (plan: Plan, id: string): string => plan.hosts.get(id)!.nics[0]!.zone;
const inZone = (plan: Plan, id: string): Both => {
  const zone = zoneOf(plan, id);
  return { en: `It is in the zone ${zone}.`, fr: `C'est dans la zone ${zone}.` };
};

/** What a service runs by is stopped, host by host. */
function stopped(plan: Plan, asked: readonly Probe[]): readonly Trouble[] {
  const groups = new Map<
    string,
    { readonly host: string; readonly units: readonly string[]; readonly shows: string[] }
  >();
  for (const { id, dependsOn } of asked) {
    const { host, units } = dependsOn!;
    // Whoever administers would lose the way in.
    if (units.some((u) => u.startsWith("ssh"))) continue;
    const key = `${units.map((u) => u.replace(/\.(service|socket)$/, "")).join("+")}-${host}`;
    const group = groups.get(key) ?? { host, units, shows: [] };
    group.shows.push(id);
    groups.set(key, group);
  }
  return [...groups].map(([key, { host, units, shows }]) => ({
    id: `stopped-${key}`,
    level: 1,
    on: host,
    does: { argv: ["systemctl", "stop", ...units] },
    undoes: { argv: ["systemctl", "start", ...units] },
    shows,
    told: { en: `${units.join(", ")} on ${host} was stopped`, fr: `${units.join(", ")} de ${host} était arrêté` },
    hints: [
      { en: "Something that should run does not.", fr: "Quelque chose qui devrait tourner ne tourne pas." },
      inZone(plan, host),
      { en: `Look at ${host}: systemctl status.`, fr: `Regarder sur ${host} : systemctl status.` },
    ],
  }));
}

const REMARK = "by-hand";

/** The host's own firewall refuses a zone. */
function shut(plan: Plan, host: Host, asked: readonly Probe[]): readonly Trouble[] {
  const theirs = asked.filter(
    (p) => p.dependsOn!.host === host.id && p.from !== host.id && !plan.hosts.get(p.from)!.isOutside,
  );
  const [first] = theirs;
  if (first === undefined) return [];
  const zone = plan.zones.get(plan.hosts.get(first.from)!.nics[0]!.zone)!;
  const rule = `insert rule inet filter input ip saddr ${formatNetwork(zone.subnet)} ct state new drop comment ${REMARK}`;
  return [
    {
      id: `shut-${host.id}`,
      level: 2,
      on: host.id,
      does: { argv: ["nft", rule] },
      undoes: shell(
        `nft -a list chain inet filter input | sed -n "s/.*comment \\"$1\\".*# handle //p" | while read -r handle; do nft delete rule inet filter input handle "$handle"; done`,
        REMARK,
      ),
      shows: theirs.filter((p) => zoneOf(plan, p.from) === zone.id).map((p) => p.id),
      told: {
        en: `the own firewall of ${host.id} refused everything new from the zone ${zone.id}`,
        fr: `le pare-feu de ${host.id} refusait toute nouvelle connexion de la zone ${zone.id}`,
      },
      hints: [
        {
          en: "What is asked for runs. Who asks does not get there.",
          fr: "Ce qui est demandé tourne. Qui demande n'y arrive pas.",
        },
        {
          en: `The routers let it pass: maquette explain, maquette capture ${host.id}.`,
          fr: `Les routeurs laissent passer : maquette explain, maquette capture ${host.id}.`,
        },
        { en: `On ${host.id}: nft list ruleset.`, fr: `Sur ${host.id} : nft list ruleset.` },
      ],
    },
  ];
}

/** The host asks nobody for names. */
function nameless(plan: Plan, host: Host, asked: readonly Probe[]): readonly Trouble[] {
  const shows = asked.filter((p) => p.from === host.id && p.dependsOn!.host !== host.id).map((p) => p.id);
  // A single question may be asked by an address.
  if (shows.length < 2 || isResolver(plan, host)) return [];
  return [
    spoiltFile(
      {
        id: `nameless-${host.id}`,
        level: 2,
        on: host.id,
        shows,
        told: {
          en: `${host.id} asked an address for names where nobody answers (/etc/resolv.conf)`,
          fr: `${host.id} demandait les noms à une adresse où personne ne répond (/etc/resolv.conf)`,
        },
        hints: [
          {
            en: "Only some of those who ask are unhappy.",
            fr: "Seuls certains de ceux qui demandent sont mécontents.",
          },
          inZone(plan, host.id),
          { en: `On ${host.id}: getent hosts, resolv.conf.`, fr: `Sur ${host.id} : getent hosts, resolv.conf.` },
        ],
      },
      "/etc/resolv.conf",
      "s/^nameserver .*/nameserver 127.0.0.53/",
      ["true"],
    ),
  ];
}

/** The host has one server's name for itself. */
function misled(plan: Plan, host: Host, asked: readonly Probe[]): readonly Trouble[] {
  const theirs = asked.filter((p) => p.from === host.id && p.dependsOn!.host !== host.id);
  // Of those whom it asks the one whom it asks most: others may be asked by their address alone.
  const asks = (id: string): number => theirs.filter((p) => p.dependsOn!.host === id).length;
  const [most] = [...new Set(theirs.map((p) => p.dependsOn!.host))].sort((a, b) => asks(b) - asks(a));
  const server = plan.hosts.get(most ?? "");
  if (server === undefined || asks(server.id) < 2 || isResolver(plan, host)) return [];
  const name = fqdnOf(plan, server);
  return [
    spoiltFile(
      {
        id: `misled-${host.id}`,
        level: 3,
        on: host.id,
        shows: theirs.filter((p) => p.dependsOn!.host === server.id).map((p) => p.id),
        told: {
          en: `${host.id} took ${name} for itself (/etc/hosts)`,
          fr: `${host.id} prenait ${name} pour elle-même (/etc/hosts)`,
        },
        hints: [
          {
            en: "What is asked for runs, and others reach it.",
            fr: "Ce qui est demandé tourne, et d'autres y arrivent.",
          },
          inZone(plan, host.id),
          {
            en: `On ${host.id}: does getent hosts say the same as dig?`,
            fr: `Sur ${host.id} : getent hosts dit-il la même chose que dig ?`,
          },
        ],
      },
      "/etc/hosts",
      `1i 127.0.0.1 ${name}`,
      ["true"],
    ),
  ];
}

/** The host knows no way out of its own network. */
function wayless(plan: Plan, host: Host, asked: readonly Probe[]): readonly Trouble[] {
  const zone = zoneOf(plan, host.id);
  const shows = asked
    .filter((p) => (p.from === host.id) !== (p.dependsOn!.host === host.id))
    .filter((p) => zoneOf(plan, p.from === host.id ? p.dependsOn!.host : p.from) !== zone)
    .map((p) => p.id);
  // Everybody's way in leads through the bastion.
  if (shows.length === 0 || host === bastionOf(plan)) return [];
  return [
    {
      id: `wayless-${host.id}`,
      level: 2,
      on: host.id,
      does: shell('mkdir -p "$1"; ip route show default >"$1/route"; ip route del default', KEPT),
      undoes: shell(
        // Its words are the route's own.
        'test -e "$1/route" || exit 0; ip route show default | grep -q . || ip route add $(cat "$1/route"); rm "$1/route"',
        KEPT,
      ),
      shows,
      told: { en: `${host.id} had lost its default route`, fr: `${host.id} avait perdu sa route par défaut` },
      hints: [
        {
          en: "Within one network all is well. Between networks it is not.",
          fr: "À l'intérieur d'un réseau tout va. D'un réseau à l'autre, non.",
        },
        inZone(plan, host.id),
        { en: `maquette console ${host.id}, then ip route.`, fr: `maquette console ${host.id}, puis ip route.` },
      ],
    },
  ];
}
