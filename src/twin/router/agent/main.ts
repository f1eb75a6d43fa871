import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { basename, resolve } from "node:path";

import { Fault, messageOf } from "../../../core/fault.ts";
import { ask, serveControl } from "./control.ts";
import { attempt } from "./exec.ts";
import { writeAtomic } from "./files.ts";
import { FIRMWARE, Router, RUN, STATUS } from "./router.ts";
import { formatStatus } from "./status.ts";
import type { RouterStatus } from "./status.ts";

const USAGE = `maquette-router: the firmware of a router guest

  maquette-router status [--json]             what it is and does
  maquette-load FILE                          checks, loads and proves a config.xml; keeps it for the next boot
  maquette-load FILE --confirm SECONDS        the same, and goes back by itself unless confirmed in time
  maquette-load --hold SECONDS                it is still being tried: so long from now
  maquette-load --confirmed                   keeps what was loaded with --confirm
  maquette-load --back                        goes back from it at once
  maquette-router verify                      reads the kernel's rules: are they still the file's
  maquette-router reload                      puts the file in force into place again (/etc/rc.reload_all)
  maquette-router run                         the agent itself (maquette-router.service)
`;

/** @returns the exit code: 0 done, 1 refused, 2 misused or not running */
async function main(name: string, args: readonly string[]): Promise<number> {
  try {
    if (name === "maquette-load") return await load(args);
    const [verb, ...rest] = args;
    switch (verb) {
      case "run":
        return await runAgent();
      case "load":
        return await load(rest);
      case "reload":
        print(`configuration ${String(await ask({ op: "reload" }))} loaded, rules proven\n`);
        return 0;
      case "verify": {
        const why = await ask({ op: "verify" });
        print(typeof why === "string" ? `the kernel has other rules than the file: ${why}\n` : "rules proven\n");
        return typeof why === "string" ? 1 : 0;
      }
      case "status":
        return await status(rest);
      case "lease":
        return await lease(rest);
      default:
        print(USAGE);
        return verb === "--help" || verb === "help" ? 0 : 2;
    }
  } catch (error) {
    const text =
      error instanceof Fault ? `${error.code} ${error.message}\n  hint: ${error.hint}\n` : `${messageOf(error)}\n`;
    process.stderr.write(text);
    return error instanceof Fault && error.code === "ROUTER_NOT_RUNNING" ? 2 : 1;
  }
}

const print = (text: string): void => void process.stdout.write(text);

async function load(args: readonly string[]): Promise<number> {
  if (args[0] === "--confirmed" && args.length === 1) {
    print(`configuration ${String(await ask({ op: "confirm" }))} confirmed\n`);
    return 0;
  }
  if (args[0] === "--back" && args.length === 1) {
    print(`configuration ${String(await ask({ op: "back" }))} is back\n`);
    return 0;
  }
  if (args[0] === "--hold" && args.length === 2 && isSeconds(Number(args[1]))) {
    await ask({ op: "hold", seconds: Number(args[1]) });
    print(`it stays if confirmed within ${args[1]!} s\n`);
    return 0;
  }
  const at = args.indexOf("--confirm");
  const seconds = at < 0 ? undefined : Number(args[at + 1]);
  const [path, ...more] = at < 0 ? args : [...args.slice(0, at), ...args.slice(at + 2)];
  const isUsable = seconds === undefined || isSeconds(seconds);
  if (path === undefined || path.startsWith("-") || more.length > 0 || !isUsable) {
    process.stderr.write(USAGE);
    return 2;
  }
  const bytes = readFileSync(path).toString("base64");
  const source = resolve(path);
  const digest = await ask({
    op: "load",
    bytes,
    source,
    ...(seconds === undefined ? {} : { confirmSeconds: seconds }),
  });
  const then = seconds === undefined ? "" : `; run maquette-load --confirmed within ${seconds} s, or it goes`;
  print(`configuration ${String(digest)} loaded, rules proven${then}\n`);
  return 0;
}

const isSeconds = (n: number): boolean => Number.isInteger(n) && n >= 1 && n <= 86_400;

/** From udhcpc, by dhcp-event.sh. */
async function lease([device = "", address, gateway]: readonly string[]): Promise<number> {
  const given = { ...(address ? { address } : {}), ...(gateway ? { gateway } : {}) };
  await ask({ op: "lease", device, ...given });
  return 0;
}

/** From the agent, or, when it does not run, what it last said. */
async function status(args: readonly string[]): Promise<number> {
  const found = (await ask({ op: "status" }).catch((error: unknown) => {
    if (!existsSync(STATUS)) throw error;
    return JSON.parse(readFileSync(STATUS, "utf8")) as unknown;
  })) as RouterStatus;
  print(args.includes("--json") ? `${JSON.stringify(found, null, 2)}\n` : formatStatus(found));
  return found.phase === "running" ? 0 : 1;
}

const SYSLOG_ALIAS = "/etc/systemd/system/syslog.service";

/** Names that an administrator of a pfSense would use, and ours. */
function installCommands(): void {
  const script = (command: string): string => `#!/bin/sh\nexec node ${FIRMWARE}/router.js ${command} "$@"\n`;
  writeAtomic("/usr/local/sbin/maquette-router", script(""), 0o755);
  writeAtomic("/usr/local/sbin/maquette-load", script("load"), 0o755);
  writeAtomic("/etc/rc.reload_all", script("reload"), 0o755);
  writeAtomic("/etc/rc.reboot", "#!/bin/sh\nexec systemctl reboot\n", 0o755);
  writeAtomic("/etc/rc.halt", "#!/bin/sh\nexec systemctl poweroff\n", 0o755);
  if (!existsSync("/conf")) symlinkSync("/cf/conf", "/conf");
  // Debian makes this name when the unit is enabled; its socket needs it, and the unit must not start by itself.
  if (!existsSync(SYSLOG_ALIAS)) symlinkSync("/usr/lib/systemd/system/rsyslog.service", SYSLOG_ALIAS);
}

/** The unit is not started again after it: the file is what has to change (`RestartPreventExitStatus`). */
const REFUSED = 3;

async function runAgent(): Promise<number> {
  const say = (text: string): void => print(`${text}\n`);
  mkdirSync(RUN, { recursive: true, mode: 0o755 });
  mkdirSync("/cf/conf", { recursive: true });
  rmSync(STATUS, { force: true });
  installCommands();
  const router = new Router(say);
  try {
    await router.boot();
  } catch (error) {
    await router.fail(error);
    const hint = error instanceof Fault ? `\n  ${error.hint}` : "";
    say(`this router does not start: ${messageOf(error)}${hint}`);
    return REFUSED;
  }
  const server = await serveControl(router);
  await attempt(["systemd-notify", "--ready", "--status=forwarding"]);
  router.settle().catch((error: unknown) => say(`after the boot: ${messageOf(error)}`));
  await new Promise<void>((done) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => done());
  });
  router.stop();
  server.close();
  return 0;
}

void main(basename(process.argv[1] ?? ""), process.argv.slice(2)).then((code) => process.exit(code));
