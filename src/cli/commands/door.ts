import { Fault } from "../../core/fault.ts";
import { serveDoor } from "../../door/index.ts";
import type { Command } from "../command.ts";
import { untilStopped } from "../ends.ts";
import { exitCodes } from "../exit-codes.ts";
import { openLabDoor } from "../lab-door.ts";

/** Holds the door open for other programs until it is interrupted. */
export const door: Command = async (context, values) => {
  const { io } = context;
  const tcpPort = portOf(values);
  const lab = await openLabDoor(context);
  try {
    await lab.running(lab.bastion);
    // A door that leads nowhere is told now, not to the first browser.
    await lab.door.ssh(lab.bastion, { waitMs: 15_000 }).then((connection) => connection.close());
    const served = await serveDoor(lab.door, {
      folder: context.folders.run,
      tcpPort,
      log: (line) => io.err(line),
    });
    try {
      const { socket, tcp } = served;
      if (context.isJson) {
        io.out(JSON.stringify({ socket, tcp: tcp && { host: "127.0.0.1", ...tcp } }));
      } else {
        io.out(`SOCKS5 on ${socket}`);
        if (tcp) io.out(`SOCKS5 on 127.0.0.1 port ${tcp.port}, user ${tcp.user}, password in ${tcp.passwordFile}`);
        io.err(`It comes out at ${lab.bastion}, where names are resolved too. Ctrl-C closes it.`);
      }
      await untilStopped((stop) => new Promise((resolve) => stop.addEventListener("abort", resolve, { once: true })));
    } finally {
      await served.close();
    }
    return exitCodes.good;
  } finally {
    await lab.door.close();
  }
};

function portOf(values: Readonly<Record<string, unknown>>): number | null {
  const { port } = values as { readonly port?: string };
  if (port === undefined) return values["tcp"] === true ? 0 : null;
  const number = Number(port);
  if (/^\d{1,5}$/.test(port) && number >= 1024 && number <= 65535) return number;
  throw new Fault(
    "CLI_USAGE",
    `--port is "${port}".`,
    "Give a TCP port from 1024 to 65535, or --tcp for any free one.",
  );
}
