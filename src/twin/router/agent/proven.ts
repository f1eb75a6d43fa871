import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { z } from "zod";
import type { FilterInput } from "../compile/filter.ts";
import type { KernelProof } from "../prove/prove.ts";
import { readText, writeAtomic } from "./files.ts";

/** On the router's disk: it outlives a boot, and goes back with a snapshot. */
const FILE = "/var/db/maquette/proven.json";
/** Gateways that come and go, a file that is tried and taken back: few situations return again and again. */
const KEPT = 32;

const stored = z.record(z.string(), z.strictObject({ lists: z.int(), steps: z.int() }));

/**
 * Proofs that were found before. A proof follows from the question, from what the kernel holds and from the prover
 * alone, so the same three have the same answer; what the kernel holds is read anew each time. Refutations are not kept.
 */
export class Proven {
  readonly #file: string;
  readonly #program: string;
  #prover: string | undefined;
  #known: Map<string, { readonly lists: number; readonly steps: number }> | undefined;

  /** @param program whose text is the prover's */
  constructor(file = FILE, program = process.argv[1] ?? "") {
    this.#file = file;
    this.#program = program;
  }

  ask(input: FilterInput, held: string, prove: () => KernelProof): KernelProof {
    const known = (this.#known ??= this.#read());
    const key = this.#keyOf(input, held);
    const before = known.get(key);
    if (before) return { kind: "proven", ...before };
    const proof = prove();
    if (proof.kind !== "proven") return proof;
    known.set(key, { lists: proof.lists, steps: proof.steps });
    for (const oldest of [...known.keys()].slice(0, -KEPT)) known.delete(oldest);
    try {
      writeAtomic(this.#file, JSON.stringify(Object.fromEntries(known)), 0o600);
    } catch {
      // A full disk must not keep a router from forwarding what is proven.
    }
    return proof;
  }

  #read(): Map<string, { readonly lists: number; readonly steps: number }> {
    try {
      return new Map(Object.entries(stored.parse(JSON.parse(readText(this.#file) ?? "{}"))));
    } catch {
      // It saves time, no more.
      return new Map();
    }
  }

  /** Numbers that the kernel gives as objects come, and what its rules have counted, say nothing about what they do. */
  #keyOf(input: FilterInput, held: string): string {
    // It does not change while it runs.
    this.#prover ??= createHash("sha256").update(readFileSync(this.#program)).digest("hex");
    return createHash("sha256")
      .update(this.#prover)
      .update("\0")
      .update(JSON.stringify(input, plain))
      .update("\0")
      .update(held.replaceAll(/"handle": \d+|"counter": \{"packets": \d+, "bytes": \d+\}/g, '""'))
      .digest("hex");
  }
}

/**
 * What JSON has no form for; and without the name that the file was read under, at first a CD's, then the disk's. V8's own
 * form is no key: it writes equal numbers in two ways.
 */
function plain(key: string, value: unknown): unknown {
  if (key === "file") return undefined;
  if (typeof value === "bigint") return `${value}n`;
  if (value instanceof Map || value instanceof Set) return [...(value as Iterable<unknown>)];
  return value;
}
