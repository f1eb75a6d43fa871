import { join } from "node:path";
import { Fault } from "../../core/fault.ts";
import { keyOf, openDoor, hostKeyOf, USER, type Door, type SshConnection, type Target } from "../../door/index.ts";
import type { StackSecret } from "../../stack/secret.ts";

/** Where a host's SSH server is, as the program declares it: no path of this machine, so the state may hold it. */
export interface Reach {
  readonly host: string;
  readonly vmId: number;
  /** door: the bastion itself; inside: from the bastion, through the routers; console: out of band, for the scenery. */
  readonly way: "door" | "inside" | "console";
  /** On the lab's network. */
  readonly address: string;
  /** `address`: on the operator's network, from which it is entered on a real Proxmox; null in the embedded lab. */
  readonly bastion: { readonly host: string; readonly vmId: number; readonly address: string | null };
}

const SSH = 22;
/** A guest that boots, and routers that elect: none takes this long. */
const BOOT_MS = 180_000;

/** Connections to the lab's hosts: one a host, kept while it lives. */
export class Reached {
  readonly #door: Door;
  readonly #hosts = new Map<string, Reach>();
  readonly #open = new Map<string, Promise<SshConnection>>();

  #bastion = "";

  /** @param sockets folder of the guests' own sockets, null where guests are on another machine */
  constructor(sockets: string | null, secret: StackSecret) {
    const target = ({ host }: Reach, way: Target["way"]): Target => ({
      name: host,
      user: USER,
      hostKey: hostKeyOf(secret, host),
      way,
    });
    const socket = (reach: Reach): Target => {
      if (sockets !== null) return target(reach, { kind: "socket", path: join(sockets, String(reach.vmId), "ssh") });
      throw new Fault(
        "STEPS_NO_DOOR",
        `This shell does not say where ${reach.host} is entered.`,
        'Run `eval "$(bin/maquette env)"` in the repository, then the same command again.',
      );
    };
    const bastion = (): string => this.#bastion;
    this.#door = openDoor({
      key: keyOf(secret),
      targets: {
        get bastion() {
          return bastion();
        },
        inBand: (name) => {
          const reach = this.#hosts.get(name)!;
          switch (reach.way) {
            case "console":
              return socket(reach);
            case "door":
              return reach.bastion.address === null
                ? socket(reach)
                : target(reach, { kind: "tcp", host: reach.bastion.address, port: SSH });
            case "inside":
              return target(reach, { kind: "inside", host: reach.address, port: SSH });
          }
        },
        outOfBand: (name) => socket(this.#hosts.get(name)!),
      },
    });
  }

  /**
   * A connection to the host, waited for while it boots.
   * @throws Fault DOOR_…
   */
  async to(reach: Reach, waitMs = BOOT_MS): Promise<SshConnection> {
    const { host, vmId } = reach.bastion;
    this.#bastion = host;
    if (!this.#hosts.has(host)) this.#hosts.set(host, { ...reach, host, vmId, way: "door" });
    this.#hosts.set(reach.host, reach);
    // The same machine at another place, or another machine at the same: none of the old connections is its.
    const key = JSON.stringify(reach);
    const known = this.#open.get(key);
    if (known) {
      const connection = await known.catch(() => undefined);
      if (connection?.isOpen === true) return connection;
    }
    const opening = this.#door.ssh(reach.host, { waitMs });
    this.#open.set(key, opening);
    const forget = (): void => {
      if (this.#open.get(key) === opening) this.#open.delete(key);
    };
    opening.then((connection) => void connection.ended.then(forget), forget);
    return opening;
  }

  close(): Promise<void> {
    return this.#door.close();
  }
}
