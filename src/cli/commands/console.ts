import { attach } from "../../door/index.ts";
import { askRoom } from "../../twin/remote-driver.ts";
import type { Command } from "../command.ts";
import { ownEnds } from "../ends.ts";
import { exitCodes } from "../exit-codes.ts";
import { lineCount } from "../numbers.ts";
import { hostOf, isStandIn, openLabDoor, patience, runInRouter } from "../lab-door.ts";

/** Out of band: works with every firewall closed, so it proves nothing about them. Exit: the command's own. */
export const openConsole: Command = async (context, values, [name, ...words]) => {
  const lab = await openLabDoor(context);
  try {
    if (values["screen"] === true && lab.places !== null) {
      // Also of a guest that is off: what it said last.
      const host = hostOf(lab.plan, lab.naming, name!);
      const tailLines = lineCount("lines", values["lines"], 200);
      const lines = (await askRoom(lab.places.socket, "console", [lab.naming.vmId(host), { tailLines }])) as string[];
      context.io.out(context.isJson ? JSON.stringify({ host: host.id, lines }) : lines.join("\n"));
      return exitCodes.good;
    }
    const host = await lab.running(name!);
    if (isStandIn(lab, host) && words.length > 0) {
      const { exitCode, stdout, stderr } = await runInRouter(lab, host, ["sh", "-c", words.join(" ")]);
      process.stdout.write(stdout);
      process.stderr.write(stderr);
      return exitCode;
    }
    const connection = await lab.door.console(host.id, patience);
    const command = words.length === 0 ? undefined : words.join(" ");
    return await attach(connection, {
      command,
      hasTerminal: process.stdin.isTTY && command === undefined,
      ends: ownEnds(context.io, { hasInput: true }),
      term: process.env["TERM"] ?? "xterm",
    });
  } finally {
    await lab.door.close();
  }
};
