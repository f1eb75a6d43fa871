import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { DeclaredStep } from "../../src/provision/steps/index.ts";
import { repositoryRoot } from "../../src/stack/root.ts";
import { BareClone } from "../cli/clone.ts";
import { run, type Ran } from "../engine/lab.ts";

/* docs/adding-a-role.md is done to a copy of the sources, word for word. */

interface Block {
  readonly file: string;
  /** The line below which it goes; null for a new file. */
  readonly below: string | null;
  readonly text: string;
}

const page = readFileSync(join(repositoryRoot(), "docs/adding-a-role.md"), "utf8");

/** Every block of the page, with the sentence above it. */
function blocksOf(text: string): readonly Block[] {
  const block = /^(.+)\n\n```(?!sh$)\w+\n([\s\S]*?)^```$/gm;
  return [...text.matchAll(block)].map(([, sentence, content]) => {
    const fresh = /^New file `(.+)`:$/.exec(sentence!);
    const below = /^In `([^`]+)`, below `([^`]+)`:$/.exec(sentence!);
    if (fresh) return { file: fresh[1]!, below: null, text: content! };
    if (below) return { file: below[1]!, below: below[2]!, text: content! };
    throw new Error(`the page has a block that says not where it goes: ${sentence}`);
  });
}

const blocks = blocksOf(page);
const clone = new BareClone(true);
const at = (file: string): string => join(clone.root, file);

function put({ file, below, text }: Block): void {
  if (below === null) {
    expect(existsSync(at(file)), `${file} is there already`).toBe(false);
    mkdirSync(dirname(at(file)), { recursive: true });
    writeFileSync(at(file), text);
    return;
  }
  const lines = readFileSync(at(file), "utf8").split("\n");
  const found = lines.flatMap((line, n) => (line.trim() === below ? [n] : []));
  expect(found, `${file} has the line ${below} once`).toHaveLength(1);
  // A block of a document is as deep as the line below it, as a person would see.
  const next = lines.slice(found[0]! + 1).find((line) => line.trim() !== "") ?? "";
  const indent = /^ */.exec(next)![0];
  lines.splice(
    found[0]! + 1,
    0,
    ...text
      .trimEnd()
      .split("\n")
      .map((line) => (line === "" ? "" : indent + line)),
    "",
  );
  writeFileSync(at(file), lines.join("\n"));
}

const isRegistryLine = ({ file, text }: Block): boolean => file === "src/roles/registry.ts" && !text.includes("import");

/** Types of the rooms that see roles and plan; Pulumi's and the provider's take half a minute more and see neither. */
const types = (): Promise<Ran> =>
  run(process.execPath, [at("node_modules/typescript/bin/tsc"), "-p", "tsconfig.src.json"], {
    cwd: clone.root,
    deadlineMs: 150_000,
  });

beforeAll(() => {
  const from = repositoryRoot();
  for (const name of ["tsconfig.json", "scripts", "docs", "schemas"])
    cpSync(join(from, name), at(name), { recursive: true });
  rmSync(at("docs/adding-a-role.md"));
  const narrowed = {
    extends: "./tsconfig.json",
    include: ["core", "plan", "policy", "pfsense", "roles", "provision", "accept", "programs.d.ts"].map(
      (x) => `src/${x}`,
    ),
    // node_modules is the repository's own.
    compilerOptions: { tsBuildInfoFile: join(clone.folder, "types.tsbuildinfo") },
  };
  writeFileSync(at("tsconfig.src.json"), JSON.stringify(narrowed));
  for (const block of blocks) if (!isRegistryLine(block)) put(block);
});
afterAll(() => clone.dispose());

describe("the page about adding a role", () => {
  test("names every file that it takes: the role, its template, the registry, the plan and the manual", () => {
    expect(new Set(blocks.map((b) => b.file))).toEqual(
      new Set([
        "src/roles/print/index.ts",
        "src/roles/print/drill.ts",
        "src/roles/print/ask_queue.py",
        "templates/print/cupsd.conf",
        "src/roles/registry.ts",
        "stacks/lab/hosts.yaml",
        "stacks/lab/services.yaml",
        "stacks/lab/flows.yaml",
        "docs/roles/print.md",
      ]),
    );
    expect(blocks.filter(isRegistryLine)).toHaveLength(1);
  });

  test("is right that it is no role until it is in the registry, and that it compiles then", async () => {
    const without = await clone.maquette(["check"], { deadlineMs: 120_000 });
    expect(without.code).toBe(1);
    expect(without.stdout).toMatch(/hosts\.yaml:\d+:\d+ PLAN_UNKNOWN_ROLE hosts\.print\.role: "print" is not a role/);
    for (const block of blocks) if (isRegistryLine(block)) put(block);
    expect(await types()).toMatchObject({ code: 0, stdout: "" });
  });

  test("is right that the schemas learn the word", async () => {
    const made = await run(process.execPath, ["--import", "./bin/typescript.js", "scripts/schemas.ts"], {
      cwd: clone.root,
      deadlineMs: 60_000,
    });
    expect(made.code, made.stderr).toBe(0);
    expect(readFileSync(at("schemas/hosts.schema.json"), "utf8")).toContain('"print"');
  });

  test("leaves a plan that check finds sound and proves", async () => {
    const { code, stdout, stderr } = await clone.maquette(["check"], { deadlineMs: 120_000 });
    expect(stderr + stdout).toMatch(/The plan is sound: \d+ hosts/);
    expect(code).toBe(0);
    const explained = await clone.maquette(["explain", "pc1", "print", "tcp/631"]);
    expect(explained.stdout).toContain("F410");
  });

  test("has its clients' way proven: without the row each workstation is named that cannot print", async () => {
    const shut = join(clone.folder, "shut");
    cpSync(at("stacks/lab"), shut, { recursive: true });
    const flows = readFileSync(join(shut, "flows.yaml"), "utf8");
    writeFileSync(join(shut, "flows.yaml"), flows.replace(/ *- id: F410\n(?: +(?!- ).*\n)+/, ""));
    const { code, stdout } = await clone.maquette(["check", "--plan", shut], { deadlineMs: 120_000 });
    expect(code).toBe(1);
    for (const pc of ["pc1", "pc2"])
      expect(stdout).toMatch(
        new RegExp(`ROLE_NEED_REFUSED hosts\\.${pc}: ${pc} prints \\(ipp to print\\), and F601 refuses`),
      );
  });

  test("brings a file to the hosts that it serves, and to no other, and an account to the directory", async () => {
    const filesOf = async (host: string): Promise<Record<string, { content: string }>> => {
      const { stdout } = await clone.maquette(["render", host, "--json"]);
      const { roles } = JSON.parse(stdout) as { roles: { steps: DeclaredStep[] }[] };
      const steps = roles.flatMap((r) => r.steps);
      return Object.assign({}, ...steps.map((s) => (s.kind === "files" ? s.files : {}))) as never;
    };
    const [pc, mail, dc] = await Promise.all(["pc1", "mail", "dc1"].map(filesOf));
    expect(pc!["/etc/cups/client.conf"]!.content).toBe("ServerName print.cod.test\n");
    expect(Object.keys(mail!)).not.toContain("/etc/cups/client.conf");
    expect(JSON.stringify(dc!["/etc/maquette/domain.json"])).toContain("svc-print");
  });

  test("gives the host the steps that it shows, filled from the plan", async () => {
    const { code, stdout, stderr } = await clone.maquette(["render", "print", "--json"]);
    expect(code, stderr).toBe(0);
    const { roles } = JSON.parse(stdout) as { roles: { role: string; steps: DeclaredStep[] }[] };
    expect(roles.map((r) => r.role)).toEqual(["base", "print"]);
    const { steps } = roles[1]!;
    expect(steps.map((s) => [s.kind, s.name])).toEqual([
      ["packages", "packages"],
      ["files", "server"],
      ["units", "services"],
      ["command", "queue"],
      ["probe", "queue takes jobs"],
    ]);
    const file = steps.flatMap((s) => (s.kind === "files" ? [s.files["/etc/cups/cupsd.conf"]!] : []))[0]!;
    expect(file.content).toContain("ServerAlias print.cod.test\nListen 10.20.20.17:631\n");
    expect(file.content).toContain("Allow from 10.20.30.0/24\n");
    expect(file.content).not.toContain("{{");
    expect([file.owner, file.mode]).toEqual(["root:lp", "0640"]);
  });

  test("shows a manual page that is there, a probe that asks where a user sits, and a drill for two of it", async () => {
    const script = `
      import { existsSync } from "node:fs";
      import { allDrills, allProbes, roles, vocabulary } from "./src/roles/registry.ts";
      import { loadPlan } from "./src/plan/index.ts";
      const { value } = await loadPlan("stacks/lab", { roles: vocabulary });
      const probe = allProbes(value).find((p) => p.id === "print-pc1");
      const drill = allDrills.get("print");
      const twice = { ...value, hosts: new Map([...value.hosts, ["print2", { ...value.hosts.get("print"), id: "print2" }]]) };
      const outage = drill.of(twice);
      const drilled = [drill.of(value), outage.servers, outage.program.includes("create_connection")];
      console.log(JSON.stringify({ drilled, manual: existsSync(roles.get("print").manual), from: probe.from, argv: probe.run.argv, dependsOn: probe.dependsOn.host }));
    `;
    writeFileSync(at("ask.mts"), script);
    const asked = await run(process.execPath, ["--import", "./bin/typescript.js", "ask.mts"], {
      cwd: clone.root,
      deadlineMs: 60_000,
    });
    expect(asked.stderr).toBe("");
    expect(JSON.parse(asked.stdout)).toEqual({
      drilled: ["two print servers and a workstation", ["print", "print2"], true],
      manual: true,
      from: "pc1",
      argv: ["nc", "-z", "-w", "3", "10.20.20.17", "631"],
      dependsOn: "print",
    });
  });
});
