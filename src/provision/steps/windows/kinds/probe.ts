import type { Of, WindowsKind } from "./kind.ts";

const PASSED = "passed";

/** It is asked again once something has changed, and where it did not pass. */
export const probe: WindowsKind<Of<"probe">> = {
  async apply(host, step, record) {
    const loaded = await record.read();
    if (!record.isChanged && loaded[step.name] === PASSED) return false;
    const others = Object.fromEntries(Object.entries(loaded).filter(([name]) => name !== step.name));
    await record.write(others);
    await host.until(step.run, step.seconds, "it does not hold");
    await record.write({ ...others, [step.name]: PASSED });
    return false;
  },
  check: (_, step, loaded) => Promise.resolve({ holds: loaded[step.name] === PASSED }),
};
