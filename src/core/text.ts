import { deflateRawSync } from "node:zlib";

/*
 * Texts with places for secrets. A place is a value of a type of its own and no run of letters: a string is text
 * through and through, whoever wrote it, and nobody ever looks for places in it. Who may make one: secret-place.ts.
 */

/**
 * What a place may ask for; the vault's are PEM texts, and so are OpenVPN's keys, of a gateway (`vpn`) and of a client of
 * it (`vpn/claire.morel`); a PIN is six digits for a telephone's keys. A password's digest is keyed with the stack's secret: it changes
 * with the password, and says nothing about it. An artefact is no secret: a file of others (core/artefact.ts) in base64,
 * too large for a state, and so put into its place on the way as secrets are.
 */
export const secretKinds = [
  "password",
  "password-digest",
  "pin",
  "bcrypt",
  "ssh-private",
  "ssh-public",
  "tls-crypt-server",
  "tls-crypt-client",
  "vault-certificate",
  "vault-key",
  "vault-crl",
  "artefact",
] as const;
export type SecretKind = (typeof secretKinds)[number];

/**
 * How a value is written into its file: as JSON (also a YAML scalar), as XML text, its bytes in base64, or these in a
 * deflate stream first (RFC 1951; stored, so that every version of zlib writes the same), as PHP's gzinflate reads it.
 */
const writers = {
  json: (value: string): string => JSON.stringify(value),
  xml: (value: string): string => value.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;"),
  base64: (value: string): string => Buffer.from(value, "utf8").toString("base64"),
  deflate: (value: string): string => deflateRawSync(value, { level: 0 }).toString("base64"),
} as const;
export type SecretForm = keyof typeof writers;
export const secretForms = Object.keys(writers) as readonly SecretForm[];

declare const placed: unique symbol;

/** Where a secret goes. As plain JSON it is what Pulumi's state holds. */
export interface SecretPlace {
  readonly [placed]: true;
  readonly as?: SecretForm;
  /** `KIND/LABEL` */
  readonly secret: string;
}

/** A string is text and nothing else; a list has places between its texts. */
export type Text = string | readonly (string | SecretPlace)[];

export type Resolve = (kind: SecretKind, label: string) => string;

const partsOf = (text: Text): readonly (string | SecretPlace)[] => (typeof text === "string" ? [text] : text);

/** One text of several; without any place it is a string again. */
export function compose(...texts: readonly (Text | SecretPlace)[]): Text {
  const parts: (string | SecretPlace)[] = [];
  for (const part of texts.flatMap((t) => (isPlace(t) ? [t] : partsOf(t)))) {
    const last = parts.at(-1);
    if (typeof part === "string" && typeof last === "string") parts[parts.length - 1] = last + part;
    else if (part !== "") parts.push(part);
  }
  return parts.every((part) => typeof part === "string") ? parts.join("") : parts;
}

const isPlace = (value: Text | SecretPlace): value is SecretPlace => typeof value === "object" && !Array.isArray(value);

/** Every place of a text, in order. */
export const placesOf = (text: Text): readonly SecretPlace[] => partsOf(text).filter((p) => typeof p !== "string");

/** What a place asks for. */
export function askedOf({ secret }: SecretPlace): { readonly kind: SecretKind; readonly label: string } {
  const at = secret.indexOf("/");
  return { kind: secret.slice(0, at) as SecretKind, label: secret.slice(at + 1) };
}

/** The text with a value in each place. */
export function fillText(text: Text, resolve: Resolve): string {
  const value = (place: SecretPlace): string => {
    const { kind, label } = askedOf(place);
    const found = resolve(kind, label);
    return place.as === undefined ? found : writers[place.as](found);
  };
  return partsOf(text)
    .map((part) => (typeof part === "string" ? part : value(part)))
    .join("");
}

/** A text as people read it, its places in words. Nothing reads this back. */
export const shown = (text: Text): string =>
  partsOf(text)
    .map((part) => (typeof part === "string" ? part : `{{secret:${part.secret}${part.as ? `|${part.as}` : ""}}}`))
    .join("");

/** The lines of a text, without their ends. */
export function linesOf(text: Text): readonly Text[] {
  const lines: Text[] = [""];
  for (const part of partsOf(text)) {
    const [first, ...others]: readonly [string | SecretPlace, ...string[]] =
      typeof part === "string" ? (part.split("\n") as [string, ...string[]]) : [part];
    lines[lines.length - 1] = compose(lines.at(-1)!, first);
    lines.push(...others);
  }
  return lines;
}

export const joinLines = (lines: readonly Text[]): Text =>
  compose(...lines.flatMap((line, n) => (n === 0 ? [line] : ["\n", line])));

/** Places that were made here: an object of the plan's data that looks like one is data. */
const made = new WeakSet<object>();

/** For secret-place.ts alone, which says who may. */
export function makePlace(kind: SecretKind, label: string, as: SecretForm | undefined): SecretPlace {
  const place = { ...(as === undefined ? {} : { as }), secret: `${kind}/${label}` };
  const fault = faultOfPlace(place);
  if (fault !== undefined) throw new Error(fault);
  made.add(place);
  return Object.freeze(place) as SecretPlace;
}

/** A label that can stand in file names, in a shell and in what is shown: labels are made of the plan's names. */
const LABEL = /^[\w.-]+(?:\/[\w.-]+)*$/;

/** What is wrong with a place, or undefined. */
function faultOfPlace({ secret, as }: { readonly secret: string; readonly as?: unknown }): string | undefined {
  const at = secret.indexOf("/");
  const kind = secretKinds.find((k) => k === secret.slice(0, at));
  if (!kind || !LABEL.test(secret.slice(at + 1)))
    return `"${secret}" names no secret: it is KIND/LABEL, and kinds are ${secretKinds.join(", ")}`;
  if (as !== undefined && !secretForms.some((f) => f === as))
    return `a secret is not written as ${JSON.stringify(as)}: forms are ${secretForms.join(", ")}`;
  return undefined;
}

/** A text that was JSON on its way: the same value, or undefined where it is none. */
export function textFrom(value: unknown): Text | undefined {
  if (typeof value === "string") return value;
  const isPart = (part: unknown): boolean => {
    if (typeof part !== "object" || part === null) return typeof part === "string";
    const { secret, as, ...others } = part as Record<string, unknown>;
    if (typeof secret !== "string" || Object.keys(others).length > 0) return false;
    return faultOfPlace({ secret, as }) === undefined;
  };
  return Array.isArray(value) && value.every(isPart) ? (value as Text) : undefined;
}

/**
 * A document of JSON in which some values are secrets, each then one JSON string.
 * @param indent as for `JSON.stringify`
 */
export function jsonText(value: unknown, indent = 0): Text {
  return compose(...written(value, indent === 0 ? "" : "\n", " ".repeat(indent)));
}

function written(value: unknown, newline: string, step: string): readonly (string | SecretPlace)[] {
  if (typeof value !== "object" || value === null) return [JSON.stringify(value)];
  if (made.has(value)) return [{ ...(value as SecretPlace), as: "json" }];
  const inner = newline === "" ? "" : newline + step;
  const [open, close] = Array.isArray(value) ? ["[", "]"] : ["{", "}"];
  const colon = newline === "" ? ":" : ": ";
  const members = Array.isArray(value)
    ? value.map((v: unknown) => written(v, inner, step))
    : Object.entries(value)
        .filter(([, v]) => v !== undefined)
        .map(([k, v]) => [JSON.stringify(k), colon, ...written(v, inner, step)]);
  if (members.length === 0) return [open + close];
  return [open, ...members.flatMap((m, n) => [n === 0 ? inner : `,${inner}`, ...m]), newline, close];
}
