import { createHash } from "node:crypto";
import { dirname } from "node:path";
import { secret } from "../../core/secret-place.ts";
import { fqdnOf, fullName } from "../../plan/query.ts";
import type { Plan } from "../../plan/types.ts";
import type { Command, FileContent, Step } from "../role.ts";
import { dropIn, listens, reload, running } from "../service.ts";
import { flavourOf } from "./flavour.ts";
import { adminPage } from "./iredmail.ts";
import { AUTOCONFIG, AUTODISCOVER, webName, WEBMAIL } from "./names.ts";
import { CERTIFICATE, KEY, need, type Context } from "./steps.ts";

/* What is asked of mail by the web: nginx hands out what is a file, and PHP what is made for whoever asks. */

/** Debian's, in whose name its paths and its unit are. */
const PHP = "8.4";
export const PHP_UNIT = `php${PHP}-fpm`;
const SOCKET = "/run/php/maquette.sock";
const NGINX = "/etc/nginx/nginx.conf";
const DOCUMENTS = "/usr/local/share/maquette/mail";
const CONFIGURED = "/usr/local/lib/maquette/configured.php";
const PEOPLE = "/etc/maquette/mail/people.json";
const DATABASE_PROGRAM = "/usr/local/lib/maquette/webmail_database.sh";
/** Outside of whatever the web server hands out; Debian's own dbconfig is told to keep its hands off (dbconfig-no-thanks). */
export const WEBMAIL_DATABASE = "/var/lib/roundcube/maquette/webmail.db";
/** Ten people who read and write: each answer takes a fraction of a second. */
const WORKERS = 6;

export const WEB_PACKAGES = [
  ...["nginx", PHP_UNIT, `php${PHP}-xml`, `php${PHP}-intl`, `php${PHP}-mbstring`],
  ...["roundcube-core", "roundcube-plugins", "roundcube-sqlite3", "dbconfig-no-thanks", "sqlite3"],
] as const;
export const WEB_TEMPLATES = [
  ...["nginx.conf", "php-pool.conf", "php.conf", "configured.php", "autoconfig.xml", "autodiscover.xml"],
  "mobileconfig.xml",
  ...["webmail.php", "webmail_people.php", "webmail_database.sh", "webmail_tmpfiles.conf"],
] as const;

/** What an attachment comes in, with what stands around it. */
const requestMiB = (messageMiB: number): number => messageMiB + 1;

const parses = (file: string): Command => ({ argv: ["php", "-l", `new:${file}`] });

export function web(context: Context): readonly Step[] {
  return [...webmail(context), programs(context), running(PHP_UNIT), server(context), running("nginx")];
}

/** Roundcube, with tables of its own for what people set there. */
function webmail({ plan, host, fill, settings: { messageMiB } }: Context): readonly Step[] {
  const webs = (content: FileContent["content"]): FileContent => ({ content, owner: "root:www-data", mode: "0640" });
  const config = "/etc/roundcube/config.inc.php";
  const plugin = "/var/lib/roundcube/plugins/maquette/maquette.php";
  const folder = "/etc/tmpfiles.d/maquette-webmail.conf";
  const name = webName(plan, WEBMAIL);
  return [
    {
      kind: "files",
      name: "webmail (nobody is put out)",
      files: {
        [config]: webs(
          fill("webmail.php", {
            key: secret("password", "webmail"),
            database: WEBMAIL_DATABASE,
            pattern: name.replaceAll(".", "\\."),
            server: fqdnOf(plan, host),
            domain: plan.domain.name,
            timezone: plan.domain.timezone,
            messageMiB: String(messageMiB),
            imaps: String(need(plan, "imaps")),
            submission: String(need(plan, "submission")),
            managesieve: String(need(plan, "managesieve")),
          }),
        ),
        [plugin]: { content: fill("webmail_people.php", { people: PEOPLE }) },
        [PEOPLE]: webs(`${JSON.stringify(writersOf(plan), null, 1)}\n`),
        [DATABASE_PROGRAM]: {
          content: fill("webmail_database.sh", { database: WEBMAIL_DATABASE, people: PEOPLE }),
          mode: "0755",
        },
        [folder]: { content: fill("webmail_tmpfiles.conf", { folder: dirname(WEBMAIL_DATABASE) }) },
      },
      check: [parses(config), parses(plugin), { argv: ["sh", "-n", `new:${DATABASE_PROGRAM}`] }],
      reload: [{ argv: ["systemd-tmpfiles", "--create", folder] }],
    },
    {
      kind: "command",
      name: "the webmail's tables and people",
      unless: { argv: [DATABASE_PROGRAM, "check"] },
      run: { argv: [DATABASE_PROGRAM, "make"] },
    },
  ];
}

/** By the name that Roundcube knows somebody by. */
const writersOf = (plan: Plan): Readonly<Record<string, { readonly name: string; readonly address: string }>> =>
  Object.fromEntries(
    [...plan.people.values(), ...plan.probePeople.values()].flatMap((person) =>
      person.mailbox === null
        ? []
        : [[`${person.login}@${plan.domain.name}`, { name: fullName(person), address: person.mailbox }] as const],
    ),
  );

/** What mail programs are told, and the program that tells it; no secret is in it. */
function programs({ plan, host, fill, settings: { messageMiB } }: Context): Step {
  const told = {
    domain: plan.domain.name,
    server: fqdnOf(plan, host),
    imaps: String(need(plan, "imaps")),
    submissions: String(need(plan, "submissions")),
  };
  const documents: Readonly<Record<string, FileContent>> = {
    [`${DOCUMENTS}/autoconfig.xml`]: {
      content: fill("autoconfig.xml", { ...told, submission: String(need(plan, "submission")) }),
    },
    [`${DOCUMENTS}/autodiscover.xml`]: { content: fill("autodiscover.xml", told) },
    [`${DOCUMENTS}/mobileconfig.xml`]: {
      content: fill("mobileconfig.xml", {
        ...told,
        ...profileOf(plan),
        certificate: secret("vault-certificate", "ca", "base64"),
      }),
      // Its one place is of a certificate, which everybody may read.
      mode: "0644",
    },
  };
  return {
    kind: "files",
    name: "PHP, and what mail programs are told",
    files: {
      ...documents,
      [CONFIGURED]: { content: fill("configured.php", { domain: plan.domain.name }) },
      [`/etc/php/${PHP}/fpm/pool.d/www.conf`]: {
        content: fill("php-pool.conf", {
          socket: SOCKET,
          workers: String(WORKERS),
          messageMiB: String(messageMiB),
          requestMiB: String(requestMiB(messageMiB)),
          // Of a message there are several forms at once while it is written.
          memoryMiB: String(64 + 6 * messageMiB),
        }),
      },
      [dropIn(PHP_UNIT)]: { content: fill("php.conf", {}) },
    },
    check: [parses(CONFIGURED)],
    verify: [{ argv: [`php-fpm${PHP}`, "-t"] }],
    reload: reload(PHP_UNIT),
    probe: { argv: ["test", "-S", SOCKET] },
  };
}

/** By which a device knows the profile again: the same lab's is the same, and replaces the one before. */
function profileOf(plan: Plan): Readonly<Record<"identifier" | "profileId" | "authorityId" | "accountId", string>> {
  const identifier = `${plan.domain.name.split(".").reverse().join(".")}.mail`;
  const id = (part: string): string => {
    const hex = createHash("sha256").update(`${plan.name} ${identifier} ${part}`).digest("hex").toUpperCase();
    // RFC 9562 §5.8: whose making is the maker's own affair.
    return [
      hex.slice(0, 8),
      hex.slice(8, 12),
      `8${hex.slice(13, 16)}`,
      `8${hex.slice(17, 20)}`,
      hex.slice(20, 32),
    ].join("-");
  };
  return { identifier, profileId: id("profile"), authorityId: id("authority"), accountId: id("account") };
}

function server({ plan, host, fill, settings: told }: Context): Step {
  const port = need(plan, "https");
  return {
    kind: "files",
    name: "web server",
    files: {
      [NGINX]: {
        content: fill("nginx.conf", {
          port: String(port),
          certificate: CERTIFICATE,
          key: KEY,
          socket: SOCKET,
          requestMiB: String(requestMiB(told.messageMiB)),
          own: fqdnOf(plan, host),
          webmail: webName(plan, WEBMAIL),
          autoconfig: webName(plan, AUTOCONFIG),
          autodiscover: webName(plan, AUTODISCOVER),
          documents: DOCUMENTS,
          configured: CONFIGURED,
          administration: flavourOf(plan, told) === "iredmail" ? adminPage(plan, fill) : "",
        }),
      },
      [dropIn("nginx")]: { content: fill("base/restart.conf", {}) },
    },
    check: [{ argv: ["nginx", "-t", "-q", "-c", `new:${NGINX}`] }],
    reload: reload("nginx"),
    probe: listens(port),
  };
}
