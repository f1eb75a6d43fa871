import { addressesOf, answeredBy, bastionOf, plays, routersOf } from "../../plan/query.ts";
import type { Host, Plan } from "../../plan/types.ts";
import type { ClientContext, ClientWork, Need, Probe, RoleContext, RoleDefinition, RoleWork } from "../role.ts";
import { askCommand, judgeOpen } from "../ask.ts";
import { permittedForwards } from "./forwards.ts";

/** The one way in for administration. */
export const bastion: RoleDefinition = {
  id: "bastion",
  machine: { memoryMiB: 512, diskGiB: 8 },
  packages: [],
  templates: ["banner", "profile.sh", "session", "sshd.conf", "sysctl.conf", "tmpfiles.conf"],
  neighbours: [],
  isWayIn: true,
  work,
  clients,
  asks: () => ({ accounts: ["bastion"] }),
  probes: (plan) => routersOf(plan).flatMap((router) => administered(plan, router)),
  manual: "docs/roles/bastion.md",
};

function work({ plan, host, fill }: RoleContext): RoleWork {
  const [session, sshd, sysctl, tmpfiles] = [
    "/usr/local/lib/maquette/session",
    "/etc/ssh/sshd_config.d/05-bastion.conf",
    "/etc/sysctl.d/60-bastion.conf",
    "/etc/tmpfiles.d/maquette-sessions.conf",
  ];
  const open = permittedForwards(plan, host);
  return {
    needs: reached(plan, host),
    steps: [
      {
        kind: "files",
        name: "no router",
        files: { [sysctl]: { content: fill("sysctl.conf", {}) } },
        reload: [{ argv: ["sysctl", "-q", "-p", sysctl] }],
        probe: { argv: ["sh", "-c", "test $(cat /proc/sys/net/ipv4/ip_forward) = 0"] },
      },
      {
        kind: "files",
        name: "recording of sessions",
        files: {
          [tmpfiles]: { content: fill("tmpfiles.conf", {}) },
          [session]: { content: fill("session", {}), mode: "0755" },
          "/etc/profile.d/maquette-idle.sh": { content: fill("profile.sh", {}) },
          "/etc/issue.net": { content: fill("banner", { lab: plan.name }) },
        },
        check: [{ argv: ["bash", "-n", `new:${session}`] }],
        reload: [{ argv: ["systemd-tmpfiles", "--create", tmpfiles] }],
        probe: { argv: ["test", "-k", "/var/log/sessions"] },
      },
      {
        kind: "files",
        name: "forwarding by name",
        files: {
          [sshd]: { content: fill("sshd.conf", { open: open.length === 0 ? "none" : open.join(" ") }), mode: "0600" },
        },
        verify: [{ argv: ["sshd", "-t"] }],
        reload: [{ argv: ["systemctl", "reload-or-restart", "ssh"] }],
        probe: { argv: ["sh", "-c", "ssh-keyscan -T 5 -t ed25519 127.0.0.1 2>/dev/null | grep -q ed25519"] },
      },
    ],
  };
}

/** Whoever is administered is entered by SSH from here. */
const reached = (plan: Plan, bastion: Host): readonly Need[] =>
  [...plan.hosts.values()]
    .filter((host) => host !== bastion && !host.isOutside)
    .map((host) => ({ what: `enters ${host.id}`, services: ["ssh"], to: { kind: "host", host: host.id } }));

/** Its addresses are every host's door, and every host is one that it must reach. */
function clients({ plan, host }: ClientContext): ClientWork | null {
  if (plays(host, "bastion")) return null;
  return { steps: [], doors: addressesOf(bastionOf(plan)!) };
}

/** The routers answer their administrator. */
function administered(plan: Plan, router: Host): readonly Probe[] {
  const bastion = bastionOf(plan);
  const leg = router.nics.find((n) => n.zone === bastion?.nics[0]!.zone);
  if (!bastion || !leg) return [];
  return [
    {
      id: `${router.id}-administered`,
      needs: answeredBy(plan, `host:${router.id}`),
      from: bastion.id,
      title: {
        fr: `${router.id} répond à son administrateur (SSH)`,
        en: `${router.id} answers its administrator (SSH)`,
      },
      expected: "SSH-2.0",
      run: askCommand([
        { name: `${router.id} tcp/22`, protocol: "tcp", address: leg.address, port: 22, greeting: "SSH-2.0-" },
      ]),
      judge: judgeOpen(),
      dependsOn: { host: router.id, units: ["ssh.service"] },
    },
  ];
}
