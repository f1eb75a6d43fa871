/*
 * Programs of ours in Python that a host runs. They come by standard input, and what they ask for behind them: neither stands
 * in `ps`, nor line by line in the log that sudo writes of every command.
 */

export const BOOTSTRAP = "import sys;i=sys.stdin.buffer;exec(compile(i.read(int(i.readline())),'maquette','exec'))";

/** Nothing of the guest's own settings or site packages has a say (python3(1): -S, -E). */
export const PYTHON: readonly string[] = ["python3", "-S", "-E", "-c", BOOTSTRAP];

/** What is written before a program's own input: its length in bytes on a line, and the program. */
export const programHead = (program: string): string => `${Buffer.byteLength(program)}\n${program}`;
