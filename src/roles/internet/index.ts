import { formatAddress, type Address } from "../../core/ip.ts";
import type { Host, Nic, Plan } from "../../plan/types.ts";
import type { RoleContext, RoleDefinition, RoleWork } from "../role.ts";

/** Both operators and the rest of the Internet, in simulation: routing, the public DNS, the clock and the web. */
export const internet: RoleDefinition = {
  id: "internet",
  machine: { memoryMiB: 512, diskGiB: 8 },
  packages: ["unbound", "chrony", "nginx-light"],
  templates: ["sysctl.conf", "unbound.conf", "chrony.conf", "index.html"],
  neighbours: [],
  work,
  probes: () => [],
  manual: "docs/roles/internet.md",
};

const same = (a: Address, b: Address): boolean => a.family === b.family && a.value === b.value;

const outsideLeg = (plan: Plan, host: Host): Nic =>
  host.nics.find((nic) => plan.zones.get(nic.zone)!.kind === "outside") ?? host.nics[0]!;

/** Where the simulated web answers: on the outside leg, on an address that is nobody's resolver or monitor. */
export function webAddress(plan: Plan, host: Host): Address {
  const outside = outsideLeg(plan, host);
  const busy = [...plan.domain.forwarders, ...[...plan.zones.values()].flatMap((z) => z.wan?.monitor ?? [])];
  return outside.aliases.find((a) => !busy.some((b) => same(a, b))) ?? outside.address;
}

function work({ plan, host, fill }: RoleContext): RoleWork {
  const own = host.nics.flatMap((nic) => [nic.address, ...nic.aliases]);
  const dns = plan.domain.forwarders.filter((a) => own.some((o) => same(o, a)));
  const outside = outsideLeg(plan, host);
  const web = webAddress(plan, host);
  const time = own.find((a) => plan.domain.ntp.includes(formatAddress(a))) ?? dns[0] ?? outside.address;
  const interfaces = dns.map((a) => `    interface: ${formatAddress(a)}`).join("\n");
  const first = dns[0] ?? outside.address;
  return {
    steps: [
      { kind: "packages", name: "packages", packages: internet.packages },
      {
        kind: "files",
        name: "routing",
        files: { "/etc/sysctl.d/60-internet.conf": { content: fill("sysctl.conf", {}) } },
        reload: [{ argv: ["sysctl", "-q", "-p", "/etc/sysctl.d/60-internet.conf"] }],
      },
      {
        kind: "files",
        name: "public DNS",
        files: {
          "/etc/unbound/unbound.conf": { content: fill("unbound.conf", { interfaces, web: formatAddress(web) }) },
        },
        check: [{ argv: ["unbound-checkconf", "new:/etc/unbound/unbound.conf"] }],
        reload: [{ argv: ["systemctl", "restart", "unbound"] }],
        probe: { argv: ["nc", "-z", "-w", "2", formatAddress(first), "53"] },
      },
      {
        kind: "files",
        name: "public clock",
        files: {
          "/etc/chrony/chrony.conf": { content: fill("chrony.conf", { time: formatAddress(time) }) },
        },
        check: [{ argv: ["chronyd", "-p", "-f", "new:/etc/chrony/chrony.conf"] }],
        reload: [{ argv: ["systemctl", "restart", "chrony"] }],
        probe: { argv: ["chronyc", "-n", "tracking"] },
      },
      {
        kind: "files",
        name: "web",
        files: { "/var/www/html/index.html": { content: fill("index.html", { name: plan.name }) } },
        probe: { argv: ["nc", "-z", "-w", "2", formatAddress(web), "80"] },
      },
      { kind: "units", name: "services", units: ["unbound", "chrony", "nginx"], state: "running" },
    ],
  };
}
