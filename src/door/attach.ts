import { Transform, type Readable, type Writable } from "node:stream";
import type { ClientChannel } from "ssh2";
import type { SshConnection } from "./ssh.ts";

/** A person's terminal, or what stands in its place. */
export interface Ends {
  readonly input: Readable | null;
  readonly output: Writable & { readonly columns?: number; readonly rows?: number };
  readonly errors: Writable;
  /** Whether the terminal hands every key and every byte through as it is; absent where there is none. */
  setRaw?(isRaw: boolean): void;
}

export interface AttachOptions {
  /** The user's shell where there is none. */
  readonly command: string | undefined;
  readonly hasTerminal: boolean;
  readonly ends: Ends;
  /** Ends the command's input: a command that was asked to watch it ends then. */
  readonly stop?: AbortSignal;
  /** Of the terminal. */
  readonly term?: string;
}

/** After a stop, for last words. */
const LAST_WORDS_MS = 5_000;
/** What a shell says of a writer whose reader went away: 128 and SIGPIPE. */
const READER_GONE = 141;
/** ssh(1)'s own exit code. */
const HUNG_UP = 255;

/**
 * Joins a session of a host with our own streams until its command ends.
 * @returns its exit code; 0 for one that we stopped
 * @throws Fault DOOR_CUT
 */
export async function attach(connection: SshConnection, options: AttachOptions): Promise<number> {
  const { ends, hasTerminal, stop } = options;
  const { input, output, errors } = ends;
  const size = (): { rows: number; cols: number } => ({ rows: output.rows ?? 24, cols: output.columns ?? 80 });
  const { channel, exit } = await connection.session(
    options.command,
    hasTerminal ? { term: options.term ?? "xterm", ...size(), width: 0, height: 0 } : undefined,
  );
  // At once: a server that is frozen would not say goodbye.
  let hangUp!: () => void;
  const hungUp = new Promise<number>((resolve) => {
    hangUp = () => {
      channel.close();
      // What is written next begins a line.
      if (hasTerminal) errors.write("\r\n");
      resolve(HUNG_UP);
    };
  });
  const reader = { isGone: false };
  let timer: NodeJS.Timeout | undefined;
  const onReaderGone = (): void => {
    reader.isGone = true;
    onStop();
  };
  const onStop = (): void => {
    channel.end();
    timer ??= setTimeout(hangUp, LAST_WORDS_MS);
  };
  const onResize = (): void => {
    const { rows, cols } = size();
    channel.setWindow(rows, cols, 0, 0);
  };
  const isRaw = hasTerminal && ends.setRaw !== undefined;
  const typed = isRaw ? escapes(hangUp) : undefined;
  output.on("error", onReaderGone);
  channel.pipe(output, { end: false });
  channel.stderr.pipe(errors, { end: false });
  if (hasTerminal) output.on("resize", onResize);
  if (stop?.aborted === true) onStop();
  stop?.addEventListener("abort", onStop, { once: true });
  try {
    if (isRaw) ends.setRaw!(true);
    if (input !== null) feed(input, typed, channel);
    const code = await Promise.race([exit, hungUp]);
    return reader.isGone ? READER_GONE : stop?.aborted === true ? 0 : code;
  } finally {
    clearTimeout(timer);
    stop?.removeEventListener("abort", onStop);
    output.off("error", onReaderGone).off("resize", onResize);
    if (input !== null) {
      input.unpipe();
      input.pause();
      // A pipe that nobody closes must not keep the command alive.
      (input as { unref?: () => void }).unref?.();
    }
    if (isRaw) ends.setRaw!(false);
  }
}

function feed(input: Readable, typed: Transform | undefined, channel: ClientChannel): void {
  if (typed === undefined) input.pipe(channel);
  else input.pipe(typed).pipe(channel);
}

/** `~.` at the start of a line hangs up, `~~` is a tilde: ssh(1), ESCAPE CHARACTERS. */
export function escapes(hangUp: () => void): Transform {
  let isLineStart = true;
  let isHeld = false;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      const out: number[] = [];
      for (const byte of chunk) {
        if (isHeld) {
          isHeld = false;
          if (byte === 0x2e) {
            hangUp();
            break;
          }
          if (byte !== 0x7e) out.push(0x7e);
        } else if (isLineStart && byte === 0x7e) {
          isHeld = true;
          isLineStart = false;
          continue;
        }
        isLineStart = byte === 0x0d || byte === 0x0a;
        out.push(byte);
      }
      done(null, Buffer.from(out));
    },
  });
}
