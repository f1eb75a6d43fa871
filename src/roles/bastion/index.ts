import type { RoleContext, RoleDefinition, RoleWork } from "../role.ts";
import { permittedForwards } from "../base/firewall.ts";

/** The one way in for administration. */
export const bastion: RoleDefinition = {
  id: "bastion",
  machine: { memoryMiB: 512, diskGiB: 8 },
  packages: [],
  templates: ["banner", "profile.sh", "session", "sshd.conf", "sysctl.conf", "tmpfiles.conf"],
  neighbours: [],
  work,
  probes: () => [],
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
