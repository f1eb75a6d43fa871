import { join, relative } from "node:path";
import { isPackage } from "../../../bin/modules.js";
import { Fault } from "../../core/fault.ts";
import { lostGuests, MAKING_WAY, smallClones, standingGuests } from "../../infra/displaced.ts";
import { sayWhatIsInstalled } from "../artefacts.ts";
import { askHosts } from "../ask-hosts.ts";
import { CHOSEN_HOSTS, GUESTS_ONLY, planFolder, refuseWithoutOperator } from "../../infra/settings.ts";
import { refuseWithoutImages } from "../../infra/supplied.ts";
import { readSettings } from "../context.ts";
import { checkpointOf } from "../recover.ts";
import type { Command } from "../command.ts";
import { collectChanges, type Change } from "../changes.ts";
import { describeChanges } from "../describe-changes.ts";
import { exitCodes } from "../exit-codes.ts";
import { guestTable } from "../guest-table.ts";
import { refuseAbsentImages } from "../images.ts";
import { interruptible } from "../interrupt.ts";
import { namedHosts } from "../lab-door.ts";
import {
  allLosses,
  failedByProtectionAlone,
  lossesOfChanges,
  lossesOfPlan,
  refuseLosses,
  smallCloneFault,
  type Loss,
} from "../losses.ts";
import { allowedToGo, makeWay, plannedGuests } from "../make-way.ts";
import { revokeOrphans, usesOf } from "../orphans.ts";
import { guestsOff, startWhole } from "../power.ts";
import { RunProgress } from "../progress.ts";
import { readyStack } from "../ready.ts";
import { afterBoot } from "../after-boot.ts";
import { roleLayersOf } from "../../roles/registry.ts";
import { Vault } from "../../stack/vault.ts";
import { askRoom } from "../../twin/remote-driver.ts";
import { isKnownUnchanged, isWantedAsBefore, keepBrought, keepUnchanged, previewKey } from "../unchanged.ts";
import { wordsOf } from "../words.ts";

const ROLE = "provision:index:Role";

/** Brings the lab to what the plan says, after making good whatever an interrupted run left. */
export const up: Command = async (context, values) => {
  const started = Date.now();
  const { io } = context;
  const words = wordsOf(context.language);
  const isGuestsOnly = values["guests-only"] === true;
  if (!isGuestsOnly) refuseWithoutOperator(context.stack, await readSettings(context));
  const ready = await readyStack(context, {
    mustBeProven: true,
    mayFinishReset: true,
    mayStart: true,
    onPlan: async (settings, plan) => {
      refuseWithoutImages(plan, settings);
      await sayWhatIsInstalled(context, settings, plan, true);
    },
  });
  if (!ready) return exitCodes.findings;
  const { session, plan, naming, mark } = ready;
  await refuseAbsentImages(context, session.client, session.settings, plan, naming);
  // Before the engine asks for guests: building takes minutes the first time, and here it can be watched.
  if (session.room !== null) {
    const images = [...plan.hosts.values()].map((h) => ({
      image: plan.images.get(h.image)!.fileName,
      role: h.role,
      also: h.roles.slice(1),
    }));
    await askRoom(session.room, "prepare", [images, roleLayersOf(plan)], (line) => io.progress(line));
  }
  const chosen = values["host"] === undefined ? undefined : namedHosts(plan, naming, values["host"]);
  // Pulumi's names of everything that a host consists of.
  const only = [...(chosen ?? [])].flatMap((id) => ["--target", `**::${id}`, "--target", `**::${id}-*`]);
  const checkpoint = await checkpointOf(context, session);
  if (isGuestsOnly && checkpoint.resources.some((r) => r.type === ROLE))
    throw new Fault(
      "CLI_USAGE",
      "The guests of this stack have their roles already: --guests-only would forget that they have.",
      "Run `maquette up` without it; `maquette destroy` first makes guests anew.",
    );
  const listedBefore = await session.client.listVms();
  const standing = standingGuests(checkpoint.resources, listedBefore, mark);
  const allowed = allowedToGo(values["replace"], plan, naming, standing);
  const stackOption = context.isEmbedded ? "" : ` --stack ${context.stack}`;
  // What names and numbers cost is known before the engine is asked; what else a change costs, its preview says.
  const planned = plannedGuests(plan, naming, session.settings);
  const small = smallCloneFault(smallClones(checkpoint.resources, standing, planned));
  if (small !== undefined) throw small;
  const displaced = lossesOfPlan(standing, planned);
  refuseLosses(displaced, allowed, stackOption);
  const limits = {
    ...(isGuestsOnly ? { [GUESTS_ONLY]: "1" } : {}),
    ...(chosen === undefined ? {} : { [CHOSEN_HOSTS]: [...chosen].join(",") }),
  };
  const makingWay = { ...limits, [MAKING_WAY]: displaced.map((l) => l.guest.vm.vmid).join(",") };
  const off = guestsOff(standing, plan, naming).filter((g) => chosen?.has(g.host.id) !== false);
  await startWhole(context, session.client, off, session.room);
  if (session.room !== null) {
    const supplied = standing
      .filter((g) => chosen?.has(g.host) !== false)
      .map((g) => ({ vmid: g.vm.vmid, also: plan.hosts.get(g.host)?.roles.slice(1) ?? [] }));
    await askRoom(session.room, "supply", [supplied], (line) => io.err(line));
  }
  // What somebody changed behind its back is in the engine's record as it was, until it looks: a guest that is gone,
  // a file on a host. Hosts are asked while the preview runs, because most of the time nothing has changed.
  let refresh = lostGuests(checkpoint.resources, standing).length > 0 ? ["--refresh"] : [];
  const unfinished = new Set(off.filter((g) => !g.isWhole).map((g) => g.host.id));
  // Who is not there as this stack's answers nobody, and would be waited for.
  const asked = new Set(standing.map((g) => g.host).filter((id) => !unfinished.has(id) && chosen?.has(id) !== false));
  const asking = refresh.length > 0 ? Promise.resolve([]) : askHosts(context, session, checkpoint, asked);
  asking.catch(() => undefined);
  let lost: readonly Loss[] = displaced;
  if (values["skip-preview"] !== true) {
    const key = isGuestsOnly || only.length > 0 || refresh.length > 0 ? undefined : await previewKey(context, session);
    const isKnown = await isKnownUnchanged(context, key);
    let previewed = isKnown ? [] : await preview();
    await lookAtHosts();
    if (refresh.length > 0) previewed = await preview();
    const changes = collectChanges(previewed);
    if (!context.isJson) io.err(changes.length === 0 ? words.upToDate : describeChanges(changes, io.colours));
    lost = lossesOf(changes);
    if (changes.length === 0) {
      // Not after a refresh: that previews another state than the one on record.
      if (!isKnown && refresh.length === 0) await keepUnchanged(context, key);
      return finish();
    }
  } else {
    // Not shown, but asked for all the same where an edit may cost a guest.
    if (standing.length > 0 && !(await isWantedAsBefore(context, await previewKey(context, session))))
      lost = lossesOf(collectChanges(await preview()));
    await lookAtHosts();
  }
  refuseLosses(lost, allowed, stackOption);
  for (const name of allowed)
    if (!lost.some((l) => l.name === name || l.guest.host === name)) io.err(words.nothingReplaces(name));
  if (lost.length > 0) {
    await makeWay(
      context,
      session,
      lost.map((l) => l.guest),
    );
    // Seeds and roles of a guest that is gone are gone with it.
    refresh = ["--refresh"];
  }
  // Only now: what is refused takes nothing away. The list reaches the hosts in this run.
  if (!isGuestsOnly && chosen === undefined && standing.some((g) => !plan.hosts.has(g.host))) {
    const vault = new Vault(context.folders.secrets);
    for (const label of await revokeOrphans(vault, await usesOf(context, session.settings, plan)))
      io.err(words.revokedWithHost(`cert/${label}`));
  }
  const progress = new RunProgress(io);
  const before = isGuestsOnly || only.length > 0 ? undefined : await previewKey(context, session);
  const ran = await interruptible(io, (signal) =>
    // Hosts wait for each other and for networks, not for this machine: none must keep another from beginning.
    session.pulumi(["up", "--yes", "--skip-preview", "--parallel", "64", ...refresh, ...only], {
      onEvent: progress.onEvent,
      signal,
      env: limits,
    }),
  );
  if (ran.code !== 0) throw engineFault("up", ran, progress, []);
  await keepBrought(context, session, before);
  return finish();

  async function preview(): Promise<Parameters<RunProgress["onEvent"]>[0][]> {
    const events: Parameters<RunProgress["onEvent"]>[0][] = [];
    const seen = new RunProgress(io);
    const ran = await interruptible(io, (signal) =>
      session.pulumi(["preview", ...refresh, ...only], { onEvent: (e) => events.push(e), signal, env: makingWay }),
    );
    if (ran.code !== 0 && !failedByProtectionAlone(events)) throw engineFault("preview", ran, seen, events);
    return events;
  }

  async function lookAtHosts(): Promise<void> {
    io.progress(words.askingHosts);
    const drifts = await asking;
    for (const { host, role, step, what } of drifts) io.err(words.drifted(host, role, step, what));
    if (drifts.length > 0) refresh = ["--refresh"];
  }

  function lossesOf(changes: readonly Change[]): readonly Loss[] {
    return allLosses(displaced, lossesOfChanges(changes, standing));
  }

  async function finish(): Promise<number> {
    if (session.room !== null) await afterBoot(context, { ...ready!, room: session.room });
    const seconds = ((Date.now() - started) / 1000).toFixed(1);
    const listed = await session.client.listVms();
    if (context.isJson) {
      const guests = [...plan.hosts.values()].map((h) => {
        const vm = listed.find((v) => v.vmid === naming.vmId(h));
        return {
          host: h.id,
          role: h.role,
          vmId: naming.vmId(h),
          node: vm?.node ?? null,
          state: vm?.status ?? "missing",
        };
      });
      io.out(JSON.stringify({ seconds: Number(seconds), guests }));
      return exitCodes.good;
    }
    io.out(guestTable(context, plan, naming, listed));
    io.out("");
    const own = new Set([...plan.hosts.values()].map((h) => naming.vmId(h)));
    io.out(words.ready(listed.filter((v) => own.has(v.vmid) && v.status === "running").length, seconds));
    if (isGuestsOnly) io.out(words.guestsOnly);
    if (!context.isEmbedded && !(await session.client.permissionsOn("/")).has("Sys.Modify")) io.out(words.noStartup);
    if (context.isEmbedded) io.out(session.room === null ? words.memoryOnly : words.containers);
    const us = isPackage(context.root) ? "npx maquette" : "bin/maquette";
    const there = session.project === context.root ? "" : ` && cd ${session.project}`;
    const documents = join(
      relative(process.cwd(), planFolder(context.root, context.stack, session.settings)),
      "*.yaml",
    );
    const next: readonly (readonly [string, string])[] = [
      [`${us} status${stackOption}`, words.nextStatus],
      ...(session.room === null
        ? []
        : ([
            [`${us} ssh pc1`, words.nextSsh],
            [`${us} verify`, words.nextVerify],
            [`${us} drill router`, words.nextDrill],
          ] as const)),
      [`eval "$(${us} env${stackOption})"${there}`, words.nextPulumi],
      [documents, words.nextPlan],
      [`${us} destroy${stackOption}`, words.nextDestroy],
    ];
    io.out(["", `${words.next}:`, ...next.map(([what, why]) => `  ${what.padEnd(28)}  ${why}`)].join("\n"));
    return exitCodes.good;
  }
};

/** What a run of the engine that failed has to say: its own errors, never its log. */
export function engineFault(
  what: string,
  ran: { readonly code: number; readonly stdout: string; readonly stderr: string },
  progress: RunProgress,
  events: Parameters<RunProgress["onEvent"]>[0][],
): Fault {
  for (const event of events) progress.onEvent(event);
  const said =
    progress.problems.length > 0
      ? "see above"
      : (ran.stderr.trim() || ran.stdout.trim()).split("\n").slice(-8).join("\n  ");
  return new Fault(
    "ENGINE_RUN_FAILED",
    `pulumi ${what} failed (exit ${ran.code}): ${said}`,
    "Mend what it names, then run the same command again: it goes on from where it stopped.",
  );
}
