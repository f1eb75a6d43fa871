import { formatAddress } from "../core/ip.ts";
import type { Host, Plan } from "../plan/types.ts";
import { fillTemplate } from "./template.ts";

/** What makes a guest of the scenery what it is: outside the lab's firewall, so it is set up by its console. */
export interface Scenery {
  readonly host: Host;
  /** Path to content; all 0644 and root's. */
  readonly files: ReadonlyMap<string, string>;
  /** Run when a file has changed, in order; each an argument list. */
  readonly reload: readonly (readonly string[])[];
  /** Each must succeed within the deadline, else the guest is not ready. */
  readonly probes: readonly (readonly string[])[];
}

export const sceneryTemplateNames = ["sysctl.conf", "unbound.conf", "chrony.conf", "index.html"] as const;

/** @param templates texts of `templates/internet/` by file name */
export function renderScenery(plan: Plan, templates: ReadonlyMap<string, string>): readonly Scenery[] {
  return [...plan.hosts.values()].filter((h) => h.role === "internet").map((host) => internet(plan, host, templates));
}

function internet(plan: Plan, host: Host, templates: ReadonlyMap<string, string>): Scenery {
  const fill = (name: (typeof sceneryTemplateNames)[number], values: Readonly<Record<string, string>>): string =>
    fillTemplate(`templates/internet/${name}`, templates.get(name) ?? "", values);
  const own = host.nics.flatMap((nic) => [nic.address, ...nic.aliases]);
  const isOwn = (a: { readonly family: number; readonly value: bigint }): boolean =>
    own.some((o) => o.family === a.family && o.value === a.value);
  const dns = plan.domain.forwarders.filter(isOwn);
  // The web is on the outside leg, on an address that is nobody's resolver or monitor.
  const outside = host.nics.find((nic) => plan.zones.get(nic.zone)!.kind === "outside") ?? host.nics[0]!;
  const busy = [...plan.domain.forwarders, ...[...plan.zones.values()].flatMap((z) => z.wan?.monitor ?? [])];
  const web =
    outside.aliases.find((a) => !busy.some((b) => b.family === a.family && b.value === a.value)) ?? outside.address;
  const time = own.find((a) => plan.domain.ntp.includes(formatAddress(a))) ?? dns[0] ?? outside.address;
  const interfaces = dns.map((a) => `    interface: ${formatAddress(a)}`).join("\n");
  const first = dns[0] ?? outside.address;
  return {
    host,
    files: new Map([
      ["/etc/sysctl.d/60-internet.conf", fill("sysctl.conf", {})],
      ["/etc/unbound/unbound.conf", fill("unbound.conf", { interfaces, web: formatAddress(web) })],
      ["/etc/chrony/chrony.conf", fill("chrony.conf", { time: formatAddress(time) })],
      // A guest of this lab must not set its machine's clock, and cannot.
      ["/etc/default/chrony", 'DAEMON_OPTS="-x"\n'],
      ["/var/www/html/index.html", fill("index.html", { name: plan.name })],
    ]),
    reload: [
      ["sysctl", "-q", "-p", "/etc/sysctl.d/60-internet.conf"],
      ["unbound-checkconf"],
      // Before it had its configuration it may have failed too often to be started again.
      ["systemctl", "reset-failed"],
      ["systemctl", "restart", "unbound", "chrony", "nginx"],
    ],
    probes: [
      ["systemctl", "is-active", "--quiet", "unbound", "chrony", "nginx"],
      ["nc", "-z", "-w", "2", formatAddress(web), "80"],
      ["nc", "-z", "-w", "2", formatAddress(first), "53"],
    ],
  };
}
