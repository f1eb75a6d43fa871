import { StepFailed } from "../failed.ts";
import { tail } from "../host.ts";
import type { Of, WindowsKind } from "./kind.ts";

/** After a restart a guard may ask of a service that starts late. */
const AFTER_RESTART_SECONDS = 120;

export const command: WindowsKind<Of<"command">> = {
  async apply(host, step) {
    if ((await host.holds(step.unless)).holds) return false;
    const { wantsRestart } = await host.done(step.run, step.seconds, "it failed");
    if (wantsRestart) {
      await host.restart();
      await host.until(step.unless, AFTER_RESTART_SECONDS, "done and restarted, its guard still does not hold");
      return true;
    }
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
