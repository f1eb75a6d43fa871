import { randomBytes } from "node:crypto";
import { z } from "zod";
import { Fault } from "../../core/fault.ts";
import { formatAddress } from "../../core/ip.ts";
import type { Host, Nic, Plan } from "../../plan/types.ts";
import type { Packet } from "../../policy/engine/index.ts";
import { SELF } from "../../policy/space.ts";
import { python, type GuestShell } from "../shell.ts";
import type { Oracle } from "./expect.ts";
import { buildPacket, tagBytes, type Tag } from "./frame.ts";
import { judge, type Evidence, type Finding } from "./judge.ts";
import { readCapture } from "./pcap.ts";
import END_CAPTURE from "./end_capture.py";
import SEND_FRAMES from "./send_frames.py";
import SEND_OWN from "./send_own.py";
import START_CAPTURE from "./start_capture.py";
import { readStates } from "./states.ts";
import type { Witness } from "./witness.ts";

export interface LiveOptions {
  readonly shell: GuestShell;
  readonly plan: Plan;
  readonly oracle: Oracle;
  readonly witnesses: readonly Witness[];
  /** MAC of a host's NIC as the hypervisor gives it. */
  readonly macOf: (host: Host, nic: Nic) => string;
  /** Default 200. */
  readonly packetsPerSecond?: number;
  /** Frames go to the router's own legs and not to the shared addresses: so they meet this router, active or not. */
  readonly isToOwnLegs?: boolean;
  /** Room for ARP and a slow machine around the sending itself; 10 s if left out. */
  readonly slackMs?: number;
  /** What is in hand when all is sent is waited for so long at most; 15 s if left out. */
  readonly endSeconds?: number;
  /** Where given, senders that cannot send do not end the run: all others are asked, at the same time. */
  readonly onFailure?: (witnesses: readonly Witness[], error: unknown) => void;
  readonly signal?: AbortSignal;
  readonly onProgress?: (line: string) => void;
}

const PER_SECOND = 200;
/** Room for ARP and a slow machine around the sending itself. */
const SLACK_MS = 10_000;
/** The capture's own end, should nobody end it. */
const CAPTURE_LIMIT_SECONDS = 180;
const END_DEADLINE_SECONDS = 15;
/** After the last witness or reply: what the kernel still has in hand leaves within milliseconds. */
const QUIET_SECONDS = 0.25;
/** Indexes of the packets that say "all before me have come in". */
const FIRST_SENTINEL = 60_000;
/** RFC 863: what arrives there is thrown away. */
const DISCARD = 9n;

const failed = z.object({ failure: z.string() });
const silent = z.object({ silent: z.string() });
const startedAnswer = z.object({ pids: z.array(z.int()), folder: z.string(), links: z.record(z.string(), z.string()) });
const endedAnswer = z.object({
  file: z.string(),
  states: z.string(),
  missing: z.int(),
  isWhole: z.boolean(),
  said: z.string(),
});
const sentAnswer = z.object({ sent: z.int(), neighbour: z.string(), device: z.string() });
const takenAnswer = z.object({ results: z.array(z.int()) });

/** A number for one run: no state, tag or port of another run is taken for one of this. */
export const newRun = (): number => randomBytes(4).readUInt32BE();

/**
 * Sends the witnesses through the router that is active, captures at its interfaces and judges what was seen.
 * Nothing stays: the capture is ended whatever happens, and ends by itself should this process die.
 */
export async function runWitnesses(options: LiveOptions): Promise<readonly Finding[]> {
  const { shell, oracle, witnesses } = options;
  const router = oracle.router.id;
  const first = witnesses[0];
  if (!first) return [];
  const started = read(
    startedAnswer,
    router,
    await python(shell, router, START_CAPTURE, { limit: CAPTURE_LIMIT_SECONDS, filter: "ip" }, 20_000),
  );
  const end = async (marks: readonly string[], deadline: number): Promise<z.infer<typeof endedAnswer>> =>
    read(
      endedAnswer,
      router,
      await python(
        shell,
        router,
        END_CAPTURE,
        { pids: started.pids, folder: started.folder, marks, deadline, quiet: QUIET_SECONDS },
        (deadline + 25) * 1000,
      ),
    );
  let isEnded = false;
  try {
    const taken = new Map<number, number>();
    const marks: string[] = [];
    const send = async (batch: Batch, n: number): Promise<void> => {
      options.signal?.throwIfAborted();
      options.onProgress?.(`${router}: ${batch.witnesses.length} packets from ${batch.ingress} (${batch.sender})`);
      if (batch.ingress === SELF) return sendOwn(options, batch, taken);
      const tag: Tag = { run: first.tag.run, index: FIRST_SENTINEL + n };
      await sendFrames(options, batch, tag);
      marks.push(tagBytes(tag).toString("hex"));
    };
    await sendAll(batchesOf(witnesses), send, options.onFailure);
    isEnded = true;
    const ended = await end(marks, options.endSeconds ?? END_DEADLINE_SECONDS);
    const dropped = /(\d+) packets dropped by kernel/.exec(ended.said)?.[1] ?? "0";
    if (dropped !== "0")
      throw new Fault(
        "ACCEPT_CAPTURE_LOST",
        `${router}: its capture lost ${dropped} packets, so what was not seen may have been there.`,
        "The machine is busy: run the same command again.",
      );
    if (!ended.isWhole)
      throw new Fault(
        "ACCEPT_CAPTURE_LOST",
        `${router}: its capture was held up and is not read to its end, so what was not seen may have been there.`,
        "The machine is busy: run the same command again.",
      );
    const evidence: Evidence = {
      capture: readCapture(Buffer.from(ended.file, "base64")),
      links: new Map(Object.entries(started.links).map(([index, name]) => [Number(index), name])),
      states: readStates(ended.states),
      taken,
    };
    return judge(witnesses, evidence, oracle.deviceOf);
  } finally {
    if (!isEnded) await end([], 0).catch(() => undefined);
  }
}

/** One sender after the other; where some may fail, all at once, but for what the router itself sends first. */
async function sendAll(
  batches: readonly Batch[],
  send: (batch: Batch, n: number) => Promise<void>,
  onFailure: LiveOptions["onFailure"],
): Promise<void> {
  if (!onFailure) {
    for (const [n, batch] of batches.entries()) await send(batch, n);
    return;
  }
  const all = batches.map((batch, n) => ({ batch, n }));
  const sent = (isOwn: boolean): Promise<unknown> =>
    Promise.all(
      all
        .filter(({ batch }) => (batch.ingress === SELF) === isOwn)
        .map(({ batch, n }) => send(batch, n).catch((error: unknown) => onFailure(batch.witnesses, error))),
    );
  await sent(true);
  await sent(false);
}

interface Batch {
  readonly ingress: string;
  readonly sender: string;
  readonly witnesses: readonly Witness[];
}

function batchesOf(witnesses: readonly Witness[]): readonly Batch[] {
  const batches = new Map<string, Witness[]>();
  for (const w of witnesses) {
    const key = `${w.ingress} ${w.sender}`;
    batches.set(key, [...(batches.get(key) ?? []), w]);
  }
  const all = [...batches.values()].map((ws) => ({ ingress: ws[0]!.ingress, sender: ws[0]!.sender, witnesses: ws }));
  // What comes in later tells that what the router sent before has been captured: its own packets have no such mark.
  return all.toSorted((x, y) => Number(y.ingress === SELF) - Number(x.ingress === SELF));
}

async function sendFrames(options: LiveOptions, batch: Batch, sentinel: Tag): Promise<void> {
  const { shell, plan, oracle } = options;
  const perSecond = options.packetsPerSecond ?? PER_SECOND;
  const host = plan.hosts.get(batch.sender)!;
  const nic = host.nics.find((n) => n.zone === batch.ingress)!;
  const zone = plan.zones.get(batch.ingress)!;
  // The shared address finds the active router; on the routers' own link there is none.
  const shared = options.isToOwnLegs === true ? undefined : zone.vip?.address;
  const neighbour = shared ?? oracle.router.nics.find((n) => n.zone === zone.id)!.address;
  const last: Packet = {
    family: 4,
    slice: "udp",
    src: nic.address.value,
    dst: neighbour.value,
    a: DISCARD,
    b: DISCARD,
  };
  const packets = [...batch.witnesses.map((w) => buildPacket(w.packet, w.tag)), buildPacket(last, sentinel)];
  const deadlineMs = (packets.length / perSecond) * 1000 + (options.slackMs ?? SLACK_MS);
  const answer = await python(
    shell,
    batch.sender,
    SEND_FRAMES,
    {
      mac: options.macOf(host, nic).toLowerCase(),
      sender: formatAddress(nic.address),
      neighbour: formatAddress(neighbour),
      packets: packets.map((p) => p.toString("base64")),
      perSecond,
      deadline: deadlineMs / 1000,
    },
    deadlineMs + SLACK_MS,
  );
  const { sent } = read(sentAnswer, batch.sender, answer);
  if (sent < packets.length)
    throw new Fault(
      "ACCEPT_SENT_LESS",
      `${batch.sender} sent ${sent} of ${packets.length} packets in ${deadlineMs / 1000} s.`,
      "The machine is busy: run the same command again.",
    );
}

async function sendOwn(options: LiveOptions, batch: Batch, taken: Map<number, number>): Promise<void> {
  const perSecond = options.packetsPerSecond ?? PER_SECOND;
  const deadlineMs = (batch.witnesses.length / perSecond) * 1000 + (options.slackMs ?? SLACK_MS);
  const answer = await python(
    options.shell,
    batch.sender,
    SEND_OWN,
    {
      packets: batch.witnesses.map((w) => ({
        to: formatAddress({ family: 4, value: w.packet.dst }),
        bytes: buildPacket(w.packet, w.tag).toString("base64"),
      })),
      perSecond,
      deadline: deadlineMs / 1000,
    },
    deadlineMs + SLACK_MS,
  );
  const { results } = read(takenAnswer, batch.sender, answer);
  results.forEach((errno, i) => taken.set(batch.witnesses[i]!.tag.index, errno));
}

/** @throws Fault ACCEPT_NO_NEIGHBOUR, ACCEPT_SCRIPT with what the script itself says went wrong */
function read<T>(schema: z.ZodType<T>, host: string, answer: unknown): T {
  const lonely = silent.safeParse(answer);
  if (lonely.success)
    throw new Fault(
      "ACCEPT_NO_NEIGHBOUR",
      `${host}: ${lonely.data.silent}.`,
      "`maquette status` shows who runs; `maquette logs HOST` shows more.",
    );
  const failure = failed.safeParse(answer);
  if (failure.success)
    throw new Fault(
      "ACCEPT_SCRIPT",
      `${host}: ${failure.data.failure}.`,
      "`maquette status` shows who runs; `maquette logs HOST` shows more.",
    );
  return schema.parse(answer);
}
