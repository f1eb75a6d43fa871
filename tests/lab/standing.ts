import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { inject } from "vitest";
import { openRunningLab, type RunningLab } from "../../src/cli/commands/verify.ts";
import type { Context } from "../../src/cli/context.ts";
import { findEmbedded } from "../../src/embedded/control.ts";
import { roomPlaces } from "../../src/embedded/room.ts";
import { clientFor } from "../../src/pve/client/environment.ts";
import { destroyVm } from "../../src/pve/client/guests.ts";
import { SecretSource } from "../../src/provision/secrets.ts";
import { loadStackSecret, StackSecret } from "../../src/stack/secret.ts";
import { foldersOf } from "../../src/stack/folders.ts";
import { Vault } from "../../src/stack/vault.ts";
import { listening } from "../cli/captured.ts";
import { Clone, type Ran } from "../engine/lab.ts";
import { runningCommands } from "./running-commands.ts";

/*
 * One lab for all files that test a lab which runs: brought up once in a run as its users do, kept by the product's own
 * snapshot, and put back by its own reset for each file that takes it after another one.
 */

const SNAPSHOT = "standing";
/** Also where nothing is built yet: engine and images. */
const UP_MS = 1_800_000;
const SAMPLE_MS = 50;

/** What is known of the lab from one file to the next. */
interface Known {
  /** The run that last looked whether it is as the sources have it. */
  readonly run: string;
  /**
   * As its snapshot has it; or some file has had it, and it may be otherwise; or the snapshot has a guest that was
   * destroyed, so that nothing puts it back.
   */
  readonly is: "kept" | "used" | "spent";
  readonly birth: Birth;
}

/** How it came to be. */
export interface Birth {
  readonly up: Ran;
  /** Every command line that was seen on the machine meanwhile, guests' too. */
  readonly commandLines: readonly string[];
}

/** A line of `accept --json`. */
interface Accepted {
  readonly need: string;
  readonly probe: string | null;
  readonly seen: string;
  readonly ok: boolean | null;
}

export interface StandingLab {
  readonly clone: Clone;
  readonly birth: Birth;
  maquette(...args: readonly string[]): Promise<Ran>;
  /** Of guests' own SSH. */
  readonly sockets: string;
  readonly secret: StackSecret;
  readonly source: SecretSource;
  /** The stack's secret, and its vault, with other epochs. */
  sourceAt(epochs: ReadonlyMap<string, number>): { readonly secret: StackSecret; readonly source: SecretSource };
  /** By the API, as somebody with Proxmox' web interface would: its snapshots go with it, so that `keepAgain` is due. */
  destroyGuest(host: string): Promise<void>;
  /** What acceptance finds red, as `probe: seen`; asked again until nothing is, or the time is over. */
  reds(asked?: { readonly need?: string; readonly withinMs?: number }): Promise<readonly string[]>;
  /** The ways into its guests that its commands take; closed by whoever asked. */
  running(): Promise<RunningLab>;
  /**
   * Keeps it as it is now for those who come after, where a guest of its snapshot was destroyed. Whoever asks has seen
   * that it is as the plan says.
   */
  keepAgain(): Promise<void>;
}

/** The run's lab, as its snapshot has it. The caller may do to it what its users may. */
export async function standingLab(): Promise<StandingLab> {
  const { folder, run } = inject("standingLab");
  const file = join(folder, "known.json");
  const clone = new Clone({ folder });
  clone.env["MAQUETTE_GUESTS"] = "container";
  const maquette = (...args: readonly string[]): Promise<Ran> => clone.maquette(args, { deadlineMs: UP_MS });
  const good = async (...args: readonly string[]): Promise<Ran> => {
    const ran = await maquette(...args);
    if (ran.code !== 0)
      throw new Error(`maquette ${args.join(" ")} ended with ${ran.code}\n${ran.stdout}${ran.stderr}`);
    return ran;
  };
  const know = (known: Known): void => writeFileSync(file, JSON.stringify(known));
  const secrets = join(clone.home, "data");
  const keep = async (): Promise<void> => {
    await good("snapshot", SNAPSHOT);
    // Revocations and epochs are this machine's, and no reset takes them back.
    rmSync(`${secrets}.kept`, { recursive: true, force: true });
    cpSync(secrets, `${secrets}.kept`, { recursive: true, preserveTimestamps: true });
  };

  let known = existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Known) : undefined;
  if (known?.is === "spent") await good("destroy", "--yes");
  if (known === undefined || known.is === "spent") {
    const birth = await born(maquette);
    if (birth.up.code !== 0) throw new Error(`the lab does not come up\n${birth.up.stdout}${birth.up.stderr}`);
    await keep();
    known = { run, is: "kept", birth };
  } else if (known.is === "used") {
    rmSync(secrets, { recursive: true });
    cpSync(`${secrets}.kept`, secrets, { recursive: true, preserveTimestamps: true });
    clone.copySources();
    await good("reset", SNAPSHOT);
  }
  if (known.run !== run) {
    // From an earlier run: the sources may be others since.
    if (known.is === "kept") clone.copySources();
    const { stderr } = await good("up");
    if (!stderr.includes("Nothing to change")) {
      await good("snapshot", SNAPSHOT, "--delete");
      await keep();
    }
  }
  known = { ...known, run, is: "used" };
  know(known);

  const folders = foldersOf(clone.root, "lab", clone.env);
  const secret = await loadStackSecret(folders.secrets);
  const vault = new Vault(folders.secrets);
  const context: Context = {
    root: clone.root,
    stack: "lab",
    isEmbedded: true,
    folders,
    format: "text",
    isJson: false,
    language: "en",
    io: listening(),
    rooter: undefined,
    mayInstall: false,
  };
  return {
    clone,
    birth: known.birth,
    maquette,
    sockets: join(roomPlaces(folders).run, "g"),
    secret,
    source: new SecretSource(secret, vault),
    sourceAt: (epochs) => {
      const key = Buffer.from(readFileSync(join(folders.secrets, "secret"), "utf8").trim(), "base64url");
      const rotated = new StackSecret(key, epochs);
      return { secret: rotated, source: new SecretSource(rotated, vault) };
    },
    destroyGuest: async (host) => {
      // Should the file end before it has made good what it does here.
      know({ ...known, is: "spent" });
      const opened = await openRunningLab(context, null);
      await opened.close();
      const vmId = opened.naming.vmId(opened.plan.hosts.get(host)!);
      const client = await clientFor((await findEmbedded(folders))!, false);
      try {
        const vm = (await client.listVms()).find((v) => v.vmid === vmId);
        await destroyVm(client, vm!.node, vm!.vmid);
      } finally {
        await client.close();
      }
    },
    reds: async ({ need, withinMs = 0 } = {}) => {
      for (const until = Date.now() + withinMs; ;) {
        const { code, stdout, stderr } = await maquette(
          "accept",
          "--json",
          ...(need === undefined ? [] : ["--need", need]),
        );
        if (code !== 0 && code !== 1) throw new Error(`maquette accept ended with ${code}\n${stdout}${stderr}`);
        const lines = stdout.split("\n").flatMap((l) => (l === "" ? [] : [JSON.parse(l) as Accepted]));
        if (lines.length === 0) throw new Error(`maquette accept asked nothing\n${stderr}`);
        const red = lines.filter((l) => l.ok === false).map((l) => `${l.probe ?? l.need}: ${l.seen}`);
        if ((code === 1) !== red.length > 0) throw new Error(`maquette accept ended with ${code}\n${stdout}${stderr}`);
        if (red.length === 0 || Date.now() > until) return [...new Set(red)];
      }
    },
    running: () => openRunningLab(context, null),
    keepAgain: async () => {
      await good("snapshot", SNAPSHOT, "--delete");
      await keep();
      know({ ...known, is: "kept" });
    },
  };
}

async function born(maquette: (...args: readonly string[]) => Promise<Ran>): Promise<Birth> {
  const seen = new Set<string>();
  const sampler = setInterval(() => {
    for (const line of runningCommands()) seen.add(line);
  }, SAMPLE_MS);
  try {
    return { up: await maquette("up"), commandLines: [...seen] };
  } finally {
    clearInterval(sampler);
  }
}
