import { Fault, messageOf } from "../../../core/fault.ts";
import type { FilterInput } from "../compile/filter.ts";
import { TABLE } from "../compile/table.ts";
import { describeWitness, proveKernel } from "../prove/prove.ts";
import type { KernelProof } from "../prove/prove.ts";
import { run } from "./exec.ts";
import { Proven } from "./proven.ts";

/** Nothing passes: the state before the first load, and after one that cannot be taken back. */
const CLOSED = `table inet ${TABLE} {}
delete table inet ${TABLE}
table inet ${TABLE} {
	chain filter_in { type filter hook prerouting priority -50; policy drop; iifname "lo" accept; }
	chain filter_out { type filter hook postrouting priority 150; policy drop; oifname "lo" accept; }
}
`;

/** The rules in the kernel: loaded in one transaction, read back, and proven to be those of the file. */
export class KernelRules {
  readonly #proven = new Proven();
  #loaded: string | undefined;
  #proof: KernelProof | undefined;

  /** Lets nothing pass until rules are loaded. */
  async closeAll(): Promise<void> {
    await run(["nft", "-f", "-"], { input: CLOSED });
    this.#loaded = undefined;
    this.#proof = undefined;
  }

  get proof(): KernelProof | undefined {
    return this.#proof;
  }

  /** Would nft take the text? @throws Fault */
  async check(text: string): Promise<void> {
    await run(["nft", "-c", "-f", "-"], { input: text });
  }

  /**
   * Loads and proves; what was loaded before comes back when the proof fails. Connections that are known stay known:
   * they are not in the table.
   * @returns false when the rules are there already
   * @throws Fault ROUTER_NOT_PROVEN with a packet that shows the difference
   */
  async load(text: string, input: FilterInput): Promise<boolean> {
    if (text === this.#loaded && this.#proof?.kind === "proven") return false;
    await run(["nft", "-f", "-"], { input: text });
    const proof = await this.prove(input);
    if (proof.kind === "proven") {
      this.#loaded = text;
      this.#proof = proof;
      return true;
    }
    const before = this.#loaded;
    await run(["nft", "-f", "-"], { input: before ?? CLOSED });
    if (before === undefined) this.#proof = proof;
    const why = whyNot(proof);
    const hint = "The rules before are back in place. This is a defect of the stand-in: keep the file that shows it.";
    throw new Fault("ROUTER_NOT_PROVEN", `The kernel's rules are not those of the file: ${why}`, hint);
  }

  /** Whether the kernel still holds what was loaded: somebody may have been at it. What does not is loaded anew by `load`. */
  async look(input: FilterInput): Promise<KernelProof> {
    this.#proof = await this.prove(input);
    return this.#proof;
  }

  /** Reads the kernel's rules and compares them, as they stand now. */
  async prove(input: FilterInput): Promise<KernelProof> {
    const json = await run(["nft", "-j", "list", "table", "inet", TABLE]);
    try {
      return this.#proven.ask(input, json, () => proveKernel(input, JSON.parse(json)));
    } catch (error) {
      return { kind: "undecided", where: `table inet ${TABLE}`, why: messageOf(error) };
    }
  }
}

/** What shows that rules are not the file's. */
export const whyNot = (proof: Exclude<KernelProof, { readonly kind: "proven" }>): string =>
  proof.kind === "refuted" ? describeWitness(proof.witness) : `${proof.where}: ${proof.why}`;
