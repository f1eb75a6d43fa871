/** A refusal in Proxmox' own terms: the status line's code and phrase, and reasons by parameter. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: number;
  readonly errors: Readonly<Record<string, string>> | undefined;

  /** @param message becomes the reason phrase (its first line) and `message` in the body */
  constructor(status: number, message: string, errors?: Readonly<Record<string, string>>) {
    super(message);
    this.status = status;
    this.errors = errors;
  }
}

/** What Proxmox answers to anything that its code dies of: 500 and the text. */
export const failure = (message: string): ApiError => new ApiError(500, message);

/** 400 with a reason per parameter. */
export const badParameters = (errors: Readonly<Record<string, string>>): ApiError =>
  new ApiError(400, "Parameter verification failed.", errors);

export const badParameter = (name: string, reason: string): ApiError => badParameters({ [name]: reason });
