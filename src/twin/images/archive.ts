import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { Fault } from "../../core/fault.ts";

/**
 * The Debian archive that this machine's own apt uses (sources.list(5), both forms), or the one of a setting.
 * @param setting `maquette:archive`, a URI
 * @throws Fault TWIN_ARCHIVE_UNKNOWN on a machine that is not Debian and has no setting
 */
export async function findArchive(setting: string | null, etc = "/etc/apt"): Promise<string> {
  if (setting !== null) return setting.replace(/\/+$/, "");
  const lists = await readdir(join(etc, "sources.list.d")).catch(() => [] as string[]);
  const files = [join(etc, "sources.list"), ...lists.sort().map((name) => join(etc, "sources.list.d", name))];
  for (const file of files) {
    const text = await readFile(file, "utf8").catch(() => "");
    const found = (file.endsWith(".sources") ? stanzas(text) : lines(text)).find(
      ({ uri, suite, components }) =>
        /^https?:/.test(uri) &&
        /^(bookworm|trixie|forky|sid|stable|testing)$/.test(suite) &&
        components.includes("main"),
    );
    if (found !== undefined) return found.uri.replace(/\/+$/, "");
  }
  throw new Fault(
    "TWIN_ARCHIVE_UNKNOWN",
    `This machine's apt names no Debian archive (${etc}), and guests run Debian.`,
    "Name one: `pulumi config set maquette:archive http://…/debian`, or MAQUETTE_ARCHIVE=http://…/debian.",
  );
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
