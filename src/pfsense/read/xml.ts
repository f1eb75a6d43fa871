import { SaxesParser } from "saxes";

import type { At, Findings } from "./findings.ts";
import { quote } from "./findings.ts";

/** An element as pfSense keeps it: names lower case, attributes ignored, text decoded. */
export interface XmlElement extends At {
  readonly name: string;
  readonly children: readonly XmlElement[];
  /** Empty when there are children. */
  readonly text: string;
}

/** Nothing in pfSense nests so deep; a parser that recurses must not be led further. */
const MAX_DEPTH = 64;
/** 32 MiB of `<a/>` would be eight million objects. */
const MAX_ELEMENTS = 1_000_000;
const CHUNK = 1 << 16;

/** Stands where an entity began and ended; XML 1.0 forbids the character, so no document can hold it. */
const SEAM = "\u0001";

interface Building extends At {
  readonly name: string;
  readonly children: XmlElement[];
  pieces: string[];
  isMixed: boolean;
}

/**
 * Parses a document into a tree, or finds why not: `PFSENSE_XML_DOCTYPE`, `PFSENSE_XML_MALFORMED`,
 * `PFSENSE_XML_TRUNCATED`, `PFSENSE_XML_DEPTH`, `PFSENSE_XML_ELEMENTS`, `PFSENSE_XML_MIXED`.
 * Text follows `etc/inc/xmlparse.inc`: the XML parser hands over one piece between entities, each is trimmed of
 * tabs and line ends and decoded once more, then they are joined.
 * @returns the root element; undefined when an error was found
 */
export function parseXml(text: string, findings: Findings): XmlElement | undefined {
  const parser = new SaxesParser({ position: true });
  parser.ENTITIES = {
    amp: `${SEAM}&${SEAM}`,
    lt: `${SEAM}<${SEAM}`,
    gt: `${SEAM}>${SEAM}`,
    quot: `${SEAM}"${SEAM}`,
    apos: `${SEAM}'${SEAM}`,
  };
  const stack: Building[] = [];
  let elements = 0;
  let attributes = 0;
  // Held in an object: the handlers change it, which the compiler cannot see of a variable.
  const state: { isStopped: boolean; isAtEnd: boolean; root: XmlElement | undefined } = {
    isStopped: false,
    isAtEnd: false,
    root: undefined,
  };

  const here = (): At => ({ line: parser.line, column: parser.columnIndex + 1 });
  const path = (): string => stack.map((e) => e.name).join(".");
  const stop = (code: string, at: At, fact: string, hint: string): void => {
    if (state.isStopped) return;
    state.isStopped = true;
    findings.error(code, at, path(), fact, hint);
  };

  parser.on("doctype", () => {
    const hint = "Remove it: pfSense writes none, and entities declared in one are how XML bombs are made.";
    stop("PFSENSE_XML_DOCTYPE", here(), "the file has a DOCTYPE", hint);
  });
  parser.on("error", (error) => {
    const at = here();
    const reason = error.message.replace(/^[^ ]*?\d+:\d+: /, "");
    if (state.isAtEnd && stack.length > 0) {
      const open = stack[stack.length - 1]!;
      const fact = `the file ends inside <${open.name}>, opened at line ${open.line}`;
      stop("PFSENSE_XML_TRUNCATED", at, fact, "It was cut short: copy or download it again.");
      return;
    }
    if (reason.startsWith("undefined entity")) {
      const hint = "Only &amp; &lt; &gt; &quot; &apos; and numeric references exist without a DOCTYPE.";
      stop("PFSENSE_XML_ENTITY", at, reason, hint);
      return;
    }
    const hint = "The file is not well-formed XML, and pfSense would refuse it.";
    stop("PFSENSE_XML_MALFORMED", at, quote(reason).slice(1, -1), hint);
  });
  parser.on("opentagstart", (tag: { name: string }) => {
    if (state.isStopped) return;
    // The event comes one character after the name.
    const column = Math.max(1, parser.columnIndex - tag.name.length - 1);
    const building = {
      name: tag.name.toLowerCase(),
      line: parser.line,
      column,
      children: [],
      pieces: [],
      isMixed: false,
    };
    stack.push(building);
    if (stack.length > MAX_DEPTH) {
      stop("PFSENSE_XML_DEPTH", building, `elements nest deeper than ${MAX_DEPTH}`, "No pfSense configuration does.");
    } else if (++elements > MAX_ELEMENTS) {
      const fact = `there are more than ${MAX_ELEMENTS} elements`;
      stop("PFSENSE_XML_ELEMENTS", building, fact, "No pfSense configuration is so large.");
    }
  });
  parser.on("opentag", (tag) => {
    if (state.isStopped || Object.keys(tag.attributes).length === 0) return;
    if (++attributes > 1) return;
    const fact = `attributes such as ${quote(Object.keys(tag.attributes)[0]!)} are ignored by pfSense`;
    findings.warn(
      "PFSENSE_XML_ATTRIBUTE",
      stack[stack.length - 1],
      path(),
      fact,
      "Say it as an element, or leave it out.",
    );
  });
  const addText = (piece: string): void => {
    const top = stack[stack.length - 1];
    if (state.isStopped || !top) return;
    if (top.children.length > 0 && piece.trim() !== "") top.isMixed = true;
    top.pieces.push(piece);
  };
  parser.on("text", (piece) => {
    for (const part of piece.split(SEAM)) addText(part);
  });
  parser.on("cdata", addText);
  parser.on("closetag", () => {
    if (state.isStopped) return;
    const done = stack.pop();
    if (!done) return;
    const value = textOf(done.pieces);
    if (done.isMixed || (done.children.length > 0 && value.trim() !== "")) {
      const fact = `<${done.name}> holds both text and elements`;
      findings.error("PFSENSE_XML_MIXED", done, [...stack, done].map((e) => e.name).join("."), fact, MIXED_HINT);
    }
    const element: XmlElement = {
      name: done.name,
      line: done.line,
      column: done.column,
      children: done.children,
      text: done.children.length > 0 ? "" : value,
    };
    const parent = stack[stack.length - 1];
    if (parent) parent.children.push(element);
    else state.root ??= element;
  });

  for (let i = 0; i < text.length && !state.isStopped; i += CHUNK) parser.write(text.slice(i, i + CHUNK));
  state.isAtEnd = true;
  if (!state.isStopped) parser.close();
  return state.isStopped ? undefined : state.root;
}

const MIXED_HINT = "pfSense would lose one of the two or refuse the file: put the text into an element of its own.";

/** `cData` of `etc/inc/xmlparse.inc`: pieces of spaces alone do not begin a value, later ones belong to it. */
function textOf(pieces: readonly string[]): string {
  let value = "";
  for (const piece of pieces) {
    const trimmed = piece.replace(/^[\t\n\r]+|[\t\n\r]+$/g, "");
    if (trimmed === "" || (value === "" && /^ *$/.test(trimmed))) continue;
    value += decodeEntities(trimmed);
  }
  return value;
}

const NAMED: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

/** PHP's `html_entity_decode` with `ENT_XML1`: the five names and numeric references, everything else as it stands. */
function decodeEntities(text: string): string {
  if (!text.includes("&")) return text;
  return text.replace(/&(?:(?:amp|lt|gt|quot|apos)|#\d{1,7}|#[xX][0-9a-fA-F]{1,6});/g, (whole) => {
    const body = whole.slice(1, -1);
    if (!body.startsWith("#")) return NAMED[body] ?? whole;
    const isHex = body[1] === "x" || body[1] === "X";
    const code = isHex ? Number.parseInt(body.slice(2), 16) : Number(body.slice(1));
    const isChar =
      code === 9 || code === 10 || code === 13 || (code >= 32 && code < 0xd800) || (code > 0xdfff && code <= 0x10ffff);
    return isChar && code !== 0xfffe && code !== 0xffff ? String.fromCodePoint(code) : whole;
  });
}

/** Writes an element out again, for what is kept but not understood. */
export function serialise(element: XmlElement): string {
  const inside = element.children.length > 0 ? element.children.map(serialise).join("") : escapeText(element.text);
  return inside === "" ? `<${element.name}/>` : `<${element.name}>${inside}</${element.name}>`;
}

const escapeText = (text: string): string =>
  text.replace(/[&<>]/g, (c) => (c === "&" ? "&amp;" : c === "<" ? "&lt;" : "&gt;"));
