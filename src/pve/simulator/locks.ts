import { failure } from "./api-error.ts";

interface Waiter {
  readonly isShared: boolean;
  readonly grant: () => void;
}

interface Gate {
  shared: number;
  isExclusive: boolean;
  readonly waiting: Waiter[];
}

/**
 * The per-guest file locks of Proxmox: short, not kept across a restart, shared by readers (clones of one
 * template), exclusive for changes; who waits too long gets Proxmox' error.
 */
export class GuestLocks {
  readonly #gates = new Map<number, Gate>();
  readonly #timeoutMs: number;

  constructor(timeoutMs = 10_000) {
    this.#timeoutMs = timeoutMs;
  }

  /** Runs `work` alone for this guest. @throws {ApiError} 500 "can't lock file …" after the time limit */
  exclusive<T>(vmid: number, work: () => T | Promise<T>): Promise<T> {
    return this.#with(vmid, false, work);
  }

  /** Runs `work` beside other shared holders, never beside an exclusive one. */
  shared<T>(vmid: number, work: () => T | Promise<T>): Promise<T> {
    return this.#with(vmid, true, work);
  }

  async #with<T>(vmid: number, isShared: boolean, work: () => T | Promise<T>): Promise<T> {
    await this.#acquire(vmid, isShared);
    try {
      return await work();
    } finally {
      this.#release(vmid, isShared);
    }
  }

  #acquire(vmid: number, isShared: boolean): Promise<void> {
    const gate = this.#gates.get(vmid) ?? { shared: 0, isExclusive: false, waiting: [] };
    this.#gates.set(vmid, gate);
    if (gate.waiting.length === 0 && isFree(gate, isShared)) {
      take(gate, isShared);
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        isShared,
        grant: () => {
          clearTimeout(timer);
          resolve();
        },
      };
      const timer = setTimeout(() => {
        gate.waiting.splice(gate.waiting.indexOf(waiter), 1);
        reject(failure(`can't lock file '/var/lock/qemu-server/lock-${vmid}.conf' - got timeout`));
        this.#wake(vmid, gate);
      }, this.#timeoutMs);
      gate.waiting.push(waiter);
    });
  }

  #release(vmid: number, isShared: boolean): void {
    const gate = this.#gates.get(vmid)!;
    if (isShared) gate.shared--;
    else gate.isExclusive = false;
    this.#wake(vmid, gate);
  }

  #wake(vmid: number, gate: Gate): void {
    for (let next = gate.waiting[0]; next !== undefined && isFree(gate, next.isShared); next = gate.waiting[0]) {
      gate.waiting.shift();
      take(gate, next.isShared);
      next.grant();
    }
    if (gate.waiting.length === 0 && gate.shared === 0 && !gate.isExclusive) this.#gates.delete(vmid);
  }
}

const isFree = (gate: Gate, isShared: boolean): boolean => !gate.isExclusive && (isShared || gate.shared === 0);

function take(gate: Gate, isShared: boolean): void {
  if (isShared) gate.shared++;
  else gate.isExclusive = true;
}
