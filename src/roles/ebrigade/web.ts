import { secret } from "../../core/secret-place.ts";
import { fqdnOf } from "../../plan/query.ts";
import type { Host, Plan } from "../../plan/types.ts";
import { ebrigade as files } from "../artefacts.ts";
import { baseDn, groupUnit, peopleUnit, serviceAccount } from "../dc/accounts.ts";
import { controllersOf } from "../dc/directory.ts";
import type { Step } from "../role.ts";
import { dropIn, listens, restart, running } from "../service.ts";
import { FOLDER, isHad, PHP_SOCKET, PICTURES, SHUT } from "./application.ts";
import { ACCOUNT, need, WEB_UNIT, type Context } from "./steps.ts";

/* What everybody comes by: Apache, which asks the directory before it says anything. */

const CONFIG = "/etc/apache2/apache2.conf";
const GUESSES_PROGRAM = "/usr/local/lib/maquette/guesses.lua";
const [CERTIFICATE, KEY] = ["/etc/maquette/ebrigade/web.crt", "/etc/maquette/ebrigade/web.key"] as const;
/** What is handed out where there is no zip: one page of ours. */
const PAGE = "/usr/local/share/maquette/ebrigade";

/** A file of a form, with what stands around it. */
const REQUEST_BYTES = 32 * 2 ** 20;
/** How long a login may still be believed that the directory has taken back. */
const REMEMBERED_SECONDS = 10;
/** Passwords of one address that may be wrong at once, and how many more a second. */
export const GUESSES = { most: 10, aSecond: 0.5 } as const;

/** Of Debian's Apache what is used, in the order in which one needs another. */
const MODULES = [
  ...["mpm_event", "authn_core", "authz_core", "authz_user", "auth_basic", "ldap", "authnz_ldap"],
  ...["socache_shmcb", "ssl", "headers", "setenvif", "mime", "dir", "reqtimeout", "lua"],
];
/** Of them, what hands a question on to PHP, and what says which may be. */
const APPLICATION_MODULES = ["alias", "rewrite", "proxy", "proxy_fcgi"];

/** Pages of eBrigade have scripts and styles in them; of anybody else's host they get nothing. */
const POLICY = [
  "default-src 'self'",
  "script-src 'self' 'unsafe-inline' 'unsafe-eval'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data: blob:",
  "font-src 'self' data:",
  "object-src 'none'",
  "base-uri 'self'",
  "form-action 'self'",
  "frame-ancestors 'self'",
].join("; ");

export const WEB_PACKAGES = ["apache2"] as const;
export const WEB_TEMPLATES = [
  "apache2.conf",
  "apache2.service.conf",
  "guesses.lua",
  "page.conf",
  "index.html",
] as const;

export const label = (host: Host["id"]): string => `ebrigade-${host}`;

const groupDn = (plan: Plan, group: string): string => `CN=${group},${groupUnit(plan)},${baseDn(plan)}`;

export function web(context: Context): readonly Step[] {
  const { plan, host, fill, settings } = context;
  const port = need(plan, "https");
  const account = serviceAccount(plan, ACCOUNT);
  const isInstalled = isHad(plan);
  const modules = [...MODULES, ...(isInstalled ? APPLICATION_MODULES : [])];
  return [
    {
      kind: "files",
      name: "certificate, page and web server",
      files: {
        [CERTIFICATE]: { content: [secret("vault-certificate", label(host.id)), "\n"], mode: "0644" },
        [KEY]: { content: [secret("vault-key", label(host.id)), "\n"] },
        ...(!isInstalled && {
          [`${PAGE}/index.html`]: { content: fill("index.html", { file: files[0]!.fileName, lab: plan.name }) },
        }),
        [GUESSES_PROGRAM]: {
          content: fill("guesses.lua", { most: String(GUESSES.most), forgotten: String(GUESSES.aSecond) }),
        },
        [CONFIG]: {
          content: fill("apache2.conf", {
            modules: modules
              .map((name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`)
              .join("\n"),
            requestBytes: String(REQUEST_BYTES),
            port: String(port),
            remembered: String(REMEMBERED_SECONDS),
            guesses: GUESSES_PROGRAM,
            policy: POLICY,
            certificate: CERTIFICATE,
            key: KEY,
            documents: isInstalled ? FOLDER : PAGE,
            handed: isInstalled
              ? fill("application.conf", {
                  program: FOLDER,
                  shut: SHUT.join("|"),
                  socket: PHP_SOCKET,
                  pictures: PICTURES,
                })
              : fill("page.conf", { documents: PAGE }),
            name: fqdnOf(plan, host),
            realm: `Annuaire ${plan.domain.netbios}`,
            controllers: `${controllersOf(plan)
              .map((dc) => fqdnOf(plan, dc))
              .join(" ")}:${need(plan, "ldaps")}`,
            people: `${peopleUnit(plan)},${baseDn(plan)}`,
            account: account.userPrincipalName,
            password: account.password,
            group: groupDn(plan, settings.group),
          }),
          mode: "0600",
        },
        [dropIn(WEB_UNIT)]: { content: fill("apache2.service.conf", {}) },
      },
      check: [{ argv: ["openssl", "x509", "-noout", "-in", `new:${CERTIFICATE}`] }],
      verify: [{ argv: ["apache2", "-t", "-f", CONFIG] }],
      reload: restart(WEB_UNIT),
      probe: listens(port),
    },
    running(WEB_UNIT),
  ];
}
