import { GuestDriverError } from "./guest-driver.ts";
import type {
  AgentInfo,
  GuestDescription,
  GuestDriver,
  GuestStatus,
  Log,
  PowerListener,
  ReconcileEntry,
} from "./guest-driver.ts";

interface MemoryGuest {
  guest: GuestDescription;
  power: GuestStatus["power"];
  bootedAtMs: number;
  /** By name: had it memory? */
  readonly snapshots: Map<string, { readonly withMemory: boolean }>;
  readonly linksDown: Set<number>;
  readonly console: string[];
}

export interface MemoryDriverOptions {
  readonly now?: () => number;
  /** Guests (by vmid) that ignore a polite shutdown, for tests of time limits. */
  readonly ignoresShutdown?: (vmid: number) => boolean;
}

const MIB = 1024 * 1024;

/**
 * Guests that exist only as records: no disk is written, no process runs, no frame moves.
 * Everything the API shows of a guest is derived from its description.
 */
export class MemoryDriver implements GuestDriver {
  readonly kind = "memory";
  readonly #guests = new Map<number, MemoryGuest>();
  readonly #listeners: PowerListener[] = [];
  readonly #now: () => number;
  readonly #ignoresShutdown: (vmid: number) => boolean;

  constructor(options: MemoryDriverOptions = {}) {
    this.#now = options.now ?? Date.now;
    this.#ignoresShutdown = options.ignoresShutdown ?? (() => false);
  }

  create(guest: GuestDescription, log: Log): Promise<void> {
    return this.#run(() => {
      this.#add(guest);
      for (const disk of guest.disks)
        log(`memory guest: ${disk.slot} (${disk.volume}) is a record of ${disk.sizeBytes} bytes, nothing is written`);
    });
  }

  clone(
    source: { readonly vmid: number; readonly snapshot?: string },
    guest: GuestDescription,
    options: { readonly isFull: boolean },
    log: Log,
  ): Promise<void> {
    return this.#run(() => {
      const from = this.#get(source.vmid);
      if (source.snapshot !== undefined && !from.snapshots.has(source.snapshot))
        throw new GuestDriverError(`snapshot '${source.snapshot}' does not exist`);
      this.#add(guest);
      log(`memory guest: ${options.isFull ? "full" : "linked"} clone of ${source.vmid}, nothing is copied`);
    });
  }

  update(guest: GuestDescription): Promise<void> {
    return this.#run(() => {
      const known = this.#get(guest.vmid);
      known.guest = guest;
      for (const nic of guest.nics) {
        if (nic.isLinkDown) known.linksDown.add(nic.index);
        else known.linksDown.delete(nic.index);
      }
    });
  }

  destroy(vmid: number): Promise<void> {
    return this.#run(() => void this.#guests.delete(vmid));
  }

  start(guest: GuestDescription): Promise<void> {
    return this.#run(() => {
      const known = this.#get(guest.vmid);
      if (guest.isTemplate) throw new GuestDriverError("you can't start a vm if it's a template");
      if (known.power !== "stopped") throw new GuestDriverError(`VM ${guest.vmid} already running`);
      known.guest = guest;
      this.#boot(known);
    });
  }

  stop(vmid: number): Promise<void> {
    return this.#run(() => {
      this.#get(vmid).power = "stopped";
    });
  }

  shutdown(vmid: number, options: { readonly timeoutMs: number }, log: Log): Promise<boolean> {
    return this.#run(() => {
      const known = this.#get(vmid);
      if (known.power !== "stopped" && this.#ignoresShutdown(vmid)) {
        log(`memory guest: ignores the request, as if ${options.timeoutMs} ms had passed`);
        return false;
      }
      known.power = "stopped";
      return true;
    });
  }

  reboot(guest: GuestDescription): Promise<void> {
    return this.#run(() => {
      const known = this.#get(guest.vmid);
      if (known.power === "stopped") throw new GuestDriverError(`VM ${guest.vmid} not running`);
      known.guest = guest;
      this.#boot(known);
    });
  }

  pause(vmid: number): Promise<void> {
    return this.#run(() => {
      const known = this.#get(vmid);
      if (known.power !== "running") throw new GuestDriverError(`VM ${vmid} not running`);
      known.power = "paused";
    });
  }

  resume(vmid: number): Promise<void> {
    return this.#run(() => {
      const known = this.#get(vmid);
      if (known.power === "stopped") throw new GuestDriverError(`VM ${vmid} not running`);
      known.power = "running";
    });
  }

  snapshot(vmid: number, name: string, options: { readonly withMemory: boolean }): Promise<void> {
    return this.#run(() => {
      const known = this.#get(vmid);
      if (known.snapshots.has(name)) throw new GuestDriverError(`snapshot name '${name}' already used`);
      known.snapshots.set(name, { withMemory: options.withMemory && known.power !== "stopped" });
    });
  }

  rollback(guest: GuestDescription, name: string): Promise<void> {
    return this.#run(() => {
      const known = this.#get(guest.vmid);
      const snapshot = known.snapshots.get(name);
      if (snapshot === undefined) throw new GuestDriverError(`snapshot '${name}' does not exist`);
      known.guest = guest;
      known.power = "stopped";
      if (snapshot.withMemory) this.#boot(known);
    });
  }

  deleteSnapshot(vmid: number, name: string): Promise<void> {
    return this.#run(() => {
      if (!this.#get(vmid).snapshots.delete(name)) throw new GuestDriverError(`snapshot '${name}' does not exist`);
    });
  }

  status(vmids: readonly number[]): Promise<ReadonlyMap<number, GuestStatus>> {
    const found = new Map<number, GuestStatus>();
    const now = this.#now();
    for (const vmid of vmids) {
      const known = this.#guests.get(vmid);
      if (known === undefined) continue;
      const isOn = known.power !== "stopped";
      found.set(vmid, {
        power: known.power,
        uptimeSeconds: isOn ? Math.max(1, Math.floor((now - known.bootedAtMs) / 1000)) : 0,
        memoryBytes: isOn ? Math.floor((known.guest.memoryMiB * MIB) / 4) : 0,
        cpu: isOn ? 0.01 : 0,
        pid: isOn ? 100_000 + vmid : 0,
      });
    }
    return Promise.resolve(found);
  }

  agent(vmid: number): Promise<AgentInfo | undefined> {
    const known = this.#guests.get(vmid);
    if (known?.power !== "running" || !known.guest.isAgentEnabled) return Promise.resolve(undefined);
    return Promise.resolve({
      hostname: known.guest.name,
      os: { id: "debian", name: "Debian GNU/Linux", version: "13 (trixie)", kernel: "6.12.0-memory" },
      interfaces: interfacesOf(known.guest, known.linksDown),
    });
  }

  exec(vmid: number): Promise<never> {
    return this.#run(() => {
      this.#get(vmid);
      throw new GuestDriverError("a memory guest runs no commands");
    });
  }

  console(vmid: number, options: { readonly tailLines: number }): Promise<readonly string[]> {
    return this.#run(() => this.#get(vmid).console.slice(-options.tailLines));
  }

  setLink(vmid: number, index: number, isUp: boolean): Promise<void> {
    return this.#run(() => {
      const known = this.#get(vmid);
      if (!known.guest.nics.some((nic) => nic.index === index))
        throw new GuestDriverError(`VM ${vmid} has no net${index}`);
      if (isUp) known.linksDown.delete(index);
      else known.linksDown.add(index);
    });
  }

  reconcile(entries: readonly ReconcileEntry[]): Promise<void> {
    return this.#run(() => {
      this.#guests.clear();
      for (const entry of entries) {
        const known = this.#add(entry.guest);
        for (const name of entry.snapshots) known.snapshots.set(name, { withMemory: false });
        if (entry.shouldRun) this.#boot(known);
      }
    });
  }

  onPower(listener: PowerListener): void {
    this.#listeners.push(listener);
  }

  /** For tests: the guest ends by itself. */
  powerOffFromInside(vmid: number): void {
    this.#get(vmid).power = "stopped";
    for (const listener of this.#listeners) listener(vmid, false);
  }

  close(): Promise<void> {
    for (const known of this.#guests.values()) known.power = "stopped";
    return Promise.resolve();
  }

  #add(guest: GuestDescription): MemoryGuest {
    if (this.#guests.has(guest.vmid)) throw new GuestDriverError(`guest ${guest.vmid} already exists`);
    const linksDown = new Set(guest.nics.filter((nic) => nic.isLinkDown).map((nic) => nic.index));
    const added: MemoryGuest = { guest, power: "stopped", bootedAtMs: 0, snapshots: new Map(), linksDown, console: [] };
    this.#guests.set(guest.vmid, added);
    return added;
  }

  #get(vmid: number): MemoryGuest {
    const known = this.#guests.get(vmid);
    if (known === undefined) throw new GuestDriverError(`guest ${vmid} does not exist`);
    return known;
  }

  #boot(known: MemoryGuest): void {
    known.power = "running";
    known.bootedAtMs = this.#now();
    known.console.push(`${known.guest.name} login: (memory guest, nothing runs here)`);
    if (known.console.length > 200) known.console.splice(0, known.console.length - 200);
  }

  /** Failures reach the caller as rejections, as they would from a driver that does real work. */
  #run<T>(work: () => T): Promise<T> {
    return new Promise((resolve) => resolve(work()));
  }
}

function interfacesOf(guest: GuestDescription, linksDown: ReadonlySet<number>): AgentInfo["interfaces"] {
  const loopback = { name: "lo", mac: "00:00:00:00:00:00", addresses: [{ address: "127.0.0.1", prefix: 8 }] };
  const nics = guest.nics.map((nic) => {
    const ip = /(?:^|,)ip=([\d.]+)\/(\d+)/.exec(guest.cloudInit.ipConfigs[nic.index] ?? "");
    const isConfigured = ip !== null && !linksDown.has(nic.index);
    return {
      name: `eth${nic.index}`,
      mac: nic.mac.toLowerCase(),
      addresses: isConfigured ? [{ address: ip[1]!, prefix: Number(ip[2]) }] : [],
    };
  });
  return [loopback, ...nics];
}
