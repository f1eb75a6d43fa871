import { Fault } from "../../core/fault.ts";
import { attach, tcpdump } from "../../door/index.ts";
import type { Host, Plan } from "../../plan/types.ts";
import type { Command } from "../command.ts";
import { ownEnds, untilStopped } from "../ends.ts";
import { openLabDoor, patience } from "../lab-door.ts";
import { wholeNumber } from "../numbers.ts";

/**
 * Frames of a host as pcap on standard output; tcpdump's own words on standard error. Out of band where guests run on
 * this machine, so that the capture sees nothing of itself. Exit: tcpdump's own; 0 when it was ended by us.
 */
export const capture: Command = async (context, values, [name, ...words]) => {
  if (process.stdout.isTTY)
    throw new Fault(
      "CLI_BINARY_TO_TERMINAL",
      "A capture is binary, and standard output is a terminal.",
      "Send it somewhere: `maquette capture HOST | wireshark -k -i -`, or `> FILE.pcap`.",
    );
  const count = wholeNumber("count", values["count"]);
  const seconds = wholeNumber("seconds", values["seconds"]);
  const lab = await openLabDoor(context);
  try {
    const host = await lab.running(name!);
    const connection = await (lab.places === null
      ? lab.door.ssh(host.id, patience)
      : lab.door.console(host.id, patience));
    const command = tcpdump({
      device: interfaceOf(lab.plan, host, values["interface"]),
      ...(count === undefined ? {} : { count }),
      filter: words.join(" "),
    });
    const ends = ownEnds(context.io, { hasInput: false });
    return await untilStopped((stop) =>
      attach(connection, {
        command,
        hasTerminal: false,
        ends,
        stop: seconds === undefined ? stop : AbortSignal.any([stop, AbortSignal.timeout(seconds * 1000)]),
      }),
    );
  } finally {
    await lab.door.close();
  }
};

/** An interface by its own name, or by the zone that it has a leg in. */
function interfaceOf(plan: Plan, host: Host, asked: unknown): string {
  if (typeof asked !== "string") return "any";
  const position = host.nics.findIndex((nic) => nic.zone === asked);
  // Seeds name a host's NICs by their position (src/roles/seed.ts), pfSense by FreeBSD's driver.
  if (position >= 0) return `${plan.images.get(host.image)!.os === "pfsense" ? "vtnet" : "eth"}${position}`;
  if (/^[A-Za-z0-9][\w.@-]{0,14}$/.test(asked)) return asked;
  throw new Fault(
    "CLI_USAGE",
    `--interface is "${asked}", which no interface is called.`,
    `${host.id} has a leg in ${host.nics.map((n) => n.zone).join(", ")}; any is all of them.`,
  );
}
