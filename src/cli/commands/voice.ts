import { routerEvent } from "../../accept/drill/events.ts";
import { Fault } from "../../core/fault.ts";
import { didYouMean } from "../../core/diagnostics.ts";
import { wrapped } from "../../core/wrap.ts";
import { hostsOf, outsiderOf, seatOf } from "../../plan/query.ts";
import type { Zone } from "../../plan/types.ts";
import { CODECS, codecOf } from "../../voice/codecs.ts";
import { loadOf, voicePlanOf } from "../../voice/links.ts";
import { measure, MOST_CALLS, stepsOf, type Measured } from "../../voice/measure.ts";
import {
  loadChart,
  loadJson,
  loadReport,
  markdownOf,
  measuredJson,
  measuredReport,
  throughReport,
  type Asked,
  type Part,
} from "../../voice/report.ts";
import { callsThrough, type Through } from "../../voice/through.ts";
import { words } from "../../voice/words.ts";
import type { Command } from "../command.ts";
import type { Format } from "../format.ts";
import { readSettings, type Context } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { printFindings } from "../findings.ts";
import { wholeNumber } from "../numbers.ts";
import { planOf } from "../plan-of.ts";
import { table } from "../table.ts";
import type { Language } from "../words.ts";
import { writeReport } from "../write-report.ts";
import { openRunningLab, untilInterrupted } from "./verify.ts";

/** As many as use the lab at the same time (N8). */
const CALLS = 10;
const WIDTH = 80;

/** What was measured: on links of their own, in which guest, and through an outage of the lab. */
interface Found {
  readonly links: { readonly steps: readonly Measured[]; readonly host: string } | null;
  readonly through: Through | null;
}

const partsOf = (asked: Asked, found: Found, language: Language): readonly Part[] => [
  ...loadReport(asked, language),
  ...(found.links === null && found.through === null ? [{ kind: "text", text: words[language].unknown } as const] : []),
  ...(found.links === null ? [] : measuredReport(asked, found.links.steps, found.links.host, language)),
  ...(found.through === null ? [] : throughReport(asked.codec, found.through, language)),
];

const renderers: Partial<Record<Format, (asked: Asked, found: Found, language: Language) => string>> = {
  text: (asked, found, language) => textOf(partsOf(asked, found, language)),
  json: (asked, found) =>
    JSON.stringify({
      ...loadJson(asked),
      measured: found.links === null ? null : measuredJson(asked, found.links.steps, found.links.host),
      through: found.through,
    }),
  markdown: (asked, found, language) => markdownOf(partsOf(asked, found, language)),
  svg: (asked, found, language) => loadChart(asked, language, found.links?.steps),
};

/** What telephony costs the network, from the plan; with --measure also how calls fare on links as full as they get. */
export const voice: Command = async (context, values) => {
  const render = renderers[context.format]!;
  const asked = (values["codec"] as string | undefined) ?? "pcma";
  const codec = codecOf(asked);
  if (codec === undefined) {
    const ids = CODECS.map((c) => c.id);
    const near = didYouMean(asked, ids);
    throw new Fault(
      "CLI_USAGE",
      `"${asked}" is no codec that voice knows.`,
      near === undefined ? `Use ${ids.join(", ")}.` : `Did you mean "${near}"?`,
    );
  }
  const given = wholeNumber("calls", values["calls"]);
  const isMeasured = values["measure"] === true;
  const outage = values["through"];
  if (outage !== undefined && outage !== "router")
    throw new Fault("CLI_USAGE", `--through is "${typeof outage === "string" ? outage : ""}".`, "It takes router.");
  const isInLab = isMeasured || outage !== undefined;
  if (isInLab && given !== undefined && given > MOST_CALLS)
    throw new Fault("CLI_USAGE", `--calls is ${given}.`, `At most ${MOST_CALLS} are measured at the same time.`);
  if (isInLab && values["plan"] !== undefined)
    throw new Fault("CLI_USAGE", "What is measured is of the lab that runs, and so of its plan.", "Leave out --plan.");
  const outcome = await planOf(context, await readSettings(context), values["plan"]);
  const found = outcome.ok ? voicePlanOf(outcome.value) : { value: null, findings: outcome.errors };
  if (!outcome.ok || found.value === null) {
    printFindings(context, found.findings, (text) => context.io.err(text));
    return exitCodes.findings;
  }
  const question: Asked = { plan: outcome.value.name, voice: found.value, codec, calls: given ?? CALLS };
  const links = isMeasured ? await measuredIn(context, question, given) : null;
  const through = outage === undefined ? null : await measuredThrough(context, question);
  const text = render(question, { links, through }, context.language);
  const out = values["out"];
  if (typeof out === "string") await writeReport(out, text);
  else context.io.out(text.trimEnd());
  return through === null || through.faults.length === 0 ? exitCodes.good : exitCodes.findings;
};

/** In the guest of somebody on the Internet, who carries nobody's traffic. @throws Fault ACCEPT_… where none runs */
async function measuredIn(
  context: Context,
  { voice, codec }: Asked,
  calls: number | undefined,
): Promise<Found["links"]> {
  const lab = await openRunningLab(context, "voice");
  try {
    const host = outsiderOf(lab.plan)?.id ?? seatOf(lab.plan)?.id;
    if (host === undefined || !lab.live.has(host))
      throw new Fault(
        "VOICE_NO_GUEST",
        `${host ?? "No guest of the plan"} does not run, and calls are measured in it.`,
        "`maquette up` starts what is off.",
      );
    const fits = (wan: Zone): number =>
      loadOf(voice, "field-desk", codec, wan).links.find((l) => l.link === wan.id && l.direction === "up")?.limit
        .full ?? 0;
    const steps = await untilInterrupted((signal) =>
      measure({
        shell: lab.shell,
        host,
        voice,
        codec,
        stepsFor: (wan) => (calls === undefined ? stepsOf(fits(wan)) : [calls]),
        signal,
        onProgress: (line) => context.io.progress(line),
      }),
    );
    return { steps, host };
  } finally {
    await lab.close();
  }
}

/** Between a workstation and the exchange, by the routers, while the active one is lost and comes back. */
async function measuredThrough(context: Context, { codec, calls }: Asked): Promise<Through> {
  const lab = await openRunningLab(context, "voice");
  try {
    const [from, to] = [seatOf(lab.plan), hostsOf(lab.plan, "pbx")[0]];
    if (from === undefined || to === undefined || from.nics[0]!.zone === to.nics[0]!.zone)
      throw new Fault(
        "VOICE_NO_PATH",
        "The plan has no workstation whose calls to the exchange cross the routers.",
        "They take a workstation and a pbx in different zones.",
      );
    return await untilInterrupted(async (signal) => {
      const event = await routerEvent({ plan: lab.plan, shell: lab.shell, power: lab.power, signal }, { kind: "kill" });
      const { plan, shell } = lab;
      const onProgress = (line: string): void => context.io.progress(line);
      return callsThrough({ shell, plan, event, from, to, codec, calls, signal, onProgress });
    });
  } finally {
    await lab.close();
  }
}

const textOf = (parts: readonly Part[]): string =>
  `${parts
    .map((p) => (p.kind === "table" ? table(p.header, p.rows) : wrapped(p.text, WIDTH).join("\n")))
    .join("\n\n")}\n`;
