import type { SshConnection } from "../../door/index.ts";
import { debianRunner, type HostRunner } from "./runner.ts";
import { windowsRunner } from "./windows.ts";

/** What a host runs, as far as steps go. */
export const hostSystems = ["debian", "windows"] as const;
export type HostSystem = (typeof hostSystems)[number];

/** @param again another connection, once a host that restarts answers */
export const runnerOf = (connection: SshConnection, os: HostSystem, again: () => Promise<SshConnection>): HostRunner =>
  os === "windows" ? windowsRunner(connection, again) : debianRunner(connection);
