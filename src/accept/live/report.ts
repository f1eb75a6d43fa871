import { formatPacket } from "../../policy/engine/index.ts";
import type { Disagreement } from "../../provision/witness/expect.ts";
import { describeFinding, type Finding } from "../../provision/witness/judge.ts";
import type { Selection } from "../../provision/witness/select.ts";

/** One cell of the flow matrix, as it was found on the wire. */
export interface CellResult {
  readonly from: string;
  readonly to: string;
  readonly passing: { readonly expected: number; readonly seen: number };
  readonly blocked: { readonly expected: number; readonly seen: number };
  readonly unshown: number;
  /** Packets that passed whose answer came back to the asker, and those whose answer did not. */
  readonly replies: { readonly back: number; readonly lost: number };
  /** The longest way through the router. */
  readonly ms: number | undefined;
  readonly isGood: boolean;
}

/** One run against one active router. */
export interface LiveResult {
  readonly router: string;
  /** `wan1 down`, or nothing. */
  readonly circumstances: string;
  readonly cells: readonly CellResult[];
  readonly findings: readonly Finding[];
  readonly disagreements: readonly Disagreement[];
  readonly unsampled: Selection["unsampled"];
  readonly isGood: boolean;
  readonly seconds: number;
}

export function resultOf(
  about: { readonly router: string; readonly circumstances: string; readonly seconds: number },
  selection: Selection,
  findings: readonly Finding[],
): LiveResult {
  const cells = cellsOf(findings);
  // A test of nothing shows nothing.
  const isGood = findings.length > 0 && selection.disagreements.length === 0 && cells.every((c) => c.isGood);
  return { ...about, cells, findings, disagreements: selection.disagreements, unsampled: selection.unsampled, isGood };
}

function cellsOf(findings: readonly Finding[]): readonly CellResult[] {
  const cells = new Map<string, Finding[]>();
  for (const f of findings) {
    const key = `${f.witness.from} ${f.witness.to}`;
    cells.set(key, [...(cells.get(key) ?? []), f]);
  }
  return [...cells.values()].map((all): CellResult => {
    const { from, to } = all[0]!.witness;
    const wanted = (verdict: "pass" | "block"): readonly Finding[] =>
      all.filter((f) => (f.witness.expected.verdict === "pass") === (verdict === "pass"));
    const count = (verdict: "pass" | "block"): CellResult["passing"] => ({
      expected: wanted(verdict).length,
      seen: wanted(verdict).filter((f) => f.seen === verdict && f.isGood).length,
    });
    const times = all.flatMap((f) => f.ms ?? []);
    const replies = {
      back: all.filter((f) => f.reply === "back").length,
      lost: all.filter((f) => f.reply === "lost").length,
    };
    return {
      from,
      to,
      passing: count("pass"),
      blocked: count("block"),
      unshown: all.filter((f) => f.seen === "unshown").length,
      replies,
      ms: times.length === 0 ? undefined : Math.max(...times),
      isGood: all.every((f) => f.isGood) && replies.lost === 0,
    };
  });
}

/** What is wrong with a finding that is not good, or whose answer was lost. */
const isBad = (f: Finding): boolean => !f.isGood || f.reply === "lost";

const DIFFERENCES_SHOWN = 10;

export interface Words {
  readonly from: string;
  readonly to: string;
  readonly passing: string;
  readonly blocked: string;
  readonly unshown: string;
  readonly replies: string;
  readonly same: (packets: number, router: string, seconds: string) => string;
  readonly differs: (bad: number, packets: number, router: string) => string;
  readonly more: (n: number) => string;
  readonly left: string;
  readonly lost: string;
}

export const words: Readonly<Record<"en" | "fr", Words>> = {
  en: {
    from: "from",
    to: "to",
    passing: "passed",
    blocked: "blocked",
    unshown: "not shown",
    replies: "replies",
    same: (n, router, s) => `${router}: ${n} packets fared as the plan and the router's file say (${s} s).`,
    differs: (bad, n, router) =>
      `${router}: ${bad} of ${n} packets did not fare as the plan and the router's file say.`,
    more: (n) => `… and ${n} more`,
    left: "Without a packet:",
    lost: "its answer reached the router and did not come back to the asker",
  },
  fr: {
    from: "de",
    to: "vers",
    passing: "passés",
    blocked: "bloqués",
    unshown: "non montrés",
    replies: "réponses",
    same: (n, router, s) =>
      `${router} : ${n} paquets traités comme le disent le plan et le fichier du routeur (${s} s).`,
    differs: (bad, n, router) =>
      `${router} : ${bad} paquets sur ${n} traités autrement que ne le disent le plan et le fichier du routeur.`,
    more: (n) => `… et ${n} de plus`,
    left: "Sans paquet :",
    lost: "sa réponse est arrivée au routeur et n'est pas revenue au demandeur",
  },
};

/** Rows of the table for people. */
export function tableOf(
  result: LiveResult,
  w: Words,
): { readonly header: readonly string[]; readonly rows: readonly (readonly string[])[] } {
  const share = ({ seen, expected }: CellResult["passing"]): string => (expected === 0 ? "-" : `${seen}/${expected}`);
  return {
    header: [w.from, w.to, w.passing, w.blocked, w.unshown, w.replies, "ms", ""],
    rows: result.cells.map((c) => [
      c.from,
      c.to,
      share(c.passing),
      share(c.blocked),
      c.unshown === 0 ? "-" : String(c.unshown),
      c.passing.expected === 0 ? "-" : `${c.replies.back}${c.replies.lost > 0 ? ` (-${c.replies.lost})` : ""}`,
      c.ms === undefined ? "-" : c.ms.toFixed(2),
      c.isGood ? "" : "≠",
    ]),
  };
}

/** What is said below the table. */
export function summaryOf(result: LiveResult, w: Words): string {
  const name = result.circumstances === "" ? result.router : `${result.router} (${result.circumstances})`;
  const bad = result.findings.filter(isBad);
  const faults = [
    ...result.disagreements.map((d) => `${formatPacket(d.packet)} in by ${d.ingress}: ${d.fact}`),
    ...bad.map((f) => (f.isGood ? `${describeFinding(f)}\n  ${w.lost}` : describeFinding(f))),
  ];
  const lines = faults.slice(0, DIFFERENCES_SHOWN);
  if (faults.length > lines.length) lines.push(w.more(faults.length - lines.length));
  if (result.unsampled.length > 0)
    lines.push(w.left, ...result.unsampled.map((u) => `  ${u.from} -> ${u.to}: ${u.what}`));
  const packets = result.findings.length;
  lines.push(
    result.isGood ? w.same(packets, name, result.seconds.toFixed(1)) : w.differs(faults.length, packets, name),
  );
  return lines.join("\n");
}

/** The same as JSON, one document a line: cells, then differences, then the sum. */
export function linesOf(result: LiveResult): readonly string[] {
  const about = { router: result.router, circumstances: result.circumstances };
  return [
    ...result.cells.map((c) => ({ kind: "cell", ...about, ...c })),
    ...result.disagreements.map((d) => ({
      kind: "disagreement",
      ...about,
      ingress: d.ingress,
      packet: formatPacket(d.packet),
      fact: d.fact,
    })),
    ...result.findings.filter(isBad).map((f) => ({
      kind: "difference",
      ...about,
      from: f.witness.from,
      to: f.witness.to,
      ingress: f.witness.ingress,
      packet: formatPacket(f.witness.packet),
      why: f.witness.kind,
      service: f.witness.service,
      row: f.witness.row,
      rule: f.witness.expected.rule,
      expected: f.witness.expected.verdict,
      exit: f.witness.expected.exit,
      after: f.witness.expected.isTranslated ? formatPacket(f.witness.expected.after) : null,
      seen: f.seen,
      facts: f.facts,
      reply: f.reply ?? null,
    })),
    ...result.unsampled.map((u) => ({ kind: "unsampled", ...about, ...u })),
    {
      kind: "summary",
      ...about,
      isGood: result.isGood,
      packets: result.findings.length,
      differences: result.findings.filter(isBad).length,
      disagreements: result.disagreements.length,
      seconds: result.seconds,
    },
  ].map((line) => JSON.stringify(line));
}
