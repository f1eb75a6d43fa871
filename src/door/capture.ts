import { quote, rootUntilHangUp } from "./shell.ts";

/**
 * A command that writes the frames of one of a host's interfaces as pcap on its standard output, until its input ends.
 * In band it leaves out the connection that carries it, of which each packet would make another one.
 * @param filter as tcpdump takes it; empty for all
 */
export function tcpdump(wanted: { readonly device: string; readonly count?: number; readonly filter: string }): string {
  const { device, count, filter } = wanted;
  const words = ["tcpdump", "-U", "-n", "-w", "-", "-i", device, ...(count === undefined ? [] : ["-c", String(count)])];
  return [
    "set -- $SSH_CONNECTION",
    // sshd says so of a connection without addresses: a console's own socket.
    'case "${1:-UNKNOWN}" in UNKNOWN) own= ;; *) own="not (tcp and host $1 and port $2 and host $3 and port $4)" ;; esac',
    `filter=${quote([filter])}`,
    'if [ -n "$own" ]; then filter="${filter:+($filter) and }$own"; fi',
    rootUntilHangUp(`${quote(words)} \${filter:+"$filter"}`),
  ].join("\n");
}
