import { askedOf, placesOf, type Text } from "../../core/text.ts";

/** Whether a text has a place for something that nobody may read; a certificate and a public key may be read. */
export const hidesSomething = (text: Text): boolean => placesOf(text).some((p) => !isPublic(askedOf(p).kind));

/** Kinds of value that are kept with the secrets and are none. */
export const isPublic = (kind: string): boolean =>
  ["password-digest", "ssh-public", "vault-certificate", "vault-crl", "artefact"].includes(kind);
