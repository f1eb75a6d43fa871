import { roleLayers } from "../../src/roles/registry.ts";
import { join } from "node:path";
import type { LabPower } from "../../src/accept/power.ts";
import { consoleShell, type GuestShell } from "../../src/accept/shell.ts";
import type { PfConfig } from "../../src/pfsense/model/config.ts";
import { readConfig } from "../../src/pfsense/read/read-config.ts";
import { repositoryRoot } from "../../src/stack/root.ts";
import type { ContainerDriver } from "../../src/twin/driver.ts";
import { firmwareIn } from "../../src/twin/firmware.ts";
import { driverHere } from "../twin/machine.ts";
import { planLab, type PlanLab } from "../twin/plan-lab.ts";

/** Guests of the plan with the routers' own firmware, and the ways into them that a command would have. */
export interface RoutedLab {
  readonly driver: ContainerDriver;
  readonly lab: PlanLab;
  readonly shell: GuestShell;
  readonly power: LabPower;
  config(router: string): Promise<PfConfig>;
  close(): Promise<void>;
}

export async function routedLab(...ids: readonly string[]): Promise<RoutedLab> {
  const firmwareHome = await driverHere();
  const folder = join(firmwareHome.home, "firmware");
  const program = (await import(join(repositoryRoot(), "bin/firmware.js"))) as {
    buildFirmware(root: string, folder: string): Promise<void>;
  };
  await program.buildFirmware(repositoryRoot(), folder);
  const firmware = firmwareIn(folder);
  const here = await driverHere({ firmware, packages: { router: firmware.packages, roles: roleLayers } });
  const lab = await planLab(here.driver, here.home);
  const shell = shellOf(here.driver, lab);
  const close = async (): Promise<void> => {
    await here.driver.close();
    await here.remove();
    await firmwareHome.remove();
  };
  try {
    await lab.boot(...ids);
    if (ids.includes("internet")) await lab.configure("internet");
  } catch (error) {
    await close();
    throw error;
  }
  return {
    driver: here.driver,
    lab,
    shell,
    power: powerOf(here.driver, lab),
    config: async (router) => {
      const { stdout } = await shell.run(router, ["cat", "/cf/conf/config.xml"], "", 10_000);
      const read = readConfig(stdout, { file: `${router}:/cf/conf/config.xml` });
      if (!read.ok) throw new Error(JSON.stringify(read.errors));
      return read.value;
    },
    close,
  };
}

export const shellOf = (driver: ContainerDriver, lab: Pick<PlanLab, "vmid">): GuestShell =>
  consoleShell((host) => (argv, input) => driver.exec(lab.vmid(host), argv, input));

const silent = (): void => undefined;

export const powerOf = (driver: ContainerDriver, lab: Pick<PlanLab, "vmid" | "describe">): LabPower => ({
  stop: (host) => driver.stop(lab.vmid(host)),
  start: async (host) => driver.start(await lab.describe(host), silent),
  reboot: async (host) => driver.reboot(await lab.describe(host), silent),
  setLink: (host, nic, isUp) => driver.setLink(lab.vmid(host), nic, isUp),
  isRunning: async (host) => (await driver.status([lab.vmid(host)])).get(lab.vmid(host))?.power === "running",
});
