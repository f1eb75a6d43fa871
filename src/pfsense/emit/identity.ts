import { createHash } from "node:crypto";

/*
 * Identifiers that pfSense would make from the clock (`uniqid()`, `time()`), made from names instead: the same plan gives
 * the same bytes, and a row keeps its identity wherever it moves.
 */

const digest = (text: string): Buffer => createHash("sha256").update(`maquette/pfsense/${text}`).digest();

/** As PHP's `uniqid()`: 13 hexadecimal digits. For VIPs, certificates, servers of authentication, port forwards. */
export const uniqueId = (what: string): string => digest(`uniqid/${what}`).toString("hex").slice(0, 13);

/** Eight hexadecimal digits that are not zero: `hasync/pfhostid`, pf's `set hostid`. */
export const hostId = (host: string): string => {
  const text = digest(`hostid/${host}`).toString("hex").slice(0, 7);
  return `1${text}`;
};

/** Six hexadecimal digits, for names that would be too long or ambiguous. */
export const shortHash = (text: string): string => digest(`short/${text}`).toString("hex").slice(0, 6);

/**
 * Below pfSense's automatic trackers (1000000000 and up, `etc/inc/filter.inc`) and the GUI's, which are seconds since
 * 1970; above 10001–13999 of anti-lockout, bogons and private networks, and 100000101 of the default rules.
 */
const TRACKER_RANGE = { lo: 200_000_000, hi: 999_999_999 } as const;

/**
 * A tracker for each key, whatever their order: the hash of the key; where two meet, the later in the alphabet hashes
 * again.
 * @throws RangeError when a key stands twice: two rules would be one to pf's counters and to a person reading its log
 */
export function assignTrackers(keys: readonly string[]): ReadonlyMap<string, number> {
  const taken = new Set<number>();
  const out = new Map<string, number>();
  for (const key of [...keys].sort(byCodeUnit)) {
    if (out.has(key)) throw new RangeError(`two rules have the key ${key}`);
    let tracker = trackerOf(key);
    for (let n = 1; taken.has(tracker); n++) tracker = trackerOf(`${key}#${n}`);
    taken.add(tracker);
    out.set(key, tracker);
  }
  return out;
}

const trackerOf = (key: string): number =>
  TRACKER_RANGE.lo + (digest(`tracker/${key}`).readUInt32BE(0) % (TRACKER_RANGE.hi - TRACKER_RANGE.lo + 1));

/** Order that no locale changes. */
export const byCodeUnit = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
