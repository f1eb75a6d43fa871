import { Fault } from "../../core/fault.ts";
import type { PulumiEnvironment } from "../../engine/environment.ts";
import type { Context } from "../context.ts";
import type { Command } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";
import { faultText } from "../said.ts";
import { openBase, openSession } from "../session.ts";

/** Prints shell exports under which plain `pulumi` commands work; every secret is named by its file. */
export const env: Command = async (context) => {
  const environment = await environmentOf(context);
  if (context.isJson) {
    context.io.out(JSON.stringify(environment));
    return exitCodes.good;
  }
  const lines = Object.entries(environment).map(([name, value]) => `export ${name}=${quoted(value)}`);
  context.io.out(lines.join("\n"));
  return exitCodes.good;
};

/** A stack that is still being set up gets what `pulumi config set` needs, and is told what is missing. */
async function environmentOf(context: Context): Promise<PulumiEnvironment> {
  try {
    return (await openSession(context)).environment;
  } catch (error) {
    const isUnfinished =
      error instanceof Fault &&
      ["STACK_UNKNOWN", "STACK_SETTINGS", "STACK_NO_ENDPOINT", "STACK_NO_TOKEN"].includes(error.code);
    if (context.isEmbedded || !isUnfinished) throw error;
    const { environment } = await openBase(context);
    context.io.err(faultText(error, context.language));
    return environment;
  }
}

/** Quotes for a POSIX shell (XCU 2.2.2): everything literal between single quotes. */
const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
