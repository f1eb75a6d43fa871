/** Words as one command of a POSIX shell (XCU 2.2.2): nothing in them is expanded. */
export const quote = (words: readonly string[]): string =>
  words.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`)).join(" ");

/**
 * A command as root that ends when its standard input does: without a terminal it would outlive the connection that
 * asked for it. An asynchronous list has neither our input nor SIGINT (XCU 2.9.3.1, 2.11), hence the third descriptor
 * and SIGTERM.
 * @param words quoted already, so that a shell may expand what is meant to be
 */
export const rootUntilHangUp = (words: string): string => {
  const script =
    'exec 3<&0; "$@" </dev/null 3<&- & child=$!; { cat <&3; kill -TERM $child; } >/dev/null 2>&1 & exec 3<&- </dev/null; wait $child';
  return `S=; [ "$(id -u)" = 0 ] || S="sudo -n"; exec $S sh -c ${quote([script])} maquette-run ${words}`;
};

/** A command as root that ends by itself. */
export const asRoot = (words: readonly string[]): string =>
  `S=; [ "$(id -u)" = 0 ] || S="sudo -n"; exec $S ${quote(words)}`;
