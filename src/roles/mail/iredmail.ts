import { formatAddress } from "../../core/ip.ts";
import { jsonText } from "../../core/text.ts";
import { secret } from "../../core/secret-place.ts";
import { hostsOf } from "../../plan/query.ts";
import type { Plan } from "../../plan/types.ts";
import { iredmail } from "../artefacts.ts";
import { baseDn } from "../dc/accounts.ts";
import type { Command, Step } from "../role.ts";
import { dropIn, parsesAsPython, restart, running } from "../service.ts";
import type { Context } from "./steps.ts";

/*
 * iRedMail's release on its host: its own installer, run unattended, and then what of it this lab uses. Who people are is
 * the directory's to say and not its LDAP's, so Postfix and Dovecot get the files that both flavours have.
 */

const PROGRAM = "/usr/local/lib/maquette/iredmail.py";
const FILES = "/var/lib/maquette/iredmail";
const FILTER = "/etc/amavis/conf.d/60-maquette";
const SIGNATURES = "/var/lib/clamav/maquette.hdb";
const CLAMD = "clamav-daemon";

/** What its installer would fetch from Debian; where it is there already, it asks no archive. */
export const PACKAGES: readonly string[] = [
  ...["acl", "altermime", "amavisd-new", "arj", "bzip2", "cabextract", "clamav-daemon", "clamav-freshclam", "cpio"],
  ...["cron", "dialog", "dovecot-mysql", "dovecot-pop3d", "gpg-agent", "ldap-utils", "libcrypt-openssl-rsa-perl"],
  ...["libdbd-mysql-perl", "libmail-dkim-perl", "libmail-spf-perl", "libnet-ldap-perl", "libsasl2-modules", "logwatch"],
  ...["lrzip", "lzop", "mariadb-client", "mariadb-server", "mcrypt", "mlmmj", "nginx-full", "nomarch", "p7zip-full"],
  ...["patch", "pax", "php-cli", "php-curl", "php-fpm", "php-gd", "php-intl", "php-json", "php-ldap", "php-mbstring"],
  ...["php-mysql", "php-xml", "php-zip", "postfix-pcre", "python3-bcrypt", "python3-dnspython", "python3-jinja2"],
  ...["python3-ldap", "python3-more-itertools", "python3-multipart", "python3-netifaces", "python3-passlib"],
  ...["python3-pip", "python3-pymysql", "python3-requests", "python3-setuptools", "python3-simplejson"],
  ...["python3-sqlalchemy", "python3-wheel", "rpm", "rsyslog", "slapd", "spamassassin", "tofrodos", "unrar-free"],
  ...["unzip", "uwsgi", "uwsgi-plugin-python3"],
];

export const TEMPLATES = ["iredmail.py", "amavis.conf", "clamd.conf", "clamav.hdb", "iredadmin.conf"] as const;

/** Every ten minutes of its own it would be late: the installer takes two on a machine that does nothing else. */
const INSTALL_SECONDS = 900;

/** Where amavis takes letters, of servers and of people, and where Postfix takes them back. */
const CHECKED = { servers: 10024, people: 10026, serversBack: 10025, peopleBack: 10035 } as const;

/** The release, before anything that both flavours have is written. */
export function release({ plan, fill }: Context): readonly Step[] {
  const [main] = iredmail;
  const program = (verb: string): Command => ({
    argv: [PROGRAM, verb],
    input: jsonText({
      release: main!.version,
      admin: secret("password-digest", ADMIN),
    }),
  });
  return [
    {
      kind: "files",
      name: "iRedMail's files, and who installs them",
      files: {
        ...Object.fromEntries(
          iredmail.map(({ id, fileName }) => [
            `${FILES}/${fileName}.base64`,
            { content: [secret("artefact", id), "\n"] },
          ]),
        ),
        [PROGRAM]: { content: fill("iredmail.py", { files: FILES }), mode: "0755" },
      },
      check: [parsesAsPython(PROGRAM)],
    },
    {
      kind: "command",
      name: "iRedMail installed",
      unless: program("check"),
      run: {
        argv: [PROGRAM, "install"],
        input: jsonText({
          release: main!.version,
          files: Object.fromEntries(iredmail.map((a) => [a.fileName, a.digest!.hex])),
          domain: plan.domain.name,
          // As its installer reads it, which finds the domain by the letters `dc=`.
          suffix: baseDn(plan).toLowerCase(),
          admin: secret("password-digest", ADMIN),
          password: secret("password", ADMIN),
        }),
      },
      deadlineSeconds: INSTALL_SECONDS,
    },
  ];
}

/** Label of the password of iRedAdmin's one account, postmaster@DOMAIN. */
const ADMIN = "iredadmin";

/** What of the release runs, and how; after its installer, which has written the files before. */
export function filter({ fill, settings: { antivirus } }: Context): readonly Step[] {
  const off = ["clamav-freshclam", "iredapd", "mlmmjadmin", ...(antivirus ? [] : [CLAMD])];
  return [
    // Signatures come from outside; policies and lists are the directory's and Postfix' own (decision 027).
    { kind: "units", name: "of iRedMail, not used here", units: off, state: "off" },
    ...(antivirus ? scanner(fill) : []),
    {
      kind: "files",
      name: "filter",
      files: {
        [FILTER]: {
          content: fill("amavis.conf", {
            bypass: antivirus ? "0" : "1",
            peopleBack: String(CHECKED.peopleBack),
          }),
        },
        [dropIn("amavis")]: { content: fill("base/restart.conf", {}) },
      },
      check: [{ argv: ["perl", "-c", `new:${FILTER}`] }],
      reload: restart("amavis"),
      probe: { argv: ["sh", "-c", `ss -Hltn sport = :${CHECKED.people} | grep -q .`] },
    },
    running("mariadb"),
    running("slapd"),
    running("amavis"),
    running("iredadmin"),
  ];
}

/** clamd, with the one signature that is here. */
const scanner = (fill: Context["fill"]): readonly Step[] => [
  {
    kind: "files",
    name: "virus scanner",
    files: {
      [SIGNATURES]: { content: fill("clamav.hdb", {}), owner: "clamav:clamav" },
      [`/etc/systemd/system/${CLAMD}.service.d/zz-maquette.conf`]: { content: fill("clamd.conf", {}) },
    },
    reload: restart(CLAMD),
    probe: { argv: ["test", "-S", "/run/clamav/clamd.ctl"] },
  },
  running(CLAMD),
];

/** Postfix' settings for it: a letter is looked at before it is taken, so whoever sends is told. */
export const filterOf = (milter: string): string =>
  `# iRedMail's filter looks at each letter before it is taken. It keeps milters from seeing the text, so the one of people's
# own names is asked where it hands letters back (master.cf).
smtpd_proxy_filter = 127.0.0.1:${CHECKED.servers}
smtpd_proxy_options = speed_adjust
submission_filter = 127.0.0.1:${CHECKED.people}
submission_milters =
checked_milters = ${milter}`;

const back = (port: number, more: string): string => `127.0.0.1:${port} inet n - n - - smtpd
  -o syslog_name=postfix/checked
  -o smtpd_proxy_filter=
  -o smtpd_tls_security_level=none
  -o mynetworks=127.0.0.0/8
  -o smtpd_authorized_xforward_hosts=127.0.0.0/8
  -o smtpd_client_restrictions=permit_mynetworks,reject
  -o smtpd_sender_restrictions=
  -o smtpd_recipient_restrictions=permit_mynetworks,reject
  -o smtpd_data_restrictions=
  -o smtpd_milters=${more}`;

/** Postfix' services that take letters back. */
export const backOf = (): string =>
  [back(CHECKED.serversBack, ""), back(CHECKED.peopleBack, "$checked_milters")].join("\n");

/** The administration's page, for whoever comes by the hosts that administrators come by (F402). */
export const adminPage = (plan: Plan, fill: Context["fill"]): string =>
  fill("iredadmin.conf", {
    allowed: hostsOf(plan, "bastion")
      .map((host) => `    allow ${formatAddress(host.nics[0]!.address)};`)
      .join("\n"),
  });
