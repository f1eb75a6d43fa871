import type { Socket } from "node:net";

const MAX_LINE = 32 * 1024 * 1024;

/** Calls back with each whole line of a socket; one that never ends is cut off. */
export function onLines(socket: Socket, listener: (line: string) => void): void {
  let rest = "";
  socket.setEncoding("utf8").on("data", (text: string) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    if (rest.length > MAX_LINE) socket.destroy(new Error("a line is too long"));
    for (const line of lines) if (line !== "") listener(line);
  });
}
