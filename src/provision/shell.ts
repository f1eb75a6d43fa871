import { messageOf, Fault } from "../core/fault.ts";
import { programHead, PYTHON } from "../core/program.ts";
import { isOff, type ConsoleRun } from "./console.ts";

export interface ShellResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Commands as root in guests, whatever the firewalls say: by the console of the twin, or by SSH where there is none. */
export interface GuestShell {
  /** @throws Fault ACCEPT_DEADLINE, ACCEPT_GUEST_OFF, or what the way into the guest has to say */
  run(host: string, argv: readonly string[], input: string, deadlineMs: number): Promise<ShellResult>;
}

/** Guests by their consoles. @param consoleOf the console of a host of the plan */
export function consoleShell(consoleOf: (host: string) => ConsoleRun): GuestShell {
  return {
    async run(host, argv, input, deadlineMs) {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<never>((_, reject) => {
        timer = setTimeout(
          () =>
            reject(
              new Fault(
                "ACCEPT_DEADLINE",
                `${host}: ${argv[0]!} did not end within ${deadlineMs} ms.`,
                `Look at its journal: \`maquette logs ${host}\`; on a busy machine, run the same command again.`,
              ),
            ),
          deadlineMs,
        );
      });
      try {
        return await Promise.race([consoleOf(host)(argv, input, deadlineMs), late]);
      } catch (error) {
        // Whoever reads it knows the host by its name.
        throw error instanceof Fault && isOff(error)
          ? new Fault("ACCEPT_GUEST_OFF", `${host} can no longer be asked: ${error.message}`, error.hint, error)
          : error;
      } finally {
        clearTimeout(timer);
      }
    },
  };
}

/** A command that must succeed. @returns its standard output @throws Fault ACCEPT_COMMAND */
export async function must(
  shell: GuestShell,
  host: string,
  argv: readonly string[],
  input: string,
  deadlineMs: number,
): Promise<string> {
  const { exitCode, stdout, stderr } = await shell.run(host, argv, input, deadlineMs);
  if (exitCode === 0) return stdout;
  const said = (stderr.trim() || stdout.trim()).split("\n").at(-1) ?? "";
  throw new Fault(
    "ACCEPT_COMMAND",
    `${host}: ${argv[0]!} ended with ${exitCode}: ${said}`,
    `Look at its journal: \`maquette logs ${host}\`.`,
  );
}

/** Python in a guest, its input one JSON document, its answer another. @throws Fault ACCEPT_COMMAND, ACCEPT_ANSWER */
export async function python(
  shell: GuestShell,
  host: string,
  script: string,
  input: unknown,
  deadlineMs: number,
): Promise<unknown> {
  const text = await must(shell, host, PYTHON, programHead(script) + JSON.stringify(input), deadlineMs);
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new Fault(
      "ACCEPT_ANSWER",
      `${host}: a script answered ${JSON.stringify(text.slice(0, 80))}, which is no JSON (${messageOf(error)}).`,
      "This is a defect of maquette: please report it.",
      error,
    );
  }
}
