import { fqdnOf } from "../../plan/query.ts";
import type { Command, FileContent, Step } from "../role.ts";
import { AUTOCONFIG, AUTODISCOVER, webName } from "./names.ts";
import { CERTIFICATE, dropIn, KEY, listens, need, reload, running, type Context } from "./steps.ts";

/* What is asked of mail by the web: nginx hands out what is a file, and PHP what is made for whoever asks. */

/** Debian's, in whose name its paths and its unit are. */
const PHP = "8.4";
export const PHP_UNIT = `php${PHP}-fpm`;
const SOCKET = "/run/php/maquette.sock";
const NGINX = "/etc/nginx/nginx.conf";
const DOCUMENTS = "/usr/local/share/maquette/mail";
const CONFIGURED = "/usr/local/lib/maquette/configured.php";
/** What a guest with eight workers needs at most; most of the time there is none. */
const WORKERS = 6;

export const WEB_PACKAGES = ["nginx", PHP_UNIT, `php${PHP}-xml`] as const;
export const WEB_TEMPLATES = [
  ...["nginx.conf", "php-pool.conf", "php.conf", "configured.php", "autoconfig.xml", "autodiscover.xml"],
] as const;

const parses = (file: string): Command => ({ argv: ["php", "-l", `new:${file}`] });

export function web(context: Context): readonly Step[] {
  return [programs(context), running(PHP_UNIT), server(context), running("nginx")];
}

/** What mail programs are told, and the program that tells it; no secret is in it. */
function programs({ plan, host, fill }: Context): Step {
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
  };
  return {
    kind: "files",
    name: "PHP, and what mail programs are told",
    files: {
      ...documents,
      [CONFIGURED]: { content: fill("configured.php", { domain: plan.domain.name }) },
      [`/etc/php/${PHP}/fpm/pool.d/www.conf`]: {
        content: fill("php-pool.conf", { socket: SOCKET, workers: String(WORKERS) }),
      },
      [dropIn(PHP_UNIT)]: { content: fill("php.conf", {}) },
    },
    check: [parses(CONFIGURED)],
    verify: [{ argv: [`php-fpm${PHP}`, "-t"] }],
    reload: reload(PHP_UNIT),
    probe: { argv: ["test", "-S", SOCKET] },
  };
}

function server({ plan, fill }: Context): Step {
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
          autoconfig: webName(plan, AUTOCONFIG),
          autodiscover: webName(plan, AUTODISCOVER),
          documents: DOCUMENTS,
          configured: CONFIGURED,
        }),
      },
      [dropIn("nginx")]: { content: fill("restart.conf", {}) },
    },
    check: [{ argv: ["nginx", "-t", "-q", "-c", `new:${NGINX}`] }],
    reload: reload("nginx"),
    probe: listens(port),
  };
}
