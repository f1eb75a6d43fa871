import { compose, type SecretPlace, type Text } from "../../core/text.ts";

/*
 * A writer of config.xml, as `dump_xml_config` writes it (pfSense `etc/inc/xmlparse.inc`): tabs, `<a></a>` for what is
 * empty, line 2 exactly `<pfsense>` (the External Configuration Locator looks for it there).
 */

/** An element; it holds either elements or text, never both (pfSense would lose one of the two). */
export type Xml =
  | { readonly kind: "branch"; readonly name: string; readonly children: readonly Xml[] }
  | { readonly kind: "leaf"; readonly name: string; readonly text: string | SecretPlace };

/** What a section may say at a place: an element, several, or nothing. */
export type Content = Xml | readonly Xml[] | null;

/** An element of elements. Written even when nothing is in it: `<aliases></aliases>`. */
export const branch = (name: string, ...content: readonly Content[]): Xml => ({
  kind: "branch",
  name,
  children: content.flatMap((c) => c ?? []),
});

/** An element of text, or of a secret that is written as XML text or in base64. */
export const leaf = (name: string, text: string | number | SecretPlace): Xml => ({
  kind: "leaf",
  name,
  text: typeof text === "number" ? String(text) : text,
});

/** A boolean that is true: pfSense asks only whether the element is there, so a false one is not written. */
export const flag = (name: string): Xml => leaf(name, "");

/** `flag` when it is true, nothing when not. */
export const flagIf = (isTrue: boolean, name: string): Xml | null => (isTrue ? flag(name) : null);

/** `leaf` when there is a value, nothing when not. */
export const leafIf = (name: string, text: string | number | null | undefined): Xml | null =>
  text === null || text === undefined ? null : leaf(name, text);

/** The document; the same text each time for the same tree. */
export const renderXml = (root: Xml): Text => compose('<?xml version="1.0"?>\n', ...render(root, ""));

function render(e: Xml, indent: string): readonly (string | SecretPlace)[] {
  if (e.kind === "leaf")
    return [`${indent}<${e.name}>`, typeof e.text === "string" ? escapeText(e.text) : e.text, `</${e.name}>\n`];
  if (e.children.length === 0) return [`${indent}<${e.name}></${e.name}>\n`];
  const inside = e.children.flatMap((c) => render(c, `${indent}\t`));
  return [`${indent}<${e.name}>\n`, ...inside, `${indent}</${e.name}>\n`];
}

/**
 * Text for an element. pfSense decodes twice: its XML parser once, piece by piece between entities, and then
 * `html_entity_decode` each piece (`cData`). Entities inside a CDATA section are decoded only the second time and in one
 * piece, so `&lt;` comes back as it was written whichever way pieces are cut; pfSense writes `descr` the same way.
 * Characters that XML 1.0 cannot hold become spaces, tabs and line ends included: `cData` would drop those at the edges.
 */
export function escapeText(text: string): string {
  const clean = text.replace(NOT_XML, " ");
  if (!/[&<>"']/.test(clean)) return clean;
  return `<![CDATA[${clean.replace(/[&<>"']/g, (c) => ENTITIES[c]!)}]]>`;
}

// C0 and C1 controls, lone surrogates, the two non-characters of the basic plane.
const NOT_XML = /[\u0000-\u001f\u007f-\u009f\ufffe\uffff]|\p{Surrogate}/gu;

// Numbers, not names, for the quotes: `&apos;` is unknown to HTML 4.01, which `html_entity_decode` may be set to.
const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};
