/** A command in a guest by its console: out of band, whatever the firewalls say. */
export type ConsoleRun = (
  argv: readonly string[],
  input: string,
) => Promise<{ readonly exitCode: number; readonly stdout: string; readonly stderr: string }>;
