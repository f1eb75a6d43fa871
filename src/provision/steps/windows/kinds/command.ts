import { StepFailed } from "../failed.ts";
import { tail } from "../host.ts";
import type { Of, WindowsKind } from "./kind.ts";

export const command: WindowsKind<Of<"command">> = {
  async apply(host, step) {
    if ((await host.holds(step.unless)).holds) return false;
    await host.must(step.run, step.seconds, "it failed");
    const { exit, said } = await host.run(step.unless.argv, step.unless.input, 30);
    if (exit === 0) return true;
    throw new StepFailed({
      what: "done, its guard still does not hold",
      argv: [...step.unless.argv],
      said: tail(said),
      ...(exit === null ? {} : { exit }),
    });
  },
  check: (host, step) => host.holds(step.unless),
};
