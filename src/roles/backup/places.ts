import type { Plan } from "../../plan/types.ts";
import { hostsOf } from "../../plan/query.ts";
import type { Host } from "../../plan/types.ts";

/* Where backups are, on the host that takes them and on those that it takes them from. */

/** On both sides: who takes them, and as whom it logs in. */
export const USER = "maquette-backup";

/** Of several hosts with the role the first one takes them, as it takes the logs. */
export const keeperOf = (plan: Plan): Host | undefined => hostsOf(plan, "backup")[0];

export const STATE = "/var/lib/maquette-backup";
export const PROGRAM = "/usr/local/lib/maquette/backup.py";
export const KEPT_PROGRAM = "/usr/local/lib/maquette/kept.py";
/** As root, on the host that takes them: `backup.py`, as the one who may read them. */
export const asKeeper = (verb: string, ...words: readonly string[]): readonly string[] => [
  ...["runuser", "-u", USER, "--", "/usr/bin/python3", "-I", PROGRAM, verb],
  ...words,
];
/** As root, on a host that they are taken of. */
export const KEPT: readonly string[] = ["/usr/bin/python3", "-I", KEPT_PROGRAM];
/** Of a host whose data are taken: written by whoever wants to see that it comes back. */
export const MARKER = "/var/lib/maquette/kept/marker";
export const UNITS = ["maquette-backup.timer", "maquette-backup.path"] as const;
/** The name of a set, as the programs know it. */
export const setName = (of: { readonly host: Host["id"]; readonly role: string }): string => `${of.host}/${of.role}`;
