import { expect } from "vitest";
import type { RunningLab } from "../../src/cli/commands/verify.ts";

/** Commands as root in guests of a lab that runs, which must end well. @param lab when it is there */
export const insideOf =
  (lab: () => RunningLab) =>
  async (host: string, argv: readonly string[], input = "", ms = 50_000): Promise<string> => {
    const { exitCode, stdout, stderr } = await lab().shell.run(host, argv, input, ms);
    expect(exitCode, `${host}: ${argv.slice(0, 3).join(" ")}: ${stderr}`).toBe(0);
    return stdout;
  };
