import type { Command } from "../commands.ts";
import { exitCodes } from "../exit-codes.ts";
import { openSession } from "../session.ts";

/** Prints shell exports under which plain `pulumi` commands work; every secret is named by its file. */
export const env: Command = async (context) => {
  const { environment } = await openSession(context);
  if (context.isJson) {
    context.io.out(JSON.stringify(environment));
    return exitCodes.good;
  }
  const lines = Object.entries(environment).map(([name, value]) => `export ${name}=${quoted(value)}`);
  context.io.out(lines.join("\n"));
  return exitCodes.good;
};

/** Quotes for a POSIX shell (XCU 2.2.2): everything literal between single quotes. */
const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
