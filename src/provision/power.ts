/** One that restarts by itself is without power for less. */
export const OFF_MS = 5_000;

/** Of a guest that is waited for: off for longer than a restart takes, it is started once, where somebody can. */
export class Power {
  readonly #start: (() => Promise<void>) | undefined;
  readonly #offMs: number;
  #since: number | undefined;
  #wasStarted = false;

  constructor(start?: () => Promise<void>, offMs = OFF_MS) {
    this.#start = start;
    this.#offMs = offMs;
  }

  isOn(): void {
    this.#since = undefined;
  }

  /** @returns whether it may still come */
  async isOff(): Promise<boolean> {
    this.#since ??= Date.now();
    if (Date.now() - this.#since < this.#offMs) return true;
    if (this.#wasStarted || this.#start === undefined) return false;
    this.#wasStarted = true;
    this.#since = undefined;
    // One that has come by itself meanwhile cannot be started, and need not be.
    await this.#start().catch(() => undefined);
    return true;
  }
}
