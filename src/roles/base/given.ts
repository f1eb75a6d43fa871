import { formatAddress, type Address } from "../../core/ip.ts";
import type { Plan } from "../../plan/types.ts";
import type { Command, Step } from "../role.ts";
import type { Fill } from "../template.ts";

/*
 * Files of the base that it does not write by itself: whom a host asks for names and time is said by the role that
 * answers it there.
 */

const RESOLVER = "/etc/resolv.conf";

const resolverText = (plan: Plan, fill: Fill, servers: readonly Address[]): string =>
  fill("base/resolv.conf", {
    search: plan.domain.name,
    servers: servers.map((a) => `nameserver ${formatAddress(a)}`).join("\n"),
  });

/** A renamed file takes the place of systemd-resolved's link too. */
export const resolver = (plan: Plan, fill: Fill, servers: readonly Address[]): Step => ({
  kind: "files",
  name: "resolver",
  files: { [RESOLVER]: { content: resolverText(plan, fill, servers) } },
});

/** Of a host that will resolve for itself once `isOwn` holds; until then it must find its packages. */
export function resolverUntil(plan: Plan, fill: Fill, servers: readonly Address[], isOwn: string): Step {
  const input = resolverText(plan, fill, servers);
  const sh = (script: string): Command => ({ argv: ["sh", "-c", script], input });
  return {
    kind: "command",
    name: "resolver before its own",
    unless: sh(`${isOwn} || { cat | cmp -s - ${RESOLVER}; }`),
    run: sh(`cat >${RESOLVER}.new && mv ${RESOLVER}.new ${RESOLVER}`),
  };
}

/**
 * Of two clocks that differ neither is a majority, and chrony would take none until they agree, a minute after a boot of
 * all: the first one's word counts (`trust`, chrony.conf(5)). Where it is silent the others are asked.
 * @param servers names or addresses
 */
export function clock(fill: Fill, servers: readonly string[]): readonly Step[] {
  const file = "/etc/chrony/chrony.conf";
  return [
    {
      kind: "files",
      name: "time",
      files: {
        [file]: { content: fill("base/chrony.conf", { servers: serversText(servers) }) },
      },
      check: [{ argv: ["chronyd", "-p", "-f", `new:${file}`] }],
      reload: [{ argv: ["systemctl", "restart", "chrony"] }],
      // That the daemon runs and has these sources; whether they answer is acceptance's affair.
      probe: { argv: ["chronyc", "-n", "sources"] },
    },
    { kind: "units", name: "time, running", units: ["chrony"], state: "running" },
  ];
}

/**
 * 4 s (chrony.conf(5), minpoll): a host that starts before the way to its servers is there asks again soon, and not after
 * the minute of a server far away. What is steady is asked less by itself.
 */
export const LAN_POLL = 2;

const serversText = (servers: readonly string[]): string =>
  servers.map((s, n) => `server ${s} iburst minpoll ${LAN_POLL}${n === 0 ? " trust" : ""}`).join("\n");
