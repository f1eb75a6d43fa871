import { StepFailed } from "../failed.ts";
import type { WindowsHost } from "../host.ts";
import type { Of, WindowsKind } from "./kind.ts";

const INSTALL_SECONDS = 900;

/** A package is a Windows feature. */
export const packages: WindowsKind<Of<"packages">> = {
  apply: (host, step) => apply(host, step.packages),
  check: (host, step) => host.ask("features", { names: step.packages }),
};

async function apply(host: WindowsHost, names: readonly string[]): Promise<boolean> {
  const { missing } = await host.ask("features", { names });
  if (missing.length === 0) return false;
  const { restart } = await host.ask("install", { names: missing }, INSTALL_SECONDS);
  if (restart) await host.restart();
  const left = (await host.ask("features", { names })).missing;
  if (left.length === 0) return true;
  throw new StepFailed({
    what: `installed${restart ? " and restarted" : ""}, ${left.join(", ")} is still missing`,
  });
}
