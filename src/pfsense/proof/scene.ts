import type { Ranges } from "../../policy/ranges.ts";
import type { Effective } from "./effective.ts";
import type { IngressVerdict } from "./ingress.ts";
import type { Ways } from "./ways.ts";

/** One router with its lists, under one access as default route. */
export interface Scene {
  readonly ways: Ways;
  readonly exit: string | undefined;
  readonly lists: ReadonlyMap<string, Effective>;
  readonly least: ReadonlyMap<string, Effective>;
  /** The file is another router's up to its own addresses, and the lists are that router's. */
  readonly isTwin?: boolean;
  /** Interfaces whose way out was not enumerated within the budget. */
  readonly tangled?: readonly string[];
  /** Of what the router itself sends: only to these destinations. What it sends to itself never leaves it. */
  readonly others?: Ranges;
}

/** What was found about a scene, by way in. */
export type SceneVerdicts = ReadonlyMap<string, IngressVerdict>;
