import { z } from "zod";
import { Fault, messageOf } from "../../core/fault.ts";
import { formatAddress } from "../../core/ip.ts";
import type { PfConfig } from "../../pfsense/model/config.ts";
import type { Host, Nic, Plan } from "../../plan/types.ts";
import { formatPacket } from "../../policy/engine/index.ts";
import { intentOf } from "../../policy/intent.ts";
import { python, type GuestShell } from "../shell.ts";
import { makeOracle, type Oracle } from "./expect.ts";
import { describeFinding, type Finding } from "./judge.ts";
import { witnessesOfLoad, type LoadWitnesses } from "./of-load.ts";
import { newRun, runWitnesses } from "./run.ts";
import { inRun } from "./select.ts";
import WHO_ANSWERS from "./who_answers.py";
import type { Witness } from "./witness.ts";

/*
 * Whether a router that has just been loaded does what the plan says, by packets that running guests send it: to its own
 * legs, so that one that carries nothing is asked like the one that does.
 */

export interface TrialOptions {
  readonly shell: GuestShell;
  /** Of the file that the router had; undefined where nobody knows. */
  readonly before: Plan | undefined;
  readonly plan: Plan;
  readonly router: Host;
  /** The file that it is to get. */
  readonly config: PfConfig;
  /** WAN zones whose access is down now. */
  readonly downZones: readonly string[];
  readonly macOf: (host: Host, nic: Nic) => string;
}

export interface Trial {
  /** How many packets are asked. */
  readonly count: number;
  /** What is not, and why, in words. */
  readonly unasked: readonly string[];
  /**
   * Sends and judges. A packet that fared otherwise is asked once more, because one that got lost on a busy machine
   * shows nothing. @returns what the router does otherwise than the plan says, in words @throws where it cannot be judged
   */
  ask(): Promise<readonly string[]>;
}

/** Whoever has not answered by then is not there. */
const ANSWER_SECONDS = 1;
const ASK_MS = 5_000;
/** For ARP, and for what is in hand when all is sent. */
const SLACK_MS = 2_500;
const END_SECONDS = 3;
/** More than so many say nothing more. */
const TOLD = 6;

const answeredAnswer = z.object({ answered: z.array(z.string()) });

/** Chooses the packets, before the file is loaded: who answers now is there, and is to be reached afterwards too. */
export async function prepareTrial(options: TrialOptions): Promise<Trial> {
  const { plan, router, shell } = options;
  const intent = intentOf(plan);
  const oracle = makeOracle(intent, router, options.config, options.downZones);
  const { live, silent } = await whoAnswers(options, oracle);
  const chosen = witnessesOfLoad(options.before, intent, oracle, { live, run: newRun() });
  const { witnesses, disagreements } = chosen;
  const unasked = [
    ...(silent.length === 0 ? [] : [`${silent.join(", ")}: no answer, so nothing is sent from or to there`]),
    ...chosen.unasked.map((what) => `${what}: no running guest is at both ends`),
  ];
  return {
    count: witnesses.length,
    unasked,
    async ask() {
      if (disagreements.length > 0)
        return disagreements.map((d) => `in by ${d.ingress}: ${formatPacket(d.packet)}: ${d.fact}`);
      const first = await asked(witnesses);
      if (first.length === 0) return [];
      const again = await asked(first.map((f) => inRun(f.witness, newRun())).map(sameRun));
      return wordsOf(again, chosen, plan);
    },
  };

  async function asked(them: readonly Witness[]): Promise<readonly Finding[]> {
    const silenced = new Map<number, string>();
    const left = new Set<number>();
    const findings = await runWitnesses({
      shell,
      plan,
      oracle,
      witnesses: them,
      macOf: options.macOf,
      isToOwnLegs: true,
      slackMs: SLACK_MS,
      endSeconds: END_SECONDS,
      onFailure: (failed, error) => {
        const isRouters = error instanceof Fault && error.code === "ACCEPT_NO_NEIGHBOUR";
        for (const { tag } of failed)
          if (isRouters) silenced.set(tag.index, messageOf(error));
          else left.add(tag.index);
      },
    });
    const passing = new Set(them.filter((w) => w.expected.verdict === "pass").map((w) => w.ingress));
    return findings.flatMap((f): readonly Finding[] => {
      const { index } = f.witness.tag;
      if (f.isGood || left.has(index)) return [];
      const why = silenced.get(index);
      if (why !== undefined) return [{ ...f, facts: why }];
      // Where nothing of this way in was to pass, that nothing did is no sign of a dead way.
      const isOnlyRefused = f.seen === "unshown" && f.witness.expected.verdict !== "pass";
      return isOnlyRefused && !passing.has(f.witness.ingress) && f.facts.startsWith("came in") ? [] : [f];
    });
  }
}

/** Packets of one run bear one number. */
const sameRun = (w: Witness, _: number, all: readonly Witness[]): Witness => inRun(w, all[0]!.tag.run);

/** Which hosts answer on the router's own legs; those beyond are reached by whoever answers there. */
async function whoAnswers(
  { plan, router, shell }: TrialOptions,
  oracle: Oracle,
): Promise<{ readonly live: ReadonlySet<string>; readonly silent: readonly string[] }> {
  const devices = oracle.deviceOf;
  const near = (host: Host): readonly { readonly device: string; readonly address: string }[] =>
    host.nics.flatMap((nic) => {
      const device = devices.get(nic.zone);
      const isAsked = device !== undefined && nic.address.family === 4;
      return isAsked ? [{ device, address: formatAddress(nic.address) }] : [];
    });
  const others = [...plan.hosts.values()].filter((h) => h.id !== router.id && near(h).length > 0);
  const answer = await python(
    shell,
    router.id,
    WHO_ANSWERS,
    { asked: others.flatMap(near), deadline: ANSWER_SECONDS },
    ASK_MS,
  );
  const answered = new Set(answeredAnswer.parse(answer).answered);
  const isThere = (host: Host): boolean => near(host).every((n) => answered.has(n.address));
  const [there, silent] = [others.filter(isThere), others.filter((h) => !isThere(h))];
  // Whoever is behind the operators sends nothing of its own here.
  const beyond = [...plan.hosts.values()].filter((h) => near(h).length === 0);
  const ids = [router, ...there, ...beyond].map((h) => h.id);
  return { live: new Set(ids), silent: silent.map((h) => h.id) };
}

/** Each packet with what it must become, by which row and where that stands, and what became of it. */
function wordsOf(findings: readonly Finding[], chosen: LoadWitnesses, plan: Plan): readonly string[] {
  const told = findings.slice(0, TOLD).map((f) => {
    const row = plan.flows.find((r) => r.id === f.witness.row);
    const where = row === undefined ? "" : `\n  at        ${row.place.file}:${row.place.line}`;
    const kind = chosen.changed.has(f.witness.tag.index) ? "is changed" : "is not changed";
    return `${describeFinding(f)}${where}\n  by intent ${kind}`;
  });
  const more = findings.length - told.length;
  return more > 0 ? [...told, `and ${more} more packets`] : told;
}
