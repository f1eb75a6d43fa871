import { chownSync, existsSync, mkdirSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";

import { Fault, messageOf } from "../../../core/fault.ts";
import { sshKeyFilesOf } from "../../../pfsense/read/ssh-keys.ts";
import type { Desired, ReadFile } from "../compile/desired.ts";
import type { Account } from "../services/access.ts";
import { timezoneOf } from "../services/system.ts";
import type { Service } from "../services/types.ts";
import { attempt, run } from "./exec.ts";
import { readText, writeAtomic, writeChanged } from "./files.ts";

const CANDIDATES = "/run/maquette/router/candidate";

/**
 * Asks each service's own program whether it would take its new files, before anything is changed.
 * @throws Fault ROUTER_SERVICE_REFUSED with what the first one said
 */
export async function checkServices(services: readonly Service[]): Promise<void> {
  for (const s of services.filter((x) => x.isWanted && x.check)) {
    const paths = new Map(s.files.map((f) => [f.path, join(CANDIDATES, f.path)]));
    // A check that reads the live files has nothing to say about new ones.
    if (!s.check!.some((arg) => paths.has(arg))) continue;
    for (const f of s.files) writeAtomic(paths.get(f.path)!, f.text, 0o644);
    const { code, stderr, stdout } = await attempt(s.check!.map((arg) => paths.get(arg) ?? arg));
    // 127: the program is not installed. Starting its unit will say so; the file is not to blame.
    if (code === 0 || code === 127) continue;
    const said = `${stderr}${stdout}`.trim().split("\n").slice(-5).join("\n");
    const hint = "Mend that part of the file; nothing has been changed.";
    throw new Fault("ROUTER_SERVICE_REFUSED", `${s.name} would not start with this configuration: ${said}`, hint);
  }
  rmSync(CANDIDATES, { recursive: true, force: true });
}

/** Files, then the units that have to take them: only services whose files changed, or that do not run. */
export async function applyServices(desired: Desired, say: (text: string) => void): Promise<void> {
  applySystem(desired);
  for (const f of desired.files) writeChanged([f]);
  const changed = desired.services.map((s) => ({ service: s, isChanged: writeChanged(s.files) }));
  if (changed.some((c) => c.isChanged && c.service.files.some((f) => f.path.includes("/systemd/")))) {
    await attempt(["systemctl", "daemon-reload"]);
  }
  await applyUnits(changed, say);
}

/** All units in one question, and one command for each verb: a router has a dozen. */
async function applyUnits(
  changed: readonly { readonly service: Service; readonly isChanged: boolean }[],
  say: (text: string) => void,
): Promise<void> {
  if (changed.length === 0) return;
  // One line for each, in the order asked; its exit code speaks of all together.
  const { stdout } = await attempt(["systemctl", "is-active", ...changed.map(({ service }) => service.unit)]);
  const states = stdout.split("\n");
  const byVerb = new Map<string, string[]>();
  for (const [n, { service: s, isChanged }] of changed.entries()) {
    const isActive = states[n]?.trim() === "active";
    if (!s.isWanted && !isActive) continue;
    const verb = !s.isWanted ? "stop" : !isActive ? "start" : isChanged ? s.onChange : undefined;
    if (verb !== undefined) byVerb.set(verb, [...(byVerb.get(verb) ?? []), s.unit]);
  }
  await Promise.all(
    [...byVerb].map(async ([verb, units]) => {
      const { code, stderr } = await attempt(["systemctl", verb, ...units], { timeoutMs: 90_000 });
      if (code === 0) return;
      const failed = units.filter((unit) => stderr.includes(unit));
      say(
        `systemctl ${verb} ${(failed.length > 0 ? failed : units).join(" ")} failed: ${stderr.trim().split("\n")[0] ?? ""}`,
      );
    }),
  );
}

function applySystem(desired: Desired): void {
  const zone = timezoneOf({ config: desired.file.config, interfaces: desired.ruleset.interfaces });
  const source = `/usr/share/zoneinfo/${zone ?? "UTC"}`;
  if (!existsSync(source)) return;
  writeAtomic("/etc/timezone", `${zone ?? "UTC"}\n`);
  // A link, as localtime(5) wants it.
  rmSync("/etc/localtime", { force: true });
  symlinkSync(source, "/etc/localtime");
}

/** Where sshd looks for keys (`AuthorizedKeysFile` of services/access.ts). */
const SSH = "/etc/ssh";
const KEYS = `${SSH}/authorized_keys`;
/** The group `users` of Debian. */
const USERS = 100;
const KEY_OF_HOST = `${SSH}/ssh_host_ed25519_key`;

/** The host keys that the file brings; where it brings none, one that is made once and kept on the disk. */
export async function applyHostKeys({ bytes }: ReadFile): Promise<void> {
  const files = sshKeyFilesOf(bytes).map(({ name, content }) => ({
    path: join(SSH, name),
    text: content,
    mode: name.endsWith(".pub") ? 0o644 : 0o600,
  }));
  // Who runs reads its keys once.
  if (writeChanged(files)) await attempt(["systemctl", "try-restart", "ssh.service"]);
  if (!existsSync(KEY_OF_HOST)) await run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", KEY_OF_HOST]);
}

/** Accounts of the file, and only those: one that is gone from it can no longer come in. */
export function applyAccounts(accounts: readonly Account[], say: (text: string) => void): void {
  try {
    const passwd = lines("/etc/passwd");
    const shadow = lines("/etc/shadow");
    const isOurs = (line: string): boolean => /^[^:]*:[^:]*:[^:]*:[^:]*:maquette,/.test(line);
    const ours = new Set(passwd.filter(isOurs).map((l) => l.split(":")[0]));
    const kept = passwd.filter((l) => !isOurs(l));
    const made = accounts.map((a) => {
      const shell = a.hasShell ? "/bin/bash" : "/usr/sbin/nologin";
      const gid = a.uid === 0 ? 0 : USERS;
      return `${a.name}:x:${a.uid}:${gid}:maquette,${a.name}:${a.home}:${shell}`;
    });
    const hashes = accounts.map((a) => `${a.name}:${a.hash}:19000:0:99999:7:::`);
    const names = new Set(accounts.map((a) => a.name));
    const others = shadow.filter((l) => !ours.has(l.split(":")[0]) && !names.has(l.split(":")[0]!));
    write("/etc/shadow", [...others, ...hashes], 0o640);
    write("/etc/passwd", [...kept, ...made], 0o644);
    rmSync(KEYS, { recursive: true, force: true });
    for (const a of accounts) writeKeys(a);
  } catch (error) {
    say(`accounts: ${messageOf(error)}`);
  }
}

/** The file's keys, apart from what the console's own way in reads (`.ssh/authorized_keys`). */
function writeKeys(a: Account): void {
  writeAtomic(join(KEYS, a.name), a.keys, 0o644);
  // On pfSense root is admin under another name, and logs in with the same keys.
  if (a.uid === 0) writeAtomic(join(KEYS, "root"), a.keys, 0o644);
  if (a.uid === 0 || existsSync(a.home)) return;
  mkdirSync(a.home, { recursive: true, mode: 0o700 });
  chownSync(a.home, a.uid, USERS);
}

const lines = (path: string): readonly string[] => (readText(path) ?? "").split("\n").filter((l) => l !== "");

function write(path: string, all: readonly string[], mode: number): void {
  const text = `${all.join("\n")}\n`;
  if (readText(path) === text) return;
  writeAtomic(path, text, mode);
}

/** HTB on the cards that the file shapes, nothing on the others. */
export async function applyShaper(
  desired: Desired,
  before: Desired | undefined,
  say: (text: string) => void,
): Promise<void> {
  const { devices } = desired.shaper;
  const touched = desired.network.links.filter(
    (link) =>
      !before || JSON.stringify(devices.get(link.device)) !== JSON.stringify(before.shaper.devices.get(link.device)),
  );
  if (touched.length === 0) return;
  // Most have none to remove, which is no failure: -force goes on (tc(8)).
  const removals = touched.map((link) => `qdisc del dev ${link.device} root\n`).join("");
  await attempt(["tc", "-force", "-batch", "-"], { input: removals });
  for (const { device } of touched) {
    const wanted = devices.get(device);
    if (!wanted) continue;
    const { code, stderr } = await attempt(["tc", "-batch", "-"], { input: `${wanted.join("\n")}\n` });
    if (code !== 0) say(`shaper on ${device}: ${stderr.trim().split("\n")[0] ?? ""}; nothing is shaped there`);
  }
}
