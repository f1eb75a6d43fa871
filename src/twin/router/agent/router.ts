import { existsSync, mkdirSync } from "node:fs";

import { Fault, messageOf } from "../../../core/fault.ts";
import type { Circumstances } from "../../../pfsense/rules/types.ts";
import { desiredOf, readFileOfRouter } from "../compile/desired.ts";
import type { Desired, ReadFile } from "../compile/desired.ts";
import type { Gateway, GatewayState, GatewayStates } from "../compile/gateways.ts";
import { routingOf } from "../compile/routing.ts";
import { attempt, run } from "./exec.ts";
import { writeAtomic } from "./files.ts";
import { Helper } from "./helper.ts";
import type { HelperEvent } from "./helper.ts";
import { applyLinks, applySysctls, requireCards, Routes, setForwarding } from "./links.ts";
import { CONFIG, locateConfig } from "./media.ts";
import { PeerStates } from "./peer-states.ts";
import { KernelRules, whyNot } from "./rules.ts";
import { applyAccounts, applyServices, applyShaper, applyHostKeys, checkServices } from "./services.ts";
import type { CarpStatus, GatewayStatus, RouterStatus } from "./status.ts";

/** Where the firmware lives, and where it says how it is. */
export const FIRMWARE = "/usr/lib/maquette/router";
export const RUN = "/run/maquette/router";
export const STATUS = `${RUN}/status.json`;

/** CARP_MAXSKEW of ip_carp.c, which pfsync(4) demotes by. */
const MAX_DEMOTION = 240;
/** Every address has a master by then: 3·advbase + skew/256. */
const ELECTION_SECONDS = 4;

interface GatewayView {
  state: GatewayStatus["state"];
  /** As routes and rules have it: what others are told, who would else act on rules that are still to come. */
  followed: GatewayStatus["state"];
  loss: number | undefined;
  delayMs: number | undefined;
  since: number;
}

/**
 * The router: reads its file, makes the system what the file says, and keeps it so while gateways come and go. All that
 * changes the system runs one after the other, in the order it was asked for.
 */
export class Router {
  readonly #rules = new KernelRules();
  readonly #routes = new Routes();
  readonly #carp: Helper;
  readonly #watch: Helper;
  readonly #sync: Helper;
  readonly #peerStates: PeerStates;
  readonly #filterlog: Helper;
  readonly #pfMib: Helper;
  readonly #say: (text: string) => void;
  readonly #gateways = new Map<string, GatewayView>();
  /** By the interface's key. */
  readonly #leases = new Map<string, { readonly address: string; readonly gateway: string | undefined }>();
  readonly #clients = new Map<string, Helper>();
  #clock: NodeJS.Timeout | undefined;
  readonly #carpStates = new Map<string, string>();
  #carpStatus: readonly CarpStatus[] = [];
  #desired: Desired | undefined;
  #source = "";
  #loadedAt = 0;
  #phase: RouterStatus["phase"] = "starting";
  #since = Date.now();
  #failure: string | undefined;
  #isForwarding = false;
  #isTakingOver = false;
  #confirm:
    | { readonly timer: NodeJS.Timeout; readonly until: number; readonly before: ReadFile; readonly source: string }
    | undefined;
  #queue: Promise<unknown> = Promise.resolve();

  /** @param say where a line for the console and the journal goes */
  constructor(say: (text: string) => void) {
    this.#say = say;
    const python = ["python3", "-S", "-E", "-B"];
    this.#carp = new Helper([...python, `${FIRMWARE}/carpd.py`], (e) => this.#onCarp(e), say);
    this.#watch = new Helper([...python, `${FIRMWARE}/gatewayd.py`], (e) => this.#onGateway(e), say);
    this.#filterlog = new Helper([...python, `${FIRMWARE}/filterlog.py`], () => undefined, say);
    this.#pfMib = new Helper([...python, `${FIRMWARE}/pfmibd.py`], (e) => this.#onPfMib(e), say);
    this.#sync = new Helper([...python, `${FIRMWARE}/syncd.py`], (e) => this.#peerStates.onEvent(e.event), say);
    this.#peerStates = new PeerStates(
      {
        send: (op) => this.#sync.send({ op }),
        conntrackd: async (flag) => (await attempt(["conntrackd", flag])).stdout,
      },
      // Of a program before this one in the same boot; the folder is of memory.
      !existsSync(STATUS),
    );
  }

  /** One thing at a time. */
  #exclusively<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#queue.then(work);
    this.#queue = done.catch(() => undefined);
    return done;
  }

  /**
   * From nothing to a router that forwards: closed first, rules proven before a single address is set, forwarding
   * last; CARP comes with the slower rest.
   * @throws Fault when there is no sound file, or its rules cannot be proven; nothing forwards then
   */
  boot(): Promise<void> {
    return this.#exclusively(async () => {
      setForwarding(false, true);
      await this.#rules.closeAll();
      const found = locateConfig();
      const file = readFileOfRouter(found.bytes, found.source);
      const desired = this.#compile(file);
      requireCards(desired);
      await attempt(["hostname", file.config.system.hostname ?? "pfSense"]);
      await this.#bringUp(desired, undefined);
      if (found.isFromMedium) writeAtomic(CONFIG, found.bytes, 0o600);
      this.#source = found.source;
      this.#phase = "running";
      this.#since = Date.now();
      for (const g of desired.gaps) this.#say(`not imitated: ${g.path}: ${g.what}`);
      const { user, system } = process.cpuUsage();
      const took = `${process.uptime().toFixed(1)} s, ${((user + system) / 1e6).toFixed(1)} s of CPU`;
      this.#say(
        `forwarding after ${took}, configuration ${file.digest.slice(0, 12)} from ${found.source}, rules proven`,
      );
      this.#saveStatus();
    });
  }

  /** The slower rest of the boot: accounts, services, states of the other router, CARP. */
  settle(): Promise<void> {
    return this.#exclusively(async () => {
      const desired = this.#desired;
      if (!desired) return;
      applyAccounts(desired.accounts, this.#say);
      await applyHostKeys(desired.file);
      const sync = desired.services.find((s) => s.unit === "conntrackd.service");
      const others = { ...desired, services: desired.services.filter((s) => s !== sync) };
      this.#configureCarp(desired);
      // As pfsync(4) has it: no address is preempted by a router that has no states yet, nor does CARP wait for them.
      if (sync?.isWanted) this.#carp.send({ op: "demote", by: MAX_DEMOTION, reason: "states are asked for" });
      const services = applyServices(others, this.#say);
      if (sync?.isWanted) {
        await applyServices({ ...desired, services: [sync] }, this.#say);
        const isOtherThere = await this.#peerStates.receive();
        // A pfSense takes long to boot; this one may be back before it was missed. Coming into the other one's takeover
        // it would tear the addresses apart between the two.
        const within = isOtherThere ? { within: ELECTION_SECONDS } : {};
        this.#carp.send({ op: "demote", by: 0, reason: "states have come", ...within });
      }
      await services;
      this.#saveStatus();
    });
  }

  #compile(file: ReadFile): Desired {
    const circumstances: Circumstances = {
      now: new Date(),
      addresses: Object.fromEntries([...this.#leases].map(([key, l]) => [key, [l.address]])),
    };
    const leased = Object.fromEntries([...this.#leases].flatMap(([key, l]) => (l.gateway ? [[key, l.gateway]] : [])));
    return desiredOf(file, circumstances, (gateways) => this.#states(gateways), leased);
  }

  /** Which gateways count as down: what a failed one changes is up to the file (`action_disable`). */
  #states(gateways: readonly Gateway[]): GatewayStates {
    const isDown = (g: Gateway): boolean => g.isActedOn && this.#gateways.get(g.name)?.state === "down";
    return Object.fromEntries(gateways.map((g) => [g.name, isDown(g) ? "down" : "up"]));
  }

  /** Everything of a file but its services; only what differs from `before` is touched. */
  async #bringUp(desired: Desired, before: Desired | undefined): Promise<void> {
    const { config } = desired.file;
    for (const failure of applySysctls(desired.sysctls)) this.#say(`not set: ${failure}`);
    await this.#rules.load(desired.table, { config, ruleset: desired.ruleset, marks: desired.marks });
    if (desired.counters !== this.#desired?.counters) await run(["nft", "-f", "-"], { input: desired.counters });
    await applyLinks(desired);
    // Switches of a card exist once it is up.
    applySysctls(desired.sysctls);
    await this.#routes.apply(desired.routing);
    await applyShaper(desired, before, this.#say);
    setForwarding(true, config.system.allowsIpv6);
    this.#isForwarding = true;
    this.#desired = desired;
    this.#loadedAt = Date.now();
    this.#configureGateways(desired);
    if (desired.syncPeer) this.#sync.configure({ op: "configure", ...desired.syncPeer });
    this.#filterlog.configure({});
    if (desired.pfMibSocket !== null || before?.pfMibSocket) {
      this.#pfMib.configure({ op: "configure", socket: desired.pfMibSocket });
    }
    this.#configureClients(desired);
    this.#configureClock(desired);
  }

  /** A DHCP client on each card that has its address from one. */
  #configureClients(desired: Desired): void {
    const wanted = new Set(desired.network.links.flatMap((l) => (l.isDhcp ? [l.device] : [])));
    for (const [device, client] of this.#clients) {
      if (wanted.has(device)) continue;
      client.stop("SIGTERM");
      this.#clients.delete(device);
    }
    for (const device of wanted) {
      if (this.#clients.has(device)) continue;
      const name = desired.file.config.system.hostname ?? "pfSense";
      const flags = [
        "-f",
        "-R",
        "-t",
        "5",
        "-T",
        "1",
        "-A",
        "5",
        "-s",
        `${FIRMWARE}/dhcp-event.sh`,
        "-x",
        `hostname:${name}`,
      ];
      const client = new Helper(["udhcpc", "-i", device, ...flags], () => undefined, this.#say);
      this.#clients.set(device, client);
      client.configure({});
    }
  }

  /** Schedules begin and end on the minute: rules are made anew then, and loaded where they differ. */
  #configureClock(desired: Desired): void {
    clearTimeout(this.#clock);
    this.#clock = undefined;
    if (desired.file.config.schedules.length === 0) return;
    const next = 60_000 - (Date.now() % 60_000) + 50;
    this.#clock = setTimeout(() => void this.#reconsider("the time"), next);
    this.#clock.unref();
  }

  /** The same file under other circumstances: only what they change is touched. */
  #reconsider(why: string): Promise<void> {
    return this.#exclusively(async () => {
      const before = this.#desired;
      if (!before) return;
      try {
        await this.#bringUp(this.#compile(before.file), before);
      } catch (error) {
        this.#say(`${why}: ${messageOf(error)}`);
      }
      this.#saveStatus();
    });
  }

  /** A lease that came, changed, or went (without an address). */
  lease(device: string, address: string | undefined, gateway: string | undefined): Promise<void> {
    const link = this.#desired?.network.links.find((l) => l.device === device && l.isDhcp);
    if (!link) return Promise.resolve();
    const before = this.#leases.get(link.key);
    if (before?.address === address && before?.gateway === gateway) return Promise.resolve();
    if (address === undefined) this.#leases.delete(link.key);
    else this.#leases.set(link.key, { address, gateway });
    this.#say(`${device}: ${address === undefined ? "no lease" : `${address} by DHCP, gateway ${gateway ?? "none"}`}`);
    return this.#reconsider(`the lease of ${device}`);
  }

  #configureGateways(desired: Desired): void {
    for (const name of [...this.#gateways.keys()]) {
      if (!desired.gateways.some((g) => g.name === name)) this.#gateways.delete(name);
    }
    for (const g of desired.gateways) {
      if (this.#gateways.has(g.name)) continue;
      const state = g.isForcedDown ? "down" : g.monitor ? "pending" : "unwatched";
      this.#gateways.set(g.name, { state, followed: state, loss: undefined, delayMs: undefined, since: Date.now() });
    }
    const gateways = desired.gateways.flatMap((g) =>
      g.monitor && !g.isForcedDown ? [{ name: g.name, device: g.device, ...g.monitor }] : [],
    );
    this.#watch.configure({ op: "configure", gateways });
  }

  #configureCarp(desired: Desired): void {
    this.#carp.configure({ op: "configure", vips: desired.network.carp });
    this.#carp.send({ op: "status" });
  }

  /** Once for all addresses that come over together. */
  #takeStatesOver(): void {
    this.#peerStates.onMaster();
    if (this.#isTakingOver || this.#desired === undefined) return;
    this.#isTakingOver = true;
    void this.#exclusively(async () => {
      this.#isTakingOver = false;
      await this.#peerStates.takeOver();
    });
  }

  /**
   * Day 2: a changed file, checked whole before anything is touched, then put in the place of the one before without
   * dropping what is established.
   * @param confirmSeconds when given, the file before comes back by itself unless {@link confirm} is called in time
   * @throws Fault when the file is not sound, a service would refuse it, or its rules cannot be proven; then nothing has changed
   */
  load(bytes: Uint8Array, source: string, confirmSeconds?: number): Promise<string> {
    return this.#exclusively(async () => {
      const before = this.#desired;
      if (!before)
        throw new Fault(
          "ROUTER_NOT_RUNNING",
          "The router has not started",
          "Read the journal of maquette-router.service.",
        );
      const file = readFileOfRouter(bytes, source);
      const kept = this.#confirm;
      await this.#replace(file, before);
      if (kept) clearTimeout(kept.timer);
      // A second load before the first was confirmed still goes back to what was last confirmed.
      const confirmed = kept
        ? { before: kept.before, source: kept.source }
        : { before: before.file, source: this.#source };
      this.#confirm = undefined;
      this.#source = source;
      if (confirmSeconds === undefined) {
        this.#keep(file);
        this.#say(`configuration ${file.digest.slice(0, 12)} loaded from ${source}, rules proven`);
      } else {
        this.#confirm = { ...this.#takesBackAfter(confirmSeconds), ...confirmed };
        this.#say(
          `configuration ${file.digest.slice(0, 12)} loaded from ${source}; it stays if confirmed within ${confirmSeconds} s`,
        );
      }
      this.#saveStatus();
      return file.digest;
    });
  }

  #takesBackAfter(seconds: number): { readonly timer: NodeJS.Timeout; readonly until: number } {
    const inTime = "nobody confirmed the configuration in time";
    const timer = setTimeout(() => void this.#takeBack(inTime).catch(() => undefined), seconds * 1000);
    return { timer, until: Date.now() + seconds * 1000 };
  }

  /**
   * Whoever loaded a file still tries it: so many seconds from now, and not in turn, because what is in turn may take
   * longer than is left. @throws Fault ROUTER_NOTHING_TO_CONFIRM
   */
  hold(seconds: number): void {
    if (!this.#confirm) throw nothingWaits();
    clearTimeout(this.#confirm.timer);
    this.#confirm = { ...this.#confirm, ...this.#takesBackAfter(seconds) };
    this.#saveStatus();
  }

  /** @throws Fault ROUTER_NOTHING_TO_CONFIRM */
  confirm(): Promise<string> {
    return this.#exclusively(async () => {
      if (!this.#confirm || !this.#desired) throw nothingWaits();
      clearTimeout(this.#confirm.timer);
      this.#confirm = undefined;
      this.#keep(this.#desired.file);
      this.#say(`configuration ${this.#desired.file.digest.slice(0, 12)} confirmed`);
      this.#saveStatus();
      return Promise.resolve(this.#desired.file.digest);
    });
  }

  /**
   * At once to what was confirmed last: who loaded a file has seen that it does not do.
   * @returns its digest
   * @throws Fault ROUTER_NOTHING_TO_CONFIRM, or why it could not be put back
   */
  takeBack(): Promise<string> {
    return this.#takeBack("the configuration is not confirmed");
  }

  #takeBack(why: string): Promise<string> {
    return this.#exclusively(async () => {
      const confirm = this.#confirm;
      if (!confirm || !this.#desired) throw nothingWaits();
      clearTimeout(confirm.timer);
      this.#confirm = undefined;
      this.#say(`${why}: the one before comes back`);
      try {
        await this.#replace(confirm.before, this.#desired);
        this.#source = confirm.source;
        this.#say(`configuration ${confirm.before.digest.slice(0, 12)} is back`);
        return confirm.before.digest;
      } catch (error) {
        this.#say(`the configuration before could not be put back: ${messageOf(error)}`);
        throw error;
      } finally {
        this.#saveStatus();
      }
    });
  }

  async #replace(file: ReadFile, before: Desired): Promise<void> {
    const desired = this.#compile(file);
    requireCards(desired);
    await this.#rules.check(desired.table);
    await checkServices(desired.services);
    try {
      await this.#bringUp(desired, before);
    } catch (error) {
      // The rules before are back already; the rest follows.
      await this.#bringUp(before, desired).catch((e: unknown) => this.#say(messageOf(e)));
      throw error;
    }
    await attempt(["hostname", file.config.system.hostname ?? "pfSense"]);
    applyAccounts(desired.accounts, this.#say);
    await applyHostKeys(desired.file);
    await applyServices(desired, this.#say);
    this.#configureCarp(desired);
  }

  /** On the disk, for the next boot; the one before beside it. */
  #keep(file: ReadFile): void {
    writeAtomic(CONFIG, file.bytes, 0o600);
    writeAtomic(`/cf/conf/backup/config-${Math.floor(Date.now() / 1000)}.xml`, file.bytes, 0o600);
  }

  /**
   * Looks whether the kernel still has the file's rules, changes nothing, and says so in the status.
   * @returns undefined where it has, else a packet that shows the difference
   */
  verify(): Promise<string | undefined> {
    return this.#exclusively(async () => {
      const desired = this.#desired;
      if (!desired)
        throw new Fault(
          "ROUTER_NOT_RUNNING",
          "The router has not started",
          "Read the journal of maquette-router.service.",
        );
      const { file, ruleset, marks } = desired;
      const proof = await this.#rules.look({ config: file.config, ruleset, marks });
      this.#saveStatus();
      if (proof.kind === "proven") return undefined;
      const why = whyNot(proof);
      this.#say(`the kernel has other rules than the file: ${why}`);
      return why;
    });
  }

  /** Puts the file in force into place again: what pfSense's rc.reload_all does. */
  reload(): Promise<string> {
    const desired = this.#desired;
    return desired ? this.load(desired.file.bytes, this.#source) : this.load(locateConfig().bytes, CONFIG);
  }

  #onCarp(e: HelperEvent): void {
    if (e.event === "state") {
      this.#carpStates.set(String(e["id"]), String(e["state"]));
      if (e["state"] === "MASTER") this.#takeStatesOver();
      this.#say(`CARP ${String(e["id"])}: ${String(e["before"])} -> ${String(e["state"])} (${String(e["reason"])})`);
    } else if (e.event === "refused") {
      this.#say(
        `CARP ${String(e["id"])}: adverts of ${String(e["source"])} are refused: ${String(e["why"])} (${String(e["count"])} so far)`,
      );
    } else if (e.event === "demotion") {
      this.#say(`CARP: the node is demoted by ${String(e["demotion"])}: ${String(e["reason"])}`);
    } else if (e.event === "link") {
      this.#say(`${String(e["device"])}: link ${e["isUp"] === true ? "up" : "down"}`);
      this.#watch.send({ op: "look" });
    } else if (e.event === "failure") this.#say(`CARP: ${String(e["what"])}`);
    else if (e.event === "status") {
      this.#carpStatus = e["vips"] as readonly CarpStatus[];
      this.#saveStatus();
      return;
    }
    if (e.event !== "ready" && e.event !== "configured") this.#carp.send({ op: "status" });
  }

  #onPfMib(e: HelperEvent): void {
    if (e.event === "failure") this.#say(`PF's MIB: ${String(e["what"])}`);
  }

  #onGateway(e: HelperEvent): void {
    if (e.event === "failure") this.#say(`gateways: ${String(e["what"])}`);
    const name = String(e["name"]);
    const view = this.#gateways.get(name);
    if (!view || (e.event !== "report" && e.event !== "alarm")) return;
    view.loss = Number(e["loss"]);
    view.delayMs = Number(e["delayMs"]);
    const state = e["isDown"] === true ? "down" : "up";
    const isChanged = view.state !== state;
    const wasDown = view.state === "down";
    if (isChanged) {
      view.state = state;
      view.since = Date.now();
      const figures = `loss ${view.loss} %, delay ${view.delayMs} ms${e["hasLink"] === false ? ", no link" : ""}`;
      this.#say(`gateway ${name} is ${state}: ${figures}`);
    }
    // From "not known yet" to up, nothing that the rules or routes depend on has changed.
    if (isChanged && (wasDown || state === "down")) {
      void this.#reroute(name, state);
      return;
    }
    if (isChanged) view.followed = state;
    this.#saveStatus();
  }

  /** A gateway came or went: routes, rules that name it, and the states that leave by it. */
  #reroute(name: string, state: GatewayState): Promise<void> {
    return this.#exclusively(async () => {
      const before = this.#desired;
      if (!before) return;
      try {
        // Routes first: they are what new connections wait for. The rules follow, and are proven again.
        const { file, ruleset, gateways, marks } = before;
        await this.#routes.apply(routingOf(file.config, ruleset.interfaces, gateways, marks, this.#states(gateways)));
        const desired = this.#compile(file);
        await this.#routes.apply(desired.routing);
        const { config } = desired.file;
        await this.#rules.load(desired.table, { config, ruleset: desired.ruleset, marks: desired.marks });
        this.#desired = desired;
        if (desired.routing.active !== before.routing.active) {
          this.#say(`the default gateway is ${desired.routing.active ?? "none"} now`);
        }
        if (state === "down") await this.#killStates(desired, name);
      } catch (error) {
        this.#say(`gateway ${name} ${state}: ${messageOf(error)}`);
      }
      const view = this.#gateways.get(name);
      if (view) view.followed = state;
      this.#saveStatus();
    });
  }

  /**
   * `gw_down_kill_states`: the states translated to an address of the gateway's interface, or forwarded from one. Not
   * those behind an address that the other router holds by now, to which the news of their end would travel.
   */
  async #killStates(desired: Desired, name: string): Promise<void> {
    const wish = desired.file.config.kept.find((k) => k.path === "system.gw_down_kill_states")?.text;
    if (wish === undefined || wish.includes(">none<")) return;
    const gateway = desired.gateways.find((g) => g.name === name);
    const i = desired.ruleset.interfaces.find((x) => x.key === gateway?.key);
    const hosts = desired.network.carp.filter((v) => v.device === gateway?.device);
    if (hosts.some((v) => this.#carpStates.get(v.id) !== "MASTER")) return;
    const carp = hosts.flatMap((v) => v.addresses);
    const link = desired.network.links.find((l) => l.device === i?.device);
    for (const address of [...carp, ...(link?.addresses ?? []).map((a) => a.split("/")[0]!)]) {
      if (address.includes(":")) continue;
      await attempt(["conntrack", "-D", "--reply-dst", address]);
      await attempt(["conntrack", "-D", "--orig-dst", address]);
    }
  }

  status(): RouterStatus {
    const d = this.#desired;
    const proof = this.#rules.proof;
    return {
      phase: this.#phase,
      since: this.#since,
      failure: this.#failure,
      hostname: d?.file.config.system.hostname,
      config: d && { digest: d.file.digest, source: this.#source, loadedAt: this.#loadedAt },
      rules:
        proof?.kind === "proven"
          ? { isProven: true, lists: proof.lists, provenAt: this.#loadedAt }
          : proof && { isProven: false, why: JSON.stringify(proof) },
      isForwarding: this.#isForwarding,
      carp: this.#carpStatus,
      gateways: (d?.gateways ?? []).map((g): GatewayStatus => {
        const v = this.#gateways.get(g.name);
        return {
          name: g.name,
          device: g.device,
          address: g.address,
          monitor: g.monitor?.address,
          state: v?.followed ?? "pending",
          lossPercent: v?.loss,
          delayMs: v?.delayMs,
          since: v?.since ?? this.#since,
        };
      }),
      activeGateway: d?.routing.active,
      confirm: this.#confirm && { until: this.#confirm.until, digest: d?.file.digest ?? "" },
      gaps: d?.gaps ?? [],
      warnings: [
        ...(d?.file.warnings ?? []),
        ...(d?.ruleset.diagnostics ?? []).map((w) => `${w.code} ${w.path}: ${w.fact}`),
      ],
      assumptions: d?.ruleset.assumptions ?? [],
    };
  }

  /** Why the router does not run, for those who ask later. */
  async fail(error: unknown): Promise<void> {
    this.#phase = "failed";
    this.#failure = messageOf(error);
    setForwarding(false, true);
    this.#isForwarding = false;
    await this.#rules.closeAll().catch((e: unknown) => this.#say(messageOf(e)));
    this.#saveStatus();
  }

  #saveStatus(): void {
    mkdirSync(RUN, { recursive: true });
    writeAtomic(STATUS, `${JSON.stringify(this.status(), null, 1)}\n`);
  }

  /** Fresh counters of CARP, then the status. */
  refresh(): void {
    this.#carp.send({ op: "status" });
  }

  stop(): void {
    this.#carp.stop();
    clearTimeout(this.#clock);
    for (const helper of [this.#watch, this.#sync, this.#filterlog, this.#pfMib]) helper.stop();
    for (const client of this.#clients.values()) client.stop("SIGTERM");
  }
}

const nothingWaits = (): Fault =>
  new Fault(
    "ROUTER_NOTHING_TO_CONFIRM",
    "No configuration waits to be confirmed",
    "It was confirmed before, or the time was over and the configuration before is back.",
  );
