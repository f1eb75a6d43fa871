import { Fault } from "../../core/fault.ts";
import { formatDiagnostic, type Diagnostic } from "../../core/diagnostics.ts";
import { parsePlan, type Plan } from "../../plan/index.ts";
import { emitConfig } from "../emit/index.ts";
import type { PfConfig } from "../model/config.ts";
import type { Circumstances } from "../rules/types.ts";
import { legsToSay } from "./accesses.ts";
import { documentsOf, planName } from "./documents.ts";
import { forwardsOf, noteTranslation } from "./forwards.ts";
import { noteTheRest } from "./listed.ts";
import { noteRules } from "./losses.ts";
import { slug } from "./names.ts";
import { Notes } from "./notes.ts";
import { ordered, type Row } from "./order.ts";
import { rowsOf, type RowDraft } from "./rows.ts";
import { EVERYTHING, isIn } from "./sets.ts";
import { reduced } from "./settled.ts";
import { siteOf, type Site } from "./site.ts";

export interface AdoptOptions {
  /** Name of the plan; the firewall's host name if left out. */
  readonly name?: string;
  /** Facts that the file does not hold: addresses got by DHCP, contents of tables, the time. */
  readonly told?: Circumstances;
}

export interface Adopted {
  /** The six documents of a plan of kind site, by file name; empty when there is nothing to write. */
  readonly documents: ReadonlyMap<string, string>;
  /** In the order of the file. Errors change which packets pass or where they go; warnings do not. */
  readonly notCarried: readonly Diagnostic[];
  /** What was told, and the addresses that stand in for those that nobody told. */
  readonly circumstances: Circumstances;
}

/** A hand-made pfSense as a plan, and what of it the plan does not hold. Pure, deterministic; never throws. */
export function adopt(config: PfConfig, options: AdoptOptions = {}): Adopted {
  const notes = new Notes();
  const whole = siteOf(config, options.told ?? {}, notes);
  const site: Site = { ...whole, ruleset: reduced(whole.ruleset) };
  const { circumstances } = site;
  if (site.legs.length === 0) {
    notes.lost(
      "IMPORT_NO_ZONE",
      undefined,
      "interfaces",
      "no interface could become a zone",
      "Give one an IPv4 address.",
    );
    return { documents: new Map(), notCarried: notes.sorted(), circumstances };
  }
  const legs = legsToSay(site, notes);
  const rows = closed(site, ordered(site, rowsOf(site, legs, notes)));
  const forwards = forwardsOf(site, notes);
  noteRules(site, notes);
  noteTranslation(site, notes);
  noteTheRest(config, notes);
  const name = slug(options.name ?? "") || planName(site);
  const documents = documentsOf(site, name, rows, forwards, notes);
  noteRefusal(documents, site, notes);
  return { documents, notCarried: notes.sorted(), circumstances };
}

/** What pfSense does at the end: the router may send, and whatever is left is blocked. */
function closed(site: Site, rows: readonly Row[]): readonly Row[] {
  const plain = {
    terms: [{ protocol: "any" as const }],
    tails: [],
    calledFrom: undefined,
    calledTo: undefined,
    calledService: undefined,
  };
  const isWhole = (r: RowDraft): boolean => isIn(EVERYTHING, r.to) && r.terms.some((t) => t.protocol === "any");
  const isOwnClosed = rows.some((r) => r.isOwn && isWhole(r) && isIn(site.firewall, r.from));
  const own: Row = {
    ...plain,
    isOwn: true,
    section: 2,
    from: site.firewall,
    to: EVERYTHING,
    action: "allow",
    isLogged: false,
    description: "The firewall itself",
    origins: ["pfSense lets out whatever it sends by itself"],
  };
  const end: Row = {
    ...plain,
    isOwn: false,
    section: 6,
    from: EVERYTHING,
    to: EVERYTHING,
    action: "deny",
    isLogged: true,
    description: "Everything else",
    origins: ["pfSense's own default deny"],
  };
  const isClosed = rows.some((r) => !r.isOwn && isWhole(r) && isIn(EVERYTHING, r.from));
  const early = rows.filter((r) => r.section <= 2);
  return [...early, ...(isOwnClosed ? [] : [own]), ...rows.filter((r) => r.section > 2), ...(isClosed ? [] : [end])];
}

/** Whatever the plan says against the documents is said at once: they are written by us, of a file that we do not know. */
function noteRefusal(documents: ReadonlyMap<string, string>, site: Site, notes: Notes): void {
  const encoder = new TextEncoder();
  const outcome = parsePlan(new Map([...documents].map(([file, text]) => [file, encoder.encode(text)])));
  if (outcome.ok) return noteNotEmitted(outcome.value, site, notes);
  for (const e of outcome.errors) {
    const fact = formatDiagnostic(e).replace(/\n\s*hint: /, ". ");
    notes.lost("IMPORT_REFUSED", undefined, "", fact, "Mend the document by hand.");
  }
}

/** Packets fare the same in the plan; but no file comes of it, and the proof is about its rows. */
function noteNotEmitted(plan: Plan, site: Site, notes: Notes): void {
  try {
    emitConfig(plan, site.routerId);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    notes.told("IMPORT_NOT_EMITTED", undefined, "", `${error.code}: ${error.message}`, error.hint);
  }
}
