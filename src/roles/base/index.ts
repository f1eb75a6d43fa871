import { formatAddress, parseNetwork } from "../../core/ip.ts";
import { CIPHERS, MACS, opensshOf } from "../../core/openssh.ts";
import { secret } from "../../core/secret-place.ts";
import type { Host, Image, Plan } from "../../plan/types.ts";
import type { CertificateRequest } from "../seed.ts";
import type { FilesStep, RoleContext, RoleDefinition, RoleWork, Step } from "../role.ts";
import { administrators, sshdWords } from "./administrators.ts";
import { doorsOf, hostRules } from "./firewall.ts";
import { fqdnOf, logCertificate, logSink } from "./log.ts";
import { CA_FILE, CRL_FILE, trust } from "./trust.ts";

/** What every Debian guest of the lab gets before its own role. */
export const base: RoleDefinition = {
  id: "base",
  machine: { memoryMiB: 512, diskGiB: 8 },
  packages: ["ca-certificates", "chrony", "nftables", "openssl", "rsyslog", "rsyslog-openssl", "unattended-upgrades"],
  templates: [
    ...["hosts", "resolv.conf", "sshd.conf", "sudoers"],
    ...["administrators.py", "sudoers-administrators"],
    ...["chrony.conf", "chrony-options", "chrony-unit.conf"],
    ...["apt-periodic", "apt-unattended", "updates-shutdown.conf", "ldap.conf", "nftables.conf"],
    ...["journald.conf", "rsyslog.conf", "rsyslog-forward.conf", "rsyslog-sink.conf"],
  ],
  neighbours: [],
  work,
  probes: () => [],
  manual: "docs/roles/base.md",
};

/** Roles that have the word on what these files say: the domain's own clocks and resolvers, and the simulated Internet's. */
const OWN_CLOCK: ReadonlySet<string> = new Set(["dc", "internet"]);

const ACCOUNT = "maquette";

function work(context: RoleContext): RoleWork {
  const { plan, host } = context;
  if (plan.images.get(host.image)!.os !== "debian") return { steps: [] };
  const first = controllersOf(plan)[0];
  // Names, and so the archive's, are resolved by the domain's controllers: they come first.
  const after = first === undefined || host.role === "dc" || host.isOutside ? [] : [first.id];
  return {
    after,
    certificates: logCertificates(plan, host),
    steps: [
      ...names(context),
      { kind: "packages", name: "packages", packages: base.packages },
      ...accounts(context),
      ...administrators(context),
      ...ssh(context),
      ...trust(context),
      ...time(context),
      ...updates(context),
      ...firewall(context),
      ...logs(context),
    ],
  };
}

const controllersOf = (plan: Plan): readonly Host[] => [...plan.hosts.values()].filter((h) => h.role === "dc");

function names(context: RoleContext): readonly Step[] {
  const { plan, host, fill } = context;
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
    resolver(context),
  ];
}

function resolver({ plan, host, fill }: RoleContext): Step {
  const text = (servers: Plan["domain"]["dns"]): string =>
    fill("resolv.conf", {
      search: plan.domain.name,
      servers: servers.map((a) => `nameserver ${formatAddress(a)}`).join("\n"),
    });
  if (host.role !== "dc") {
    // Scenery lies outside: nobody there asks the domain. A renamed file takes the place of systemd-resolved's link too.
    const servers = host.isOutside ? plan.domain.forwarders : plan.domain.dns;
    return { kind: "files", name: "resolver", files: { "/etc/resolv.conf": { content: text(servers) } } };
  }
  // A controller resolves for itself once it is one; until then it must find its packages.
  const before = text(plan.domain.forwarders);
  return {
    kind: "command",
    name: "resolver before the domain",
    unless: { argv: ["sh", "-c", "test -e /usr/sbin/samba || { cat | cmp -s - /etc/resolv.conf; }"], input: before },
    run: { argv: ["sh", "-c", "cat >/etc/resolv.conf.new && mv /etc/resolv.conf.new /etc/resolv.conf"], input: before },
  };
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

/** The release that an image's file or address names, as Debian's own do. */
function debianOf({ fileName, url }: Image): number | undefined {
  const named = /debian-(\d+)/i.exec(`${fileName} ${url ?? ""}`)?.[1];
  return named === undefined ? undefined : Number(named);
}

function ssh({ plan, host, fill }: RoleContext): readonly Step[] {
  const doors = doorsOf(plan, host).map(formatAddress);
  const file = "/etc/ssh/sshd_config.d/10-maquette.conf";
  const { keyExchanges, hasPenalties } = opensshOf(debianOf(plan.images.get(host.image)!));
  const exempt = `PerSourcePenaltyExemptList ${doors.length === 0 ? "127.0.0.1" : doors.join(",")}`;
  const why = "# Every login comes from the bastion: one that fails there must not lock the others out.";
  const text = fill("sshd.conf", {
    ...sshdWords(plan, host),
    keyExchanges: keyExchanges.join(","),
    ciphers: CIPHERS.join(","),
    macs: MACS.join(","),
    penalties: hasPenalties ? `\n${why}\n${exempt}` : "",
    // The bastion's own role says what it forwards; a "no" here, a moment before, would shut everybody out.
    forwarding: host.role === "bastion" ? "" : "AllowTcpForwarding no",
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

function time({ plan, host, fill }: RoleContext): readonly Step[] {
  const rights: Step = {
    kind: "files",
    name: "clock's rights",
    files: {
      "/usr/local/lib/maquette/chrony-options": { content: fill("chrony-options", {}), mode: "0755" },
      "/etc/systemd/system/chrony.service.d/10-maquette.conf": { content: fill("chrony-unit.conf", {}) },
    },
    check: [{ argv: ["sh", "-n", "new:/usr/local/lib/maquette/chrony-options"] }],
    reload: [{ argv: ["systemctl", "daemon-reload"] }, { argv: ["systemctl", "try-restart", "chrony"] }],
  };
  if (OWN_CLOCK.has(host.role)) return [rights];
  const servers = host.isOutside ? plan.domain.ntp : plan.domain.dns.map(formatAddress);
  const file = "/etc/chrony/chrony.conf";
  return [
    rights,
    {
      kind: "files",
      name: "time",
      files: {
        [file]: { content: fill("chrony.conf", { servers: servers.map((s) => `server ${s} iburst`).join("\n") }) },
      },
      check: [{ argv: ["chronyd", "-p", "-f", `new:${file}`] }],
      reload: [{ argv: ["systemctl", "restart", "chrony"] }],
      // That the daemon runs and has these sources; whether they answer is the domain's affair, later.
      probe: { argv: ["chronyc", "-n", "sources"] },
    },
    { kind: "units", name: "time, running", units: ["chrony"], state: "running" },
  ];
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

function firewall({ plan, host, fill, neighbours, operator }: RoleContext): readonly Step[] {
  // Scenery has no row in the table: nothing says what it should refuse, and it plays the Internet.
  if (host.isOutside) return [];
  const network = host.role === "bastion" && operator !== null ? parseNetwork(operator.cidr)!.network : null;
  const rules = hostRules(plan, host, { neighbours, operators: network === null ? [] : [network] });
  const file = "/etc/nftables.conf";
  const indent = (lines: readonly string[]): string => lines.map((line) => `    ${line}`).join("\n");
  return [
    {
      kind: "files",
      name: "firewall",
      files: {
        [file]: {
          content: fill("nftables.conf", { input: indent(rules.input), forward: indent(rules.forward) }),
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

function logCertificates(plan: Plan, host: Host): Readonly<Record<string, CertificateRequest>> {
  const sink = logSink(plan);
  if (sink === null || host.isOutside) return {};
  const name = fqdnOf(plan, host);
  const usage = sink.host === host ? "server" : "client";
  const days = plan.authority.certificateDays;
  return { [logCertificate(host)]: { commonName: name, names: [name], usage, days } };
}

function logs({ plan, host, fill }: RoleContext): readonly Step[] {
  const journal: FilesStep = {
    kind: "files",
    name: "journal",
    files: { "/etc/systemd/journald.conf.d/60-maquette.conf": { content: fill("journald.conf", {}) } },
    reload: [{ argv: ["systemctl", "restart", "systemd-journald"] }, { argv: ["journalctl", "--flush"] }],
    probe: { argv: ["test", "-d", "/var/log/journal"] },
  };
  const sink = logSink(plan);
  // No row lets scenery speak to the sink.
  if (sink === null || host.isOutside) return [journal];
  const forward =
    sink.host === host
      ? fill("rsyslog-sink.conf", { name: fqdnOf(plan, host) })
      : fill("rsyslog-forward.conf", {
          address: formatAddress(sink.host.nics[0]!.address),
          port: String(sink.port),
          name: fqdnOf(plan, sink.host),
        });
  const file = "/etc/rsyslog.conf";
  const label = logCertificate(host);
  return [
    journal,
    {
      kind: "files",
      name: "forwarding of logs",
      files: {
        "/etc/rsyslog.d/tls/host.crt": { content: [secret("vault-certificate", label), "\n"], mode: "0644" },
        "/etc/rsyslog.d/tls/host.key": { content: [secret("vault-key", label), "\n"], mode: "0600" },
        [file]: { content: fill("rsyslog.conf", { authority: CA_FILE, revoked: CRL_FILE, forward }) },
      },
      check: [{ argv: ["openssl", "x509", "-noout", "-in", "new:/etc/rsyslog.d/tls/host.crt"] }],
      verify: [{ argv: ["rsyslogd", "-N1"] }],
      reload: [{ argv: ["systemctl", "restart", "rsyslog"] }],
      probe: { argv: ["systemctl", "is-active", "--quiet", "rsyslog"] },
    },
    { kind: "units", name: "forwarding of logs, running", units: ["rsyslog"], state: "running" },
  ];
}
