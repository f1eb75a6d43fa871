import { createReadStream } from "node:fs";
import { chmod } from "node:fs/promises";
import { join } from "node:path";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { extract } from "tar";

/** Pulumi's thirteen programs take some 400 MiB, our two of them less than half of it. */
const MOST_BYTES = 2 ** 31;

/**
 * Takes named programs out of a `.tar.gz`. Nothing else of it reaches the disk, so that neither a path that leads
 * elsewhere nor a link can do harm; an archive that grows without end is given up.
 * @param programs path in the archive → name in the folder
 * @throws Error in words
 */
export async function unpack(
  archive: string,
  programs: ReadonlyMap<string, string>,
  folder: string,
  mostBytes = MOST_BYTES,
): Promise<void> {
  let problem: string | undefined;
  const taken = new Set<string>();
  let bytes = 0;
  const meter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      if (bytes > mostBytes) done(new Error(`it unpacks to more than ${Math.round(mostBytes / 2 ** 20)} MiB`));
      else done(null, chunk);
    },
  });
  const out = extract({
    cwd: folder,
    strict: true,
    noMtime: true,
    filter(_path, entry) {
      if (!("type" in entry)) return false;
      const name = programs.get(entry.path.replace(/^\.\//, ""));
      if (name === undefined) return false;
      if (entry.type !== "File" && entry.type !== "OldFile") {
        problem ??= `${entry.path} in it is not a file`;
        return false;
      }
      if (taken.has(name)) {
        problem ??= `${entry.path} is in it twice`;
        return false;
      }
      taken.add(name);
      // It is written under our own name for it, whatever the archive calls its place.
      entry.path = name;
      return true;
    },
  });
  await pipeline(createReadStream(archive), createGunzip(), meter, out);
  problem ??= [...programs]
    .map(([path, name]) => (taken.has(name) ? "" : `${path} is not in it`))
    .find((p) => p !== "");
  if (problem !== undefined) throw new Error(problem);
  for (const name of programs.values()) await chmod(join(folder, name), 0o755);
}
