import { makePlace, type SecretForm, type SecretKind, type SecretPlace } from "./text.ts";

/**
 * The place of a secret in a text. Roles make places, and what writes the routers' configuration; a rule of
 * .dependency-cruiser.cjs keeps this from everybody else, above all from whatever reads a plan.
 * @param as how its value is written there; as it is if left out
 */
export const secret = (kind: SecretKind, label: string, as?: SecretForm): SecretPlace => makePlace(kind, label, as);
