import type { Address } from "../../core/ip.ts";
import { answeredBy, isRouter, outsiderOf, routersOf } from "../../plan/query.ts";
import type { Endpoint, Host, Invariant, Plan, Service } from "../../plan/types.ts";
import { compile } from "../../policy/engine/index.ts";
import { intentOf, ruleOfFlow, type Intent } from "../../policy/intent.ts";
import type { Probe } from "../../roles/role.ts";
import { passes } from "./reach.ts";
import { askCommand, judgeOpen, judgeSilent, type Target } from "../../roles/ask.ts";

/*
 * The plan's invariants as probes: `never` becomes real packets from a guest that sits there, to which nobody may
 * answer; `always` with SSH, which every guest speaks, becomes answers. Each is tied to the needs and objectives that
 * name the invariant.
 */

/** Controls that are asked: one that is off must not make a probe red. */
const CONTROLS = 3;

export function invariantProbes(plan: Plan): readonly Probe[] {
  const intent = intentOf(plan);
  return plan.invariants.flatMap((invariant) => {
    const needs = answeredBy(plan, `invariant:${invariant.id}`);
    if (needs.length === 0) return [];
    const senders = sendersOf(plan, invariant.from);
    return invariant.kind === "never"
      ? senders.flatMap((sender) => closed(intent, invariant, needs, sender))
      : senders.flatMap((sender) => open(plan, invariant, needs, sender));
  });
}

function closed(intent: Intent, invariant: Invariant, needs: readonly string[], sender: Host): readonly Probe[] {
  const { plan } = intent.space;
  const excepted = compile(
    plan.flows.filter((f) => invariant.except.includes(f.id)).map((f) => ruleOfFlow(intent.space, f)),
  );
  const targets = targetsOf(plan, invariant, sender).filter((t) => !passes(excepted, sender, t));
  const controls = controlsOf(intent, sender);
  if (targets.length === 0 || controls.length === 0) return [];
  return [
    {
      id: `${invariant.id}-${sender.id}`,
      needs,
      from: sender.id,
      title: {
        fr: `${invariant.description} : rien ne répond à ${sender.id}`,
        en: `${invariant.id}: nothing answers ${sender.id}`,
      },
      expected: `no answer of ${targets.length}`,
      run: askCommand([...targets, ...controls]),
      judge: judgeSilent(new Set(controls.map((c) => c.name))),
      isWaiting: true,
      dependsOn: null,
    },
  ];
}

function open(plan: Plan, invariant: Invariant, needs: readonly string[], sender: Host): readonly Probe[] {
  if (sender.isOutside || !invariant.services.includes("ssh")) return [];
  const targets = targetsOf(plan, { ...invariant, services: ["ssh"] }, sender).map((t) => ({
    ...t,
    greeting: "SSH-2.0-",
  }));
  const first = invariant.to.flatMap((end) => hostsAt(plan, end)).find((h) => h.id !== sender.id);
  if (targets.length === 0 || !first) return [];
  return [
    {
      id: `${invariant.id}-${sender.id}`,
      needs,
      from: sender.id,
      title: { fr: `${invariant.description} : depuis ${sender.id}`, en: `${invariant.id}: from ${sender.id}` },
      expected: `SSH of ${targets.length} hosts`,
      run: askCommand(targets),
      judge: judgeOpen(),
      dependsOn: { host: first.id, units: ["ssh.service"] },
    },
  ];
}

/** Guests of a zone behind the routers that have a system of their own to ask from. */
const guestsIn = (plan: Plan, zone: string): readonly Host[] =>
  [...plan.hosts.values()].filter((h) => !isRouter(h) && h.nics.some((n) => n.zone === zone));

function hostsAt(plan: Plan, end: Endpoint): readonly Host[] {
  switch (end.kind) {
    case "host":
      return [plan.hosts.get(end.host)!];
    case "zone":
      return guestsIn(plan, end.zone);
    case "any":
    case "internet":
    case "firewall":
    case "pool":
    case "network":
      return [];
  }
}

/** One guest for each end; beyond the operators, the road warrior. */
function sendersOf(plan: Plan, ends: readonly Endpoint[]): readonly Host[] {
  const found = ends.flatMap((end) => {
    const host =
      end.kind === "internet"
        ? outsiderOf(plan)
        : hostsAt(plan, end).find((h) => plan.images.get(h.image)!.os === "debian");
    return host ? [host] : [];
  });
  return [...new Set(found)];
}

interface Port {
  readonly protocol: "tcp" | "udp";
  readonly port: number;
}

/** The first port of each way in which the services are spoken; of `any`, every TCP service that the plan knows. */
function portsOf(plan: Plan, ids: readonly string[]): readonly Port[] {
  const services = ids.map((id) => plan.services.get(id)!);
  const isAny = services.some((s) => s.terms.some((t) => t.protocol === "any"));
  const spoken = isAny ? [...plan.services.values()] : services;
  const ports = spoken.flatMap((s: Service) =>
    s.terms.flatMap((t): readonly Port[] =>
      t.protocol === "tcp" || (t.protocol === "udp" && !isAny) ? [{ protocol: t.protocol, port: t.ports[0]!.lo }] : [],
    ),
  );
  return unique(ports, (p) => `${p.protocol}/${p.port}`);
}

function targetsOf(plan: Plan, { to, services }: Pick<Invariant, "to" | "services">, sender: Host): readonly Target[] {
  const places = sender.isOutside ? accessesOf(plan) : to.flatMap((end) => placesAt(plan, end, sender));
  const ports = portsOf(plan, services);
  const all = places.flatMap(({ name, address, isForwarded }) =>
    ports
      .filter((p) => !isForwarded(p))
      .map((p): Target => ({ name: `${name} ${p.protocol}/${p.port}`, address, ...p })),
  );
  return unique(all, (t) => t.name);
}

interface Place {
  readonly name: string;
  readonly address: Address;
  /** Led to an inside host on purpose. */
  readonly isForwarded: (port: Port) => boolean;
}

/** Where a stranger's packet goes: the shared address of each access. */
const accessesOf = (plan: Plan): readonly Place[] =>
  [...plan.zones.values()]
    .filter((z) => z.wan !== null && z.vip !== null)
    .map((z) => ({
      name: z.id,
      address: z.vip!.address,
      isForwarded: ({ protocol, port }) =>
        plan.forwards
          .filter((f) => f.wans.includes(z.id))
          .flatMap((f) => plan.services.get(f.service)!.terms)
          .some(
            (t) =>
              t.protocol === "any" || (t.protocol === protocol && t.ports.some((p) => p.lo <= port && port <= p.hi)),
          ),
    }));

function placesAt(plan: Plan, end: Endpoint, sender: Host): readonly Place[] {
  const isForwarded = (): boolean => false;
  const zone = sender.nics[0]!.zone;
  if (end.kind === "firewall") {
    const legs = routersOf(plan).flatMap((r) =>
      r.nics.filter((n) => n.zone === zone).map((n) => ({ name: r.id, address: n.address, isForwarded })),
    );
    const vip = plan.zones.get(zone)?.vip;
    return vip ? [...legs, { name: `${zone} VIP`, address: vip.address, isForwarded }] : legs;
  }
  return (
    hostsAt(plan, end)
      // What stays inside one zone no router sees.
      .filter((h) => h.nics[0]!.zone !== zone)
      .map((h) => ({ name: h.id, address: h.nics[0]!.address, isForwarded }))
  );
}

/** Something that the table lets the sender reach, in several hosts: any answer shows that its packets get through. */
function controlsOf(intent: Intent, sender: Host): readonly Target[] {
  const { plan } = intent.space;
  if (sender.isOutside) {
    const forwarded = plan.forwards.flatMap((f) => {
      const term = plan.services.get(f.service)!.terms.find((t) => t.protocol === "tcp");
      return term?.protocol === "tcp" ? f.wans.map((wan) => ({ wan, port: term.ports[0]!.lo })) : [];
    });
    return forwarded.flatMap(({ wan, port }) => {
      const address = plan.zones.get(wan)?.vip?.address;
      return address ? [{ name: `${wan} tcp/${port}`, protocol: "tcp" as const, address, port }] : [];
    });
  }
  const rules = intent.listAt(sender.nics[0]!.zone);
  const candidates = [...plan.hosts.values()]
    .filter((h) => !h.isOutside && !isRouter(h) && h.nics[0]!.zone !== sender.nics[0]!.zone)
    .flatMap((h) => {
      const ports = portsOf(plan, [...plan.services.keys()]);
      const target = ports
        .map((p): Target => ({ name: `${h.id} ${p.protocol}/${p.port}`, address: h.nics[0]!.address, ...p }))
        .find((t) => t.protocol === "tcp" && passes(rules, sender, t));
      return target ? [target] : [];
    });
  return candidates.slice(0, CONTROLS);
}

const unique = <T>(items: readonly T[], key: (item: T) => string): readonly T[] => [
  ...new Map(items.map((i) => [key(i), i])).values(),
];
