import { execFileSync, spawnSync } from "node:child_process";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { whyNotShifted } from "../../src/twin/idmap.ts";
import { findArchive } from "../../src/twin/images/archive.ts";
import { securitySource } from "../../src/twin/images/security.ts";
import { ImageStore, type LayerManifest } from "../../src/twin/images/store.ts";
import { missingPackages } from "../../src/twin/needs.ts";
import { probeOverlay } from "../../src/twin/room.ts";
import { guest } from "../pve/guest-driver-contract.ts";
import { driverHere, leftovers, whyNot } from "./machine.ts";

const reason = whyNot();
const silent = (): void => undefined;

describe.skipIf(reason !== undefined)(`what goes wrong${reason === undefined ? "" : ` (skipped: ${reason})`}`, () => {
  const undo: (() => unknown)[] = [];
  afterEach(async () => {
    for (const step of undo.splice(0).reverse()) await step();
  });
  async function folder(): Promise<string> {
    const made = await mkdtemp(join(tmpdir(), "maquette-fault-"));
    undo.push(() => rm(made, { recursive: true, force: true }));
    return made;
  }
  /** A file system of its own; in the machine's namespace, so it goes with the test. */
  function mounted(at: string, ...args: string[]): void {
    execFileSync("mount", [...args, at]);
    undo.push(() => spawnSync("umount", ["-l", at]));
  }
  async function driverOfItsOwn(): ReturnType<typeof driverHere> {
    const here = await driverHere();
    undo.push(
      () => here.remove(),
      () => here.driver.close(),
    );
    return here;
  }
  const store = (at: string, uri: string): ImageStore =>
    new ImageStore({ folder: at, archive: () => findArchive(uri), log: silent });

  it("an archive that does not answer is named, with what to do, and nothing half-built stays", async () => {
    const at = await folder();
    await expect(
      store(at, "http://127.0.0.1:9/debian").layersFor({ suite: "trixie", layers: [] }),
    ).rejects.toMatchObject({ code: "TWIN_ARCHIVE", hint: expect.stringContaining("maquette:archive") as string });
    expect((await readdir(at)).filter((name) => name.startsWith("building"))).toEqual([]);
  });

  it("an archive without the release says so too", async () => {
    const server = createServer((_, response) => response.writeHead(404).end());
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    undo.push(() => server.close());
    const at = await folder();
    const { port } = server.address() as AddressInfo;
    await expect(
      store(at, `http://127.0.0.1:${port}/debian`).layersFor({ suite: "trixie", layers: [] }),
    ).rejects.toMatchObject({ code: "TWIN_ARCHIVE" });
  });

  it("an archive without a security suite: said with what that means, and the guests' sources do without", async () => {
    const uri = "http://127.0.0.1:9/debian";
    const none = await securitySource(await findArchive(uri), "trixie");
    expect(none).toEqual({
      source: undefined,
      why: expect.stringMatching(/^no trixie-security in \S+debian-security \(E: .*maquette:archive/) as string,
    });
    const here = await findArchive(null);
    // Of several places the first that has it.
    const found = await securitySource({ ...here, security: [`${uri}-security`, ...here.security] }, "trixie");
    expect(found.source).toMatch(/^deb https?:\S+ trixie-security main$/);
    expect(found.source).not.toContain("127.0.0.1");
  });

  it("owners cannot be shifted where the file system does not know how: said in the kernel's words", async () => {
    const at = await folder();
    expect(await whyNotShifted(join(at, "lab"))).toBeUndefined();
    for (const name of ["lower", "upper", "work", "root"]) await mkdir(join(at, name));
    const layers = ["lowerdir", "upperdir", "workdir"].map((n) => `${n}=${join(at, n.replace("dir", ""))}`).join(",");
    mounted(join(at, "root"), "-t", "overlay", "-o", layers, "maquette-fault");
    expect(await whyNotShifted(join(at, "root", "lab"))).toMatch(/^mount_setattr .*: Invalid argument/);
    expect(await readdir(join(at, "root", "lab"))).toEqual([]);
  });

  it("a disk that fills up while an image is built: in words, the folder as it was, and the next attempt is free", async () => {
    const at = await folder();
    mounted(at, "-t", "tmpfs", "-o", "size=60m", "maquette-fault");
    await expect(
      store(at, (await findArchive(null)).uri).layersFor({ suite: "trixie", layers: [] }),
    ).rejects.toMatchObject({
      code: "TWIN_IMAGE_DISK_FULL",
    });
    expect((await readdir(at)).filter((name) => name.startsWith("building"))).toEqual([]);
  });

  it("an image that somebody cut is not used: it is built again", async () => {
    const at = await folder();
    const real = store(at, "http://127.0.0.1:9/debian");
    const id = "0123456789abcdef";
    await mkdir(join(at, id, "root"), { recursive: true });
    await mkdir(join(at, "index"));
    const manifest: LayerManifest = {
      id,
      parent: null,
      suite: "trixie",
      asked: [],
      packages: [],
      digest: "x",
      files: 9,
      bytes: 9,
    };
    await writeFile(join(at, id, "manifest.json"), JSON.stringify(manifest));
    await writeFile(join(at, "index", real.keyOf("trixie")), `${id}\n`);
    await expect(real.layersFor({ suite: "trixie", layers: [] })).rejects.toMatchObject({ code: "TWIN_ARCHIVE" });
    expect((await readdir(at)).some((name) => name.startsWith("damaged-"))).toBe(true);
    await mkdir(join(at, "packages", "trixie"), { recursive: true });
    await writeFile(join(at, "packages", "trixie", "old_1%3a2.0-1_amd64.deb"), "");
    expect(await real.collect(new Set())).toHaveLength(1);
    expect((await readdir(join(at, "packages", "trixie"))).filter((name) => name.endsWith(".deb"))).toEqual([]);
  });

  it("a disk that overlayfs refuses as upper layer is refused before any guest is made", async () => {
    const at = await folder();
    for (const name of ["lower", "upper", "work", "root"]) await mkdir(join(at, name));
    const layers = ["lowerdir", "upperdir", "workdir"].map((n) => `${n}=${join(at, n.replace("dir", ""))}`).join(",");
    mounted(join(at, "root"), "-t", "overlay", "-o", layers, "maquette-fault");
    await expect(probeOverlay(join(at, "root", "lab"))).rejects.toMatchObject({
      code: "TWIN_OVERLAY",
      hint: expect.stringContaining("MAQUETTE_TWIN_DIR") as string,
    });
    await expect(probeOverlay(join(at, "lab"))).resolves.toBeUndefined();
  });

  it("programs that are missing are named by Debian's packages", () => {
    expect(missingPackages()).toEqual([]);
    expect(missingPackages("", [])).toContain("systemd-container");
  });

  it("an image that no container stands for, a trunk, a CD that is none, a seed that asks too much: refused by name", async () => {
    const { driver, home } = await driverOfItsOwn();
    const image = (volume: string): { readonly kind: "image"; readonly volume: string } => ({ kind: "image", volume });
    const disk = { ...guest(100).disks[0]!, origin: image("local:import/windows-2025.qcow2") };
    await expect(driver.create(guest(100, { disks: [disk] }), silent)).rejects.toThrow(/windows-2025/);
    const nic = guest(100).nics[0]!;
    const trunk = guest(101, {
      nics: [{ index: 0, model: nic.model, mac: nic.mac, bridge: "vmbr0", isLinkDown: false, trunks: "10;20" }],
    });
    await driver.create(trunk, silent);
    await expect(driver.start(trunk, silent)).rejects.toThrow(/no trunk/);
    await writeFile(join(home, "junk.iso"), "not a CD");
    const junk = guest(102, {
      cdroms: [{ slot: "ide3", volume: "local:iso/junk.iso", hostPath: join(home, "junk.iso") }],
    });
    await driver.create(junk, silent);
    await expect(driver.start(junk, silent)).rejects.toThrow(/no ISO 9660 image/);
    expect((await driver.status([101, 102])).get(102)?.power).toBe("stopped");
  });

  it("a guest whose init is broken does not boot: said with the console's last words, and it is off", async () => {
    const { driver } = await driverOfItsOwn();
    const made = guest(100);
    await driver.create(made, silent);
    await driver.start(made, silent);
    await driver.exec(100, ["sh", "-c", "rm /sbin/init /lib/systemd/systemd"], "");
    await driver.stop(100);
    await expect(driver.start(made, silent)).rejects.toThrow(/guest 100 ended while booting: .*\S/);
    expect((await driver.status([100])).get(100)?.power).toBe("stopped");
  });

  it("leaves nothing on the machine", async () => {
    expect(await leftovers()).toEqual([]);
  });
});
