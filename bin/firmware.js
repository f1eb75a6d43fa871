import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/**
 * Makes the folder that a router guest boots from: what src/twin/router/firmware.ts lists, programs bundled.
 * @param {string} root the repository
 * @param {string} folder where to
 */
export async function buildFirmware(root, folder) {
  const { build } = await import("esbuild");
  const source = join(root, "src/twin/router/firmware.ts");
  // The list is TypeScript, and what reads it here is not: its types are taken off, its place is kept.
  const { outputFiles } = await build({
    entryPoints: [source],
    write: false,
    format: "esm",
    platform: "node",
    target: "node20",
    logLevel: "error",
    define: { "import.meta.dirname": JSON.stringify(dirname(source)) },
  });
  const list = await import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString("base64")}`);
  mkdirSync(folder, { recursive: true });
  for (const file of list.firmwareFiles()) {
    const target = join(folder, file.name);
    if (file.kind === "bundle")
      await build({
        ...list.BUNDLE,
        absWorkingDir: root,
        entryPoints: [file.entry],
        outfile: target,
        logLevel: "error",
      });
    else writeFileSync(target, file.text, { mode: file.mode });
  }
}
