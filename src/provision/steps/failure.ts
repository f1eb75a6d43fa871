import { Fault } from "../../core/fault.ts";
import { askedOf, placesOf, type Resolve } from "../../core/text.ts";
import type { FailEvent } from "./observed.ts";
import { hide } from "./put-back.ts";
import type { RoleInputs } from "./inputs.ts";
import { isPublic, textsOf } from "./work.ts";

/** A step that failed, as a person should read it: host, step, command, exit code, last words, cure; no secret. */
export function stepFault(role: RoleInputs, failure: FailEvent, resolve: Resolve): Fault {
  const step = role.steps[failure.step];
  const secrets = textsOf(role.steps)
    .flatMap(placesOf)
    .map(askedOf)
    .filter(({ kind }) => !isPublic(kind))
    .map(({ kind, label }) => resolve(kind, label));
  const shown = (text: string): string => hide(text, secrets);
  const command = failure.argv === undefined ? "" : ` \`${shown(failure.argv.join(" ")).slice(0, 200)}\``;
  const how =
    failure.argv === undefined
      ? ""
      : failure.seconds !== undefined
        ? ` did not succeed within ${failure.seconds} s`
        : ` ended with ${failure.exit ?? "?"}`;
  const said = (failure.said ?? "").trim();
  const words = said === "" ? "" : `\n${shown(said).replace(/^/gm, "    | ")}`;
  const back = failure.back === undefined ? "" : `\n    ${failure.back}`;
  return new Fault(
    "STEP_FAILED",
    `${role.host}, role ${role.role}, step "${step?.name ?? failure.step}": ${shown(failure.what)}${command === "" ? "" : `:${command}${how}`}.${words}${back}`,
    cureOf(role.host, step?.kind, failure),
  );
}

function cureOf(host: string, kind: string | undefined, failure: FailEvent): string {
  const again = "then run `maquette up` again: it goes on at this step";
  if (/disk is full/.test(failure.what)) return `Make room on ${host} (\`maquette ssh ${host} -- df -h\`), ${again}.`;
  if (kind === "packages")
    return `Does ${host} reach its archive (\`maquette ssh ${host} -- sudo apt-get update\`), and does the package have that name there? Correct it, ${again}.`;
  if (kind === "files")
    return `Correct the template or the plan it is filled from; what was live still is. Then run \`maquette up\` again.`;
  return `\`maquette logs ${host}\` says more. Correct it, ${again}.`;
}
