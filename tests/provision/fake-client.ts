import type { PveClient } from "../../src/pve/client/index.ts";
import type { ListedVm } from "../../src/provision/ownership.ts";

/** A Proxmox of one storage and a list of VMs, as far as the resources of the provider ask it. */
export class FakePve {
  readonly volumes = new Map<string, Buffer>();
  readonly calls: string[] = [];
  vms: ListedVm[] = [];
  /** Set to make every call fail. */
  failure: Error | undefined;

  readonly connect = (): PveClient => this as unknown as PveClient;

  #note(call: string): void {
    this.calls.push(call);
    if (this.failure) throw this.failure;
  }

  listVms(): Promise<readonly ListedVm[]> {
    return this.#later(() => {
      this.#note("list");
      return this.vms;
    });
  }

  hasVolume(node: string, storage: string, volume: string): Promise<boolean> {
    return this.#later(() => {
      this.#note(`has ${node} ${storage} ${volume}`);
      return this.volumes.has(volume);
    });
  }

  upload(node: string, storage: string, content: string, fileName: string, bytes: Uint8Array): Promise<void> {
    return this.#later(() => {
      this.#note(`upload ${node} ${storage} ${content} ${fileName}`);
      this.volumes.set(`${storage}:${content}/${fileName}`, Buffer.from(bytes));
    });
  }

  delete(path: string): Promise<null> {
    return this.#later(() => {
      this.#note(`delete ${path}`);
      this.volumes.delete(decodeURIComponent(path.split("/content/")[1]!));
      return null;
    });
  }

  put(path: string, _schema: unknown, parameters: object): Promise<void> {
    return this.#later(() => this.#note(`put ${path} ${JSON.stringify(parameters)}`));
  }

  #later<T>(work: () => T): Promise<T> {
    return Promise.resolve().then(work);
  }
}

export const vm = (vmid: number, name: string, tags: readonly string[] = [], node = "pve1"): ListedVm => ({
  vmid,
  name,
  node,
  status: "running",
  tags,
});
