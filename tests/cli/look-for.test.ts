import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { lookFor } from "../../src/cli/artefacts.ts";
import { context, type Context } from "../../src/cli/context.ts";
import type { Artefact } from "../../src/core/artefact.ts";
import { parseSettings } from "../../src/infra/settings.ts";
import type { HostsUse } from "../../src/roles/registry.ts";
import { publisher } from "../download/publisher.ts";
import { sha256 } from "../engine-unit/download/archives.ts";
import { temporaryFolder } from "../stack/temporary.ts";
import { listening } from "./captured.ts";

beforeEach(() => {
  vi.stubEnv("NODE_TLS_REJECT_UNAUTHORIZED", "0");
  for (const name of ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]) vi.stubEnv(name, "");
});
afterEach(() => vi.unstubAllEnvs());

const content = Buffer.from("a release");
const text = { en: "x", fr: "x" };
function use(id: string, isInstalled: boolean): HostsUse {
  const artefact: Artefact = {
    id,
    name: id,
    version: "1",
    licence: "MIT",
    fileName: `${id}-1.tar.gz`,
    url: "https://publisher.example/x",
    digest: { algorithm: "sha256", hex: sha256(content), by: "the catalogue" },
    source: "Download it",
  };
  return {
    name: id,
    artefacts: [artefact],
    standsIn: text,
    notShown: text,
    isServed: true,
    isInstalled,
    hosts: ["mail"],
  };
}

test("an up gets what a role installs, says so as it goes, and asks nobody for the rest", async () => {
  const mirror = await publisher({ "/installed-1.tar.gz": content, "/idle-1.tar.gz": content });
  vi.stubEnv("MAQUETTE_ARTEFACT_MIRROR", mirror.url);
  const io = listening();
  const own = context({}, io);
  const of: Context = { ...own, folders: { ...own.folders, cache: temporaryFolder() } };
  const uses = [use("installed", true), use("idle", false)];
  const got = await lookFor(of, parseSettings("lab", {}), uses, (u) => u.isInstalled);
  expect(got.get("installed")).toMatchObject({ kind: "found", in: "cache" });
  expect(got.get("idle")).toMatchObject({ kind: "absent" });
  expect(mirror.asked).toEqual(["/installed-1.tar.gz"]);
  expect(io.lines).toContain(`progress downloading installed-1.tar.gz from ${new URL(mirror.url).host}`);
});
