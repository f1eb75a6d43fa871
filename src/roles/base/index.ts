import { formatAddress, parseNetwork } from "../../core/ip.ts";
import { CIPHERS, MACS, opensshOf } from "../../core/openssh.ts";
import { secret } from "../../core/secret-place.ts";
import { fqdnOf } from "../../plan/query.ts";
import type { BaseDefinition, BaseParts, RoleContext, RoleWork, Step } from "../role.ts";
import { administrators, sshdWords } from "./administrators.ts";
import { incoming, passedOn } from "./firewall.ts";
import { nftLines } from "./nft-lines.ts";
import { probes } from "./probes.ts";
import { trust } from "./trust.ts";

/** What every Debian guest of the lab gets before its own role. */
export const base: BaseDefinition = {
  id: "base",
  machine: { memoryMiB: 512, diskGiB: 8 },
  packages: ["ca-certificates", "chrony", "nftables", "openssl", "unattended-upgrades"],
  templates: [
    ...["hosts", "resolv.conf", "sshd.conf", "sudoers"],
    ...["administrators.py", "sudoers-administrators"],
    ...["chrony.conf", "chrony-options", "chrony-unit.conf"],
    ...["apt-periodic", "apt-unattended", "updates-shutdown.conf", "ldap.conf", "nftables.conf"],
    ...["journald.conf", "sysctl.conf", "restart.conf"],
  ],
  work,
  probes,
  manual: "docs/roles/base.md",
};

const ACCOUNT = "maquette";
const RETRIES = "/etc/sysctl.d/60-maquette.conf";

function work(context: RoleContext, parts: BaseParts): RoleWork {
  const { plan, host } = context;
  if (plan.images.get(host.image)!.os !== "debian") return { steps: [] };
  return {
    steps: [
      ...names(context),
      ...parts.first,
      { kind: "packages", name: "packages", packages: parts.packages },
      ...accounts(context),
      ...administrators(context),
      ...ssh(context, parts),
      ...trust(context, parts.onRevocation),
      clockRights(context),
      ...updates(context),
      ...firewall(context, parts),
      journal(context),
    ],
    needs: host.isOutside
      ? []
      : [{ what: "gets its packages and updates", services: ["http", "https"], to: { kind: "internet" } }],
  };
}

function names({ plan, host, fill }: RoleContext): readonly Step[] {
  const zone = `/usr/share/zoneinfo/${plan.domain.timezone}`;
  const own = `${formatAddress(host.nics[0]!.address)} ${fqdnOf(plan, host)} ${host.id}`;
  return [
    {
      kind: "files",
      name: "names",
      files: {
        "/etc/hosts": { content: fill("hosts", { own }) },
        "/etc/hostname": { content: `${host.id}\n` },
      },
      reload: [{ argv: ["hostname", "-F", "/etc/hostname"] }],
    },
    {
      kind: "command",
      name: "time zone",
      unless: { argv: ["test", "/etc/localtime", "-ef", zone] },
      run: { argv: ["ln", "-sfn", zone, "/etc/localtime"] },
    },
    {
      kind: "files",
      name: "lost connections",
      files: { [RETRIES]: { content: fill("sysctl.conf", {}) } },
      reload: [{ argv: ["/usr/lib/systemd/systemd-sysctl", RETRIES] }],
      probe: { argv: ["grep", "-qx", "5", "/proc/sys/net/ipv4/tcp_retries2"] },
    },
  ];
}

function accounts({ fill }: RoleContext): readonly Step[] {
  return [
    {
      kind: "files",
      name: "provisioner's account",
      files: {
        [`/home/${ACCOUNT}/.ssh/authorized_keys`]: {
          content: [secret("ssh-public", "provisioner"), "\n"],
          owner: `${ACCOUNT}:${ACCOUNT}`,
          mode: "0600",
        },
        "/etc/sudoers.d/60-maquette": { content: fill("sudoers", {}), mode: "0440" },
      },
      check: [{ argv: ["visudo", "-cqf", "new:/etc/sudoers.d/60-maquette"] }],
    },
    {
      kind: "command",
      name: "no passwords",
      // shadow(5): a second field that begins with neither ! nor * is a password, or none at all.
      unless: { argv: ["sh", "-c", `! grep -qE '^(root|${ACCOUNT}):[^!*]' /etc/shadow`] },
      run: { argv: ["sh", "-c", `usermod -L root && usermod -L ${ACCOUNT}`] },
    },
  ];
}

function ssh({ plan, host, fill }: RoleContext, parts: BaseParts): readonly Step[] {
  const doors = parts.doors.map(formatAddress);
  const file = "/etc/ssh/sshd_config.d/10-maquette.conf";
  const { keyExchanges, hasPenalties } = opensshOf(plan.images.get(host.image)!.release ?? undefined);
  const exempt = `PerSourcePenaltyExemptList ${doors.length === 0 ? "127.0.0.1" : doors.join(",")}`;
  const why = "# Every login comes from the bastion: one that fails there must not lock the others out.";
  const text = fill("sshd.conf", {
    ...sshdWords(plan, host),
    keyExchanges: keyExchanges.join(","),
    ciphers: CIPHERS.join(","),
    macs: MACS.join(","),
    penalties: hasPenalties ? `\n${why}\n${exempt}` : "",
    // The way in says by its own role what it forwards; a "no" here, a moment before, would shut everybody out.
    forwarding: parts.isWayIn ? "" : "AllowTcpForwarding no",
  });
  return [
    {
      kind: "files",
      name: "sshd",
      files: { [file]: { content: text, mode: "0600" } },
      check: [{ argv: ["sshd", "-t", "-f", `new:${file}`] }],
      verify: [{ argv: ["sshd", "-t"] }],
      reload: [{ argv: ["systemctl", "reload-or-restart", "ssh"] }],
      // A whole key exchange, not an open port alone.
      probe: { argv: ["sh", "-c", "ssh-keyscan -T 5 -t ed25519 127.0.0.1 2>/dev/null | grep -q ed25519"] },
    },
    { kind: "units", name: "sshd, running", units: ["ssh"], state: "running" },
  ];
}

function clockRights({ fill }: RoleContext): Step {
  return {
    kind: "files",
    name: "clock's rights",
    files: {
      "/usr/local/lib/maquette/chrony-options": { content: fill("chrony-options", {}), mode: "0755" },
      "/etc/systemd/system/chrony.service.d/10-maquette.conf": { content: fill("chrony-unit.conf", {}) },
    },
    check: [{ argv: ["sh", "-n", "new:/usr/local/lib/maquette/chrony-options"] }],
    reload: [{ argv: ["systemctl", "daemon-reload"] }, { argv: ["systemctl", "try-restart", "chrony"] }],
  };
}

function updates({ fill }: RoleContext): readonly Step[] {
  const [periodic, unattended] = [
    "/etc/apt/apt.conf.d/60-maquette-periodic",
    "/etc/apt/apt.conf.d/61-maquette-updates",
  ];
  return [
    {
      kind: "files",
      name: "security updates",
      files: {
        [periodic]: { content: fill("apt-periodic", {}) },
        [unattended]: { content: fill("apt-unattended", {}) },
      },
      check: [periodic, unattended].map((file) => ({ argv: ["apt-config", "-c", `new:${file}`, "dump"] })),
      verify: [{ argv: ["sh", "-c", "apt-config dump Unattended-Upgrade::Origins-Pattern | grep -q Debian-Security"] }],
    },
    {
      kind: "files",
      name: "security updates at shutdown",
      files: {
        "/etc/systemd/system/unattended-upgrades.service.d/maquette.conf": {
          content: fill("updates-shutdown.conf", {}),
        },
      },
      verify: [{ argv: ["systemd-analyze", "verify", "--man=no", "unattended-upgrades.service"] }],
      reload: [{ argv: ["systemctl", "daemon-reload"] }, { argv: ["systemctl", "restart", "unattended-upgrades"] }],
    },
    {
      kind: "units",
      name: "security updates, running",
      units: ["apt-daily.timer", "apt-daily-upgrade.timer", "unattended-upgrades"],
      state: "running",
    },
  ];
}

function firewall({ plan, host, fill, operator }: RoleContext, parts: BaseParts): readonly Step[] {
  // Scenery has no row in the table: nothing says what it should refuse, and it plays the Internet.
  if (host.isOutside) return [];
  const operators = operator === null ? [] : [parseNetwork(operator.cidr)!.network];
  const facts = { neighbours: parts.neighbours, doors: parts.doors, operators };
  const input = incoming(plan, host, facts).flatMap(nftLines);
  const pool = passedOn(plan, host)?.flatMap(nftLines);
  const states = "ct state vmap { established : accept, related : accept, invalid : drop }";
  const forward = pool === undefined ? [] : [states, ...pool];
  const file = "/etc/nftables.conf";
  const indent = (lines: readonly string[]): string => lines.map((line) => `    ${line}`).join("\n");
  return [
    {
      kind: "files",
      name: "firewall",
      files: {
        [file]: {
          content: fill("nftables.conf", { input: indent(input), forward: indent(forward) }),
          mode: "0755",
        },
      },
      check: [{ argv: ["nft", "-c", "-f", `new:${file}`] }],
      reload: [{ argv: ["systemctl", "reload-or-restart", "nftables"] }],
      probe: { argv: ["nft", "list", "chain", "inet", "filter", "input"] },
    },
    { kind: "units", name: "firewall, running", units: ["nftables"], state: "running" },
  ];
}

function journal({ fill }: RoleContext): Step {
  return {
    kind: "files",
    name: "journal",
    files: { "/etc/systemd/journald.conf.d/60-maquette.conf": { content: fill("journald.conf", {}) } },
    reload: [{ argv: ["systemctl", "restart", "systemd-journald"] }, { argv: ["journalctl", "--flush"] }],
    probe: { argv: ["test", "-d", "/var/log/journal"] },
  };
}
