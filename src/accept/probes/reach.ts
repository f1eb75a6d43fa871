import type { Host } from "../../plan/types.ts";
import { decide, type CompiledRules } from "../../policy/engine/index.ts";
import type { Target } from "../../roles/ask.ts";

/** Whether a list of rules lets a first packet of the sender's through. Pure. */
export const passes = (rules: CompiledRules, sender: Host, t: Pick<Target, "protocol" | "address" | "port">): boolean =>
  decide(
    rules.rules,
    {
      family: 4,
      slice: t.protocol,
      src: sender.nics[0]!.address.value,
      dst: t.address.value,
      a: 49_152n,
      b: BigInt(t.port),
    },
    "block",
  ).action === "pass";
