import { formatAddress } from "../../core/ip.ts";
import type { Plan } from "../../plan/types.ts";
import { addressesOf, answeredBy, hostsOf, isSame, outsideLeg, plays, seatOf, simulatedWeb } from "../../plan/query.ts";
import { clock, resolver } from "../base/given.ts";
import GET from "./get.py";
import { pythonCommand } from "../program.ts";
import type { ClientContext, ClientWork, Probe, RoleContext, RoleDefinition, RoleWork } from "../role.ts";

/** Both operators and the rest of the Internet, in simulation: routing, the public DNS, the clock and the web. */
export const internet: RoleDefinition = {
  id: "internet",
  machine: { memoryMiB: 512, diskGiB: 8 },
  packages: ["unbound", "chrony", "nginx-light"],
  templates: ["sysctl.conf", "unbound.conf", "chrony.conf", "index.html"],
  neighbours: [],
  work,
  clients,
  probes,
  manual: "docs/roles/internet.md",
};

function work({ plan, host, fill }: RoleContext): RoleWork {
  const own = addressesOf(host);
  const dns = plan.domain.forwarders.filter((a) => own.some((o) => isSame(o, a)));
  const outside = outsideLeg(plan, host);
  const web = simulatedWeb(plan)!;
  const time = own.find((a) => plan.domain.ntp.includes(formatAddress(a))) ?? dns[0] ?? outside.address;
  const interfaces = dns.map((a) => `    interface: ${formatAddress(a)}`).join("\n");
  const first = dns[0] ?? outside.address;
  return {
    first: [resolver(plan, fill, plan.domain.forwarders)],
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

/** The rest of the scenery asks the Internet for names and time: nobody there asks the domain. */
function clients({ plan, host, fill }: ClientContext): ClientWork | null {
  if (!host.isOutside || plays(host, "internet")) return null;
  return { first: [resolver(plan, fill, plan.domain.forwarders)], steps: clock(fill, plan.domain.ntp) };
}

/** A workstation reaches the Internet. */
function probes(plan: Plan): readonly Probe[] {
  const [web] = hostsOf(plan, "internet");
  const desk = seatOf(plan);
  const address = simulatedWeb(plan);
  if (!web || !desk || !address) return [];
  return [
    {
      id: `web-${desk.id}`,
      needs: answeredBy(plan, ...[...plan.zones.values()].filter((z) => z.wan !== null).map((z) => `zone:${z.id}`)),
      from: desk.id,
      title: {
        fr: `${desk.id} ouvre une page web de l'Internet`,
        en: `${desk.id} opens a web page of the Internet`,
      },
      expected: "HTTP 200",
      run: pythonCommand(GET, JSON.stringify({ address: formatAddress(address), port: 80, timeout: 10 })),
      judge: ({ exitCode, stdout, stderr }) => {
        const last = stderr.trim().split("\n").at(-1) ?? "";
        if (exitCode !== 0) return { isGood: false, seen: last === "" ? `exit ${exitCode}` : last };
        return { isGood: /^HTTP\/1\.[01] 200\b/.test(stdout), seen: stdout.trim() };
      },
      dependsOn: { host: web.id, units: ["nginx.service"] },
    },
  ];
}
