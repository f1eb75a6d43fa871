import { Fault } from "../../core/fault.ts";
import type { SshConnection } from "../../door/index.ts";
import type { ObservedStep } from "./kinds/index.ts";
import type { FailEvent } from "./observed.ts";
import { lost, type HostRunner } from "./runner.ts";
import { StepFailed } from "./windows/failed.ts";
import { windowsHost } from "./windows/host.ts";
import { windowsKind } from "./windows/kinds/index.ts";
import type { RoleRecord } from "./windows/kinds/kind.ts";

/**
 * A Windows host, by PowerShell over OpenSSH: the same steps in the same order as on Debian (agent.py), each as its kind
 * there is done (windows/kinds), in small scripts. A step that wants a restart has one, and the step after it goes on.
 * @param again another connection, once a host that restarts answers
 */
export function windowsRunner(connection: SshConnection, again: () => Promise<SshConnection>): HostRunner {
  const { name } = connection.target;
  const host = windowsHost(connection, again);
  const recordOf = (role: string): Omit<RoleRecord, "isChanged"> => ({
    read: async () => (await host.ask("loaded", { role })).loaded,
    write: async (loaded) => {
      await host.ask("load", { role, loaded });
    },
  });

  /** A lost host is told with where it was. */
  async function at<T>(where: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof Fault && error.code === "DOOR_CUT") throw lost(name, where, error.message);
      throw error;
    }
  }

  /** Outside any step there is none to blame. */
  async function begun<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof StepFailed)) throw error;
      const { exit, said } = error.facts;
      throw new Fault(
        "STEP_NOT_BEGUN",
        `${name} does not answer for its steps: PowerShell ended with ${exit ?? "?"}${said === undefined ? "" : `, ${said}`}.`,
        "Nothing was changed there. Is it Windows with OpenSSH, PowerShell 5.1 and an administrator's account?",
        error,
      );
    }
  }

  return {
    check: (roles) =>
      begun(async () => {
        const { instance } = await host.ask("instance", { make: false });
        const found: Record<string, ObservedStep[]> = {};
        for (const { role, steps } of instance === null ? [] : roles) {
          const loaded = await recordOf(role).read();
          const all: ObservedStep[] = [];
          for (const step of steps) all.push(await windowsKind(step.kind).check(host, step, loaded));
          found[role] = all;
        }
        return { event: "state", instance, roles: found };
      }),
    async apply(roles, onEvent) {
      const { instance, now } = await begun(() =>
        at("before the first step", () => host.ask("instance", { make: true })),
      );
      onEvent({ event: "hello", instance: instance!, now });
      for (const { role, steps } of roles) {
        let isChanged = false;
        for (const [number, step] of steps.entries()) {
          const started = Date.now();
          onEvent({ event: "begin", role, step: number });
          try {
            const where = `at the step "${step.name}" of the role ${role}`;
            const record: RoleRecord = { ...recordOf(role), isChanged };
            const changed = await at(where, () => windowsKind(step.kind).apply(host, step, record));
            isChanged ||= changed;
            onEvent({ event: "done", role, step: number, changed, ms: Date.now() - started });
          } catch (error) {
            if (!(error instanceof StepFailed)) throw error;
            const failure: FailEvent = { event: "fail", role, step: number, ...error.facts };
            onEvent(failure);
            return failure;
          }
        }
      }
      onEvent({ event: "end" });
      return undefined;
    },
  };
}
