import { setTimeout as sleep } from "node:timers/promises";
import { StepFailed } from "../failed.ts";
import { PAUSE_MS, type WindowsHost } from "../host.ts";
import type { Of, WindowsKind } from "./kind.ts";

/** A unit is a service: running is Automatic and started, off is Manual and stopped, masked is Disabled and stopped. */
export const units: WindowsKind<Of<"units">> = {
  apply,
  check: async (host, step) => ({ wrong: await wrongServices(host, step) }),
};

async function wrongServices(host: WindowsHost, { units, state }: Of<"units">): Promise<Record<string, string>> {
  const { services } = await host.ask("services", { names: units });
  const wrong: Record<string, string> = {};
  for (const unit of units) {
    const { status, start } = services[unit] ?? { status: "", start: "" };
    const why = whyWrong(state, status, start);
    if (why !== undefined) wrong[unit] = why;
  }
  return wrong;
}

async function apply(host: WindowsHost, step: Of<"units">): Promise<boolean> {
  const names = Object.keys(await wrongServices(host, step));
  if (names.length === 0) return false;
  const start = { running: "Automatic", off: "Manual", masked: "Disabled" }[step.state];
  await host.ask("setServices", { names, start, isRunning: step.state === "running" }, 120);
  const deadline = Date.now() + 30_000;
  for (;;) {
    const left = Object.entries(await wrongServices(host, step));
    if (left.length === 0) return true;
    if (Date.now() > deadline) throw new StepFailed({ what: left.map(([unit, why]) => `${unit} ${why}`).join(", ") });
    // A service's state after it was told to start is told to nobody.
    await sleep(PAUSE_MS);
  }
}

function whyWrong(state: Of<"units">["state"], status: string, start: string): string | undefined {
  const isThere = status !== "";
  if (state === "running") {
    if (!isThere) return "is not there";
    if (status !== "Running") return `is ${status}`;
    return start === "Automatic" ? undefined : "is not enabled";
  }
  if (!isThere) return undefined;
  if (status !== "Stopped") return `is ${status}`;
  if (state === "masked") return start === "Disabled" ? undefined : "is not disabled";
  return start === "Automatic" ? "is enabled" : undefined;
}
