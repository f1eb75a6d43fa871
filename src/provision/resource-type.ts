import type { CheckFailure, CreateResult, DiffResult, ReadResult } from "@pulumi/pulumi/provider/index.js";
import type { z } from "zod";
import type { PveClient } from "../pve/client/index.ts";

/** Opens the API once a process; fails in words when the environment lacks what `maquette env` sets. */
export type Connect = () => PveClient;

/** One kind of resource: inputs and outputs are plain values, already out of Pulumi's envelopes. */
export interface ResourceType {
  check(news: unknown): CheckFailure[];
  diff(olds: unknown, news: unknown): DiffResult;
  create(inputs: unknown): Promise<CreateResult>;
  /** Answers an empty id when the thing is gone. */
  read(id: string, props: unknown): Promise<ReadResult>;
  update(olds: unknown, news: unknown): Promise<unknown>;
  delete(props: unknown): Promise<void>;
}

/** What is wrong with the inputs of something inside a guest; in a preview of a new guest its id may not be known yet. */
export const checkedBy =
  (inputs: z.ZodType) =>
  (news: unknown): CheckFailure[] => {
    const parsed = inputs.safeParse(news);
    if (parsed.success) return [];
    return parsed.error.issues
      .filter((i) => i.path[0] !== "vmId")
      .map((i) => ({ property: i.path.join("."), reason: i.message }));
  };
