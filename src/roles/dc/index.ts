import { formatAddress, formatNetwork, parseAddress } from "../../core/ip.ts";
import { secret } from "../../core/secret-place.ts";
import { compose, jsonText, type Text } from "../../core/text.ts";
import { endOf, fqdnOf, plays } from "../../plan/query.ts";
import type { Host, Plan, Service } from "../../plan/types.ts";
import { clock, LAN_POLL, resolver, resolverUntil } from "../base/given.ts";
import { isListOf } from "../base/trust.ts";
import type { CertificateRequest } from "../seed.ts";
import type { ClientContext, ClientWork, Command, Need, RoleContext, RoleWork, Step } from "../role.ts";
import { keptAt, watchedAt } from "../service.ts";
import { defineRole, type Settled } from "../settings.ts";
import { ACCEPTANCE, administratorPassword, machineLogin, machinePassword, serviceAccount } from "./accounts.ts";
import { personPassword } from "../person.ts";
import { accountHolders, controllerOf, controllersOf, directoryOf, membersOf } from "./directory.ts";
import { lossOfController } from "./drill.ts";
import { probes } from "./probes.ts";
import { replicationOf } from "./measured.ts";
import { settings } from "./settings.ts";

/** What members of the domain speak to a controller, and what its peer replicates by. */
const MEMBERS = ["dns", "ntp", "kerberos", "kpasswd", "ldap", "ldaps", "global-catalog", "smb", "rpc"];

/** Modules of domain.py, beside it on a controller. */
const modules = [
  ...["__init__.py", "common.py", "directory.py", "names.py", "reach.py", "zones.py"],
  ...["accounts.py", "computers.py", "groups.py", "places.py", "records.py", "compare.py"],
  ...["establish.py", "replication.py", "clock.py"],
].map((name) => `controller/${name}`);

/** A domain controller: Samba's Active Directory. */
export const dc = defineRole({
  id: "dc",
  keepsAddress: true,
  // No controller can be given another name of its domain.
  keeps: ({ domain }) => `the domain ${domain.name} (${domain.netbios})`,
  settings,
  machine: { memoryMiB: 1024, diskGiB: 10 },
  packages: [
    ...["samba", "samba-ad-dc", "samba-ad-provision", "samba-dsdb-modules", "samba-vfs-modules", "winbind"],
    // Its tools import these and only recommend them; nsupdate, by which a controller says its records, is in dnsutils.
    ...["python3-setproctitle", "python3-markdown", "python3-dnspython", "bind9-dnsutils"],
    ...["krb5-user", "ldap-utils", "ldb-tools", "tdb-tools", "attr", "acl", "chrony"],
  ],
  templates: [
    ...["resolv.conf", "krb5.conf", "smb.conf", "domain.py", "sysvol.py", "directory_kept.py", ...modules],
    ...["maquette-sysvol.service", "maquette-sysvol.timer"],
    ...["chrony.conf", "chrony.service.conf", "samba.service.conf", "samba-ready", "samba-names", "ffdhe3072.pem"],
    ...["samba-silence", "sound.py", "maquette-silence.service"],
  ],
  neighbours: MEMBERS,
  work,
  clients,
  asks: (plan) => ({
    accounts: [ACCEPTANCE],
    watched: watchedAt(plan, "dc", ["dns", "kerberos", "ldaps"], ["ldaps"]),
    measured: replicationOf(plan),
    // All of it is in the copy that Samba makes.
    kept: keptAt(plan, "dc", { paths: [], dump: [["python3", "-I", DIRECTORY_KEPT]], instead: INSTEAD }),
  }),
  probes,
  drills: [lossOfController],
  manual: "docs/roles/dc.md",
});

type Context = RoleContext & Settled<typeof settings>;

const PROGRAMS = "/usr/local/lib/maquette";
const PROGRAM = `${PROGRAMS}/domain.py`;
const SYSVOL = `${PROGRAMS}/sysvol.py`;
/** `establish.py` says by it that SYSVOL was lost with the directory. */
const NO_SYSVOL = "/var/lib/samba/private/maquette-no-sysvol";
const SOUND = `${PROGRAMS}/sound.py`;
/** One that was put back alone would be behind what the other knows of it (docs/roles/dc.md). */
const INSTEAD =
  "`maquette up` alone makes it anew and has it join again, with all that the other controllers know. For the day on which every controller is lost, docs/roles/dc.md says what to do with the copy.";
const DIRECTORY_KEPT = `${PROGRAMS}/directory_kept.py`;
const WANTED = "/etc/maquette/domain.json";

const domain = (verb: string, input?: Text): Command => ({
  argv: ["python3", PROGRAM, verb, WANTED],
  ...(input === undefined ? {} : { input }),
});
/** The well-known group of all ([MS-DTYP] 2.4.2.4). */
const EVERYONE = "S-1-1-0";

const sh = (script: string): Command => ({ argv: ["sh", "-c", script] });

function work(context: Context): RoleWork {
  const { plan, host } = context;
  const controllers = controllersOf(plan);
  const steps = [
    ...installation(),
    ...configuration(context),
    ...membership(context),
    ...domainClock(context),
    ...(controllers[0] === host ? [directory(context)] : []),
    ...replication(context),
  ];
  return {
    steps,
    certificates: { [host.id]: certificate(plan, host) },
    after: controllers[0] === host ? [] : [controllers[0]!.id],
    // A controller resolves for itself once it is one; until then it must find its packages.
    first: [resolverUntil(plan, context.fill, plan.domain.forwarders, "test -e /usr/sbin/samba")],
    needs: [...beyond(plan), ...controllers.filter((h) => h !== host).flatMap(replicates)],
  };
}

/** What a controller asks outside, for itself and for the domain. */
const beyond = (plan: Plan): readonly Need[] => [
  ...plan.domain.forwarders.map((address): Need => ({
    what: "resolves foreign names",
    services: ["dns"],
    to: endOf(address),
  })),
  ...plan.domain.ntp.flatMap((name): Need[] => {
    const address = parseAddress(name);
    // A name of the Internet is some address of it.
    const to: Need["to"] = address === undefined ? { kind: "internet" } : endOf(address);
    return [{ what: "takes the domain's time", services: ["ntp"], to }];
  }),
];

const replicates = (peer: Host): Need[] =>
  MEMBERS.map((service) => ({
    what: `replicates with ${peer.id}`,
    services: [service],
    to: { kind: "host", host: peer.id },
  }));

/** Whoever is inside asks the controllers for names and time; names, and so the archive's, want the first one to be there. */
function clients({ plan, host, fill }: ClientContext): ClientWork | null {
  if (host.isOutside || plays(host, "dc")) return null;
  const { dns } = plan.domain;
  const ask = (what: string, service: string): Need[] =>
    dns.map((address) => ({ what, services: [service], to: endOf(address) }));
  return {
    first: [resolver(plan, fill, dns)],
    steps: clock(fill, dns.map(formatAddress)),
    after: [controllersOf(plan)[0]!.id],
    needs: [...ask("resolves names", "dns"), ...ask("takes its time", "ntp")],
  };
}

/** Until there is a domain the base's resolvers, those outside, know the archive's name. */
function installation(): readonly Step[] {
  return [
    {
      // A cloud image may have one; its stub would hold the port that Samba's own DNS needs.
      kind: "command",
      name: "no other resolver",
      unless: sh("! systemctl is-active -q systemd-resolved && ! systemctl is-enabled -q systemd-resolved 2>/dev/null"),
      run: { argv: ["systemctl", "mask", "--now", "systemd-resolved"] },
    },
    { kind: "packages", name: "packages", packages: dc.packages },
    { kind: "units", name: "no file server of its own", units: ["smbd", "nmbd", "winbind"], state: "masked" },
  ];
}

function configuration({ plan, host, fill, asked, settings: told }: Context): readonly Step[] {
  const { realm, name: dnsDomain, netbios } = plan.domain;
  const own = host.nics[0]!.address;
  const servers = [own, ...plan.domain.dns.filter((a) => a.value !== own.value)];
  // What runs takes the new files; what does not run yet starts with them.
  const reload = [{ argv: ["systemctl", "try-restart", "samba-ad-dc"] }];
  return [
    {
      kind: "files",
      name: "names and Kerberos",
      files: {
        "/etc/resolv.conf": {
          content: fill("resolv.conf", {
            dnsDomain,
            servers: servers.map((a) => `nameserver ${formatAddress(a)}`).join("\n"),
          }),
        },
        "/etc/krb5.conf": { content: fill("krb5.conf", { realm, dnsDomain }) },
      },
    },
    {
      kind: "files",
      name: "programs",
      files: {
        [PROGRAM]: { content: fill("domain.py", {}) },
        ...Object.fromEntries(modules.map((name) => [`${PROGRAMS}/${name}`, { content: fill(name, {}) }])),
        [SYSVOL]: { content: fill("sysvol.py", {}) },
        [SOUND]: { content: fill("sound.py", {}) },
        [DIRECTORY_KEPT]: { content: fill("directory_kept.py", {}) },
      },
    },
    {
      kind: "files",
      name: "the plan's directory",
      files: {
        [WANTED]: {
          content: compose(
            jsonText({ controller: controllerOf(plan, host), ...directoryOf(plan, asked, told) }, 2),
            "\n",
          ),
        },
      },
    },
    {
      kind: "files",
      name: "certificate",
      files: {
        "/etc/samba/tls/cert.pem": { content: [secret("vault-certificate", host.id)] },
        "/etc/samba/tls/key.pem": { content: [secret("vault-key", host.id)] },
        "/etc/samba/tls/ca.pem": { content: [secret("vault-certificate", "ca")] },
      },
      check: [{ argv: ["openssl", "x509", "-noout", "-checkend", "0", "-in", "new:/etc/samba/tls/cert.pem"] }],
      reload,
    },
    {
      kind: "files",
      name: "Diffie-Hellman group",
      files: { "/etc/samba/tls/dh.pem": { content: fill("ffdhe3072.pem", {}) } },
      check: [{ argv: ["openssl", "dhparam", "-noout", "-in", "new:/etc/samba/tls/dh.pem"] }],
      reload,
    },
    {
      // For Samba's tools, which read it each time; the server asks nobody for a certificate.
      kind: "files",
      name: "revocation list",
      files: { "/etc/samba/tls/crl.pem": { content: [secret("vault-crl", "ca")] } },
      check: [isListOf("/etc/samba/tls/ca.pem", "/etc/samba/tls/crl.pem")],
    },
    {
      kind: "files",
      // smb.conf names two of them.
      name: "Samba's programs",
      files: {
        "/usr/local/lib/maquette/samba-ready": {
          content: fill("samba-ready", { address: formatAddress(own) }),
          mode: "0755",
        },
        "/usr/local/lib/maquette/samba-names": {
          content: fill("samba-names", { address: formatAddress(own) }),
          mode: "0755",
        },
        "/usr/local/lib/maquette/samba-silence": { content: fill("samba-silence", {}), mode: "0755" },
        "/etc/systemd/system/maquette-silence.service": { content: fill("maquette-silence.service", {}) },
        "/etc/systemd/system/samba-ad-dc.service.d/maquette.conf": { content: fill("samba.service.conf", {}) },
      },
      check: ["samba-ready", "samba-names", "samba-silence"].map((name) => ({
        argv: ["sh", "-n", `new:/usr/local/lib/maquette/${name}`],
      })),
      reload: [{ argv: ["systemctl", "daemon-reload"] }],
    },
    {
      // Before smb.conf says where they are: a domain of an earlier version has them elsewhere.
      kind: "command",
      name: "SYSVOL's rights",
      unless: { argv: ["python3", SYSVOL, "adopted"] },
      run: { argv: ["python3", SYSVOL, "adopt"] },
    },
    {
      kind: "files",
      name: "Samba",
      files: {
        "/etc/samba/smb.conf": {
          content: fill("smb.conf", {
            netbiosName: host.id.toUpperCase(),
            realm,
            workgroup: netbios,
            dnsDomain,
            address: formatAddress(own),
            rpcPorts: dynamicPorts(plan),
            forwarders: plan.domain.forwarders.map(formatAddress).join(" "),
          }),
        },
      },
      check: [{ argv: ["testparm", "-s", "new:/etc/samba/smb.conf"] }],
      reload,
    },
  ];
}

function membership({ host }: RoleContext): readonly Step[] {
  const passwords = { administrator: administratorPassword, machine: machinePassword(host) };
  return [
    {
      kind: "command",
      name: "domain",
      // `domain.py` marks what it has begun and not ended; a directory that was damaged is had again from a peer.
      unless: sh(
        `test -s /var/lib/samba/private/sam.ldb && ! test -e /var/lib/samba/private/maquette-unfinished && python3 ${SOUND}`,
      ),
      run: domain("establish", jsonText(passwords)),
      deadlineSeconds: 300,
    },
    { kind: "units", name: "Samba runs", units: ["samba-ad-dc"], state: "running" },
    // From the next boot on; now that Samba runs it has nothing to do.
    { kind: "units", name: "silence until Samba answers", units: ["maquette-silence"], state: "running" },
    {
      // Asked while winbind still starts, the number of a group is "none"; that is remembered for two minutes, and as
      // long no member of that group, which is everybody, gets a session.
      kind: "command",
      name: "groups have their numbers",
      unless: { argv: ["wbinfo", "--sid-to-gid", EVERYONE] },
      run: sh(`until wbinfo --sid-to-gid ${EVERYONE}; do net cache flush; sleep 0.2; done`),
    },
    { kind: "probe", name: "the domain answers", run: domain("answers"), deadlineSeconds: 60 },
  ];
}

/** 16 s: as often as the operator of a public server bears for a while. */
const WAN_POLL = 4;

function domainClock({ plan, host, fill }: RoleContext): readonly Step[] {
  const peers = controllersOf(plan).filter((h) => h !== host);
  const networks = [
    ...[...plan.zones.values()].filter((z) => z.kind === "inside").map((z) => z.subnet),
    ...[...plan.pools.values()].map((p) => p.network),
  ];
  return [
    {
      kind: "files",
      name: "clock",
      files: {
        "/etc/chrony/chrony.conf": {
          content: fill("chrony.conf", {
            // The domain's reference is right, whatever another controller says that has not heard it yet.
            sources: plan.domain.ntp.map((name) => `server ${name} iburst minpoll ${WAN_POLL} trust`).join("\n"),
            peers: peers
              .map((h) => `server ${formatAddress(h.nics[0]!.address)} iburst minpoll ${LAN_POLL}`)
              .join("\n"),
            allow: networks.map((n) => `allow ${formatNetwork(n)}`).join("\n"),
          }),
        },
        "/etc/systemd/system/chrony.service.d/maquette.conf": { content: fill("chrony.service.conf", {}) },
        // Samba makes it for root's group alone.
        "/etc/tmpfiles.d/maquette-dc.conf": { content: "d /var/lib/samba/ntp_signd 0750 root _chrony -\n" },
      },
      check: [{ argv: ["chronyd", "-p", "-f", "new:/etc/chrony/chrony.conf"] }],
      reload: [
        { argv: ["systemd-tmpfiles", "--create", "/etc/tmpfiles.d/maquette-dc.conf"] },
        { argv: ["systemctl", "daemon-reload"] },
        { argv: ["systemctl", "restart", "chrony"] },
      ],
      probe: { argv: ["chronyc", "-n", "tracking"] },
    },
    { kind: "units", name: "clock runs", units: ["chrony"], state: "running" },
  ];
}

/** The first controller writes the plan into the directory; the others have it by replication. */
function directory({ plan, asked }: RoleContext): Step {
  const passwords = {
    ...Object.fromEntries(accountHolders(plan, asked).map((p) => [p.login, personPassword(p)])),
    ...Object.fromEntries(
      asked.accounts.map((id) => serviceAccount(plan, id)).map((account) => [account.login, account.password]),
    ),
    ...Object.fromEntries(membersOf(plan, asked).map((host) => [machineLogin(host), machinePassword(host)])),
  };
  return {
    kind: "command",
    name: "directory",
    unless: domain("check"),
    run: domain("apply", jsonText({ passwords })),
    deadlineSeconds: 120,
  };
}

function replication({ fill }: RoleContext): readonly Step[] {
  return [
    { kind: "probe", name: "the directory is replicated", run: domain("replicated"), deadlineSeconds: 120 },
    {
      kind: "files",
      name: "SYSVOL",
      files: {
        "/etc/systemd/system/maquette-sysvol.service": { content: fill("maquette-sysvol.service", {}) },
        "/etc/systemd/system/maquette-sysvol.timer": { content: fill("maquette-sysvol.timer", {}) },
      },
      verify: [{ argv: ["systemd-analyze", "verify", "maquette-sysvol.timer"] }],
      reload: [{ argv: ["systemctl", "daemon-reload"] }, { argv: ["systemctl", "start", "maquette-sysvol.service"] }],
    },
    {
      // Of a controller that joined again; one that is new has it by the file above.
      kind: "command",
      name: "SYSVOL is there again",
      unless: sh(`! test -e ${NO_SYSVOL}`),
      run: sh(`systemctl start maquette-sysvol.service && rm ${NO_SYSVOL}`),
      deadlineSeconds: 120,
    },
    { kind: "units", name: "SYSVOL is copied", units: ["maquette-sysvol.timer"], state: "running" },
  ];
}

/** Its names are what clients check: its own, its address, and the domain's, by which one finds any controller. */
function certificate(plan: Plan, host: Host): CertificateRequest {
  const fqdn = fqdnOf(plan, host);
  return {
    commonName: fqdn,
    names: [fqdn, host.id, plan.domain.name, ...host.nics.map((nic) => formatAddress(nic.address))],
    usage: "server",
    days: plan.authority.certificateDays,
  };
}

/** Samba's dynamic ports are the widest range of the service `rpc`, which the routers and the host's firewall pass. */
export function dynamicPorts(plan: Plan): string {
  const service: Service | undefined = plan.services.get("rpc");
  const ranges = (service?.terms ?? []).flatMap((t) => (t.protocol === "tcp" ? t.ports : []));
  const widest = ranges.reduce((a, b) => (b.hi - b.lo > a.hi - a.lo ? b : a), { lo: 49152, hi: 49152 });
  return widest.hi > widest.lo ? `${widest.lo}-${widest.hi}` : "49152-65535";
}
