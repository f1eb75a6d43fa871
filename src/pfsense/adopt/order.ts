import { isEmpty, isIn, isSame, EVERYTHING, unite } from "./sets.ts";
import { keyOfTerms } from "./services.ts";
import { collide, type RowDraft } from "./rows.ts";
import type { Site } from "./site.ts";

export type Section = 1 | 2 | 3 | 4 | 5 | 6;

export interface Row extends RowDraft {
  readonly section: Section;
}

/**
 * Sections of DAT-NT-006, guessed by where a row leads, and the rows in their order. Rows only change places where no
 * packet can tell: two rows that share a packet and decide it differently keep their order.
 */
export function ordered(site: Site, rows: readonly RowDraft[]): readonly Row[] {
  const guessed = rows.map((row): { row: RowDraft; section: Section } => ({ row, section: guess(site, row) }));
  // A refusal that something later depends on is neither noise nor the end.
  for (let i = guessed.length - 1; i >= 0; i--) {
    const here = guessed[i]!;
    if (here.section < 5) continue;
    const isEarly = guessed.slice(i + 1).some((later) => later.section < here.section && collide(here.row, later.row));
    if (isEarly) here.section = 4;
  }
  for (const [i, here] of guessed.entries()) {
    if (here.row.isOwn) continue;
    for (const before of guessed.slice(0, i))
      if (before.section > here.section && collide(before.row, here.row)) here.section = before.section;
  }
  const sorted = guessed.map(({ row, section }): Row => ({ ...row, section })).sort((a, b) => a.section - b.section);
  return joined(sorted);
}

function guess(site: Site, row: RowDraft): Section {
  if (row.isOwn) return 2;
  if (isIn(row.to, site.firewall)) return row.action === "allow" ? 1 : 3;
  if (row.action === "allow") return 4;
  const isAll = isSame(row.to, EVERYTHING) && row.terms.some((t) => t.protocol === "any");
  if (isAll) return isWholeLegs(site, row) ? 6 : 4;
  return !row.isLogged && row.tails.every((t) => t.slice === "udp" && isNoise(t.b.lo) && isNoise(t.b.hi)) ? 5 : 4;
}

const isWholeLegs = (site: Site, row: RowDraft): boolean =>
  site.legs.some((l) => isIn(site.enters.get(l.key)!, row.from));

/** NetBIOS, DHCP, SSDP, mDNS, LLMNR, Dropbox. */
const isNoise = (port: bigint): boolean => [67n, 68n, 137n, 138n, 1900n, 5353n, 5355n, 17500n].includes(port);

/** The same rule on several interfaces is one row, where nothing between the two stands in the way. */
function joined(rows: readonly Row[]): readonly Row[] {
  const out: Row[] = [];
  const byKey = new Map<string, number[]>();
  for (const row of rows) {
    const key = JSON.stringify([
      row.section,
      row.isOwn,
      row.to.map((r) => `${r.lo}-${r.hi}`),
      keyOfTerms(row.terms),
      row.action,
      row.isLogged,
      row.description,
    ]);
    const at = (byKey.get(key) ?? []).findLast((n) => !out.slice(n + 1).some((between) => collide(between, row)));
    if (at === undefined) {
      byKey.set(key, [...(byKey.get(key) ?? []), out.length]);
      out.push(row);
      continue;
    }
    const first = out[at]!;
    out[at] = {
      ...first,
      from: unite(first.from, row.from),
      origins: [...first.origins, ...row.origins],
      calledFrom: isSame(first.from, row.from) ? first.calledFrom : mergedName(first, row),
    };
  }
  return out.filter((r) => !isEmpty(r.from));
}

const mergedName = (a: Row, b: Row): Row["calledFrom"] =>
  a.calledFrom && b.calledFrom && a.calledFrom.description === b.calledFrom.description
    ? { ...a.calledFrom, name: a.calledFrom.name.replace(/-[^-]*$/, "") }
    : undefined;
