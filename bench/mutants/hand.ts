import type { Mutant } from "./mutate.ts";

/** Edits made by hand of what decides whether a packet passed: what each undoes once had no test that missed it. */
const EDITS: readonly (readonly [file: string, from: string, to: string])[] = [
  // src/provision/witness/judge.ts
  ["judge", "c.etherType === ETHERTYPE_IP ? dissect(c.bytes) : undefined", "dissect(c.bytes)"],
  ["judge", "seen && !/^(lo|ifb\\d*)$/.test(device) ?", "seen ?"],
  ["judge", "/^(lo|ifb\\d*)$/", "/^lo$/"],
  ["judge", "/^(lo|ifb\\d*)$/", "/^ifb\\d*$/"],
  ["judge", "if (!tag || tag.run !== witnesses[0]?.tag.run) continue;", "if (!tag) continue;"],
  ["judge", "!s.isOutgoing && s.device === wayIn && isWitness", "s.device === wayIn && isWitness"],
  ["judge", "!s.isOutgoing && s.device === wayIn && isWitness", "!s.isOutgoing && isWitness"],
  ["judge", "s.device === wayIn && isWitness(s.seen, w, w.packet)", "s.device === wayIn"],
  ["judge", "if (left.length === 0 && errno === 0)", "if (false)"],
  ["judge", "if (left.length === 0 && !REFUSED.has(errno))", "if (false)"],
  ["judge", "s.device !== wanted || !isWitness(s.seen, w, w.expected.after)", "s.device !== wanted"],
  [
    "judge",
    "s.device !== wanted || !isWitness(s.seen, w, w.expected.after)",
    "!isWitness(s.seen, w, w.expected.after)",
  ],
  ["judge", "if (!passes || strange)", "if (strange)"],
  ["judge", "s.seen.icmp?.type === 0 || isSynAck(s.seen)", "isSynAck(s.seen)"],
  ["judge", "(seen.tcpFlags & 0x12) === 0x12", "(seen.tcpFlags & 0x12) !== 0"],
  ["judge", "if (!w.hasLiveSource) return undefined;", ""],
  ["judge", 'return back.length > 0 ? "back" : "lost";', 'return "back";'],
  ["judge", "if (seen.identification !== identificationOf(w.tag)) return false;", ""],
  ["judge", "if (!isSame(seen, as) || seen.protocol !== protocolOf(as)) return false;", ""],
  ["judge", "const mayMovePort = as.src !== w.packet.src;", "const mayMovePort = true;"],
  ["judge", 'f.seen === "block" && f.isGood && !alive', 'f.seen === "block" && !alive'],
  ["judge", 'packet.slice === "other" || q.ports?.destination === Number(packet.b)', "true"],
  ["judge", 'if (packet.slice === "icmp") return q.icmp?.id === echoId;', 'if (packet.slice === "icmp") return true;'],
  ["judge", "s.seen.quoted?.protocol === protocolOf(packet) && quotes", "quotes"],
  // src/provision/witness/pcap.ts
  ["pcap", "file[body + 10] === OUTGOING", "file[body + 10] !== 0"],
  ["pcap", 'order.endsWith("6") ? 1e-6 : 1e-9', "1e-6"],
  ["pcap", "if (body + length > file.length) break;", ""],
  // src/core/ip.ts
  ["ip", "n.family === a.family && (a.value", "(a.value"],
  ["ip", "if (a.family !== b.family) return false;", ""],
  ["ip", "if (prefix > bitsOf(address.family)) return undefined;", ""],
  ["ip", "hostBits: base !== address.value", "hostBits: false"],
];

const FILES: Readonly<Record<string, string>> = {
  judge: "src/provision/witness/judge.ts",
  pcap: "src/provision/witness/pcap.ts",
  ip: "src/core/ip.ts",
};

/** @param read a file's text @throws Error for an edit of what stands there no more, or more than once */
export const handMutants = (read: (file: string) => string): readonly Mutant[] =>
  EDITS.map(([name, from, to]) => {
    const file = FILES[name]!;
    const parts = read(file).split(from);
    if (parts.length !== 2) throw new Error(`${file} has \`${from}\` ${parts.length - 1} times`);
    const start = parts[0]!.length;
    return { file, start, end: start + from.length, text: to, what: `\`${from}\` becomes \`${to}\`` };
  });
