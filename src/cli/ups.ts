import { python, type GuestShell } from "../provision/shell.ts";
import { ON_MAINS, STATE, STOP_UNIT } from "../roles/power/places.ts";
import SAY from "../roles/power/ups.py";
import { until } from "../accept/router-state.ts";
import type { LabPower, UpsPlug } from "../accept/power.ts";

const WRITE_MS = 10_000;
/** All places of the order, each with all the time that it may take. */
const STOPPED_MS = 600_000;

/** The plug of a UPS that NUT's simulation reads from a file. */
export const upsPlug = (shell: GuestShell, power: LabPower): UpsPlug => ({
  say: async (host, states) => {
    const seconds = states.reduce((sum, state) => sum + state.seconds, 0);
    await python(shell, host, SAY, { file: STATE, states }, WRITE_MS + seconds * 1000);
  },
  restore: async (host) => {
    if (!(await power.isRunning(host))) return;
    await shell.run(host, ["cp", ON_MAINS, STATE], "", WRITE_MS);
    const { stdout } = await shell.run(host, ["systemctl", "is-active", STOP_UNIT], "", WRITE_MS);
    if (stdout.trim() !== "activating") return;
    await until(
      `${host} has stopped`,
      STOPPED_MS,
      () => power.isRunning(host),
      (isOn) => !isOn,
    );
  },
});
