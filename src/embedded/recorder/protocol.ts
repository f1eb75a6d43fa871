import type { Readable } from "node:stream";
import { z } from "zod";

/*
 * What the provider sends to a host's agent, read from the outside: a line with a length and the program, a line with a
 * length and the document. The program is not run: what it would do is answered from what the guest was sent so far.
 */

const command = z.looseObject({ argv: z.array(z.string()).min(1), input: z.string().default("") });
const name = z.string();
const file = z.looseObject({
  digest: z.string(),
  mode: z.string(),
  owner: z.string(),
  /** Absent in a question. */
  content: z.string().optional(),
  isSecret: z.boolean().optional(),
});
const step = z.discriminatedUnion("kind", [
  z.looseObject({ kind: z.literal("packages"), name, packages: z.array(z.string()) }),
  z.looseObject({
    kind: z.literal("files"),
    name,
    files: z.record(z.string(), file),
    absent: z.array(z.string()),
    key: z.string(),
  }),
  z.looseObject({ kind: z.literal("command"), name, unless: command, run: command }),
  z.looseObject({
    kind: z.literal("units"),
    name,
    units: z.array(z.string()),
    state: z.enum(["running", "off", "masked"]),
  }),
  z.looseObject({ kind: z.literal("probe"), name, run: command }),
]);
export type AskedStep = z.infer<typeof step>;

const asked = z.looseObject({
  mode: z.enum(["check", "apply"]),
  roles: z.array(z.looseObject({ role: z.string(), steps: z.array(step) })),
});
export type Asked = z.infer<typeof asked>;

/** Whether a command of the host's shell starts the agent as root. */
export const startsAgent = (line: string): boolean =>
  /(?:^|[;\s])exec \$S python3 -c '?import sys;i=sys\.stdin\.buffer;exec\(/.test(line);

const MAX_BYTES = 256 * 1024 * 1024;

/**
 * The message's document, or undefined where it was cut short: nothing is begun then.
 * @param input stays open, as what is said goes out on the other half of it
 * @throws ZodError, SyntaxError for a document of another form
 */
export async function readAsked(input: Readable): Promise<Asked | undefined> {
  const document = await new Promise<string | undefined>((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    let needed = 0;
    input.on("data", (chunk: Buffer) => {
      // What comes after the message is read and dropped.
      if (needed === Infinity) return;
      chunks.push(chunk);
      size += chunk.length;
      // Joined only when it may be whole: at each chunk would be a copy a chunk.
      if (size < needed) return;
      const found = size > MAX_BYTES ? { needs: Infinity } : textsOf(Buffer.concat(chunks));
      needed = "texts" in found ? Infinity : found.needs;
      if (needed === Infinity) resolve("texts" in found ? found.texts[1] : undefined);
    });
    input.once("end", () => resolve(undefined));
    input.once("close", () => resolve(undefined));
  });
  return document === undefined ? undefined : asked.parse(JSON.parse(document));
}

function textsOf(bytes: Buffer): { readonly texts: readonly string[] } | { readonly needs: number } {
  const texts: string[] = [];
  for (let at = 0; texts.length < 2;) {
    const end = bytes.indexOf(0x0a, at);
    if (end < 0) return { needs: 0 };
    const length = Number(bytes.toString("latin1", at, end));
    if (!Number.isSafeInteger(length) || length < 0) return { needs: Infinity };
    at = end + 1 + length;
    if (bytes.length < at) return { needs: at };
    texts.push(bytes.toString("utf8", end + 1, at));
  }
  return { texts };
}
