import type { Command, Trouble } from "./role.ts";

/* Ways in which a role's own faults are made, and undone, by a shell in its host (`Trouble`). */

/** What is kept of a host while a fault is in it. */
export const KEPT = "/var/lib/maquette-mystery";

export const shell = (script: string, ...words: readonly string[]): Command => ({
  argv: ["sh", "-euc", script, "sh", ...words],
});

type Told = Pick<Trouble, "id" | "level" | "on" | "shows" | "told" | "hints">;

/**
 * A file is changed by sed, and what reads it reads it again.
 * @param script sed's, of which a line of the file must take notice
 */
export const spoiltFile = (told: Told, file: string, script: string, reload: readonly string[]): Trouble => ({
  ...told,
  does: shell(
    'kept=$1/$2; file=$3; mkdir -p "$1"; cp -p "$file" "$kept"; sed -i "$4" "$file"; ! cmp -s "$file" "$kept"; shift 4; "$@"',
    ...[KEPT, told.id, file, script, ...reload],
  ),
  undoes: shell(
    'kept=$1/$2; file=$3; test -e "$kept" || exit 0; cat "$kept" >"$file"; rm "$kept"; shift 3; "$@"',
    ...[KEPT, told.id, file, ...reload],
  ),
});
