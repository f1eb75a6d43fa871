import { createHash, randomUUID } from "node:crypto";
import type { Disk } from "./disk.ts";
import type { Asked, AskedStep } from "./protocol.ts";

/*
 * What the agent would answer on a machine that has only what it was sent: files and their rights, packages, units,
 * and the commands that were run. Whatever a command would have found or done there cannot be known, so each succeeds,
 * and a guard holds once its command was sent.
 */

type Say = (event: object) => void;
type Of<K extends AskedStep["kind"]> = Extract<AskedStep, { kind: K }>;

const SHOWN = 256 * 1024;

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

/** Answers a message as the agent does. @returns whether the disk was changed */
export function answer(disk: Disk, asked: Asked, say: Say): boolean {
  if (asked.mode === "check") {
    const roles = disk.instance === null ? [] : asked.roles;
    const found = roles.map(({ role, steps }) => [role, steps.map((step) => look(disk, role, step))] as const);
    say({ event: "state", instance: disk.instance, roles: Object.fromEntries(found) });
    return false;
  }
  disk.instance ??= randomUUID();
  say({ event: "hello", instance: disk.instance, now: Date.now() / 1000 });
  for (const { role, steps } of asked.roles) {
    let isChanged = false;
    for (const [number, step] of steps.entries()) {
      say({ event: "begin", role, step: number });
      if (disk.isFull && needsRoom(disk, role, step)) {
        say({ event: "fail", role, step: number, what: "the disk is full (no space left on device)" });
        return true;
      }
      const changed = apply(disk, role, step, isChanged);
      isChanged ||= changed;
      say({ event: "done", role, step: number, changed, ms: 0 });
    }
  }
  say({ event: "end" });
  return true;
}

/** Whether a step would write what is not on the disk yet. */
function needsRoom(disk: Disk, role: string, step: AskedStep): boolean {
  if (step.kind === "packages") return missing(disk, step).length > 0;
  return step.kind === "files" && Object.keys(lookAtFiles(disk, role, step).wrong).length > 0;
}

function look(disk: Disk, role: string, step: AskedStep): object {
  switch (step.kind) {
    case "packages":
      return { missing: missing(disk, step) };
    case "files":
      return lookAtFiles(disk, role, step);
    case "units":
      return { wrong: wrongUnits(disk, step) };
    case "command":
      return disk.commands.includes(keyOf(step))
        ? { holds: true, said: "" }
        : { holds: false, said: "this memory guest was never sent that command" };
    case "probe":
      return { holds: disk.loaded[role]?.[step.name] === "passed" };
  }
}

/** @returns whether anything was not so already */
function apply(disk: Disk, role: string, step: AskedStep, isChanged: boolean): boolean {
  const load = (key: string): void => void ((disk.loaded[role] ??= {})[step.name] = key);
  switch (step.kind) {
    case "packages": {
      const wanted = missing(disk, step);
      disk.packages.push(...wanted);
      return wanted.length > 0;
    }
    case "files": {
      const { wrong, present, isLoaded } = lookAtFiles(disk, role, step);
      const paths = Object.keys(wrong);
      if (paths.length === 0 && present.length === 0 && isLoaded) return false;
      for (const path of paths) disk.files[path] = written(step.files[path]!);
      disk.files = Object.fromEntries(Object.entries(disk.files).filter(([path]) => !present.includes(path)));
      load(step.key);
      return true;
    }
    case "units": {
      const wrong = Object.keys(wrongUnits(disk, step));
      for (const unit of wrong) disk.units[unit] = step.state;
      return wrong.length > 0;
    }
    case "command": {
      const key = keyOf(step);
      if (disk.commands.includes(key)) return false;
      disk.commands.push(key);
      return true;
    }
    case "probe": {
      if (isChanged || disk.loaded[role]?.[step.name] !== "passed") load("passed");
      return false;
    }
  }
}

const missing = (disk: Disk, step: Of<"packages">): string[] =>
  step.packages.filter((name) => !disk.packages.includes(name));

function lookAtFiles(
  disk: Disk,
  role: string,
  step: Of<"files">,
): { readonly wrong: Record<string, object | null>; readonly present: string[]; readonly isLoaded: boolean } {
  const wrong: Record<string, object | null> = {};
  for (const [path, wanted] of Object.entries(step.files)) {
    const now = disk.files[path];
    if (now === undefined) wrong[path] = null;
    else if (now.digest !== wanted.digest || now.mode !== wanted.mode || now.owner !== wanted.owner) {
      const { digest, mode, owner, content } = now;
      const isSame = digest === wanted.digest;
      const isShown = !isSame && content !== undefined && Buffer.byteLength(content) <= SHOWN;
      wrong[path] = { digest, mode, owner, isSame, ...(isShown ? { content } : {}) };
    }
  }
  const present = step.absent.filter((path) => disk.files[path] !== undefined);
  return { wrong, present, isLoaded: disk.loaded[role]?.[step.name] === step.key };
}

/** As it would lie on the disk: its digest is of what came, not what was said to come. */
function written(file: Of<"files">["files"][string]): Disk["files"][string] {
  const { mode, owner, content = "" } = file;
  const digest = sha256(content);
  return { digest, mode, owner, ...(file.isSecret === false ? { content } : {}) };
}

function wrongUnits(disk: Disk, step: Of<"units">): Record<string, string> {
  const holds = (unit: string): boolean => {
    const now = disk.units[unit];
    return now === step.state || (step.state === "off" && now === "masked");
  };
  const why = { running: "is not known to run", off: "is not known to be off", masked: "is not masked" }[step.state];
  return Object.fromEntries(step.units.filter((unit) => !holds(unit)).map((unit) => [unit, why] as const));
}

/** Of what a command and its guard are; what they read may be secret. */
const keyOf = (step: Of<"command">): string =>
  sha256(JSON.stringify([step.unless, step.run].map(({ argv, input }) => [argv, sha256(input)])));
