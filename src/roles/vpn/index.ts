import { formatAddress } from "../../core/ip.ts";
import { secret } from "../../core/secret-place.ts";
import { compose, jsonText } from "../../core/text.ts";
import type { Plan } from "../../plan/types.ts";
import { CA_FILE, CRL_FILE } from "../base/trust.ts";
import { baseDn, groupUnit, peopleUnit, serviceAccount } from "../dc/accounts.ts";
import { asksDirectory, controllersOf } from "../dc/directory.ts";
import type { ClientContext, ClientWork, Command, RoleContext, RoleDefinition, RoleWork, Step } from "../role.ts";
import { parsesAsPython, serverCertificate } from "../service.ts";
import { certificateFor, gatewayGroups, travellerCertificate, travellers, triersOf } from "./people.ts";
import { probes } from "./probes.ts";
import { CONFIG, gatewayOf, PROFILE_TEMPLATE, UNIT } from "./profile.ts";
import { travellersMachine } from "./traveller.ts";
import { troubles } from "./troubles.ts";
import { maskOf, poolOf, routedTo } from "./reach.ts";

/** The OpenVPN gateway: the road warriors' way in. */
export const vpn: RoleDefinition = {
  id: "vpn",
  machine: { memoryMiB: 512, diskGiB: 8 },
  packages: ["openvpn", "python3-ldap"],
  templates: [
    ...["server.conf", PROFILE_TEMPLATE, "vpn.py", "hook.sh", "openvpn.service.conf", "sysctl.conf", "sysusers.conf"],
    ...["maquette-vpn.service", "maquette-vpn.timer"],
  ],
  neighbours: [],
  work,
  clients,
  asks,
  probes,
  troubles,
  sessions: {
    run: { argv: ["/usr/bin/python3", "-I", "/usr/local/lib/maquette/vpn.py", "who"] },
    read: (stdout) => stdout.split("\n").filter((line) => line !== ""),
  },
  manual: "docs/roles/vpn.md",
};

const ACCOUNT = "vpn";
const USER = "maquette-vpn";
const FOLDER = "/etc/openvpn/server/maquette";
const PROGRAM = "/usr/local/lib/maquette/vpn.py";
/** What OpenVPN calls. */
const HOOK = "/usr/local/lib/maquette/vpn_hook.sh";
const WANTED = "/etc/maquette/vpn.json";
const MANAGEMENT = "/run/openvpn-server/maquette.sock";
/** How long a password is good for, and after how long the right is asked again with a new key. */
const SESSION_SECONDS = 12 * 3600;
const RENEW_SECONDS = 900;

const program = (verb: string): Command => ({ argv: [PROGRAM, verb] });

/** By its own account it looks up who comes; acceptance's people have accounts where somebody tries the tunnel as them. */
function asks(plan: Plan): ReturnType<NonNullable<RoleDefinition["asks"]>> {
  const triers = probes(plan).length > 0 ? triersOf(plan) : undefined;
  return {
    accounts: [ACCOUNT],
    people: triers === undefined ? [] : [triers.first, triers.second, triers.outsider].map((p) => p.login),
  };
}

function work(context: RoleContext): RoleWork {
  const { plan, host, fill } = context;
  const gateway = gatewayOf(plan);
  const pool = poolOf(plan, host);
  // Of several hosts with this role one is the gateway; a plan without a pool or a port has no clients to serve.
  if (gateway?.host !== host || pool === undefined) return { steps: [] };
  const certificates = Object.fromEntries([
    [host.id, serverCertificate(plan, host)],
    ...travellers(plan).map((p) => [travellerCertificate(p), certificateFor(plan, p)] as const),
  ]);
  const units: Step = { kind: "units", name: "gateway runs", units: [UNIT, "maquette-vpn.timer"], state: "running" };
  return {
    certificates,
    after: controllersOf(plan).map((dc) => dc.id),
    needs: asksDirectory(plan, "asks the directory who may come in"),
    steps: [
      { kind: "packages", name: "packages", packages: vpn.packages },
      {
        kind: "files",
        name: "passing on",
        files: { "/etc/sysctl.d/60-vpn.conf": { content: fill("sysctl.conf", {}) } },
        reload: [{ argv: ["sysctl", "-q", "-p", "/etc/sysctl.d/60-vpn.conf"] }],
        probe: { argv: ["grep", "-qx", "1", "/proc/sys/net/ipv4/ip_forward"] },
      },
      {
        kind: "files",
        name: "gateway's user",
        files: { "/etc/sysusers.d/maquette-vpn.conf": { content: fill("sysusers.conf", { user: USER }) } },
        reload: [{ argv: ["systemd-sysusers", "/etc/sysusers.d/maquette-vpn.conf"] }],
        probe: { argv: ["getent", "passwd", USER] },
      },
      ...whoMayComeIn(context),
      {
        kind: "command",
        name: "key of tokens",
        // Random and of this guest: with another one people type their passwords once more.
        unless: { argv: ["test", "-s", `${FOLDER}/auth-token.key`] },
        run: {
          argv: ["sh", "-c", `umask 077 && mkdir -p ${FOLDER} && openvpn --genkey auth-token ${FOLDER}/auth-token.key`],
        },
      },
      {
        kind: "files",
        name: "gateway",
        files: {
          [`${FOLDER}/gateway.crt`]: { content: [secret("vault-certificate", host.id), "\n"], mode: "0644" },
          [`${FOLDER}/gateway.key`]: { content: [secret("vault-key", host.id), "\n"] },
          [`${FOLDER}/tls-crypt-v2.key`]: { content: [secret("tls-crypt-server", host.id)] },
          [CONFIG]: {
            content: fill("server.conf", {
              port: String(gateway.port),
              network: formatAddress({ family: 4, value: pool.network.base }),
              mask: maskOf(pool.network.prefix),
              authority: CA_FILE,
              revoked: CRL_FILE,
              folder: FOLDER,
              hook: HOOK,
              sessionSeconds: String(SESSION_SECONDS),
              renewSeconds: String(RENEW_SECONDS),
              routes: routedTo(plan, pool)
                .map((r) => `push "route ${r}"`)
                .join("\n"),
              resolvers: plan.domain.dns.map((a) => `push "dhcp-option DNS ${formatAddress(a)}"`).join("\n"),
              domain: plan.domain.name,
              user: USER,
              management: MANAGEMENT,
            }),
          },
          "/etc/systemd/system/openvpn-server@maquette.service.d/maquette.conf": {
            content: fill("openvpn.service.conf", {}),
          },
        },
        // Its words; what they name is not looked at.
        check: [{ argv: ["openvpn", "--config", `new:${CONFIG}`, "--show-digests"] }],
        reload: [{ argv: ["systemctl", "daemon-reload"] }, { argv: ["systemctl", "restart", UNIT] }],
        probe: { argv: ["sh", "-c", `ss -Hlun sport = :${gateway.port} | grep -q .`] },
      },
      {
        kind: "files",
        name: "sessions are judged",
        files: {
          "/etc/systemd/system/maquette-vpn.service": { content: fill("maquette-vpn.service", { program: PROGRAM }) },
          "/etc/systemd/system/maquette-vpn.timer": { content: fill("maquette-vpn.timer", {}) },
        },
        verify: [{ argv: ["systemd-analyze", "verify", "--man=no", "maquette-vpn.timer"] }],
        reload: [{ argv: ["systemctl", "daemon-reload"] }],
      },
      units,
      {
        kind: "files",
        name: "certificates of those with the right",
        files: {
          [`${FOLDER}/people.pem`]: {
            content: compose(
              ...travellers(plan).flatMap((p) => [secret("vault-certificate", travellerCertificate(p)), "\n"]),
            ),
            mode: "0644",
          },
        },
        // Who has left the plan has left the directory by now.
        reload: [program("expel")],
      },
      { kind: "command", name: "who is in may be", unless: program("check"), run: program("expel") },
      { kind: "probe", name: "the directory answers", run: program("answers"), deadlineSeconds: 60 },
    ],
  };
}

/** The program that OpenVPN asks, and what it asks of whom. */
function whoMayComeIn({ plan, fill }: RoleContext): readonly Step[] {
  const account = serviceAccount(plan, ACCOUNT);
  const wanted = {
    // By address: names are the controllers' to resolve, and the first of them may be away.
    servers: controllersOf(plan).map((dc) => `ldaps://${formatAddress(dc.nics[0]!.address)}`),
    account: account.dn,
    password: account.password,
    people: `${peopleUnit(plan)},${baseDn(plan)}`,
    groups: gatewayGroups(plan).map((id) => `CN=${id},${groupUnit(plan)},${baseDn(plan)}`),
    management: MANAGEMENT,
  };
  return [
    {
      kind: "files",
      name: "who may come in",
      files: {
        [PROGRAM]: { content: fill("vpn.py", {}), mode: "0755" },
        [HOOK]: { content: fill("hook.sh", { program: PROGRAM }), mode: "0755" },
        [WANTED]: { content: compose(jsonText(wanted, 2), "\n"), owner: `root:${USER}`, mode: "0640" },
      },
      check: [parsesAsPython(PROGRAM)],
    },
  ];
}

/** Of its own host: a session that is open goes by the list that it began with. */
function clients({ host, plan, fill }: ClientContext): ClientWork | null {
  if (gatewayOf(plan)?.host !== host) return travellersMachine(plan, host, fill);
  return {
    steps: [],
    onRevocation: [{ argv: ["sh", "-c", `! systemctl is-active -q ${UNIT} || systemctl restart ${UNIT}`] }],
  };
}
