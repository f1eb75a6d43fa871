import { formatAddress } from "../../core/ip.ts";
import { fqdnOf } from "../../plan/query.ts";
import { controllersOf } from "../dc/directory.ts";
import type { RoleContext, Step } from "../role.ts";
import { dropIn, listens, reload, running } from "../service.ts";
import { CERTIFICATE, DATABASE, KEY, need, OWNER } from "./steps.ts";
import { PHP, PHP_UNIT } from "./units.ts";

/* Zabbix' pages: nginx hands out what is a file, and PHP what is made for whoever asks. */

const SOCKET = "/run/php/maquette.sock";
const NGINX = "/etc/nginx/nginx.conf";
const CONFIG = "/etc/zabbix/zabbix.conf.php";
/** A page asks for parts of itself several at once; few people look. */
const WORKERS = 5;
const LOCALE = "fr_FR";

export const WEB_PACKAGES = [
  ...["zabbix-frontend-php", "nginx", PHP_UNIT],
  ...["pgsql", "ldap", "gd", "bcmath", "mbstring", "xml"].map((part) => `php${PHP}-${part}`),
] as const;
export const WEB_TEMPLATES = ["nginx.conf", "php-pool.conf", "php.conf", "zabbix.conf.php"] as const;

export function web(context: RoleContext): readonly Step[] {
  return [language, pages(context), running(PHP_UNIT), server(context), running("nginx")];
}

/** Without the system's own French its pages are English, whatever they are told. */
const language: Step = {
  kind: "command",
  name: "French",
  unless: { argv: ["sh", "-c", `locale -a | grep -qix '${LOCALE}.utf-\\?8'`] },
  run: { argv: ["localedef", "-i", LOCALE, "-f", "UTF-8", `${LOCALE}.UTF-8`] },
  deadlineSeconds: 120,
};

function pages({ plan, fill }: RoleContext): Step {
  return {
    kind: "files",
    name: "pages",
    files: {
      [CONFIG]: {
        content: fill("zabbix.conf.php", {
          database: DATABASE,
          owner: OWNER,
          port: String(need(plan, "zabbix-trapper")),
          title: plan.domain.netbios,
        }),
      },
      [`/etc/php/${PHP}/fpm/pool.d/www.conf`]: {
        content: fill("php-pool.conf", {
          socket: SOCKET,
          workers: String(WORKERS),
          timezone: plan.domain.timezone,
        }),
      },
      [dropIn(PHP_UNIT)]: {
        content: fill("php.conf", {
          controllers: controllersOf(plan)
            .flatMap((dc) => dc.nics.map((nic) => formatAddress(nic.address)))
            .join(" "),
        }),
      },
    },
    check: [{ argv: ["php", "-l", `new:${CONFIG}`] }],
    verify: [{ argv: [`php-fpm${PHP}`, "-t"] }],
    // Its workers keep the languages that the system had when it started.
    reload: [{ argv: ["systemctl", "daemon-reload"] }, { argv: ["systemctl", "restart", PHP_UNIT] }],
    probe: { argv: ["test", "-S", SOCKET] },
  };
}

function server({ plan, host, fill }: RoleContext): Step {
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
          name: fqdnOf(plan, host),
        }),
      },
      [dropIn("nginx")]: { content: fill("base/restart.conf", {}) },
    },
    check: [{ argv: ["nginx", "-t", "-q", "-c", `new:${NGINX}`] }],
    reload: reload("nginx"),
    probe: listens(port),
  };
}
