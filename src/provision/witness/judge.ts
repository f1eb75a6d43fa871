import { formatAddress } from "../../core/ip.ts";
import { formatPacket, type Packet } from "../../policy/engine/index.ts";
import { SELF } from "../../policy/space.ts";
import { dissect, echoIdOf, identificationOf, type Seen } from "./frame.ts";
import type { CapturedPacket } from "./pcap.ts";
import { opens, protocolOf, type State } from "./states.ts";
import { isForRouter, type Witness } from "./witness.ts";

/** What was seen at a router while the witnesses were sent. */
export interface Evidence {
  readonly capture: readonly CapturedPacket[];
  /** Names of the router's interfaces by the numbers that the capture has. */
  readonly links: ReadonlyMap<number, string>;
  /**
   * Connections that the router accepted: it tells of one when nothing can refuse it any more, and keeps most for a while.
   */
  readonly states: readonly State[];
  /** Of packets that the router sent itself: the kernel's answer, 0 where it took the packet, by index of the tag. */
  readonly taken: ReadonlyMap<number, number>;
}

/** What became of one witness on the wire. */
export interface Finding {
  readonly witness: Witness;
  /** `unshown`: it was never seen to reach the router, so nothing was tested; an error of the test, never a pass. */
  readonly seen: "pass" | "block" | "unshown";
  readonly isGood: boolean;
  /** In words: what was seen. */
  readonly facts: string;
  /** From the way in to the way out. */
  readonly ms: number | undefined;
  /** `silent`: nobody answered; `lost`: an answer reached the router and did not leave it as one. */
  readonly reply: "back" | "lost" | "silent" | undefined;
}

const ETHERTYPE_IP = 0x0800;
/** errno of Linux for "a filter refused it" on the way out; of FreeBSD's pf EACCES. */
const REFUSED: ReadonlySet<number> = new Set([1, 13]);

interface Sighting {
  readonly at: number;
  readonly device: string;
  readonly isOutgoing: boolean;
  readonly seen: Seen;
}

/**
 * The verdict on each witness, from nothing but what was on the wire and in the router's table of connections.
 * @param deviceOf the router's interface in each zone
 */
export function judge(
  witnesses: readonly Witness[],
  evidence: Evidence,
  deviceOf: ReadonlyMap<string, string>,
): readonly Finding[] {
  const sightings = evidence.capture.flatMap((c): readonly Sighting[] => {
    const seen = c.etherType === ETHERTYPE_IP ? dissect(c.bytes) : undefined;
    const device = evidence.links.get(c.interfaceIndex) ?? `interface ${c.interfaceIndex}`;
    // Loopback is no way in or out, nor is what only shapes (ifb).
    return seen && !/^(lo|ifb\d*)$/.test(device) ? [{ at: c.at, device, isOutgoing: c.isOutgoing, seen }] : [];
  });
  const byIndex = new Map<number, Sighting[]>();
  for (const s of sightings) {
    const tag = s.seen.tag;
    if (!tag || tag.run !== witnesses[0]?.tag.run) continue;
    byIndex.set(tag.index, [...(byIndex.get(tag.index) ?? []), s]);
  }
  const answers = answersOf(sightings);
  const first = witnesses.map((w) => judgeOne(w, byIndex.get(w.tag.index) ?? [], answers, evidence, deviceOf));
  return withControls(first);
}

function judgeOne(
  w: Witness,
  marked: readonly Sighting[],
  answers: Answers,
  evidence: Evidence,
  deviceOf: ReadonlyMap<string, string>,
): Finding {
  // An echo's answer repeats the tag.
  const own = marked.filter(
    (s) => isSame(s.seen, w.packet) || isSame(s.seen, w.expected.after) || !isAnswer(s.seen, w),
  );
  const wayIn = deviceOf.get(w.ingress);
  const came = own.find((s) => !s.isOutgoing && s.device === wayIn && isWitness(s.seen, w, w.packet));
  const left = own.filter((s) => s.isOutgoing);
  const finding = (seen: Finding["seen"], isGood: boolean, facts: string, more: Partial<Finding> = {}): Finding => ({
    witness: w,
    seen,
    isGood,
    facts,
    ms: undefined,
    reply: undefined,
    ...more,
  });
  if (w.ingress === SELF) {
    const errno = evidence.taken.get(w.tag.index);
    if (errno === undefined) return finding("unshown", false, "the router was never asked to send it");
    if (left.length === 0 && errno === 0)
      return finding("unshown", false, "the kernel took it, yet it left by no interface");
    if (left.length === 0 && !REFUSED.has(errno))
      return finding("unshown", false, `the kernel could not send it (errno ${errno})`);
  } else if (!came) {
    const strays = own.filter((s) => !s.isOutgoing).map((s) => s.device);
    const where = strays.length > 0 ? ` but by ${strays.join(", ")}` : "";
    return finding("unshown", false, `never seen coming in by ${w.ingress} (${wayIn ?? "no interface"})${where}`);
  }
  if (isForRouter(w)) return judgeLocal(w, left, answers, evidence, wayIn, finding);
  const wanted = w.expected.exit === null ? undefined : deviceOf.get(w.expected.exit);
  const passes = w.expected.verdict === "pass";
  const out = left[0];
  if (!out) return finding("block", !passes, "came in and left by no interface");
  const ms = came ? Math.max(0, Math.round((out.at - came.at) * 1e6) / 1000) : undefined;
  const strange = left.find((s) => s.device !== wanted || !isWitness(s.seen, w, w.expected.after));
  const facts = `left by ${(strange ?? out).device} as ${textOf((strange ?? out).seen)}`;
  if (!passes || strange) return finding("pass", false, facts, { ms });
  return finding("pass", true, facts, { ms, reply: replyTo(w, answers, wanted, wayIn) });
}

/** A packet for the router itself has passed when the router knows a connection of it, or answers it. */
function judgeLocal(
  w: Witness,
  left: readonly Sighting[],
  answers: Answers,
  evidence: Evidence,
  wayIn: string | undefined,
  finding: (seen: Finding["seen"], isGood: boolean, facts: string, more?: Partial<Finding>) => Finding,
): Finding {
  const passes = w.expected.verdict === "pass";
  const strange = left.find((s) => isWitness(s.seen, w, w.packet));
  if (strange) return finding("pass", false, `was forwarded by ${strange.device} instead of being taken in`);
  const isKnown = evidence.states.some((s) => opens(s, w.packet, echoIdOf(w.tag)));
  const answered = answers.find(w.packet, echoIdOf(w.tag)).filter((s) => s.isOutgoing && s.device === wayIn);
  // A reset is no sign: rules that reject send one too.
  const isAccepted = isKnown || answered.some((s) => s.seen.icmp?.type === 0 || isSynAck(s.seen));
  const facts = isAccepted
    ? isKnown
      ? "the router took it in"
      : "the router answered it"
    : "came in, and the router did not take it in";
  const reply = answered.length > 0 ? "back" : "silent";
  return finding(isAccepted ? "pass" : "block", isAccepted === passes, facts, isAccepted ? { reply } : {});
}

/** An answer that came to the router from where the packet went must leave it towards the asker, as from whom it asked. */
function replyTo(
  w: Witness,
  answers: Answers,
  wayOut: string | undefined,
  wayIn: string | undefined,
): Finding["reply"] {
  const echo = echoIdOf(w.tag);
  const came = answers.find(w.expected.after, echo).filter((s) => !s.isOutgoing && s.device === wayOut);
  if (came.length === 0) return "silent";
  // To a source that nobody has, a router only asks by ARP.
  if (!w.hasLiveSource) return undefined;
  // What the router itself began, it ends.
  if (wayIn === undefined) return "back";
  const back = answers.find(w.packet, echo).filter((s) => s.isOutgoing && s.device === wayIn);
  return back.length > 0 ? "back" : "lost";
}

interface Answers {
  /** Packets the other way round: of the same flow, or an ICMP error that quotes the witness. */
  find(packet: Packet, echoId: number): readonly Sighting[];
}

function answersOf(sightings: readonly Sighting[]): Answers {
  const flows = new Map<string, Sighting[]>();
  const quoting = new Map<string, Sighting[]>();
  const add = (map: Map<string, Sighting[]>, key: string, s: Sighting): void => {
    map.set(key, [...(map.get(key) ?? []), s]);
  };
  for (const s of sightings) {
    const { seen } = s;
    if (seen.ports)
      add(flows, flowKey(seen.protocol, seen.dst, seen.src, seen.ports.destination, seen.ports.source), s);
    else if (seen.icmp && !seen.quoted) add(flows, flowKey(1, seen.dst, seen.src, seen.icmp.id, 0), s);
    const q = seen.quoted;
    if (q) add(quoting, `${q.src} ${q.dst} ${q.identification}`, s);
  }
  return {
    find(packet, echoId) {
      const [src, dst] = [Number(packet.src), Number(packet.dst)];
      const isIcmp = packet.slice === "icmp";
      const key = flowKey(
        protocolOf(packet),
        src,
        dst,
        isIcmp ? echoId : Number(packet.a),
        isIcmp ? 0 : Number(packet.b),
      );
      const errors = [...quoting].filter(([k]) => k.startsWith(`${src} ${dst} `)).flatMap(([, s]) => s);
      const own = errors.filter(
        (s) => s.seen.quoted?.protocol === protocolOf(packet) && quotes(s.seen, packet, echoId),
      );
      return [...(flows.get(key) ?? []).filter((s) => !isIcmp || s.seen.icmp?.type === 0), ...own];
    },
  };
}

const quotes = (seen: Seen, packet: Packet, echoId: number): boolean => {
  const q = seen.quoted;
  if (!q) return false;
  if (packet.slice === "icmp") return q.icmp?.id === echoId;
  return packet.slice === "other" || q.ports?.destination === Number(packet.b);
};

const flowKey = (protocol: number, src: number, dst: number, source: number, destination: number): string =>
  `${protocol} ${src} ${dst} ${source} ${destination}`;

const isSynAck = (seen: Seen): boolean => seen.tcpFlags !== undefined && (seen.tcpFlags & 0x12) === 0x12;

/** Does a tagged packet go the other way? An echo's answer carries what it was asked with. */
const isAnswer = (seen: Seen, w: Witness): boolean =>
  seen.icmp !== undefined && w.packet.a === 8n && seen.icmp.type === 0;

const isSame = (seen: Seen, p: Packet): boolean => BigInt(seen.src) === p.src && BigInt(seen.dst) === p.dst;

/** The very packet: its identification, and every field that NAT had no business to change. */
function isWitness(seen: Seen, w: Witness, as: Packet): boolean {
  if (seen.identification !== identificationOf(w.tag)) return false;
  if (!isSame(seen, as) || seen.protocol !== protocolOf(as)) return false;
  if (as.slice === "icmp") return seen.icmp?.type === Number(as.a) && seen.icmp.code === Number(as.b);
  if (as.slice === "other") return true;
  // Whoever hides the source behind another address may take another port.
  const mayMovePort = as.src !== w.packet.src;
  return seen.ports?.destination === Number(as.b) && (mayMovePort || seen.ports.source === Number(as.a));
}

/**
 * A router that takes nothing in blocks everything: where no packet of a way in was seen to pass, that others did not
 * shows nothing.
 */
function withControls(findings: readonly Finding[]): readonly Finding[] {
  const alive = new Set(findings.filter((f) => f.seen === "pass").map((f) => f.witness.ingress));
  return findings.map((f) =>
    f.seen === "block" && f.isGood && !alive.has(f.witness.ingress)
      ? {
          ...f,
          seen: "unshown",
          isGood: false,
          facts: `${f.facts}; but nothing at all passed from ${f.witness.ingress}`,
        }
      : f,
  );
}

function textOf(seen: Seen): string {
  const address = (value: number): string => formatAddress({ family: 4, value: BigInt(value) });
  if (seen.ports)
    return `${address(seen.src)}:${seen.ports.source} -> ${address(seen.dst)}:${seen.ports.destination} ${seen.protocol === 6 ? "tcp" : "udp"}`;
  const what = seen.icmp ? `icmp type ${seen.icmp.type}` : `protocol ${seen.protocol}`;
  return `${address(seen.src)} -> ${address(seen.dst)} ${what}`;
}

/** A finding as a person reads it: packet, what decides it, what was seen. */
export function describeFinding({ witness: w, facts }: Finding): string {
  const row = w.row === null ? "no row" : `row ${w.row}`;
  const after = w.expected.isTranslated ? `, as ${formatPacket(w.expected.after)}` : "";
  const exit = w.expected.exit === null ? "" : ` by ${w.expected.exit}`;
  return [
    `${w.from} -> ${w.to}, in by ${w.ingress}: ${formatPacket(w.packet)} (${w.kind}, ${w.service})`,
    `  expected  ${w.expected.verdict}${exit}${after}: ${row}, rule ${w.expected.rule}`,
    `  seen      ${facts}`,
  ].join("\n");
}
