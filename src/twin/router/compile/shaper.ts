import type { PfQueue } from "../../../pfsense/model/services.ts";
import { gap } from "../services/types.ts";
import type { Gap, ServiceInput } from "../services/types.ts";
import { classOf } from "./filter.ts";
import type { Marks } from "./marks.ts";
import { isCard } from "./network.ts";

/** What tc is told, a line of `tc -batch` each, by device. */
export interface Shaper {
  readonly devices: ReadonlyMap<string, readonly string[]>;
  readonly gaps: readonly Gap[];
}

/** A share of a line, in bits a second. */
interface Share {
  readonly rate: number;
  readonly ceil: number;
}

/**
 * `shaper`, ALTQ's queues, by HTB: every Linux has it, and few have HFSC. A queue's guaranteed part is its real time
 * curve where it has one, else its bandwidth; all may borrow up to the line's. Queues are found by the mark that the
 * connection carries (`defaultqueue` of a rule), which the rules make the packet's priority: HTB takes a class from there
 * without a classifier, which not every kernel has.
 */
export function shaperOf({ config, interfaces }: ServiceInput, marks: Marks): Shaper {
  const gaps: Gap[] = [];
  const devices = new Map<string, readonly string[]>();
  for (const root of config.shaperQueues) {
    const device = interfaces.find((i) => i.key === (root.interface ?? root.name))?.device;
    const line = bitsOf(root, root.fields.get("bandwidth"), 0);
    if (device === undefined || !isCard(device) || root.fields.get("enabled") !== "on" || line === 0) continue;
    const byDefault = root.queues.find((q) => q.fields.get("default") !== undefined);
    if (!byDefault) {
      gaps.push(
        gap(`shaper ${root.name ?? ""}`, "it has no default queue, and pfSense leaves such an interface alone"),
      );
      continue;
    }
    const scheduler = root.fields.get("scheduler") ?? "HFSC";
    gaps.push(
      gap(`shaper ${root.name ?? ""}`, `${scheduler} is imitated by HTB: shares and borrowing, not delay curves`),
    );
    devices.set(device, linesOf(device, root, byDefault, line, marks, gaps));
  }
  return { devices, gaps };
}

function linesOf(
  device: string,
  root: PfQueue,
  byDefault: PfQueue,
  line: number,
  marks: Marks,
  gaps: Gap[],
): readonly string[] {
  const classes = root.queues.filter((q) => q.name !== undefined && q.fields.get("enabled") !== "");
  const minor = (q: PfQueue): string => classOf(marks, q.name ?? "").slice(2);
  if (root.queues.some((q) => q.queues.length > 0))
    gaps.push(gap(`shaper ${root.name ?? ""}`, "queues below queues are not made"));
  const ranked = [...classes].sort((a, b) => priorityOf(b) - priorityOf(a));
  return [
    `qdisc replace dev ${device} root handle 1: htb default ${minor(byDefault)}`,
    `class replace dev ${device} parent 1: classid 1:1 htb rate ${line}bit ceil ${line}bit quantum 1514`,
    ...classes.map((q) => {
      const { rate, ceil } = shareOf(q, line);
      const prio = Math.min(7, ranked.indexOf(q));
      return `class replace dev ${device} parent 1:1 classid 1:${minor(q)} htb rate ${rate}bit ceil ${ceil}bit prio ${prio} quantum 1514`;
    }),
    ...classes.map(
      (q) =>
        `qdisc replace dev ${device} parent 1:${minor(q)} handle ${Number(minor(q)) + 100}: pfifo limit ${limitOf(q)}`,
    ),
  ];
}

/** A real time curve is for what cannot wait; ALTQ's own priority counts besides. */
const priorityOf = (q: PfQueue): number =>
  (q.fields.get("realtime") === "on" ? 100 : 0) + (Number(q.fields.get("priority") ?? "0") || 0);

const limitOf = (q: PfQueue): number => Math.max(1, Number(q.fields.get("qlimit") ?? "50") || 50);

function shareOf(q: PfQueue, line: number): Share {
  const realtime = q.fields.get("realtime") === "on" ? curve(q.fields.get("realtime3"), line) : 0;
  const linkshare = q.fields.get("linkshare") === "on" ? curve(q.fields.get("linkshare3"), line) : 0;
  const upper = q.fields.get("upperlimit") === "on" ? curve(q.fields.get("upperlimit3"), line) : 0;
  const own = linkshare || bitsOf(q, q.fields.get("bandwidth"), line) || line / 100;
  const ceil = Math.min(line, upper || line);
  return { rate: Math.round(Math.min(Math.max(realtime, own), ceil)), ceil: Math.round(ceil) };
}

const UNITS: Readonly<Record<string, number>> = { b: 1, kb: 1e3, mb: 1e6, gb: 1e9 };

/** `864Kb` or `60%`. */
function curve(text: string | undefined, line: number): number {
  const m = /^(\d+(?:\.\d+)?)\s*(%|b|Kb|Mb|Gb)?$/i.exec(text?.trim() ?? "");
  if (!m) return 0;
  if (m[2] === "%") return (Number(m[1]) / 100) * line;
  return Number(m[1]) * (UNITS[(m[2] ?? "b").toLowerCase()] ?? 1);
}

function bitsOf(q: PfQueue, text: string | undefined, line: number): number {
  return curve(`${text ?? ""}${q.fields.get("bandwidthtype") ?? ""}`, line);
}
