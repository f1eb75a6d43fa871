import { Fault } from "../../core/fault.ts";
import { askedOf, placesOf, type Resolve } from "../../core/text.ts";
import type { FailEvent } from "./observed.ts";
import { hide } from "./put-back.ts";
import type { RoleInputs } from "./inputs.ts";
import { kindOf, type KindName } from "./kinds/index.ts";
import { isPublic } from "./secrecy.ts";
import { textsOf } from "./work.ts";

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
    failure.argv === undefined ? "" : isLate(failure) ? lateness(failure) : ` ended with ${failure.exit ?? "?"}`;
  const said = (failure.said ?? "").trim();
  const words = said === "" ? "" : `\n${shown(said).replace(/^/gm, "    | ")}`;
  const back = failure.back === undefined ? "" : `\n    ${failure.back}`;
  return new Fault(
    "STEP_FAILED",
    `${role.host}, role ${role.role}, step "${step?.name ?? failure.step}": ${shown(failure.what)}${command === "" ? "" : `:${command}${how}`}.${words}${back}`,
    isSlow(failure) ? slowCure(role.host) : cureOf(role.host, step?.kind, failure),
  );
}

const isLate = (failure: FailEvent): boolean => failure.seconds !== undefined;

/** The host had less time for it than the clock says. */
const isSlow = ({ seconds, took = 0, load = 0, processors = 1 }: FailEvent): boolean =>
  seconds !== undefined && took > 0 && load > processors;

/** Against the clock, where a busy machine had made more of it. */
function lateness(failure: FailEvent): string {
  const { seconds, took = 0, load = 0, processors = 1 } = failure;
  if (!isSlow(failure)) return ` did not succeed within ${seconds} s`;
  return ` did not succeed within ${Math.round(took)} s, for which up to ${Math.round(load)} tasks shared ${processors} processor${processors === 1 ? "" : "s"} (${seconds} s where it has one for itself)`;
}

const slowCure = (host: string): string =>
  `It was not ready in time, and the machine was busy: look who is (\`uptime\`, \`top\`), let it end, then run \`maquette up\` again: it goes on at this step. If it is late on a quiet machine too, \`maquette logs ${host}\` says more.`;

function cureOf(host: string, kind: KindName | undefined, failure: FailEvent): string {
  const again = "then run `maquette up` again: it goes on at this step";
  if (/disk is full/.test(failure.what)) return `Make room on ${host} (\`maquette ssh ${host} -- df -h\`), ${again}.`;
  const cure = kind === undefined ? undefined : kindOf(kind).cure?.(host);
  return cure ?? `\`maquette logs ${host}\` says more. Correct it, ${again}.`;
}
