import { join } from "node:path";
import type { Folders } from "../stack/folders.ts";
import { run } from "./run.ts";

/*
 * Each engine has a folder for temporary files of its own, for this user alone: the provider locks a file of a fixed name
 * in the common one, which any user of the machine could hold for ever.
 *
 * An engine that is killed cannot end its language host, its plugins and the program; they would stay, and a plugin
 * would go on with what it has begun. So each of them says in its environment which engine it belongs to, and a shell
 * script beside the wrapper ends those whose engine is gone: at once (the wrapper starts it with every `pulumi`, in a
 * session of its own, which survives a kill of the whole process group), and again before the next command looks. The
 * same script removes the folders of engines that have ended.
 */

/** Where the script lies. */
export const leftoversFile = (folders: Folders): string => join(folders.run, "end-leftovers");

/** Where engines have their folders for temporary files, each under the engine's name. */
export const temporaryPlace = (folders: Folders): string => join(folders.run, "t");

/** unix(7): 108 bytes, the last of which is zero. */
const LONGEST_SOCKET_PATH = 107;
/** Process id and start, and what a program may call a socket of its own. */
const LONGEST_BELOW = "/4194304-99999999999/pulumi-1234567890/socket".length;

/** Lines of the wrapper: name the engine that it becomes, have somebody wait for its end, give it a folder. */
export function watchLines(folders: Folders): string {
  const place = temporaryPlace(folders);
  const isNear = Buffer.byteLength(place) + LONGEST_BELOW <= LONGEST_SOCKET_PATH;
  return `# Named by pid and start (proc(5), field 22 of stat), because pids come again.
start() { shift 19; echo "$1"; }
engine=$$-0
if read -r stat 2>/dev/null </proc/$$/stat; then engine=$$-$(start \${stat##*) }); fi
own=${shellQuoted(place)}/$engine
rm -rf "$own"
${
  isNear
    ? `mkdir -m 700 "$own" || exit 1
TMPDIR=$own`
    : `# Sockets have short names: it stands elsewhere, and a link here remembers it.
TMPDIR=$(mktemp -d "\${TMPDIR:-/tmp}/maquette-XXXXXXXX") && ln -s "$TMPDIR" "$own" || exit 1`
}
export TMPDIR
if [ "$engine" != $$-0 ]; then
  MAQUETTE_ENGINE=${shellQuoted(folders.run)}/$engine
  (cd / && exec setsid ${shellQuoted(leftoversFile(folders))} "$engine" "$TMPDIR" </dev/null >/dev/null 2>&1 &)
  export MAQUETTE_ENGINE
fi
`;
}

/** The script that the wrapper's lines start. */
export const leftoversScript = (folders: Folders): string => `#!/bin/sh
# Written by maquette. Ends what engines of this stack left running when they were killed, and prints it; removes the
# temporary files of those that have ended. Given an engine (PID-START) and its folder, waits for its end first; the
# folder goes even where all else of the stack, and with it what remembers the folder, went before.
run=${shellQuoted(folders.run)}

# Of /proc/PID/stat: behind the name the state comes first, the start twentieth.
is_running() {
  [ -d /proc/self ] || { kill -0 "\${1%-*}" 2>/dev/null; return; }
  read -r stat 2>/dev/null <"/proc/\${1%-*}/stat" || return 1
  set -- "\${1#*-}" \${stat##*) }
  [ "$2" != Z ] && [ "\${21}" = "$1" ]
}

# There is no event for the end of a process that is not our child.
while [ $# -gt 0 ] && is_running "$1"; do sleep 1; done
[ -z "\${2-}" ] || rm -rf "$2"

for file in $(grep -lszF "MAQUETTE_ENGINE=$run/" /proc/[0-9]*/environ); do
  engine=$(tr '\\0' '\\n' 2>/dev/null <"$file" | sed -n 's|^MAQUETTE_ENGINE=.*/||p')
  if [ -z "$engine" ] || is_running "$engine"; then continue; fi
  pid=\${file#/proc/}
  pid=\${pid%/environ}
  command=$(tr '\\0' ' ' 2>/dev/null <"/proc/$pid/cmdline")
  # An editor or browser that Pulumi opened inherits the variable too, and is none of the engine's programs.
  case $command in
    */pulumi-language-* | */pulumi-resource-* | */plugin/main.js* | */cmd/run*)
      kill -KILL "$pid" 2>/dev/null && echo "$pid \${command%% 127.0.0.1*}"
      ;;
  esac
done

for own in "$run"/t/*-*; do
  if [ ! -d "$own" ] && [ ! -L "$own" ]; then continue; fi
  is_running "\${own##*/}" && continue
  if [ -L "$own" ]; then rm -rf "$(readlink "$own")"; fi
  rm -rf "$own"
done
exit 0
`;

/**
 * Ends what killed engines of this stack left running.
 * @returns a line for each process: its pid and command
 */
export async function endLeftovers(folders: Folders): Promise<readonly string[]> {
  const { stdout } = await run(leftoversFile(folders), [], { deadlineMs: 30_000 });
  return stdout.split("\n").filter((line) => line !== "");
}

/** Quotes for a POSIX shell (XCU 2.2.2): everything literal between single quotes. */
export const shellQuoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
