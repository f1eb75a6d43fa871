/**
 * A failure that a person is meant to read: what, where, why, and what to do.
 * The CLI prints it without a stack trace and exits 2; anything that is not a Fault is a defect of ours.
 */
export class Fault extends Error {
  override readonly name = "Fault";
  readonly code: string;
  readonly hint: string;

  /**
   * @param code stable, upper case, `ROOM_WHAT`
   * @param message what failed, where and why, in one sentence
   * @param hint what to do about it
   */
  constructor(code: string, message: string, hint: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.hint = hint;
  }
}

/** The `code` of a Node system error (`ENOENT`, `ECONNREFUSED` …), or undefined. */
export function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

/** The message of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
