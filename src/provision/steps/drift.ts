import type { Resolve } from "../../core/text.ts";
import { declaredText } from "../text.ts";
import type { FoundFile, ObservedStep } from "./observed.ts";
import { putBack } from "./put-back.ts";
import { rightsOf, type DeclaredStep } from "./work.ts";

type DeclaredFile = Extract<DeclaredStep, { kind: "files" }>["files"][string];

/** The steps as the host has them: equal to the declared ones where nothing differs. */
export function driftOf(
  steps: readonly DeclaredStep[],
  seen: readonly ObservedStep[],
  resolve: Resolve,
): readonly DeclaredStep[] {
  return steps.map((step, n) => {
    const found = seen[n];
    return found === undefined ? { ...step, drift: "not known to the host" } : driftOfStep(step, found, resolve);
  });
}

/** What differs, in words; undefined where nothing does. */
export const wordsOfDrift = (step: DeclaredStep, found: ObservedStep): string | undefined => {
  if ("missing" in found) return found.missing.length === 0 ? undefined : `missing: ${found.missing.join(", ")}`;
  if ("holds" in found) {
    if (found.holds) return undefined;
    return step.kind === "probe" ? "has not passed" : `its guard does not hold: ${lastLine(found.said)}`;
  }
  if ("isLoaded" in found) {
    const files = Object.entries(found.wrong).map(([path, now]) => `${path} ${now === null ? "is gone" : "differs"}`);
    const extra = found.present.map((path) => `${path} is there again`);
    const all = [...files, ...extra];
    if (all.length > 0) return all.join(", ");
    return found.isLoaded ? undefined : "not loaded";
  }
  const units = Object.entries(found.wrong).map(([unit, why]) => `${unit} ${why}`);
  return units.length === 0 ? undefined : units.join(", ");
};

const lastLine = (text = ""): string => text.trim().split("\n").at(-1) || "it gave no reason";

function driftOfStep(step: DeclaredStep, found: ObservedStep, resolve: Resolve): DeclaredStep {
  const words = wordsOfDrift(step, found);
  if (words === undefined) return step;
  if (step.kind !== "files" || !("isLoaded" in found)) return { ...step, drift: words };
  // A file shows what it is now, line by line; what else is wrong with the step is said.
  const { wrong } = found;
  const files = Object.fromEntries(
    Object.entries(step.files).flatMap(([path, declared]) => {
      const now = wrong[path];
      if (now === undefined) return [[path, declared] as const];
      return now === null ? [] : [[path, fileAsFound(declared, now, resolve)] as const];
    }),
  );
  const others = found.present.length > 0 || (!found.isLoaded && Object.keys(wrong).length === 0);
  return { ...step, files, ...(others ? { drift: words } : {}) };
}

function fileAsFound(declared: DeclaredFile, now: FoundFile, resolve: Resolve): DeclaredFile {
  if (now.kind !== undefined)
    return { ...declared, content: `(${now.kind === "link" ? "a symbolic link" : "no file"})` };
  // Defaults stay unsaid, or they would show as changes.
  const wanted = rightsOf(declared);
  const rights = {
    ...(now.owner === wanted.owner ? optional("owner", declared.owner) : { owner: now.owner }),
    ...(now.mode === wanted.mode ? optional("mode", declared.mode) : { mode: now.mode }),
  };
  if (now.isSame) return { content: declared.content, ...rights };
  if (now.content === undefined) return { content: `(too long to be shown; sha256 ${now.digest})`, ...rights };
  return { content: declaredText(putBack(declared.content, now.content, resolve)), ...rights };
}

const optional = (name: "owner" | "mode", value: string | undefined): Record<string, string> =>
  value === undefined ? {} : { [name]: value };
