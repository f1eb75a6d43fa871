import type { CheckFailure, CreateResult, DiffResult, ReadResult } from "@pulumi/pulumi/provider/index.js";
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
