import { createHash, randomBytes } from "node:crypto";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { lstat, mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { madeOf, ROOT_MADE_OF, rootFolder, rootIn, type ReleaseRoot } from "../../core/debian.ts";
import { errnoOf, Fault, messageOf } from "../../core/fault.ts";
import { CommandFailed, must } from "../command.ts";
import { keepEachPrivate, keepPrivate } from "../private.ts";
import type { Archive } from "./archive.ts";
import { BASE_PACKAGES, type Recipe } from "./catalogue.ts";
import { lifeOf, securitySource, updatesSource } from "./security.ts";

/** Changes whenever the scripts below do: layers made by others are not used. */
const RECIPE_VERSION = 5;
const BUILD_DEADLINE_MS = 15 * 60_000;
/** Held by all who build, together; by whoever collects, alone. */
const BUILDING_LOCK = "lock-building";
const FORGET_MS = 30 * 24 * 3_600_000;

const manifest = z.strictObject({
  id: z.string(),
  parent: z.string().nullable(),
  suite: z.string(),
  asked: z.array(z.string()),
  /** `name=version` of every package installed, sorted: what the id is made of. */
  packages: z.array(z.string()),
  /** Over names, modes, owners, sizes and link targets of all files. */
  digest: z.string(),
  files: z.int(),
  bytes: z.int(),
});
export type LayerManifest = z.infer<typeof manifest>;

export interface Layer {
  readonly id: string;
  readonly folder: string;
  readonly manifest: LayerManifest;
}

export interface StoreOptions {
  /** Folder of the cache, root's. */
  readonly folder: string;
  /** Found when something must be built, not before: a second run needs no archive. */
  readonly archive: () => Promise<Archive>;
  readonly log: (line: string) => void;
  readonly signal?: AbortSignal;
}

/**
 * Root file systems as layers for overlayfs: a base for each Debian release, on it one layer for each set of
 * packages; and roots of other releases, each in its folder of a layer that stands on nothing. A layer's id is what is in it (the resolved versions), so a second run builds nothing; the packages
 * themselves are kept beside, so that a layer can be made again.
 */
export class ImageStore {
  readonly #options: StoreOptions;
  readonly #checked = new Set<string>();
  readonly #pending = new Map<string, Promise<Layer>>();

  constructor(options: StoreOptions) {
    this.#options = options;
  }

  get folder(): string {
    return this.#options.folder;
  }

  /**
   * The recipe's layers, topmost first, built where they are not there yet.
   * @throws Fault TWIN_ARCHIVE, TWIN_IMAGE_DISK_FULL, TWIN_IMAGE_DAMAGED, TWIN_ARCHIVE_UNKNOWN
   */
  async layersFor(recipe: Pick<Recipe, "suite" | "layers">): Promise<readonly Layer[]> {
    let layers: readonly Layer[] = [];
    for (const packages of [BASE_PACKAGES, ...recipe.layers]) {
      const root = rootIn(packages);
      const layer =
        root === undefined ? this.#once(recipe.suite, packages, layers) : this.#once(root.suite, packages, []);
      layers = [await layer, ...layers];
    }
    return layers;
  }

  /** Layers hold setuid files of a machine that is not this one: nobody but root passes to them. */
  async keepPrivate(): Promise<void> {
    const { folder } = this.#options;
    const present = await readdir(folder).catch(() => [] as string[]);
    // A folder that somebody named and that holds other things too stays as it is.
    if (present.length === 0 || present.includes("index")) await keepPrivate(folder);
    await keepEachPrivate(folder, (name) => /^([0-9a-f]{16}|(building|damaged)-.*|packages)$/.test(name));
  }

  /**
   * The files of packages that a recipe's layers of its own release were built of, by `name=version`. A layer of which one
   * is not there any more is built once more, in which its packages come again.
   * @returns the folder, and the files' names in it
   * @throws as {@link layersFor}
   */
  async packageFiles({ suite, layers }: Pick<Recipe, "suite" | "layers">): Promise<{
    readonly folder: string;
    readonly files: ReadonlyMap<string, string>;
  }> {
    const folder = join(this.#options.folder, "packages", suite);
    const own = { suite, layers: layers.filter((packages) => rootIn(packages) === undefined) };
    const kept = async (): Promise<ReadonlyMap<string, string>> => {
      const names = await readdir(folder).catch(() => [] as string[]);
      return new Map(names.flatMap((file) => [[packageOf(file) ?? "", file] as const]));
    };
    let [made, files] = [await this.layersFor(own), await kept()];
    const isLacking = ({ manifest }: Layer): boolean => manifest.packages.some((name) => !files.has(name));
    const lacking = made.filter(isLacking);
    if (lacking.length > 0) {
      await this.#forget(lacking.map(({ id }) => id));
      [made, files] = [await this.layersFor(own), await kept()];
    }
    const wanted = new Set(made.flatMap((layer) => layer.manifest.packages));
    return { folder, files: new Map([...files].filter(([name]) => wanted.has(name))) };
  }

  /** Whoever asks for them next has them built; disks that stand on them keep them. */
  async #forget(ids: readonly string[]): Promise<void> {
    const index = join(this.#options.folder, "index");
    for (const key of await readdir(index)) {
      const id = (await readFile(join(index, key), "utf8").catch(() => "")).trim();
      if (!ids.includes(id)) continue;
      this.#options.log(`image ${id}: packages that it was built of are not there any more: building it again`);
      await rm(join(index, key), { force: true });
      this.#pending.delete(key);
    }
  }

  /** Under which name the index holds a release's base. */
  keyOf(suite: string): string {
    return requestKey(suite, BASE_PACKAGES, []);
  }

  /**
   * One build at a time for the same thing in this process.
   * @param below the layers that it stands on, topmost first
   */
  #once(suite: string, packages: readonly string[], below: readonly Layer[]): Promise<Layer> {
    const key = requestKey(suite, packages, below);
    let made = this.#pending.get(key);
    if (made === undefined) {
      made = this.#layer(key, suite, packages, below);
      this.#pending.set(key, made);
      made.catch(() => this.#pending.delete(key));
    }
    return made;
  }

  async #layer(key: string, suite: string, packages: readonly string[], below: readonly Layer[]): Promise<Layer> {
    const known = await this.#find(key);
    if (known !== undefined) return known;
    const { folder } = this.#options;
    await this.keepPrivate();
    await mkdir(join(folder, "index"), { recursive: true });
    // Several labs of one machine share the cache.
    const release = await lockFile(join(folder, `lock-${key}`));
    try {
      const found = await this.#find(key);
      if (found !== undefined) return found;
      // What it fetches is of no layer yet.
      const built = await lockFile(join(folder, BUILDING_LOCK), "--shared");
      try {
        return await this.#build(key, suite, packages, below);
      } finally {
        await built();
      }
    } finally {
      await release();
    }
  }

  async #find(key: string): Promise<Layer | undefined> {
    const { folder } = this.#options;
    let id: string;
    try {
      id = (await readFile(join(folder, "index", key), "utf8")).trim();
    } catch (error) {
      if (errnoOf(error) === "ENOENT") return undefined;
      throw error;
    }
    const layer = await this.open(id).catch(() => undefined);
    if (layer === undefined) return undefined;
    if (!this.#checked.has(id)) {
      const found = await digestOf(layer.folder);
      if (found.digest !== layer.manifest.digest) {
        this.#options.log(
          `image ${id} is not as it was built (${found.files} files of ${layer.manifest.files}): building it again`,
        );
        await rm(join(folder, "index", key), { force: true });
        await rename(join(folder, id), join(folder, `damaged-${id}-${randomBytes(3).toString("hex")}`));
        return undefined;
      }
      this.#checked.add(id);
      const now = new Date();
      await utimes(join(folder, "index", key), now, now);
    }
    return layer;
  }

  /** A layer by its id. @throws Fault TWIN_IMAGE_MISSING */
  async open(id: string): Promise<Layer> {
    const folder = join(this.#options.folder, id);
    try {
      const parsed = manifest.parse(JSON.parse(await readFile(join(folder, "manifest.json"), "utf8")));
      return { id, folder: join(folder, "root"), manifest: parsed };
    } catch (error) {
      throw new Fault(
        "TWIN_IMAGE_MISSING",
        `The image layer ${id} is not in ${this.#options.folder} (${messageOf(error)}).`,
        "Run `maquette destroy`, then `maquette up`: guests are made again from images that are.",
        error,
      );
    }
  }

  async #build(key: string, suite: string, packages: readonly string[], below: readonly Layer[]): Promise<Layer> {
    const parent = below[0]?.id ?? null;
    const ofOther = rootIn(packages);
    const { folder, log, signal } = this.#options;
    const building = join(folder, `building-${randomBytes(4).toString("hex")}`);
    const root = join(building, "root");
    const debs = join(folder, "packages", suite);
    const started = Date.now();
    const what =
      ofOther !== undefined
        ? `root of Debian ${suite} with ${ofOther.packages.join(" ")}`
        : parent === null
          ? `base of Debian ${suite}`
          : `packages ${packages.join(" ")}`;
    log(`image: building the ${what}`);
    try {
      await mkdir(join(debs, "partial"), { recursive: true });
      await keepPrivate(building);
      const options = {
        deadlineMs: BUILD_DEADLINE_MS,
        env: { ...process.env, LC_ALL: "C", DEBIAN_FRONTEND: "noninteractive" },
        ...(signal === undefined ? {} : { signal }),
        onLine: progress(log),
      };
      // Where the release itself is in what is made.
      const system = ofOther === undefined ? root : join(root, rootFolder(suite));
      if (ofOther !== undefined) {
        await mkdir(join(system, ".."), { recursive: true });
        const made = join(building, "made-of");
        await writeFile(made, madeOf(ofOther));
        await must(rootCommand(ofOther, await this.#sources(suite), system, debs, made), options);
      } else if (parent === null) {
        const sources = await this.#sources(suite);
        await must(baseCommand(suite, packages, sources, root, debs), options);
      } else await must(layerCommand(packages, below.map((l) => l.folder).join(":"), root, building, debs), options);
      const inside = await installed(system, below);
      const { digest, files, bytes } = await digestOf(root);
      const id = createHash("sha256")
        .update(JSON.stringify([RECIPE_VERSION, suite, parent, packages, inside]))
        .digest("hex")
        .slice(0, 16);
      const made: LayerManifest = {
        id,
        parent,
        suite,
        asked: [...packages],
        packages: inside,
        digest,
        files,
        bytes,
      };
      await writeFile(join(building, "manifest.json"), `${JSON.stringify(made, null, 1)}\n`);
      for (const name of ["work", "made-of"]) await rm(join(building, name), { recursive: true, force: true });
      // The same content may be there from before, under another request, and guests may run on it.
      await rename(building, join(folder, id)).catch(async (error: unknown) => {
        if (!["ENOTEMPTY", "EEXIST"].includes(errnoOf(error) ?? "")) throw error;
        const there = await this.open(id).catch(() => undefined);
        if (there !== undefined && (await digestOf(there.folder)).digest === there.manifest.digest) return;
        await rename(join(folder, id), join(folder, `damaged-${id}-${randomBytes(3).toString("hex")}`));
        await rename(building, join(folder, id));
      });
      await writeFile(join(folder, "index", key), `${id}\n`);
      this.#checked.add(id);
      log(
        `image: ${what}: ${files} files, ${Math.round(bytes / 1e6)} MB, ${((Date.now() - started) / 1000).toFixed(0)} s (${id})`,
      );
      return await this.open(id);
    } catch (error) {
      throw buildFault(error, what);
    } finally {
      await rm(building, { recursive: true, force: true }).catch(() => undefined);
    }
  }

  /** sources.list(5) of the release: itself, and its updates and its security suite where they are to be had. */
  async #sources(suite: string): Promise<readonly string[]> {
    const archive = await this.#options.archive();
    const own = [`deb ${archive.uri} ${suite} main`];
    // What a release has beside itself depends on its age: unstable has neither, testing's are empty.
    const [updates, security] = await Promise.all([updatesSource(archive, suite), securitySource(archive, suite)]);
    for (const found of [updates, security]) if (found.source === undefined) this.#options.log(`image: ${found.why}`);
    return [...own, ...[updates, security].flatMap((s) => s.source ?? [])];
  }

  /**
   * Removes layers that neither a recipe nor a lab's disk names, what interrupted builds left, and packages of no
   * layer that stays. Nothing while anybody on this machine builds: whoever comes next does it.
   * @param used ids of layers that disks of any lab on this machine stand on
   * @returns the names of what is gone
   */
  async collect(used: ReadonlySet<string>): Promise<readonly string[]> {
    const { folder } = this.#options;
    const release = await tryLock(join(folder, BUILDING_LOCK));
    if (release === undefined) return [];
    try {
      const names = await readdir(folder).catch(() => [] as string[]);
      const indexed = await this.#indexed();
      const keep = new Set([...used, ...indexed]);
      // What is added on the way is visited too.
      for (const id of keep) {
        const parent = await this.open(id)
          .then((l) => l.manifest.parent)
          .catch(() => null);
        if (parent !== null) keep.add(parent);
      }
      const gone = names.filter(
        (name) => (/^[0-9a-f]{16}$/.test(name) && !keep.has(name)) || /^(?:damaged|building)-/.test(name),
      );
      for (const name of gone) await rm(join(folder, name), { recursive: true, force: true });
      await this.#collectPackages(names.filter((name) => !gone.includes(name)));
      return gone;
    } finally {
      await release();
    }
  }

  /** What requests of late lead to; those that nobody has made for a month are forgotten. */
  async #indexed(): Promise<readonly string[]> {
    const folder = join(this.#options.folder, "index");
    const ids: string[] = [];
    for (const key of await readdir(folder).catch(() => [] as string[])) {
      const file = join(folder, key);
      if (Date.now() - (await stat(file)).mtimeMs > FORGET_MS) await rm(file, { force: true });
      else ids.push((await readFile(file, "utf8")).trim());
    }
    return ids;
  }

  /** Package files that no layer was made of. */
  async #collectPackages(ids: readonly string[]): Promise<void> {
    const layers = await Promise.all(ids.map((id) => this.open(id).catch(() => undefined)));
    const used = new Set(layers.flatMap((layer) => layer?.manifest.packages ?? []));
    const packages = join(this.#options.folder, "packages");
    for (const suite of await readdir(packages).catch(() => [] as string[])) {
      for (const file of await readdir(join(packages, suite))) {
        const name = packageOf(file);
        if (name !== undefined && !used.has(name)) await rm(join(packages, suite, file), { force: true });
      }
    }
  }
}

/** `name=version` of a package file; its name writes an epoch's colon as %3a. */
function packageOf(file: string): string | undefined {
  const match = /^([^_]+)_([^_]+)_[^_]+\.deb$/.exec(file);
  return match ? `${match[1]!}=${match[2]!.replaceAll("%3a", ":")}` : undefined;
}

/** @param below the layers that it stands on, topmost first */
const requestKey = (suite: string, packages: readonly string[], below: readonly Layer[]): string =>
  createHash("sha256")
    .update(JSON.stringify([RECIPE_VERSION, suite, below[0]?.id ?? null, packages]))
    .digest("hex")
    .slice(0, 16);

/** mmdebstrap(1), root mode: a release with its security updates, in the way that all of ours are made. */
const bootstrap = (suite: string, variant: string, packages: readonly string[], debs: string): string[] => [
  "unshare",
  ...["--mount", "--pid", "--fork", "--kill-child", "--propagation", "private", "--"],
  "mmdebstrap",
  ...["--mode=root", `--variant=${variant}`, "--format=directory", "--skip=essential/unlink"],
  '--aptopt=APT::Install-Recommends "false"',
  '--aptopt=Acquire::Languages "none"',
  '--aptopt=Acquire::Retries "3"',
  "--dpkgopt=path-exclude=/usr/share/man/*",
  "--dpkgopt=path-exclude=/usr/share/doc/*",
  "--dpkgopt=path-exclude=/usr/share/locale/*",
  "--dpkgopt=path-include=/usr/share/doc/*/copyright",
  "--dpkgopt=force-unsafe-io",
  ...lifeOf(suite).map((option) => `--aptopt=${option.replace("=", ' "')}"`),
  `--include=${packages.join(",")}`,
  '--setup-hook=mkdir -p "$1/var/cache/apt/archives/partial"',
  `--setup-hook=sync-in ${debs} /var/cache/apt/archives/`,
  `--customize-hook=sync-out /var/cache/apt/archives ${debs}`,
];

/** No system that starts, and no apt: what a program needs that is given it as its root. */
const rootCommand = (
  { suite, packages }: ReleaseRoot,
  sources: readonly string[],
  root: string,
  debs: string,
  made: string,
): string[] => [
  ...bootstrap(suite, "essential", packages, debs),
  '--customize-hook=rm -rf "$1/var/cache/apt" "$1/var/lib/apt" "$1/etc/hostname" "$1/etc/resolv.conf"',
  `--customize-hook=copy-in ${made} /etc`,
  `--customize-hook=mv "$1/etc/made-of" "$1/${ROOT_MADE_OF}"`,
  suite,
  root,
  ...sources,
];

/** What a guest's system starts from, and what a cloud image has set. */
function baseCommand(
  suite: string,
  packages: readonly string[],
  sources: readonly string[],
  root: string,
  debs: string,
): string[] {
  const quiet = [
    // Never of use in a guest without hardware or waiting for a network that a firewall may hold back.
    ...["systemd-networkd-wait-online.service", "systemd-modules-load.service", "console-getty.service"],
    ...["getty@tty1.service", "sshd-keygen.service", "e2scrub_all.timer"],
    ...["dev-hugepages.mount", "sys-kernel-debug.mount", "sys-kernel-tracing.mount", "systemd-pstore.service"],
    // What a kernel command line, an initrd, an fstab or a device manager would have left to do, and nspawn has done.
    ...["systemd-network-generator.service", "systemd-remount-fs.service", "run-lock.mount"],
    ...["systemd-tmpfiles-setup-dev-early.service", "systemd-tmpfiles-setup-dev.service"],
    ...["systemd-networkd-persistent-storage.service"],
  ];
  // systemd.generator(7): they look for a disk label, a TPM, a hibernated kernel or its command line, at each reload.
  const generators = ["gpt-auto", "hibernate-resume", "tpm2", "run", "debug"].map(
    (name) => `ln -s /dev/null "$1/etc/systemd/system-generators/systemd-${name}-generator"`,
  );
  return [
    ...bootstrap(suite, "minbase", packages, debs),
    '--customize-hook=rm -f "$1"/var/cache/apt/archives/*.deb "$1"/etc/ssh/ssh_host_* "$1"/etc/hostname',
    '--customize-hook=: > "$1/etc/machine-id"; rm -f "$1/var/lib/dbus/machine-id"',
    `--customize-hook=printf '127.0.0.1 localhost\\n::1 localhost ip6-localhost ip6-loopback\\nff02::1 ip6-allnodes\\nff02::2 ip6-allrouters\\n' > "$1/etc/hosts"`,
    `--customize-hook=systemctl --root="$1" -q enable systemd-networkd.service ssh.service; systemctl --root="$1" -q mask ${quiet.join(" ")}`,
    `--customize-hook=mkdir -p "$1/etc/systemd/system-generators"; ${generators.join("; ")}`,
    // The journal of a lab is read and forwarded, not kept for years.
    `--customize-hook=mkdir -p "$1/etc/systemd/journald.conf.d"; printf '[Journal]\\nStorage=volatile\\nRuntimeMaxUse=16M\\n' > "$1/etc/systemd/journald.conf.d/50-guest.conf"`,
    suite,
    root,
    ...sources,
  ];
}

/** chroot apt on an overlay over the parent: no guest, no network of the lab. */
function layerCommand(
  packages: readonly string[],
  lower: string,
  root: string,
  building: string,
  debs: string,
): string[] {
  const script = `
mkdir -p ${root} ${building}/work ${building}/merged
R=${building}/merged
mount -t overlay maquette-build -o lowerdir=${lower},upperdir=${root},workdir=${building}/work $R
mount -t proc proc $R/proc
mount --bind /dev $R/dev
for d in run tmp var/lib/apt/lists; do mount -t tmpfs maquette-build $R/$d; done
mkdir -p $R/var/lib/apt/lists/partial $R/run/lock
mount --bind ${debs} $R/var/cache/apt/archives
if [ -e /etc/resolv.conf ]; then touch $R/etc/resolv.conf; mount --bind /etc/resolv.conf $R/etc/resolv.conf; fi
printf '#!/bin/sh\\nexit 101\\n' > $R/usr/sbin/policy-rc.d; chmod 755 $R/usr/sbin/policy-rc.d
O="-q -o APT::Keep-Downloaded-Packages=true -o APT::Sandbox::User=root -o Acquire::Languages=none -o Acquire::Retries=3 -o Acquire::Check-Valid-Until=false -o Dpkg::Options::=--force-unsafe-io"
chroot $R apt-get $O update
chroot $R apt-get $O -y --no-install-recommends install "$@"
rm -f $R/usr/sbin/policy-rc.d
umount $R/etc/resolv.conf 2>/dev/null || :
rm -f ${root}/etc/resolv.conf ${root}/etc/ssh/ssh_host_*
rm -rf ${root}/var/log/apt ${root}/var/log/dpkg.log ${root}/var/cache/debconf/*-old ${root}/var/cache/apt/*.bin
`;
  return [
    "unshare",
    ...["--mount", "--pid", "--fork", "--kill-child", "--propagation", "private", "--"],
    ...["sh", "-ec", script, "maquette-build", ...packages],
  ];
}

/** mmdebstrap's own stages, not apt's whole talk. */
function progress(log: (line: string) => void): (line: string) => void {
  return (line) => {
    const match = /^I: (?!running|success)(.*?)\.*$/.exec(line);
    if (match) log(`image: ${match[1]!}`);
  };
}

/** `name=version` of all that the layer adds to those below. */
async function installed(root: string, below: readonly Layer[]): Promise<string[]> {
  const status = await readFile(join(root, "var/lib/dpkg/status"), "utf8");
  const before = new Set(below.flatMap((l) => l.manifest.packages));
  return status
    .split("\n\n")
    .flatMap((stanza) => {
      const name = /^Package: (.*)$/m.exec(stanza)?.[1];
      const version = /^Version: (.*)$/m.exec(stanza)?.[1];
      const isIn = /^Status: install ok installed$/m.test(stanza);
      return name !== undefined && version !== undefined && isIn ? [`${name}=${version}`] : [];
    })
    .filter((p) => !before.has(p))
    .sort();
}

/** What tells a whole layer from one that somebody cut: cheap enough to be looked at before each first use. */
async function digestOf(
  root: string,
): Promise<{ readonly digest: string; readonly files: number; readonly bytes: number }> {
  const hash = createHash("sha256");
  let files = 0;
  let bytes = 0;
  const visit = async (folder: string, name: string): Promise<void> => {
    const entries = (await readdir(folder, { withFileTypes: true })).sort((a, b) => (a.name < b.name ? -1 : 1));
    const facts = await Promise.all(entries.map((e) => lstat(join(folder, e.name))));
    for (const [i, entry] of entries.entries()) {
      const stat = facts[i]!;
      const path = `${name}/${entry.name}`;
      // A folder's own size is the file system's affair.
      const size = entry.isDirectory() ? 0 : stat.size;
      hash.update(`${path}\0${stat.mode}\0${stat.uid}:${stat.gid}\0${size}\n`);
      files++;
      bytes += size;
      if (entry.isDirectory()) await visit(join(folder, entry.name), path);
    }
  };
  await visit(root, "");
  return { digest: hash.digest("hex"), files, bytes };
}

type Release = () => Promise<void>;

/** flock(2) by way of flock(1): the kernel gives it back however we end. @returns undefined where flock ended without it */
async function flock(file: string, ...options: readonly string[]): Promise<Release | undefined> {
  const holder = spawn("flock", [...options, file, "sh", "-c", "echo; exec cat >/dev/null", "maquette-lock"], {
    stdio: ["pipe", "pipe", "ignore"],
  });
  const ended = once(holder, "exit").catch(() => undefined);
  const isHeld = await Promise.race([once(holder.stdout, "data").then(() => true), ended.then(() => false)]);
  if (!isHeld) return undefined;
  return async () => {
    holder.stdin.end();
    await ended;
  };
}

/** Waits until it is free; without flock(1) there is nobody to wait for. */
const lockFile = async (file: string, how: "--exclusive" | "--shared" = "--exclusive"): Promise<Release> =>
  (await flock(file, how)) ?? (() => Promise.resolve());

const tryLock = (file: string): Promise<Release | undefined> => flock(file, "--exclusive", "--nonblock");

function buildFault(error: unknown, what: string): unknown {
  if (error instanceof Fault) return error;
  const words = error instanceof CommandFailed ? `${error.result.stderr}\n${error.result.stdout}` : messageOf(error);
  if (/No space left on device|ENOSPC|disk quota/i.test(words)) {
    return new Fault(
      "TWIN_IMAGE_DISK_FULL",
      `The disk is full: the ${what} cannot be built.`,
      "Free some space (images and packages of the whole lab take about 2 GB), then run the same command again; nothing half-built is left.",
      error,
    );
  }
  const line = words
    .split("\n")
    .map((l) => l.trim())
    .findLast((l) => /^(E:|Err:|W: Failed)|unable|could not|cannot/i.test(l));
  if (/Unable to locate package|has no installation candidate/i.test(words)) {
    return new Fault(
      "TWIN_PACKAGE_UNKNOWN",
      `The ${what} cannot be built: ${line ?? ""}`,
      "The archive lacks this package: name another archive (maquette:archive).",
      error,
    );
  }
  return new Fault(
    "TWIN_ARCHIVE",
    `The ${what} cannot be built: ${line ?? messageOf(error)}`,
    "Is the archive reachable (apt-get update)? Name another with maquette:archive or MAQUETTE_ARCHIVE; then run the same command again.",
    error,
  );
}
