import { statfs } from "node:fs/promises";
import { existsSync } from "node:fs";
import { freemem, totalmem, cpus } from "node:os";
import { dirname, join } from "node:path";
import { Fault } from "../../core/fault.ts";
import { describeNeeds } from "../../infra/needs.ts";
import { clientFor } from "../../pve/client/environment.ts";
import { identityOf, planOf } from "../plan-of.ts";
import { missingRights } from "../rights.ts";
import { findEmbedded } from "../../embedded/control.ts";
import { findRoom, installPrograms, roomPlaces } from "../../embedded/room.ts";
import { missingPackages, whyNoGuests } from "../../twin/needs.ts";
import { goVersion } from "../../engine/build.ts";
import type { ReleaseName } from "../../engine/download/releases.ts";
import { findEngine, standingDownload, type Program } from "../../engine/engine.ts";
import { pulumiOnPath } from "../../engine/on-path.ts";
import { compareVersions, pins } from "../../engine/pins.ts";
import type { Command } from "../command.ts";
import { readSettings, type Context } from "../context.ts";
import { artefactLines, type ArtefactLines } from "../doctor-artefacts.ts";
import { exitCodes } from "../exit-codes.ts";
import { absentImages, describeAbsent } from "../images.ts";
import type { ReportLine } from "../report-line.ts";
import { table } from "../table.ts";

/** Says what this machine has, which part stands in for what, and what is missing; gets nothing unless asked. */
export const doctor: Command = async (context, values) => {
  if (values["install"] === true)
    await installPrograms({ ...context, onProgress: (line) => context.io.progress(line) });
  const { lines, artefacts } = await ofOthers(context, values["download"] === true);
  const findings = [
    ...machine(),
    ...(await engine(context)),
    ...(await stack(context)),
    ...(await proxmox(context)),
    ...(await guests(context)),
    ...lines,
  ];
  if (context.isJson) context.io.out(JSON.stringify({ findings, artefacts }));
  else {
    context.io.out(
      table(
        ["what", "state", "fact"],
        findings.map((f) => [f.what, f.state, f.fact]),
      ),
    );
    for (const f of findings.filter((x) => x.cure !== "")) context.io.out(`\n${f.what}: ${f.cure}`);
  }
  return findings.some((f) => f.state === "missing") ? exitCodes.findings : exitCodes.good;
};

function machine(): ReportLine[] {
  const gib = (bytes: number): string => (bytes / 2 ** 30).toFixed(1);
  return [
    {
      what: "system",
      state: "note",
      fact: `${process.platform} ${process.arch}, ${cpus().length} cores, ${gib(freemem())} of ${gib(totalmem())} GiB memory free`,
      cure: "",
    },
    { what: "node", state: "good", fact: process.versions.node, cure: "" },
  ];
}

async function engine(context: Context): Promise<ReportLine[]> {
  const { cache } = context.folders;
  const found = await findEngine({ root: context.root, cache });
  const onPath = await pulumiOnPath(process.env);
  // Read whole: here somebody asks.
  const standing = {
    pulumi: await standingDownload("pulumi", { cache, thorough: true }),
    proxmoxve: await standingDownload("proxmoxve", { cache, thorough: true }),
  };
  const go = await goVersion();
  const hasGo = go !== undefined && compareVersions(go, pins.goAtLeast) >= 0;
  const absent = (what: string, why: string): ReportLine => ({
    what,
    state: "missing",
    fact: `${why}: \`maquette up\` downloads it${hasGo ? ", or builds it with Go where it cannot be reached" : ""}`,
    cure: hasGo
      ? "npm start"
      : `npm start, on a machine that reaches github.com (docs/engine.md: a proxy, a mirror); or first install Go ${pins.goAtLeast} or newer (go.dev/doc/install)`,
  });
  const program = (what: string, p: Program | undefined, release: ReleaseName, built: string): ReportLine => {
    const at = standing[release];
    const foreign =
      at?.standing.kind === "unverified" ? `what stands in ${at.folder} is not used, ${at.standing.why}` : "";
    if (p === undefined || (p.source === "download" && foreign !== "")) return absent(what, foreign || "not here yet");
    if (p.source === "build") return { what, state: "stand-in", fact: `${p.version}, ${built}`, cure: "" };
    const fact =
      at?.standing.kind === "verified" && p.source === "download"
        ? `the official download, verified on ${at.standing.record.at.slice(0, 10)} (${byWhat(at.standing.record.by)})`
        : p.file;
    return { what, state: "good", fact: `${p.version}, ${fact}`, cure: "" };
  };
  return [
    program(
      "pulumi",
      found.cli,
      "pulumi",
      "built here from Pulumi's own pinned module (the official release could not be reached)",
    ),
    ...(onPath?.kind === "unfit"
      ? [{ what: "pulumi on PATH", state: "note", fact: `not used: ${onPath.why}`, cure: "" } as const]
      : []),
    program(
      "language host",
      found.language,
      "pulumi",
      `built here from Pulumi's SDK ${pins.language}, the last that carries it; stands in for the one shipped with the CLI`,
    ),
    program(
      "proxmoxve plugin",
      found.plugin,
      "proxmoxve",
      `a bridge built here over bpg's provider ${pins.bpg}; stands in for the released plugin ${pins.plugin}, with its names`,
    ),
    {
      what: "go",
      state: hasGo || found.plugin ? "good" : "note",
      fact: go === undefined ? "none: needed only where Pulumi's downloads cannot be reached" : go,
      cure: "",
    },
  ];
}

const byWhat = (by: string): string => (by === "pinned" ? "by the pinned SHA-256" : "by its release's checksums");

async function stack(context: Context): Promise<ReportLine[]> {
  const settings = await readSettings(context);
  const api = context.isEmbedded ? await findEmbedded(context.folders) : undefined;
  const place = nearest(context.folders.clone);
  const { bavail, bsize } = await statfs(place);
  const free = (bavail * bsize) / 2 ** 30;
  return [
    {
      what: "Proxmox VE",
      state: context.isEmbedded ? "stand-in" : "note",
      fact: context.isEmbedded
        ? `the embedded API (${api ? `running at ${api.url}, process ${api.record.pid}` : "not running"}); stands in for a Proxmox VE 9 with the nodes ${settings.nodes.join(", ")}`
        : `${settings.endpoint!}, nodes ${settings.nodes.join(", ")}`,
      cure: "",
    },
    {
      what: "state",
      state: free < 1 ? "missing" : "good",
      fact: `${context.folders.clone}, ${free.toFixed(1)} GiB free`,
      cure: free < 1 ? "Free some space, or set XDG_STATE_HOME elsewhere." : "",
    },
    {
      what: "secret",
      state: "note",
      fact: `${context.folders.secrets}${existsSync(context.folders.secrets) ? "" : " (made by the first up)"}`,
      cure: "",
    },
  ];
}

/**
 * What the token of a stack of one's own may do, and whether the images that its user supplies are there: asked of its
 * Proxmox, by the token that the last command wrote.
 */
async function proxmox(context: Context): Promise<ReportLine[]> {
  if (context.isEmbedded) return [];
  const what = "the token's rights";
  const settings = await readSettings(context);
  const outcome = await planOf(context, settings, undefined);
  const tokenFile = join(context.folders.run, "token");
  const unasked = (fact: string, cure: string): ReportLine[] => [{ what, state: "note", fact, cure }];
  if (!outcome.ok) return unasked("not asked: the plan has faults", "maquette check");
  if (!existsSync(tokenFile))
    return unasked("not asked: there is no token here yet", `eval "$(bin/maquette env --stack ${context.stack})"`);
  const client = await clientFor({ url: settings.endpoint!, tokenFile, caFile: null }, settings.insecure);
  try {
    const { naming } = await identityOf(context, settings, outcome.value);
    const missing = describeNeeds(await missingRights(client, settings, outcome.value, naming));
    const lines: ReportLine[] = [
      missing.length === 0
        ? { what, state: "good", fact: "all that the lab needs", cure: "" }
        : { what, state: "missing", fact: missing.join("; "), cure: "docs/own-proxmox.md, section 2, gives them." },
    ];
    for (const absent of await absentImages(client, settings, outcome.value, naming)) {
      const described = await describeAbsent(context, settings, absent);
      lines.push({ what: "images on Proxmox", state: "missing", ...described });
    }
    return lines;
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return unasked(`not asked: ${error.message}`, error.hint);
  } finally {
    await client.close();
  }
}

/** Files of others that the plan's roles and images would use. */
async function ofOthers(context: Context, mayDownload: boolean): Promise<ArtefactLines> {
  const settings = await readSettings(context);
  const outcome = await planOf(context, settings, undefined);
  if (outcome.ok) return artefactLines(context, settings, outcome.value, mayDownload);
  const fact = "not looked for: the plan has faults";
  return { lines: [{ what: "files of others", state: "note", fact, cure: "maquette check" }], artefacts: [] };
}

async function guests(context: Context): Promise<ReportLine[]> {
  if (!context.isEmbedded) return [];
  const room = await findRoom(roomPlaces(context.folders));
  const why = whyNoGuests();
  const packages = missingPackages();
  const inMemory =
    "guests are in memory: they have a state and no more; nothing boots, no service answers, no packet is routed";
  const containers =
    "systemd containers with real packages and networks; they stand in for virtual machines (docs/twin.md)";
  if (room)
    return [{ what: "guests", state: "stand-in", fact: `${containers}; machine room: process ${room.pid}`, cure: "" }];
  if (why !== undefined)
    return [
      {
        what: "guests",
        state: "stand-in",
        fact: `${inMemory}, because ${why}`,
        cure: "A real Proxmox VE runs them: docs/own-proxmox.md.",
      },
    ];
  return [
    {
      what: "guests",
      state: "stand-in",
      fact: context.rooter ? `${containers}; none run now` : `${inMemory}, because that takes root`,
      cure: context.rooter ? "" : "`sudo npm start` runs them on this machine.",
    },
    {
      what: "guests' programs",
      // Without them everything but running guests works.
      state: packages.length === 0 ? "good" : "note",
      fact: packages.length === 0 ? "all here" : `missing: Debian's packages ${packages.join(", ")}`,
      cure: packages.length === 0 ? "" : "`sudo maquette doctor --install` installs them; so does `sudo npm start`.",
    },
  ];
}

/** The nearest folder upwards that exists. */
function nearest(path: string): string {
  let at = path;
  while (!existsSync(at)) at = dirname(at);
  return at;
}
