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

/** The kinds of secret that a placeholder `{{secret:KIND/LABEL}}` may name. */
export const secretKinds = ["password", "bcrypt", "ssh-private", "ssh-public"] as const;
export type SecretKind = (typeof secretKinds)[number];

/**
 * Replaces each `{{secret:KIND/LABEL}}`; with `|json` at its end the value is written as a JSON string (which is
 * also a YAML one), so that a key of several lines stays one scalar.
 * @throws Fault TEMPLATE_UNKNOWN_SECRET
 */
export function substituteSecrets(text: string, resolve: (kind: SecretKind, label: string) => string): string {
  return text.replace(place, (whole, name: string) => {
    if (!name.startsWith("secret:")) return whole;
    const match = /^secret:([a-z-]+)\/([^|]+?)(\|json)?$/.exec(name);
    const kind = secretKinds.find((k) => k === match?.[1]);
    if (!match || !kind) {
      throw new Fault(
        "TEMPLATE_UNKNOWN_SECRET",
        `${whole} names no kind of secret.`,
        `Kinds are ${secretKinds.join(", ")}.`,
      );
    }
    const value = resolve(kind, match[2]!);
    return match[3] ? JSON.stringify(value) : value;
  });
}
