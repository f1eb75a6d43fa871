import { attach } from "../../door/index.ts";
import type { Command } from "../command.ts";
import { ownEnds } from "../ends.ts";
import { openLabDoor, patience } from "../lab-door.ts";

/** In band: a host that the flow table does not let the bastion reach is not reached. Exit: the command's own. */
export const ssh: Command = async (context, values, [name, ...words]) => {
  const lab = await openLabDoor(context);
  try {
    const host = await lab.running(name!);
    if (!host.isOutside) await lab.running(lab.bastion);
    const connection = await lab.door.ssh(host.id, patience);
    const command = words.length === 0 ? undefined : words.join(" ");
    const hasTerminal = process.stdin.isTTY && (command === undefined || values["tty"] === true);
    return await attach(connection, {
      command,
      hasTerminal,
      ends: ownEnds(context.io, { hasInput: true }),
      term: process.env["TERM"] ?? "xterm",
    });
  } finally {
    await lab.door.close();
  }
};
