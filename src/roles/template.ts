import { Fault } from "../core/fault.ts";
import { compose, type SecretPlace, type Text } from "../core/text.ts";

type Value = Text | SecretPlace;

const NAME = /\{\{\s*([^{}]+?)\s*\}\}/g;

/** Fills a template; with places for secrets among the values the text has them too. */
export interface Fill {
  (template: string, values: Readonly<Record<string, string>>): string;
  (template: string, values: Readonly<Record<string, Value>>): Text;
}

/**
 * Fills `{{name}}` in a template. Names are looked for in the template alone: a value is written as it is, whatever
 * stands in it.
 * @param file as the user knows it, for messages
 * @throws Fault TEMPLATE_UNKNOWN_NAME with file and line, TEMPLATE_UNUSED_NAME
 */
export function fillTemplate(file: string, text: string, values: Readonly<Record<string, string>>): string;
export function fillTemplate(file: string, text: string, values: Readonly<Record<string, Value>>): Text;
export function fillTemplate(file: string, text: string, values: Readonly<Record<string, Value>>): Text {
  const used = new Set<string>();
  const parts: Value[] = [];
  let end = 0;
  for (const { 0: whole, 1: name = "", index } of text.matchAll(NAME)) {
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    if (value === undefined) {
      const line = text.slice(0, index).split("\n").length;
      throw new Fault(
        "TEMPLATE_UNKNOWN_NAME",
        `${file}:${line} {{${name}}} is not a name that this template is given.`,
        `It is given ${Object.keys(values).sort().join(", ")}; a secret has a name too, for which its role gives the place.`,
      );
    }
    used.add(name);
    parts.push(text.slice(end, index), value);
    end = index + whole.length;
  }
  const unused = Object.keys(values).filter((name) => !used.has(name));
  if (unused.length > 0) {
    throw new Fault(
      "TEMPLATE_UNUSED_NAME",
      `${file} does not use ${unused.join(", ")}.`,
      "Use the names, or stop giving them to the template.",
    );
  }
  return compose(...parts, text.slice(end));
}
