import { z } from "zod";
import { Fault } from "../../core/fault.ts";
import type { RoleWork } from "../../roles/role.ts";
import { placesOf, type Resolve, type Text } from "../../core/text.ts";
import { declaredText, textOfState } from "../text.ts";
import { kindOf, stepSchema, type DeclaredStep, type SentStep } from "./kinds/index.ts";

/*
 * A role's work on a host, in two forms: as the program declares it and the state holds it, with places for secrets;
 * and as it goes to the host, with the secrets in their places, digests and every default filled in.
 */

export { stepSchema, type DeclaredStep, type SentStep };

/** Steps of a state, which may be from before places stood apart from the text. */
export const stateSteps = z
  .array(stepSchema)
  .transform((steps) => steps.map((step) => kindOf(step.kind).withTexts(step, textOfState)));

/** How far a host's clock may be off: Kerberos takes five minutes (RFC 4120 §5.2.5), certificates of a moment ago none. */
export const CLOCK_SECONDS = 120;

/** Every text of the steps in which a secret may have its place. */
export const textsOf = (steps: readonly DeclaredStep[]): Text[] =>
  steps.flatMap((step) => kindOf(step.kind).texts(step));

/** Whether a secret has a place in it. */
export const hasPlaces = (step: DeclaredStep): boolean => textsOf([step]).flatMap(placesOf).length > 0;

/** The steps as they go to the host. */
export const fillSteps = (steps: readonly DeclaredStep[], resolve: Resolve): SentStep[] =>
  steps.map((step) => kindOf(step.kind).fill(step, resolve));

/**
 * A role's steps as the resource declares them.
 * @throws Fault ROLE_SECRET_IN_ARGV, ROLE_TWO_STEPS: faults of the role, found before any host is called
 */
export function declare(role: string, work: RoleWork): readonly DeclaredStep[] {
  const names = new Set<string>();
  for (const step of work.steps) {
    if (names.has(step.name))
      throw new Fault(
        "ROLE_TWO_STEPS",
        `The role ${role} has two steps named "${step.name}".`,
        "Give each a name of its own: failures and the host's own record go by it.",
      );
    names.add(step.name);
    for (const argv of kindOf(step.kind).argvs(step)) {
      // Types say so too, to whoever heeds them.
      if (argv.some((word: unknown) => typeof word !== "string"))
        throw new Fault(
          "ROLE_SECRET_IN_ARGV",
          `The role ${role} puts a secret on a command line (step "${step.name}", ${argv[0] ?? ""}).`,
          "Everybody on the host could read it: hand it over by `input`, or in a file.",
        );
    }
  }
  return work.steps.map((step) => kindOf(step.kind).withTexts(stepSchema.parse(step), declaredText));
}
