import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { ARCHIVE_SUITES } from "../../core/debian.ts";
import { Fault } from "../../core/fault.ts";

/** Where Debian comes from. */
export interface Archive {
  readonly uri: string;
  /** Where its security suites may be, the likeliest first; whether they are, `security.ts` asks. */
  readonly security: readonly string[];
}

/**
 * The Debian archive that this machine's own apt uses (sources.list(5), both forms), or the one of a setting.
 * @param setting `maquette:archive`, a URI
 * @throws Fault TWIN_ARCHIVE_UNKNOWN on a machine that is not Debian and has no setting
 */
export async function findArchive(setting: string | null, etc = "/etc/apt"): Promise<Archive> {
  if (setting !== null) return archiveAt(setting, []);
  const lists = await readdir(join(etc, "sources.list.d")).catch(() => [] as string[]);
  const files = [join(etc, "sources.list"), ...lists.sort().map((name) => join(etc, "sources.list.d", name))];
  const sources: Source[] = [];
  for (const file of files) {
    const text = await readFile(file, "utf8").catch(() => "");
    sources.push(...(file.endsWith(".sources") ? stanzas(text) : lines(text)));
  }
  const usable = sources.filter(({ uri, components }) => /^https?:/.test(uri) && components.includes("main"));
  const release = `(${ARCHIVE_SUITES.join("|")})`;
  const found = usable.find(({ suite }) => new RegExp(`^${release}$`).test(suite));
  if (found !== undefined) {
    const own = usable.filter(({ suite }) => new RegExp(`^${release}-security$`).test(suite));
    return archiveAt(
      found.uri,
      own.map(({ uri }) => uri),
    );
  }
  throw new Fault(
    "TWIN_ARCHIVE_UNKNOWN",
    `This machine's apt names no Debian archive (${etc}), and guests run Debian.`,
    "Name one: `pulumi config set maquette:archive http://…/debian`, or MAQUETTE_ARCHIVE=http://…/debian.",
  );
}

/** Debian's mirrors have the security archive beside the main one, or do not have it. */
function archiveAt(text: string, own: readonly string[]): Archive {
  const plain = (uri: string): string => uri.replace(/\/+$/, "");
  const uri = plain(text);
  return { uri, security: [...new Set([...own.map(plain), `${uri}-security`])] };
}

interface Source {
  readonly uri: string;
  readonly suite: string;
  readonly components: readonly string[];
}

/** One-line form: `deb [options] uri suite component…`. */
function lines(text: string): Source[] {
  return text.split("\n").flatMap((line) => {
    const match = /^\s*deb\s+(?:\[[^\]]*\]\s+)?(\S+)\s+(\S+)\s+(.*)$/.exec(line.replace(/#.*/, ""));
    return match ? [{ uri: match[1]!, suite: match[2]!, components: match[3]!.trim().split(/\s+/) }] : [];
  });
}

/** deb822 form: stanzas of `Key: value`. */
function stanzas(text: string): Source[] {
  return text.split(/\n\s*\n/).flatMap((stanza) => {
    const fields = new Map<string, string>();
    for (const line of stanza.split("\n")) {
      const match = /^([A-Za-z-]+):\s*(.*)$/.exec(line);
      if (match) fields.set(match[1]!.toLowerCase(), match[2]!.trim());
    }
    if (!(fields.get("types") ?? "").split(/\s+/).includes("deb") || fields.get("enabled") === "no") return [];
    const components = (fields.get("components") ?? "").split(/\s+/);
    return (fields.get("uris") ?? "")
      .split(/\s+/)
      .flatMap((uri) => (fields.get("suites") ?? "").split(/\s+/).map((suite) => ({ uri, suite, components })));
  });
}
