import type { Person } from "../plan/types.ts";

/** As people are listed: `Élise Fontaine`. */
export const fullName = (person: Person): string => `${person.givenName} ${person.surname}`;
