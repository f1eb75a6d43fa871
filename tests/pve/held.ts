/** Tasks that end when a test says so: on a busy machine no length of time is long enough to look at one that runs. */
export class Held {
  #release: () => void = () => undefined;
  #over = Promise.resolve();

  /** For a simulator: tasks that begin from now on wait. */
  readonly taskUntil = (): Promise<void> => this.#over;

  hold(): void {
    this.#over = new Promise((resolve) => {
      this.#release = resolve;
    });
  }

  release(): void {
    this.#release();
  }
}
