import type { Zone } from "../plan/types.ts";
import { chart, type Panel } from "./chart.ts";
import { CODECS, type Codec } from "./codecs.ts";
import { loadOf, SCENARIOS, type LinkLoad, type Scenario, type VoicePlan } from "./links.ts";
import { kbpsOf, packetSize, packetsPerSecond } from "./load.ts";
import { ACCESS_DELAY_MS, mouthToEar, PLAYOUT_MS, qualityOf } from "./quality.ts";
import { words, type VoiceWords } from "./words.ts";

/** What `voice` was asked. */
export interface Asked {
  readonly plan: string;
  readonly voice: VoicePlan;
  readonly codec: Codec;
  readonly calls: number;
}

/** A report in parts, of which every format is made. */
export type Part =
  | { readonly kind: "title"; readonly text: string }
  | { readonly kind: "heading"; readonly text: string }
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "table"; readonly header: readonly string[]; readonly rows: readonly (readonly string[])[] };

type Language = keyof typeof words;

/** The load, as people read it. */
export function loadReport(asked: Asked, language: Language): readonly Part[] {
  const w = words[language];
  const number = numberIn(language);
  const { voice, codec, calls } = asked;
  const delay = mouthToEar(codec, ACCESS_DELAY_MS);
  return [
    { kind: "title", text: w.title(asked.plan) },
    { kind: "heading", text: w.costs },
    {
      kind: "table",
      header: w.costHeader,
      rows: CODECS.map((c) => {
        const cost = costOf(c);
        const quality = qualityOf(c, ACCESS_DELAY_MS, 0);
        return [
          `${c.name}${c.isUsed ? "" : " *"}`,
          ...[cost.payload, cost.ip, cost.vlan, cost.tunnel].map((n) => number(n, 1)),
          number(packetsPerSecond(c), 0),
          quality === null ? w.noRating : number(quality.r, 1),
          quality === null ? "" : number(quality.mos, 2),
        ];
      }),
    },
    { kind: "text", text: `* ${w.compared}.` },
    { kind: "text", text: w.expected(delay, PLAYOUT_MS, ACCESS_DELAY_MS) },
    ...SCENARIOS.flatMap((scenario): Part[] => [
      { kind: "heading", text: w.load(calls, codec.name, w.scenarios[scenario]) },
      {
        kind: "table",
        header: w.loadHeader,
        rows: linksOf(voice, scenario, codec).map((l) => [
          l.link,
          w.ways[l.direction],
          number(l.kbps * calls, 0),
          number(l.packetsPerSecond * calls, 0),
          l.rateKbps === null ? w.notSaid : number(l.rateKbps, 0),
          l.limit.alone === null ? "" : number(l.limit.alone, 0),
          l.limit.full === null ? "" : number(l.limit.full, 0),
        ]),
      },
    ]),
    { kind: "text", text: w.limits },
    ...qosOf(voice, w).map((text): Part => ({ kind: "text", text })),
  ];
}

const qosOf = ({ shares }: VoicePlan, w: VoiceWords): readonly string[] =>
  shares.length === 0
    ? [w.noQos]
    : [...shares.map((s) => w.qos(s.wan, s.kbps, s.voiceKbps, s.voicePercent)), w.tunnelQos, w.noQosDown];

/** Every access by which the field's half may come; other links once. */
function linksOf(voice: VoicePlan, scenario: Scenario, codec: Codec): readonly LinkLoad[] {
  const all = voice.wans.flatMap((wan) => loadOf(voice, scenario, codec, wan).links);
  const once = new Map(all.map((l) => [`${l.link}/${l.direction}`, l]));
  return [...once.values()].sort((a, b) => a.kind.localeCompare(b.kind, "en") || orderOf(voice, a) - orderOf(voice, b));
}

const orderOf = ({ wans, desks, gateway, exchange }: VoicePlan, { link, direction }: LinkLoad): number =>
  [...wans, desks, exchange, gateway].findIndex((z) => z?.id === link) * 2 + (direction === "up" ? 0 : 1);

interface Cost {
  readonly payload: number;
  readonly ip: number;
  readonly vlan: number;
  readonly tunnel: number;
}

/** kbit/s of one direction: of speech, of IP packets, and on wires with all that is spent there. */
function costOf(codec: Codec): Cost {
  const plain = packetSize(codec, { isTunnelled: false, isTagged: true });
  const tunnelled = packetSize(codec, { isTunnelled: true, isTagged: false });
  return {
    payload: kbpsOf(codec, codec.payloadBytes),
    ip: kbpsOf(codec, plain.ip),
    vlan: kbpsOf(codec, plain.wire),
    tunnel: kbpsOf(codec, tunnelled.wire),
  };
}

/** The same figures for programs; rates in kbit/s, delays in ms. What was not measured is null. */
export function loadJson({ plan, voice, codec, calls }: Asked): Record<string, unknown> {
  return {
    plan,
    calls,
    codec: codec.id,
    assumed: { packetMs: codec.packetMs, playoutMs: PLAYOUT_MS, accessMs: ACCESS_DELAY_MS },
    codecs: CODECS.map((c) => ({
      id: c.id,
      name: c.name,
      isUsed: c.isUsed,
      payloadBytes: c.payloadBytes,
      kbps: costOf(c),
      packetsPerSecond: packetsPerSecond(c),
      expected: qualityOf(c, ACCESS_DELAY_MS, 0),
    })),
    qos: voice.shares,
    scenarios: SCENARIOS.map((scenario) => ({ scenario, links: linksOf(voice, scenario, codec) })),
  };
}

/** The load of calls in the tunnel beside what each access carries, a panel each. */
export function loadChart({ plan, voice, codec, calls }: Asked, language: Language): string {
  const w = words[language];
  const panels = voice.wans.map((wan): Panel => {
    const up = loadOf(voice, "field-desk", codec, wan).links.find((l) => l.link === wan.id && l.direction === "up");
    const share = voice.shares.find((s) => s.wan === wan.id);
    const most = Math.max(calls, Math.ceil((up?.limit.alone ?? calls) * 1.1));
    return {
      title: w.chartTitle(wan.id, w.ways.up),
      xLabel: w.calls,
      yLabel: "kbit/s",
      series: CODECS.filter((c) => c.isUsed || c.id === "g729").map((c) => {
        const one = kbpsOf(c, packetSize(c, { isTunnelled: true, isTagged: false }).queued);
        return { label: c.name, points: [0, most].map((n) => [n, n * one] as const) };
      }),
      levels: [
        { label: `${w.rate} ${rateOf(wan)}`, y: rateOf(wan) },
        ...(share === undefined ? [] : [{ label: `${w.share} ${share.voiceKbps}`, y: share.voiceKbps }]),
      ],
    };
  });
  return chart(w.title(plan), panels);
}

const rateOf = (wan: Zone): number => wan.wan?.upKbps ?? 0;

/** Digits as the language writes them, without grouping, so that columns can be read by programs too. */
const numberIn =
  (language: Language) =>
  (n: number, digits: number): string =>
    language === "fr" ? n.toFixed(digits).replace(".", ",") : n.toFixed(digits);

/** Markdown; cells hold no `|`. */
export const markdownOf = (parts: readonly Part[]): string =>
  `${parts
    .map((p) => {
      if (p.kind === "title") return `# ${p.text}`;
      if (p.kind === "heading") return `## ${p.text}`;
      if (p.kind === "text") return p.text.replace(/^\*/, "\\*");
      const line = (cells: readonly string[]): string => `| ${cells.map((c) => c.replace(/\*/g, "\\*")).join(" | ")} |`;
      return [line(p.header), `|${"---|".repeat(p.header.length)}`, ...p.rows.map(line)].join("\n");
    })
    .join("\n\n")}\n`;
