import { availableParallelism } from "node:os";
import pLimit from "p-limit";
import { SOCKETS } from "./environment.ts";

export type InTurn = <T>(work: () => Promise<T>) => Promise<T>;

/** A host waits for a disk or another host about as often as it works. */
const PER_PROCESSOR = 3;

/**
 * Work on hosts, a few at a time where they share this machine: certificate stores and keys take a processor each, and
 * fifteen at once only make each other late. Hosts on a real Proxmox have processors of their own.
 */
export function hostsInTurn(env: NodeJS.ProcessEnv, processors = availableParallelism()): InTurn {
  if ((env[SOCKETS] ?? "") === "") return (work) => work();
  return pLimit(PER_PROCESSOR * processors);
}
