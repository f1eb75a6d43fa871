import { formatAddress, formatNetwork } from "../../core/ip.ts";
import { secret } from "../../core/secret-place.ts";
import { compose, type Text } from "../../core/text.ts";
import { crowdOf, fqdnOf, plays } from "../../plan/query.ts";
import type { Host, Plan } from "../../plan/types.ts";
import { iredmail } from "../artefacts.ts";
import { CA_FILE, CRL_FILE } from "../base/trust.ts";
import { baseDn, groupUnit, peopleUnit, serviceAccount } from "../dc/accounts.ts";
import { asksDirectory, controllersOf } from "../dc/directory.ts";
import type { Asked, ClientContext, ClientWork, Command, FileContent, RoleWork, Step } from "../role.ts";
import { dropIn, keptAt, listens, parsesAsPython, reload, running, watchedAt, serverCertificate } from "../service.ts";
import { defineRole } from "../settings.ts";
import { addressFindings, aliasesOf, GROUP_DOMAIN } from "./addresses.ts";
import { flavourFindings, FLAVOURS, flavourOf } from "./flavour.ts";
import { backOf, filter, filterOf, PACKAGES, release, TEMPLATES } from "./iredmail.ts";
import { askedNames, nameFindings, namesOf } from "./names.ts";
import { crowdProbes } from "./crowd.ts";
import { closedOf, correspondentsOf } from "./people.ts";
import { probes } from "./probes.ts";
import { settings, type Settings } from "./settings.ts";
import { measured } from "./measured.ts";
import { CERTIFICATE, KEY, need, type Context } from "./steps.ts";
import { troubles } from "./troubles.ts";
import { PHP_UNIT, web, WEBMAIL_DATABASE, WEB_PACKAGES, WEB_TEMPLATES } from "./web.ts";

const ACCOUNT = "mail";
const USER = "vmail";
const BOXES = "/var/vmail";
const SPOOL = "/var/spool/postfix";
/** What was taken and is not delivered yet, and why not. */
const QUEUES = ["maildrop", "hold", "incoming", "active", "deferred", "defer", "bounce"];
const PROGRAM = "/usr/local/lib/maquette/mail.py";
const FOLDER = "/etc/postfix/maquette";
const OWN_NAME = "maquette-own-name";
const OWN_NAME_PROGRAM = "/usr/local/lib/maquette/own_name.py";
const OWN_NAME_SOCKET = "/run/maquette-own-name/asked.sock";
const DOVECOT = "/etc/dovecot/dovecot.conf";
const HAPROXY = "/etc/haproxy/haproxy.cfg";
const SOCKETS = "/run/haproxy";

/** The mail server: Postfix and Dovecot, with the accounts of the directory, and what is asked of it by the web. */
export const mail = defineRole({
  id: "mail",
  settings,
  machine: { memoryMiB: 1024, diskGiB: 20 },
  packages: [
    ...["postfix", "postfix-ldap", "dovecot-imapd", "dovecot-lmtpd", "dovecot-ldap", "dovecot-sieve"],
    ...["dovecot-managesieved", "haproxy", "python3", "python3-milter"],
    ...WEB_PACKAGES,
  ],
  templates: [
    ...["main.cf", "master.cf", "people.cf", "members.cf", "aliases", "dovecot.conf", "haproxy.cfg", "mail.py"],
    ...["sysusers.conf", "tmpfiles.conf", "own_name.py", `${OWN_NAME}.service`],
    ...WEB_TEMPLATES,
    ...TEMPLATES,
  ],
  morePackages: (plan, told) => (flavourOf(plan, told) === "iredmail" ? PACKAGES : []),
  keeps: (plan, told) => FLAVOURS[flavourOf(plan, told)],
  // Of the servers beside it: what they have to tell by mail.
  neighbours: ["smtp"],
  work,
  clients,
  asks,
  findings: (plan, told) => [...nameFindings(plan), ...addressFindings(plan, told), ...flavourFindings(plan, told)],
  artefacts: (_, told) =>
    told.flavour === "debian"
      ? []
      : [
          {
            name: "iRedMail",
            artefacts: iredmail,
            standsIn: { en: "Debian's Postfix and Dovecot", fr: "Postfix et Dovecot de Debian" },
            notShown: {
              en: "iRedMail's own: its administration's pages, its filter of spam and viruses",
              fr: "ce qui est propre à iRedMail : ses pages d'administration, son filtre de pourriels et de virus",
            },
            isServed: true,
            isInstalled: true,
            isInsisted: told.flavour === "iredmail",
          },
        ],
  probes: (plan, told) => [...probes(plan, told), ...crowdProbes(plan)],
  troubles,
  manual: "docs/roles/mail.md",
});

/** To people and to the servers beside it. */
const GIVEN = ["smtp", "submission", "submissions", "imaps", "managesieve", "https"] as const;
/** Each by a program of its own, which may still show a certificate that another has let go. */
const SHOWN = ["submissions", "imaps", "https"] as const;

const program = (verb: string): Command => ({ argv: [PROGRAM, verb] });

/** By its own account it looks up who has a mailbox; acceptance's people have accounts where somebody writes as them. */
function asks(plan: Plan, told: Settings): Partial<Asked> {
  const own = {
    accounts: [ACCOUNT],
    measured: measured(plan),
    names: askedNames(plan),
    watched: watchedAt(plan, "mail", GIVEN, SHOWN),
    kept: keptAt(plan, "mail", {
      paths: [BOXES, ...QUEUES.map((queue) => `${SPOOL}/${queue}`)],
      // Dovecot makes them anew of the letters themselves.
      except: ["dovecot.index*", "dovecot.list.index*"],
      sqlite: [WEBMAIL_DATABASE],
      units: ["dovecot", PHP_UNIT, "postfix"],
      // A file of the queue bears the number of its inode, which is another one now.
      load: [["postsuper", "-s"]],
    }),
  };
  const correspondents = probes(plan, told).length > 0 ? correspondentsOf(plan) : undefined;
  if (correspondents === undefined) return own;
  const { first, second } = correspondents;
  return { ...own, people: [first, second, closedOf(plan), ...crowdOf(plan)].flatMap((p) => p?.login ?? []) };
}

function work(context: Context): RoleWork {
  const { plan, host, fill } = context;
  const values = { user: USER, boxes: BOXES };
  const isIredmail = flavourOf(plan, context.settings) === "iredmail";
  return {
    certificates: {
      [label(host.id)]: serverCertificate(plan, host, namesOf(plan, host)),
    },
    after: controllersOf(plan).map((dc) => dc.id),
    needs: asksDirectory(plan, "asks the directory who has a mailbox"),
    steps: [
      {
        kind: "packages",
        name: "packages",
        packages: isIredmail ? [...new Set([...mail.packages, ...PACKAGES])] : mail.packages,
      },
      ...(isIredmail ? release(context) : []),
      {
        kind: "files",
        name: "boxes",
        files: {
          "/etc/sysusers.d/maquette-mail.conf": { content: fill("sysusers.conf", values) },
          "/etc/tmpfiles.d/maquette-mail.conf": { content: fill("tmpfiles.conf", values) },
        },
        reload: [
          { argv: ["systemd-sysusers", "/etc/sysusers.d/maquette-mail.conf"] },
          { argv: ["systemd-tmpfiles", "--create", "/etc/tmpfiles.d/maquette-mail.conf"] },
        ],
        probe: { argv: ["test", "-d", BOXES] },
      },
      directory(context),
      running("haproxy"),
      reading(context),
      running("dovecot"),
      ownName(context),
      running(OWN_NAME),
      ...(isIredmail ? filter(context) : []),
      sending(context),
      running("postfix"),
      ...web(context),
      {
        kind: "files",
        name: "who is there",
        files: { [PROGRAM]: { content: fill("mail.py", { domain: plan.domain.name }), mode: "0755" } },
        check: [parsesAsPython(PROGRAM)],
      },
      { kind: "command", name: "who reads mail may", unless: program("check"), run: program("expel") },
      { kind: "probe", name: "the directory answers", run: program("answers"), deadlineSeconds: 60 },
    ],
  };
}

const label = (host: string): string => `mail-${host}`;

const socket = (controller: Host): string => `${SOCKETS}/${controller.id}.sock`;
/** RFC 4516 has no word for a path: it stands where a host would, escaped. */
const ldapi = (controller: Host): string => `ldapi://${encodeURIComponent(socket(controller))}`;

/** Its controllers over LDAPS, by sockets: neither server has to know which of them is away, nor waits for it. */
function directory({ plan, fill }: Context): Step {
  const all = controllersOf(plan);
  const server = (dc: Host, words: string): string =>
    `  server ${dc.id} ${formatAddress(dc.nics[0]!.address)}:${need(plan, "ldaps")} verifyhost ${fqdnOf(plan, dc)}${words}`;
  const by = (dc: Host): string =>
    [
      `listen ${dc.id}`,
      `  bind unix@${socket(dc)} mode 666`,
      server(dc, " check"),
      // Each is asked once, and every place that names it knows.
      ...all.filter((other) => other !== dc).map((other) => server(other, ` backup track ${other.id}/${other.id}`)),
    ].join("\n");
  return {
    kind: "files",
    name: "way to the directory",
    files: {
      [HAPROXY]: {
        content: fill("haproxy.cfg", {
          authority: CA_FILE,
          revoked: CRL_FILE,
          controllers: all.map(by).join("\n\n"),
        }),
      },
      [dropIn("haproxy")]: { content: fill("base/restart.conf", {}) },
    },
    check: [{ argv: ["haproxy", "-c", "-q", "-f", `new:${HAPROXY}`] }],
    reload: reload("haproxy"),
    probe: { argv: ["test", "-S", socket(all[0]!)] },
  };
}

/** Dovecot, for whoever reads mail, and for whoever shows a password to Postfix. */
function reading({ plan, host, fill, settings: { quotaMiB } }: Context): Step {
  const account = serviceAccount(plan, ACCOUNT);
  return {
    kind: "files",
    name: "certificate, and Dovecot (no session is cut)",
    files: {
      [CERTIFICATE]: { content: [secret("vault-certificate", label(host.id)), "\n"], mode: "0644" },
      [KEY]: { content: [secret("vault-key", label(host.id)), "\n"] },
      [DOVECOT]: {
        content: fill("dovecot.conf", {
          certificate: CERTIFICATE,
          key: KEY,
          account: account.dn,
          password: account.password,
          base: people(plan),
          controllers: controllersOf(plan).map(passdb).join("\n"),
          boxes: BOXES,
          user: USER,
          quotaMiB: String(quotaMiB),
          imaps: String(need(plan, "imaps")),
          managesieve: String(need(plan, "managesieve")),
        }),
      },
      [dropIn("dovecot")]: { content: fill("base/restart.conf", {}) },
    },
    check: [{ argv: ["openssl", "x509", "-noout", "-in", `new:${CERTIFICATE}`] }],
    verify: [{ argv: ["sh", "-c", "doveconf -n >/dev/null"] }],
    reload: reload("dovecot"),
    probe: listens(need(plan, "imaps")),
  };
}

const people = (plan: Plan): string => `${peopleUnit(plan)},${baseDn(plan)}`;

/**
 * One controller, or who answers for it. Each has to know the account as enabled, so that who was disabled on one is out
 * before the other has heard of it; the password is judged by the first. The address is a login too: mail programs have
 * nothing else of whoever sets them up.
 */
const passdb = (controller: Host): string => `passdb ${controller.id} {
  driver = ldap
  ldap_uris = ${ldapi(controller)}
  passdb_ldap_bind = yes
  passdb_ldap_filter = (&(objectCategory=person)(objectClass=user)(mail=*)(|(sAMAccountName=%{original_user})(userPrincipalName=%{original_user})(mail=%{original_user}))(!(userAccountControl:1.2.840.113556.1.4.803:=2)))
  fields {
    user = %{ldap:mail}
  }
  result_success = continue-ok
  result_failure = return-fail
  result_internalfail = continue
}`;

/** What Postfix asks of each letter by submission, because an envelope is not what its reader sees. */
function ownName({ fill }: Context): Step {
  const unit = `/etc/systemd/system/${OWN_NAME}.service`;
  return {
    kind: "files",
    name: "own name",
    files: {
      [OWN_NAME_PROGRAM]: { content: fill("own_name.py", {}), mode: "0755" },
      [unit]: { content: fill(`${OWN_NAME}.service`, { program: OWN_NAME_PROGRAM, socket: OWN_NAME_SOCKET }) },
    },
    check: [parsesAsPython(OWN_NAME_PROGRAM)],
    verify: [{ argv: ["systemd-analyze", "verify", "--man=no", unit] }],
    reload: [{ argv: ["systemctl", "daemon-reload"] }, { argv: ["systemctl", "restart", OWN_NAME] }],
    probe: { argv: ["test", "-S", OWN_NAME_SOCKET] },
  };
}

/** Postfix, for whoever sends. */
function sending(context: Context): Step {
  const { plan, host, fill, settings: told } = context;
  const account = serviceAccount(plan, ACCOUNT);
  const { name: domain } = plan.domain;
  const own = (content: FileContent["content"]): FileContent => ({ content, owner: "root:postfix", mode: "0640" });
  const map = (file: string, values: Readonly<Record<string, string>>): Text =>
    fill(file, {
      directory: ldapi(controllersOf(plan)[0]!),
      account: account.dn,
      password: account.password,
      base: people(plan),
      ...values,
    });
  const isIredmail = flavourOf(plan, told) === "iredmail";
  const milter = `unix:${OWN_NAME_SOCKET}`;
  const aliases = aliasesOf(plan, told).map(({ name, to }) => `${name}@${domain} ${to.join(", ")}`);
  return {
    kind: "files",
    name: "Postfix",
    files: {
      "/etc/postfix/main.cf": {
        content: fill("main.cf", {
          name: fqdnOf(plan, host),
          domain,
          neighbours: formatNetwork(plan.zones.get(host.nics[0]!.zone)!.subnet),
          messageBytes: String(told.messageMiB * 1024 * 1024),
          folder: FOLDER,
          filter: isIredmail ? filterOf(milter) : `submission_milters = ${milter}`,
          certificate: CERTIFICATE,
          key: KEY,
        }),
      },
      "/etc/postfix/master.cf": {
        content: fill("master.cf", {
          submissions: String(need(plan, "submissions")),
          filtered: isIredmail ? "\n  -o smtpd_proxy_filter=$submission_filter" : "",
          back: isIredmail ? `${backOf()}\n` : "",
        }),
      },
      [`${FOLDER}/people.cf`]: own(map("people.cf", { domain })),
      [`${FOLDER}/members.cf`]: own(
        map("members.cf", { groupDomain: GROUP_DOMAIN, groups: `${groupUnit(plan)},${baseDn(plan)}` }),
      ),
      [`${FOLDER}/aliases`]: own(compose(fill("aliases", { groupDomain: GROUP_DOMAIN, aliases: aliases.join("\n") }))),
      [dropIn("postfix")]: { content: fill("base/restart.conf", {}) },
    },
    verify: [{ argv: ["postfix", "check"] }],
    reload: reload("postfix"),
    probe: listens(need(plan, "submission")),
  };
}

/** Of its own host: what reads the revocation list when it starts. */
function clients({ host }: ClientContext): ClientWork | null {
  if (!plays(host, "mail")) return null;
  return { steps: [], onRevocation: [{ argv: ["systemctl", "try-reload-or-restart", "haproxy"] }] };
}
