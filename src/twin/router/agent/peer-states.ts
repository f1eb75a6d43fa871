/** How long the other router's states are waited for: at least, and at most. */
const LEAST_MS = 1_000;
const LIMIT_MS = 6_000;
/** A peer that has said nothing by then is not there. */
const PEER_LIMIT_MS = 2_000;
const LOOK_MS = 200;
/**
 * How long a router is still without states after the other one said that it is too: long enough for that one to ask as
 * well, too short for it to be elected (3 s), to carry, to fail and to ask again.
 */
const BOTH_BEGIN_MS = 3_000;

/** What syncd.py tells the other router. */
export type StatesMessage = "ask" | "hand" | "none";

/** The ways to the other router and to this one's conntrackd(8). */
export interface StatesWays {
  readonly send: (op: StatesMessage) => void;
  /** @returns what it printed */
  readonly conntrackd: (flag: "-R" | "-n" | "-s") => Promise<string>;
}

/**
 * Whose states are where: asked for at the start, handed over to a router that starts. What changes later goes from one
 * conntrackd to the other by itself.
 */
export class PeerStates {
  readonly #ways: StatesWays;
  /** Until when this router cannot have states that the other one could want, its copies of that one's included. */
  #noneUntil: number;
  #isHanding = false;
  #answer: ((answer: "handed" | "none") => void) | undefined;

  /** @param isFresh false when the kernel may hold states from before this program */
  constructor(ways: StatesWays, isFresh: boolean) {
    this.#ways = ways;
    this.#noneUntil = isFresh ? Infinity : 0;
  }

  /** What syncd.py tells of the other router. */
  onEvent(event: string): void {
    if (event === "handed" || event === "none") this.#answer?.(event);
    if (event !== "asked" || this.#isHanding) return;
    if (Date.now() < this.#noneUntil) {
      this.#ways.send("none");
      return;
    }
    this.#isHanding = true;
    void this.#ways.conntrackd("-R").then(() => {
      this.#isHanding = false;
      this.#ways.send("hand");
    });
  }

  /**
   * States that came from the other router are in the kernel alone, and conntrackd hands on only those of its own
   * cache: whoever takes an address over takes its states into that cache, or the other one, back from a failure, would
   * be given none of them.
   */
  async takeOver(): Promise<void> {
    await this.#ways.conntrackd("-R");
  }

  /** From the moment that an address is this router's, whatever is still to be done. */
  onMaster(): void {
    this.#noneUntil = 0;
  }

  /**
   * Asks the other router for its states, and waits until they have come, or it is plain that nobody answers. Where the
   * other one has only just started too there is nothing to wait for.
   * @returns whether the other one had states to hand over: it carries, or is about to
   */
  async receive(): Promise<boolean> {
    const answer = await this.#ask();
    if (answer === "none") {
      this.#noneUntil = Math.min(this.#noneUntil, Date.now() + BOTH_BEGIN_MS);
      return false;
    }
    this.#noneUntil = 0;
    await this.#ways.conntrackd("-n");
    const started = Date.now();
    let before = 0;
    let most = 0;
    for (;;) {
      const received = Number(/(\d+) Bytes recv/.exec(await this.#ways.conntrackd("-s"))?.[1] ?? "0");
      const elapsed = Date.now() - started;
      const came = received - before;
      most = Math.max(most, came);
      // Alone; or the burst of what there was is over, and what comes now is what changes. Under steady change that is
      // not to be told apart, so there is an end to the patience too.
      if (received === 0 ? elapsed > PEER_LIMIT_MS : elapsed > LEAST_MS && came * 4 <= most) break;
      if (elapsed > LIMIT_MS) break;
      before = received;
      await later();
    }
    return answer === "handed";
  }

  /** Until the other router says that it has its states at hand, or none; one that is not there says nothing. */
  async #ask(): Promise<"handed" | "none" | undefined> {
    const said = new Promise<"handed" | "none">((resolve) => (this.#answer = resolve));
    let answer: "handed" | "none" | undefined;
    for (const deadline = Date.now() + PEER_LIMIT_MS; answer === undefined && Date.now() < deadline;) {
      this.#ways.send("ask");
      answer = await Promise.race([said, later()]);
    }
    this.#answer = undefined;
    return answer;
  }
}

const later = (): Promise<undefined> => new Promise((resolve) => setTimeout(() => resolve(undefined), LOOK_MS));
