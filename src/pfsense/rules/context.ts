import type { Diagnostic, Place } from "../../core/diagnostics.ts";
import type { Family } from "../../core/ip.ts";
import type { PfConfig } from "../model/config.ts";
import { AddressBook } from "./address-book.ts";
import { Aliases } from "./aliases.ts";
import { ALL_PORTS, boxesOf } from "./boxes.ts";
import type { Boxes, Match } from "./boxes.ts";
import { filterInterfaces } from "./interfaces.ts";
import type { FilterInterface } from "./filter-interface.ts";
import { ANYWHERE } from "./sets.ts";
import type { AddressSet, Fuzzy } from "./sets.ts";
import type { Circumstances, Direction, PfAction, PfRule } from "./types.ts";

/** What every stage of the compilation of rules shares. */
export interface Context {
  readonly config: PfConfig;
  readonly circumstances: Circumstances;
  readonly interfaces: readonly FilterInterface[];
  readonly book: AddressBook;
  readonly aliases: Aliases;
  readonly diagnostics: Diagnostic[];
  readonly assumptions: Set<string>;
  /** Boxes that rules may still become: beyond it they are undecided instead. */
  readonly budget: { boxes: number };
}

/** About a gigabyte; real rule sets stay below a hundred thousand. */
const MAX_BOXES = 2_000_000;

/** The boxes of a rule of the user, within what all rules together may take. */
export function budgeted(c: Context, m: Match): Boxes & { readonly isTooWide: boolean } {
  const made = boxesOf(c.budget.boxes > 0 ? m : { ...m, limit: 0 });
  c.budget.boxes -= made.boxes.length + (made.mayBoxes?.length ?? 0);
  return made;
}

export function makeContext(config: PfConfig, circumstances: Circumstances): Context {
  const interfaces = filterInterfaces(config, circumstances);
  return {
    config,
    circumstances,
    interfaces,
    book: new AddressBook(interfaces),
    aliases: new Aliases(config, circumstances),
    diagnostics: [],
    assumptions: new Set(),
    budget: { boxes: MAX_BOXES },
  };
}

export function warn(
  c: Context,
  code: string,
  place: Place | undefined,
  path: string,
  fact: string,
  hint: string,
): void {
  c.diagnostics.push({ code, severity: "warning", ...(place ? { place } : {}), path, fact, hint });
}

/** An automatic rule in words; what is left out has pf's default. */
export interface Draft {
  readonly id: string;
  readonly tracker?: number;
  readonly action: PfAction;
  readonly direction: Direction;
  /** One interface's key; none is every interface. */
  readonly on?: string;
  readonly isNotOn?: boolean;
  readonly isQuick: boolean;
  readonly family?: Family;
  readonly protocols?: readonly number[];
  readonly source?: AddressSet;
  readonly destination?: AddressSet;
  readonly sourcePorts?: Fuzzy;
  readonly destinationPorts?: Fuzzy;
  readonly icmpTypes?: readonly number[];
  readonly tagged?: string;
  readonly setsTag?: string;
  readonly isConditional?: boolean;
  readonly uncertain?: readonly string[];
  readonly isStateless?: boolean;
  readonly isLogged?: boolean;
  readonly place?: Place | undefined;
  readonly description: string;
  readonly gateway?: string | undefined;
}

/** Builds an automatic rule. */
export function automatic(d: Draft): PfRule {
  const families: readonly Family[] = d.family === undefined ? [4, 6] : [d.family];
  const { boxes, mayBoxes } = boxesOf({
    families,
    protocols: d.protocols,
    source: d.source ?? ANYWHERE,
    destination: d.destination ?? ANYWHERE,
    sourcePorts: d.sourcePorts ?? ALL_PORTS,
    destinationPorts: d.destinationPorts ?? ALL_PORTS,
    icmpTypes: d.icmpTypes,
    isConditional: d.isConditional ?? false,
  });
  return {
    id: d.id,
    tracker: d.tracker?.toString(),
    action: d.action,
    direction: d.direction,
    interfaces: d.on === undefined ? undefined : [d.on],
    isNotOn: d.isNotOn ?? false,
    isQuick: d.isQuick,
    boxes,
    mayBoxes,
    uncertain: mayBoxes ? (d.uncertain ?? ["an address that the file does not hold"]) : [],
    tagged: d.tagged === undefined ? undefined : { tag: d.tagged, isNot: false },
    setsTag: d.setsTag,
    isStateful: d.action === "pass" && d.isStateless !== true,
    isLogged: d.isLogged ?? false,
    by: "pfsense",
    place: d.place,
    description: d.description,
    gateway: d.gateway,
  };
}
