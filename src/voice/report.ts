import type { Zone } from "../plan/types.ts";
import { chart, type Panel } from "./chart.ts";
import { CODECS, type Codec } from "./codecs.ts";
import { mosOf } from "./emodel.ts";
import { loadOf, SCENARIOS, type LinkLoad, type Scenario, type VoicePlan } from "./links.ts";
import { kbpsOf, packetSize, packetsPerSecond } from "./load.ts";
import { GOOD_R, STANDS_IN, verdictsOf, worstOf, type CallSeen, type Measured } from "./measure.ts";
import { ACCESS_DELAY_MS, mouthToEar, PLAYOUT_MS, qualityOf } from "./quality.ts";
import type { Through } from "./through.ts";
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

/** What was measured, as people read it; the sentence of each link last. @param host in which it was */
export function measuredReport(
  { codec }: Pick<Asked, "codec">,
  all: readonly Measured[],
  host: string,
  language: Language,
): readonly Part[] {
  const w = words[language];
  const number = numberIn(language);
  const ways = [...new Map(all.map((m) => [`${m.wan}/${m.direction}`, m])).values()];
  const tables = ways.flatMap(({ wan, direction }): Part[] => [
    { kind: "heading", text: w.measured(wan, w.ways[direction]) },
    {
      kind: "table",
      header: w.measuredHeader,
      rows: all.filter((m) => m.wan === wan && m.direction === direction).map((m) => rowOf(m, codec, w, number)),
    },
  ]);
  const heldUpMs = Math.round(all.reduce((sum, m) => sum + m.heldUpMs, 0));
  const sentences = verdictsOf(codec, all).map((v) => {
    const said = w.upTo(v.upTo, v.wan, w.ways[v.direction], v.hasQos ? w.thisQos : w.noneQos);
    if (v.fails === null) return `${said} ${w.allWell}`;
    return `${said} ${w.fails(v.fails.calls, v.fails.mos === null ? w.nothingCame : number(v.fails.mos, 2))}`;
  });
  return [
    ...tables,
    { kind: "text", text: w.measuredHow(host) },
    ...(heldUpMs === 0 ? [] : [{ kind: "text", text: w.heldUp(heldUpMs) } as const]),
    ...(codec.impairment === null ? [w.noVerdict] : sentences).map((text): Part => ({ kind: "text", text })),
  ];
}

function rowOf(
  m: Pick<Measured, "calls" | "hasQos" | "isFull">,
  codec: Codec,
  w: VoiceWords,
  number: ReturnType<typeof numberIn>,
): readonly string[] {
  const mean = (of: (c: CallSeen) => number): number => m.calls.reduce((sum, c) => sum + of(c), 0) / m.calls.length;
  const heard = m.calls.flatMap((c) => (c.delayMs === null ? [] : [c.delayMs.mean]));
  const jitter = Math.max(0, ...m.calls.flatMap((c) => c.jitterMs ?? []));
  const worst = worstOf(m.calls);
  const none = codec.impairment === null ? w.noRating : w.nothingCame;
  return [
    number(m.calls.length, 0),
    m.hasQos ? w.withQos : w.withoutQos,
    number(
      mean((c) => c.lossPercent),
      1,
    ),
    number(
      mean((c) => c.latePercent),
      1,
    ),
    heard.length === 0 ? "" : number(jitter, 1),
    heard.length === 0 ? "" : number(heard.reduce((a, b) => a + b, 0) / heard.length, 1),
    worst === null ? none : number(worst.r, 1),
    worst === null ? "" : number(worst.mos, 2),
    m.isFull ? "HTB" : w.notFull,
  ];
}

/** Calls through an outage, as people read it. */
export function throughReport(codec: Codec, through: Through, language: Language): readonly Part[] {
  const w = words[language];
  const number = numberIn(language);
  const calls = through.spans[0]?.calls.length ?? 0;
  return [
    { kind: "heading", text: w.through(calls, through.what) },
    {
      kind: "table",
      header: w.throughHeader,
      rows: through.spans.map((s) => {
        const row = rowOf({ ...s, hasQos: false, isFull: true }, codec, w, number);
        const [, , loss, , jitter, delay, r, mos] = row;
        return [s.sentBy, w.phases[s.phase], loss!, number(s.lost, 0), jitter!, delay!, r!, mos!];
      }),
    },
    { kind: "text", text: w.throughHow(through.windowMs / 1000) },
    ...(through.heldUpMs < 1 ? [] : [{ kind: "text", text: w.heldUp(Math.round(through.heldUpMs)) } as const]),
    ...through.faults.map((text): Part => ({ kind: "text", text })),
  ];
}

/** Every call of every step, for programs; `quality` is null where nothing came, and for a codec without R. */
export const measuredJson = ({ codec }: Pick<Asked, "codec">, all: readonly Measured[], host: string): unknown => ({
  host,
  standsIn: STANDS_IN,
  steps: all,
  upTo: verdictsOf(codec, all),
});

/** A panel a link and direction: the worst MOS over the number of calls. */
function measuredPanels(all: readonly Measured[], w: VoiceWords): readonly Panel[] {
  const ways = [...new Map(all.map((m) => [`${m.wan}/${m.direction}`, m])).values()];
  return ways.map(({ wan, direction }) => {
    const of = all.filter((m) => m.wan === wan && m.direction === direction && m.isFull);
    const line = (hasQos: boolean): Panel["series"] => {
      const points = of.flatMap((m): (readonly [number, number])[] => {
        const worst = m.hasQos === hasQos ? worstOf(m.calls) : null;
        return worst === null ? [] : [[m.calls.length, worst.mos]];
      });
      return points.length === 0 ? [] : [{ label: hasQos ? w.thisQos : w.noneQos, points }];
    };
    return {
      title: w.mosTitle(wan, w.ways[direction]),
      xLabel: `${w.calls} (${w.standsIn})`,
      yLabel: "MOS",
      series: [...line(true), ...line(false)],
      levels: [{ label: "R 80", y: mosOf(GOOD_R) }],
      yRange: [1, 4.5],
    };
  });
}

/** The load of calls in the tunnel beside what each access carries, a panel each. */
export function loadChart(asked: Asked, language: Language, measured: readonly Measured[] = []): string {
  const { plan, voice, codec, calls } = asked;
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
  return chart(w.title(plan), [...panels, ...measuredPanels(measured, w)]);
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
