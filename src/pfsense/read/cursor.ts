import type { Place } from "../../core/diagnostics.ts";
import type { Endpoint } from "../model/base.ts";
import { quote } from "./findings.ts";
import type { Findings } from "./findings.ts";
import { askedOf, isGiven } from "./given.ts";
import { isDropped } from "./laws.ts";
import { serialise } from "./xml.ts";
import type { XmlElement } from "./xml.ts";

/** The names in a text, separated by white space: long lists of elements read better so. */
export const names = (text: string): readonly string[] => text.trim().split(/\s+/);

const FALSE_WORDS = /^\s*(false|no|off|0|disabled?)\s*$/i;

/**
 * Reads an element's children by name and remembers which were asked for; `finish` keeps and reports the others.
 * One cursor per element: ask `child` and `list` once for each name.
 */
export class Cursor {
  readonly element: XmlElement;
  readonly path: string;
  /** The path without indexes, `*` for an element whose name is data: what `QUESTIONS` is asked by. */
  readonly #kind: string;
  readonly #findings: Findings;
  readonly #byName: Map<string, XmlElement[]>;
  readonly #asked = new Set<string>();
  readonly #below: Cursor[] = [];

  constructor(element: XmlElement, path: string, findings: Findings, kind = path) {
    this.element = element;
    this.path = path;
    this.#kind = kind;
    this.#findings = findings;
    this.#byName = new Map();
    for (const child of element.children) {
      if (isDropped(child)) continue;
      const same = this.#byName.get(child.name);
      if (same) same.push(child);
      else this.#byName.set(child.name, [child]);
    }
  }

  get place(): Place {
    return { file: this.#findings.file, line: this.element.line, column: this.element.column };
  }

  /** The text of a child that is given, in the way in which pfSense asks for it (`QUESTIONS`); else undefined. */
  text(name: string): string | undefined {
    const value = this.#first(name)?.text;
    return isGiven(askedOf(this.#kindOf(name)), value) ? value : undefined;
  }

  /** The text of a child; empty text is told apart from a missing element. */
  rawText(name: string): string | undefined {
    return this.#first(name)?.text;
  }

  /** Presence is true, whatever the text (`isset` in PHP), but for the few that `QUESTIONS` says are asked by their text. */
  flag(name: string): boolean {
    const child = this.#first(name);
    const asked = askedOf(this.#kindOf(name));
    if (asked === "true") return isGiven(asked, child?.text);
    if (child && FALSE_WORDS.test(child.text)) {
      const fact = `${quote(child.text)} means true: pfSense asks only whether the element is there`;
      this.#findings.warn("PFSENSE_FLAG_FALSE", child, this.#join(name), fact, "To switch it off, leave it out.");
    }
    return child !== undefined;
  }

  /** The texts of all children of a name. */
  texts(name: string): readonly string[] {
    return this.#all(name).map((e) => e.text);
  }

  /** A comma list or space list in one child. */
  words(name: string, separator: RegExp): readonly string[] {
    return (this.text(name) ?? "").split(separator).filter((w) => w !== "");
  }

  child(name: string): Cursor | undefined {
    const found = this.#first(name);
    return found ? this.#open(found, this.#join(name), this.#kindOf(name)) : undefined;
  }

  list(name: string): readonly Cursor[] {
    return this.#all(name).map((e, i) => this.#open(e, `${this.#join(name)}[${i}]`, this.#kindOf(name)));
  }

  /** Every child that no other call asks for, each with a cursor: for elements whose names are data. */
  children(): readonly Cursor[] {
    const rest = [...this.#byName.entries()].filter(([name]) => !this.#asked.has(name));
    return rest.flatMap(([name, all]) => {
      this.#asked.add(name);
      return all.map((e) => this.#open(e, this.#join(name), this.#kindOf("*")));
    });
  }

  /** All plain children not asked for, by name; nested ones stay for `finish`. */
  fields(): ReadonlyMap<string, string> {
    const out = new Map<string, string>();
    for (const [name, all] of this.#byName) {
      if (this.#asked.has(name) || all.some((e) => e.children.length > 0)) continue;
      this.#asked.add(name);
      out.set(name, all.map((e) => e.text).join(" "));
    }
    return out;
  }

  /** Children that are known and say nothing about packets: kept as they stand, not reported. */
  keep(...names: readonly string[]): void {
    for (const name of names) {
      for (const e of this.#all(name)) this.#findings.kept.push(this.#unknown(e, this.#join(name)));
    }
  }

  keepRest(): void {
    this.keep(...[...this.#byName.keys()].filter((name) => !this.#asked.has(name)));
  }

  /** Children that change nothing and need not be kept (time stamps, separators between rules). */
  skip(...names: readonly string[]): void {
    for (const name of names) this.#asked.add(name);
  }

  warn(code: string, name: string, fact: string, hint: string): void {
    const at = this.#byName.get(name)?.[0] ?? this.element;
    this.#findings.warn(code, at, this.#join(name), fact, hint);
  }

  /** Reads `source` or `destination` (`filter_generate_address` in `etc/inc/filter.inc`). */
  endpoint(name: string): Endpoint {
    const c = this.child(name);
    return {
      isAny: c?.flag("any") ?? false,
      network: c?.text("network"),
      address: c?.text("address"),
      port: c?.text("port"),
      // Where a rule has no protocol its port is asked for by `<> ""` (`filter_generate_user_rule`).
      hasPortText: (c?.rawText("port") ?? "") !== "",
      isNot: c?.flag("not") ?? false,
      isText: c !== undefined && c.element.children.length === 0,
    };
  }

  /** Reports, here and below, what was never asked for: one warning for each name, with the number of its occurrences. */
  finish(): void {
    const seen = new Map<string, { count: number; first: XmlElement; path: string }>();
    this.#collect(seen);
    for (const { count, first, path } of seen.values()) {
      const more = count > 1 ? `, ${count} times` : "";
      const fact = `<${first.name}> is not understood${more}; it has been kept`;
      this.#findings.warn("PFSENSE_UNKNOWN", first, path, fact, "It takes no part in any verdict.");
    }
  }

  #collect(seen: Map<string, { count: number; first: XmlElement; path: string }>): void {
    for (const [name, all] of this.#byName) {
      if (this.#asked.has(name)) continue;
      const path = this.#join(name);
      const kind = path.replace(/\[\d+\]/g, "");
      for (const [i, element] of all.entries()) {
        const own = all.length > 1 ? `${path}[${i}]` : path;
        this.#findings.unknown.push(this.#unknown(element, own));
        const earlier = seen.get(kind);
        if (earlier) earlier.count++;
        else seen.set(kind, { count: 1, first: element, path: own });
      }
    }
    for (const cursor of this.#below) cursor.#collect(seen);
  }

  #first(name: string): XmlElement | undefined {
    return this.#all(name)[0];
  }

  #all(name: string): readonly XmlElement[] {
    this.#asked.add(name);
    return this.#byName.get(name) ?? [];
  }

  #open(element: XmlElement, path: string, kind: string): Cursor {
    const cursor = new Cursor(element, path, this.#findings, kind);
    this.#below.push(cursor);
    return cursor;
  }

  #join(name: string): string {
    return this.path === "" ? name : `${this.path}.${name}`;
  }

  #kindOf(name: string): string {
    return this.#kind === "" ? name : `${this.#kind}.${name}`;
  }

  #unknown(e: XmlElement, path: string): { path: string; line: number; column: number; text: string } {
    return { path, line: e.line, column: e.column, text: serialise(e) };
  }
}
