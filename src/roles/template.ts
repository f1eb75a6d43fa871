import { Fault } from "../core/fault.ts";

const place = /\{\{\s*([^{}]+?)\s*\}\}/g;

/**
 * Fills `{{name}}` in a template; `{{secret:…}}` stays, for the last moment on the way to the host.
 * @param file as the user knows it, for messages
 * @throws Fault TEMPLATE_UNKNOWN_NAME with file and line, TEMPLATE_UNUSED_NAME
 */
export function fillTemplate(file: string, text: string, values: Readonly<Record<string, string>>): string {
  const used = new Set<string>();
  const filled = text.replace(place, (whole, name: string, offset: number) => {
    if (name.startsWith("secret:")) return whole;
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    if (value === undefined) {
      const line = text.slice(0, offset).split("\n").length;
      throw new Fault(
        "TEMPLATE_UNKNOWN_NAME",
        `${file}:${line} {{${name}}} is not a name that this template is given.`,
        `It is given ${Object.keys(values).sort().join(", ")}; secrets are written {{secret:KIND/LABEL}}.`,
      );
    }
    used.add(name);
    return value;
  });
  const unused = Object.keys(values).filter((name) => !used.has(name));
  if (unused.length > 0) {
    throw new Fault(
      "TEMPLATE_UNUSED_NAME",
      `${file} does not use ${unused.join(", ")}.`,
      "Use the names, or stop giving them to the template.",
    );
  }
  return filled;
}

/**
 * The kinds of secret that a placeholder `{{secret:KIND/LABEL}}` may name; the vault's are PEM texts. A password's digest
 * is keyed with the stack's secret: it changes with the password, and says nothing about it.
 */
export const secretKinds = [
  "password",
  "password-digest",
  "bcrypt",
  "ssh-private",
  "ssh-public",
  "vault-certificate",
  "vault-key",
  "vault-crl",
] as const;
export type SecretKind = (typeof secretKinds)[number];

/** How a value is written into its file: as JSON (also a YAML scalar), as XML text, or its bytes in base64. */
const filters: Readonly<Record<string, (value: string) => string>> = {
  json: (value) => JSON.stringify(value),
  xml: (value) => value.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;"),
  base64: (value) => Buffer.from(value, "utf8").toString("base64"),
};

/** A placeholder's parts. */
export interface SecretPlace {
  readonly kind: SecretKind;
  readonly label: string;
}

/** Every secret that a text asks for. @throws Fault TEMPLATE_UNKNOWN_SECRET */
export function secretsIn(text: string): readonly SecretPlace[] {
  return [...text.matchAll(place)].flatMap((m) => {
    const parsed = parsePlace(m[0], m[1]!);
    return parsed ? [{ kind: parsed.kind, label: parsed.label }] : [];
  });
}

/**
 * Replaces each `{{secret:KIND/LABEL}}`, or `{{secret:KIND/LABEL|FILTER}}`, by its value.
 * @throws Fault TEMPLATE_UNKNOWN_SECRET
 */
export function substituteSecrets(text: string, resolve: (kind: SecretKind, label: string) => string): string {
  return text.replace(place, (whole, name: string) => {
    const parsed = parsePlace(whole, name);
    return parsed ? parsed.write(resolve(parsed.kind, parsed.label)) : whole;
  });
}

function parsePlace(whole: string, name: string): (SecretPlace & { write(value: string): string }) | undefined {
  if (!name.startsWith("secret:")) return undefined;
  const match = /^secret:([a-z-]+)\/([^|]+?)(?:\|([a-z0-9]+))?$/.exec(name);
  const kind = secretKinds.find((k) => k === match?.[1]);
  const asked = match?.[3];
  const plainly = (value: string): string => value;
  const filter = asked === undefined ? plainly : Object.hasOwn(filters, asked) ? filters[asked] : undefined;
  if (!match || !kind || !filter) {
    throw new Fault(
      "TEMPLATE_UNKNOWN_SECRET",
      `${whole} names no kind of secret.`,
      `Kinds are ${secretKinds.join(", ")}; filters are ${Object.keys(filters).join(", ")}.`,
    );
  }
  return { kind, label: match[2]!, write: filter };
}
