import { secret } from "../core/secret-place.ts";
import type { SecretPlace } from "../core/text.ts";
import type { Person } from "../plan/types.ts";

/* Where the first password of somebody of the plan stands. */

/** Who changes it keeps the new one; one of acceptance's people keeps the stack's. */
const labelOf = ({ kind, login }: Person): string => `${kind}/${login}`;
export const personPassword = (person: Person): SecretPlace => secret("password", labelOf(person));
export const personDigest = (person: Person): SecretPlace => secret("password-digest", labelOf(person));
