/**
 * What the simulated hypervisor asks of whatever really runs the guests. A driver knows virtual
 * machines, NICs and disks; it knows nothing of the API, of tasks or of anybody's plan.
 * `memory-driver.ts` only remembers; another may run containers. One suite holds for all:
 * `tests/pve/guest-driver-contract.ts`.
 */

export interface GuestNic {
  /** n of `net[n]`. */
  readonly index: number;
  readonly model: string;
  /** Upper case, colons. */
  readonly mac: string;
  readonly bridge?: string;
  /** VLAN of an access port, 1 to 4094; absent: the bridge's untagged VLAN, or `trunks`. */
  readonly tag?: number;
  /** VLANs that pass tagged, e.g. `10;20-30`. */
  readonly trunks?: string;
  readonly mtu?: number;
  readonly isLinkDown: boolean;
}

/** Where a disk's first content came from. */
export type DiskOrigin =
  | { readonly kind: "empty" }
  | { readonly kind: "image"; readonly volume: string; readonly hostPath?: string; readonly sourceUrl?: string }
  | { readonly kind: "template"; readonly vmid: number; readonly name: string; readonly isLinked: boolean };

export interface GuestDisk {
  /** `scsi0`, `virtio1` … */
  readonly slot: string;
  readonly volume: string;
  readonly sizeBytes: number;
  readonly origin: DiskOrigin;
}

export interface GuestCdrom {
  readonly slot: string;
  readonly volume: string;
  /** The uploaded file on this machine; absent when the image was never uploaded here. */
  readonly hostPath?: string;
}

export interface GuestCloudInit {
  readonly user?: string;
  /** As crypt(3) wants it; the password itself is not kept. */
  readonly passwordHash?: string;
  /** One public key a line, decoded. */
  readonly sshKeys: readonly string[];
  /** `ipconfig[n]` as given, by n. */
  readonly ipConfigs: Readonly<Record<number, string>>;
  readonly nameservers: readonly string[];
  readonly searchDomain?: string;
}

/** Everything a driver may know of one virtual machine. */
export interface GuestDescription {
  readonly vmid: number;
  readonly node: string;
  readonly name: string;
  readonly tags: readonly string[];
  readonly isTemplate: boolean;
  readonly memoryMiB: number;
  readonly cores: number;
  readonly isAgentEnabled: boolean;
  readonly nics: readonly GuestNic[];
  readonly disks: readonly GuestDisk[];
  readonly cdroms: readonly GuestCdrom[];
  readonly cloudInit: GuestCloudInit;
  /** `smbios1` and the rest of the configuration as the hypervisor holds it, for what is not parsed above. */
  readonly config: Readonly<Record<string, string>>;
}

export interface GuestStatus {
  readonly power: "running" | "stopped" | "paused";
  readonly uptimeSeconds: number;
  readonly memoryBytes: number;
  /** 0 to 1 of all its cores. */
  readonly cpu: number;
  /** 0 when stopped. */
  readonly pid: number;
}

export interface GuestInterface {
  readonly name: string;
  readonly mac: string;
  readonly addresses: readonly { readonly address: string; readonly prefix: number }[];
}

/** What the guest's own agent tells. */
export interface AgentInfo {
  readonly hostname: string;
  readonly os: { readonly id: string; readonly name: string; readonly version: string; readonly kernel: string };
  readonly interfaces: readonly GuestInterface[];
}

export interface ExecResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A line for the task's log. */
export type Log = (line: string) => void;

export interface ReconcileEntry {
  readonly guest: GuestDescription;
  /** It ran when the daemon went away; its power came back with the daemon. */
  readonly shouldRun: boolean;
  readonly snapshots: readonly string[];
}

/** A failure that the API shows as its task's exit status: one line, no stack. */
export class GuestDriverError extends Error {
  override readonly name = "GuestDriverError";
}

/** What only a guest under power does was asked of one that is off. */
export class GuestOff extends GuestDriverError {
  constructor(vmid: number) {
    super(`VM ${vmid} not running`);
  }
}

/** A guest lost power, or has it again, without anybody having asked for it. */
export type PowerListener = (vmid: number, isOn: boolean) => void;

/**
 * Calls for one guest never overlap; calls for different guests do.
 * Everything may throw {@link GuestDriverError}; any other error is a defect.
 */
export interface GuestDriver {
  /** `memory`, `container` …; shown in task logs. */
  readonly kind: string;

  /** A new guest, powered off. Throws when the vmid is taken. */
  create(guest: GuestDescription, log: Log): Promise<void>;
  /** A new guest, powered off, with the source's disks (or those of one of its snapshots). */
  clone(
    source: { readonly vmid: number; readonly snapshot?: string },
    guest: GuestDescription,
    options: { readonly isFull: boolean },
    log: Log,
  ): Promise<void>;
  /** The description changed (configuration, disks, media, name, node, template). Takes effect at once where it can, else at the next start. */
  update(guest: GuestDescription, log: Log): Promise<void>;
  /** Removes the guest and its disks; a running one is killed. A missing one is no error. */
  destroy(vmid: number, log: Log): Promise<void>;

  /** Throws when it runs already or is a template. */
  start(guest: GuestDescription, log: Log): Promise<void>;
  /** Power off at once. A stopped guest is no error. */
  stop(vmid: number, log: Log): Promise<void>;
  /** Asks the guest to end. @returns false when it still runs after the time given */
  shutdown(vmid: number, options: { readonly timeoutMs: number }, log: Log): Promise<boolean>;
  /** The guest restarts; uptime begins anew. Throws when it does not run. */
  reboot(guest: GuestDescription, log: Log): Promise<void>;
  pause(vmid: number): Promise<void>;
  resume(vmid: number): Promise<void>;

  snapshot(vmid: number, name: string, options: { readonly withMemory: boolean }, log: Log): Promise<void>;
  /** Disks as they were; powered off, unless the snapshot has memory, in which case it runs. Throws when there is no such snapshot. */
  rollback(guest: GuestDescription, name: string, log: Log): Promise<void>;
  deleteSnapshot(vmid: number, name: string, log: Log): Promise<void>;

  /** For all vmids at once, cheaply: it is asked at every listing. A guest the driver does not know is absent. */
  status(vmids: readonly number[]): Promise<ReadonlyMap<number, GuestStatus>>;
  /** Undefined when the guest does not run or its agent does not answer. */
  agent(vmid: number): Promise<AgentInfo | undefined>;
  /** Runs a command inside, for a minute where nothing else is said. Throws when the guest cannot, or it does not end. */
  exec(vmid: number, argv: readonly string[], input: string, deadlineMs?: number): Promise<ExecResult>;
  /** The last lines of the console. */
  console(vmid: number, options: { readonly tailLines: number }): Promise<readonly string[]>;
  /** Plugs or pulls the cable of `net[index]`. Throws when there is no such NIC. */
  setLink(vmid: number, index: number, isUp: boolean): Promise<void>;

  /** Called once at the daemon's start: makes the guests that should run run, forgets the others' remains. */
  reconcile(entries: readonly ReconcileEntry[], log: Log): Promise<void>;
  /** Tells when a guest ended by itself (`poweroff` inside), or came back to power with what runs the guests. */
  onPower(listener: PowerListener): void;
  /** The daemon ends: all guests lose power, disks stay. */
  close(): Promise<void>;
}
