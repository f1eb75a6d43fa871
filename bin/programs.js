import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/*
 * Programs that run in guests are files, and TypeScript imports them as text: `import PROBE from "./probe.py"`. What
 * loads our TypeScript learns it here: esbuild (bin/load.js), Vite (vitest.config.ts) and Node itself (bin/typescript.js).
 * The text is whole: it goes to a guest on a command line or by standard input, where nothing is beside it.
 */

/** Files that are imported as text. */
export const PROGRAM = /\.(?:py|sh|ps1)$/;

/** Python that programs of several rooms import. */
const shared = join(dirname(import.meta.dirname), "src", "programs");

/**
 * A program with what it takes from files beside it.
 * @param {string} path absolute
 * @returns {{ text: string, files: string[] }} the files that it is made of
 */
export function readProgram(path) {
  if (path.endsWith(".py")) return python(path);
  if (path.endsWith(".ps1")) return powershell(path);
  return { text: readFileSync(path, "utf8"), files: [path] };
}

/**
 * Modules that a program imports at its top, from beside it or from src/programs, become modules again where it runs,
 * the ones first that others import: each once, under its own name, as Python's import would have made them.
 */
function python(path) {
  const modules = new Map();
  const read = (file, importing) => {
    const text = readFileSync(file, "utf8");
    for (const [, name] of text.matchAll(/^(?:from|import) (\w+)\b/gm)) {
      const found = [dirname(file), shared].map((folder) => join(folder, `${name}.py`)).find((f) => existsSync(f));
      if (found === undefined || modules.get(name)?.file === found) continue;
      if (importing.includes(found)) throw new Error(`${found} imports itself, by ${file}`);
      if (modules.has(name)) throw new Error(`${file} imports ${found}, and ${modules.get(name).file} has its name`);
      // Those that it imports come before it.
      const inner = read(found, [...importing, found]);
      modules.set(name, { file: found, text: inner });
    }
    return text;
  };
  const text = read(path, [path]);
  if (modules.size === 0) return { text, files: [path] };
  // A text as JSON writes it is one of Python too.
  const pairs = [...modules].map(([name, module]) => `(${JSON.stringify(name)}, ${JSON.stringify(module.text)}),`);
  const loading = `import sys
for name, text in (${pairs.join(" ")}):
    sys.modules[name] = module = type(sys)(name)
    exec(compile(text, name + ".py", "exec"), module.__dict__)
del name, text, module
`;
  return { text: loading + text, files: [path, ...[...modules.values()].map((module) => module.file)] };
}

/** `. "$PSScriptRoot\\x.ps1"` at the beginning of a line takes in that file, as dot-sourcing does. */
function powershell(path) {
  const files = [path];
  const text = readFileSync(path, "utf8").replace(/^\. "\$PSScriptRoot\\([\w.-]+\.ps1)"$/gm, (_, name) => {
    const inner = powershell(join(dirname(path), name));
    files.push(...inner.files);
    return inner.text;
  });
  return { text, files };
}

/** For esbuild: a changed file is in the key of the bundle already. */
export const programsForEsbuild = {
  name: "programs",
  setup(build) {
    build.onLoad({ filter: PROGRAM }, ({ path }) => ({ contents: readProgram(path).text, loader: "text" }));
  },
};

/** For Vite, which runs the tests. */
export const programsForVite = {
  name: "programs",
  enforce: "pre",
  load(id) {
    if (!PROGRAM.test(id)) return undefined;
    const { text, files } = readProgram(id);
    for (const file of files) this.addWatchFile(file);
    return `export default ${JSON.stringify(text)};`;
  },
};

/** For Node's own loader (module.register). */
export async function load(url, context, next) {
  if (!url.startsWith("file:") || !PROGRAM.test(url)) return next(url, context);
  const { text } = readProgram(fileURLToPath(url));
  return { format: "module", source: `export default ${JSON.stringify(text)};`, shortCircuit: true };
}
