/** What a code of a fault or a finding is, in French: a sentence of what it is, and one of what to do about it. */
export interface Entry {
  readonly what: string;
  readonly cure: string;
}

/** By code. */
export type Entries = Readonly<Record<string, Entry>>;
