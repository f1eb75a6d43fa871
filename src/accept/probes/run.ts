import { Fault, messageOf } from "../../core/fault.ts";
import { fillText, type Resolve } from "../../core/text.ts";
import type { Command, Probe } from "../../roles/role.ts";

export interface ProbeResult {
  readonly probe: Probe;
  readonly isGood: boolean;
  /** What was seen, in a few words, without secrets. */
  readonly seen: string;
  readonly ms: number;
}

/** A probe's question with every place filled. */
export interface FilledCommand {
  readonly argv: readonly string[];
  readonly input?: string;
}

/** A way into a host, as root. @throws whatever keeps it from being asked: the probe is red with that reason */
export type ProbeWay = (
  host: string,
  command: FilledCommand,
  deadlineMs: number,
) => Promise<{ readonly exitCode: number; readonly stdout: string; readonly stderr: string }>;

export interface RunProbesOptions {
  readonly probes: readonly Probe[];
  readonly way: ProbeWay;
  /** The value of a secret's place. */
  readonly resolve: Resolve;
  readonly signal?: AbortSignal;
  readonly onDone?: (result: ProbeResult, left: number) => void;
}

const DEADLINE_SECONDS = 20;
/** Reaching a host that is starting, on top of the probe's own time. */
const REACH_MS = 20_000;
/** Beyond this they would measure each other. */
const AT_ONCE = 24;
const SEEN_CHARACTERS = 160;

/**
 * Asks all probes, many at once, each within its own time; those that wait first.
 * @returns in the order of the probes
 */
export async function runProbes(options: RunProbesOptions): Promise<readonly ProbeResult[]> {
  const { probes, signal, onDone } = options;
  const results: ProbeResult[] = [];
  const waiting = inTurn(probes);
  let left = probes.length;
  let interrupt: () => void = () => undefined;
  const interrupted = new Promise<never>((_, reject) => {
    interrupt = () => reject(signal?.reason instanceof Error ? signal.reason : new Error("interrupted"));
  });
  // Whoever is not waiting for it just then has nothing to hear of it.
  interrupted.catch(() => undefined);
  signal?.addEventListener("abort", interrupt, { once: true });
  const worker = async (): Promise<void> => {
    for (let turn = waiting.shift(); turn !== undefined; turn = waiting.shift()) {
      for (const index of turn) {
        signal?.throwIfAborted();
        const result = await one(options, probes[index]!, interrupted);
        results[index] = result;
        onDone?.(result, --left);
      }
    }
  };
  try {
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, probes.length) }, worker));
  } finally {
    signal?.removeEventListener("abort", interrupt);
  }
  signal?.throwIfAborted();
  return results;
}

/** Indices of probes, together those that are asked one after the other; the longest first. Pure. */
export function inTurn(probes: readonly Probe[]): (readonly number[])[] {
  const turns = new Map<string | number, number[]>();
  for (const [index, { holds = index }] of probes.entries()) turns.set(holds, [...(turns.get(holds) ?? []), index]);
  const length = (turn: readonly number[]): number => turn.filter((index) => probes[index]!.isWaiting).length;
  return [...turns.values()].sort((a, b) => length(b) - length(a));
}

async function one(
  { way, resolve }: RunProbesOptions,
  probe: Probe,
  interrupted: Promise<never>,
): Promise<ProbeResult> {
  const started = performance.now();
  const secrets: string[] = [];
  const end = (isGood: boolean, seen: string): ProbeResult => ({
    probe,
    isGood,
    seen: oneLine(redacted(seen, secrets)),
    ms: Math.round(performance.now() - started),
  });
  try {
    const deadlineMs = (probe.deadlineSeconds ?? DEADLINE_SECONDS) * 1000;
    const fill = ({ argv, input }: Command): FilledCommand => {
      if (input === undefined) return { argv };
      const filled = fillText(input, (kind, label) => {
        const value = resolve(kind, label);
        secrets.push(value);
        return value;
      });
      return { argv, input: filled };
    };
    const ask = (host: string, command: Command): ReturnType<ProbeWay> =>
      within(way(host, fill(command), deadlineMs), deadlineMs + REACH_MS, interrupted);
    await Promise.all(
      (probe.before ?? []).map(async ({ on, run }) => {
        const { exitCode, stderr } = await ask(on, run).catch((error: unknown) => {
          throw new Error(`${on}: ${messageOf(error)}`);
        });
        if (exitCode !== 0) throw new Error(`${on}: ${run.argv[0]!} ended with ${exitCode}: ${oneLine(stderr)}`);
      }),
    );
    const said = await ask(probe.from, probe.run);
    const { isGood, seen } = probe.judge(said);
    return end(isGood, seen);
  } catch (error) {
    return end(false, messageOf(error));
  }
}

/** A value of several lines is a key or a certificate: each of its lines tells something. */
const redacted = (text: string, secrets: readonly string[]): string =>
  secrets
    .flatMap((s) => [s, ...s.split("\n")])
    .filter((s) => s.length >= 6)
    .sort((a, b) => b.length - a.length)
    .reduce((t, s) => t.replaceAll(s, "…"), text);

const oneLine = (text: string): string => {
  const line = text.split("\n")[0]!.trim();
  return line.length > SEEN_CHARACTERS ? `${line.slice(0, SEEN_CHARACTERS)}…` : line;
};

async function within<T>(work: Promise<T>, ms: number, interrupted: Promise<never>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Fault("ACCEPT_DEADLINE", `No answer within ${ms / 1000} s.`, "`maquette logs HOST` says more.")),
      ms,
    );
  });
  // What comes too late is nobody's any more.
  work.catch(() => undefined);
  try {
    return await Promise.race([work, late, interrupted]);
  } finally {
    clearTimeout(timer);
  }
}
