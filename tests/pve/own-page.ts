import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { answers, seg, type PveClient } from "../../src/pve/client/index.ts";
import type { StorageOption } from "../../src/pve/simulator/index.ts";
import { repositoryRoot } from "../../src/stack/root.ts";

/** The page that sets up a Proxmox, and what of it a simulator can do: its `pvesm` and `pveum` lines. */
export type Language = "en" | "fr";

export const readPage = (language: Language): string =>
  readFileSync(join(repositoryRoot(), "docs", language === "en" ? "own-proxmox.md" : "own-proxmox.fr.md"), "utf8");

/** The commands of the page's shell blocks, one a line: continued lines joined, comments left out. */
export function commandsOf(page: string): readonly string[] {
  const blocks = [...page.matchAll(/^```sh\n(.*?)^```/gms)].map((match) => match[1]!);
  return blocks
    .join("")
    .replaceAll(/\\\n\s*/g, "")
    .split("\n")
    .map((line) => line.replace(/\s+#.*$/, "").trim())
    .filter((line) => line !== "");
}

/** Words of a line of shell, quotes taken off. */
const wordsOf = (line: string): string[] =>
  [...line.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map((m) => m[1] ?? m[2] ?? m[3]!);

interface Parsed {
  readonly words: readonly string[];
  readonly options: Readonly<Record<string, string>>;
}

function parsed(line: string): Parsed {
  const words: string[] = [];
  const options: Record<string, string> = {};
  const all = wordsOf(line);
  for (let n = 0; n < all.length; n++) {
    if (all[n]!.startsWith("--")) options[all[n]!.slice(2)] = all[++n]!;
    else words.push(all[n]!);
  }
  return { words, options };
}

/** What `pvesm` makes. @throws for a line that it does not know */
export function storagesOf(commands: readonly string[]): readonly StorageOption[] {
  return commands
    .filter((line) => line.startsWith("pvesm "))
    .map((line) => {
      const { words, options } = parsed(line);
      const [, verb, type, id] = words;
      if (verb !== "add" || type !== "dir" || id === undefined) throw new Error(`no such pvesm here: ${line}`);
      return { id, type, content: options["content"]!.split(",") };
    });
}

/** Does what `pveum` does, by the API that it is made of. @returns the token, as the user would type it */
export async function applyPveum(commands: readonly string[], root: PveClient): Promise<string> {
  let token = "";
  for (const line of commands.filter((l) => l.startsWith("pveum "))) {
    const { words, options } = parsed(line);
    const [, ...rest] = words;
    const [name = "", last = ""] = rest.slice(-2);
    switch (rest.slice(0, rest[1] === "token" ? 3 : 2).join(" ")) {
      case "role add":
        await root.post("/access/roles", answers.nothing, { roleid: last, privs: options["privs"] });
        break;
      case "user add":
        await root.post("/access/users", answers.nothing, { userid: last });
        break;
      case "acl modify":
        await root.put("/access/acl", answers.nothing, {
          path: last,
          ...(options["users"] === undefined ? {} : { users: options["users"] }),
          ...(options["tokens"] === undefined ? {} : { tokens: options["tokens"] }),
          roles: options["roles"],
        });
        break;
      case "user token add": {
        const made = await root.post(
          `/access/users/${seg(name)}/token/${seg(last)}`,
          z.object({ "full-tokenid": z.string(), value: z.string() }),
          { privsep: options["privsep"] },
        );
        token = `${made["full-tokenid"]}=${made.value}`;
        break;
      }
      default:
        throw new Error(`no such pveum here: ${line}`);
    }
  }
  return token;
}

/** The page's `pulumi config` lines, of its sections of one node or of several. */
export const configLines = (page: string, section: RegExp): readonly string[] => {
  const of = page.split(/^## /m).find((text) => section.test(text.split("\n")[0]!)) ?? "";
  return commandsOf(of).filter((line) => line.startsWith("pulumi config") && !/sha512|debian-13/.test(line));
};
