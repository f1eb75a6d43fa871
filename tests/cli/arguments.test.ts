import { describe, expect, test } from "vitest";
import { commands } from "../../src/cli/commands.ts";
import { languageOf } from "../../src/cli/context.ts";
import { faultOf } from "../stack/temporary.ts";
import { maquette } from "./captured.ts";

/** Of the tests, whatever becomes of the shipped one. */
const PLAN = "tests/plans/lab";

describe("help", () => {
  test("names every command, and comes without any, with exit 2", async () => {
    const [asked, none] = [await maquette("help"), await maquette()];
    for (const { name } of commands) expect(asked.out).toContain(`\n  ${name}`);
    expect([asked.code, asked.err, none.code, none.out]).toEqual([0, "", 2, asked.out]);
    for (const other of ["--help", "-h"]) expect((await maquette(other)).out).toBe(asked.out);
  });

  test.each(commands.map((c) => [c.name, c] as const))("of %s names its arguments and options", async (name, spec) => {
    const asked = await maquette("help", name);
    for (const p of spec.positionals) expect(asked.out).toContain(p.name);
    for (const o of spec.options) expect(asked.out).toContain(`--${o.name}`);
    expect(await maquette(name, "--help")).toEqual(asked);
  });

  test("says the version of package.json", async () => {
    expect(await maquette("--version")).toEqual({ code: 0, out: "maquette 0.1.0\n", err: "" });
  });
});

describe("options that every command takes", () => {
  test("stand before the command too", async () => {
    const after = await maquette("explain", "pc1", "pbx", "sip", "--plan", PLAN, "--json");
    expect(await maquette("--json", "explain", "pc1", "pbx", "sip", "--plan", PLAN)).toEqual(after);
    expect(after.code).toBe(0);
    expect((await maquette("--lang", "de", "check")).err).toContain('"de" is not a language');
    expect((await maquette("--stack=a/b", "check")).err).toContain("letters, digits");
    expect((await maquette("--lang")).code).toBe(2);
  });
});

describe("the language", () => {
  test.each<[string | undefined, NodeJS.ProcessEnv, string]>([
    [undefined, {}, "en"],
    [undefined, { LANG: "fr_FR.UTF-8" }, "fr"],
    [undefined, { LANG: "fr_FR.UTF-8", LC_ALL: "C.UTF-8" }, "en"],
    [undefined, { LANG: "de_DE.UTF-8", LC_MESSAGES: "fr" }, "fr"],
    [undefined, { LANG: "de_DE.UTF-8" }, "en"],
    [undefined, { LANG: "french" }, "en"],
    [undefined, { LANG: "fr_FR.UTF-8", MAQUETTE_LANG: "en" }, "en"],
    [undefined, { LANG: "fr_FR.UTF-8", MAQUETTE_LANG: "" }, "fr"],
    ["en", { MAQUETTE_LANG: "fr" }, "en"],
  ])("is %s's, or %o's: %s", (asked, env, expected) => {
    expect(languageOf(asked, env)).toBe(expected);
  });

  test("of MAQUETTE_LANG that is none is refused by its name", async () => {
    expect((await faultOf(() => languageOf(undefined, { MAQUETTE_LANG: "de" }))).hint).toContain("MAQUETTE_LANG");
  });
});

describe("what cannot be meant", () => {
  test.each<[string, string, RegExp]>([
    ["upp", "CLI_UNKNOWN_COMMAND", /Did you mean "up"\?/],
    ["chekc", "CLI_UNKNOWN_COMMAND", /Did you mean "check"\?/],
    ["frobnicate", "CLI_UNKNOWN_COMMAND", /maquette help lists/],
    ["help nothing", "CLI_UNKNOWN_COMMAND", /maquette help/],
    ["up --stak mine", "CLI_USAGE", /Did you mean --stack\?/],
    ["preview --expect-no-change", "CLI_USAGE", /Did you mean --expect-no-changes\?/],
    ["up --frobnicate", "CLI_USAGE", /maquette help up/],
    ["up -x", "CLI_USAGE", /maquette help up/],
    ["up --stack", "CLI_USAGE", /maquette help up/],
    ["up --json=1", "CLI_USAGE", /maquette help up/],
    ["up now", "CLI_USAGE", /maquette help up/],
    ["render", "CLI_USAGE", /maquette help render/],
    ["render dc1 /etc/hosts dc2", "CLI_USAGE", /maquette help render/],
    ["check --lang de", "CLI_USAGE", /--lang en or --lang fr/],
    ["check --format html", "CLI_USAGE", /It prints text, json: --format NAME/],
    ["matrix --format text", "CLI_USAGE", /markdown, html, svg, table-markdown, table-html/],
    ["check --format", "CLI_USAGE", /maquette help check/],
    ["preview --markdown", "CLI_USAGE", /Write --format markdown/],
    ["check --stack a/b", "CLI_USAGE", /letters, digits/],
    ["check --stack=", "CLI_USAGE", /letters, digits/],
    ["check --stack .", "CLI_USAGE", /letters, digits/],
    ["check --stack ..", "CLI_USAGE", /letters, digits/],
    ["check --stack -x", "CLI_USAGE", /maquette help check/],
    ["check --stack backend", "CLI_USAGE", /another name/],
    ["check --stack pulumi-home", "CLI_USAGE", /another name/],
  ])("%s: %s in two lines, exit 2", async (line, code, hint) => {
    const { code: exit, out, err } = await maquette(...line.split(" "));
    expect([exit, out]).toEqual([2, ""]);
    expect(err).toMatch(new RegExp(`^${code} [^\\n]+\\.\\n  hint: [^\\n]+\\n$`));
    expect(err).toMatch(hint);
    expect(err).not.toMatch(/\.\.\n|\n {4}at /);
  });

  test.each([["--json"], ["--format=json"], ["--format json"], ["--json --format json"]])(
    "is one JSON document on standard output where %s asks for that",
    async (asked) => {
      const { code, out, err } = await maquette("check", "--stack", "nope", ...asked.split(" "));
      expect([code, err]).toEqual([2, ""]);
      const { error } = JSON.parse(out) as { error: { code: string; message: string; hint: string } };
      expect(error.code).toBe("STACK_UNKNOWN");
      expect(error.message).toContain("Pulumi.nope.yaml");
      expect(error.hint).toContain("docs/own-proxmox.md");
    },
  );

  test.each([
    ["check --json --format text", "--json and --format text are two answers."],
    ["picture --json", "maquette picture prints no json."],
  ])("%s: in the form that it asks for, too", async (line, message) => {
    const { code, out } = await maquette(...line.split(" "));
    expect([code, (JSON.parse(out) as { error: { message: string } }).error.message]).toEqual([2, message]);
  });
});

describe("render", () => {
  test("prints what a host gets, secrets as placeholders", async () => {
    const { code, out } = await maquette("render", "dc1");
    expect(code).toBe(0);
    expect(out).toMatch(/^# dc1\/user-data\n#cloud-config\n/);
    expect(out).toContain("{{secret:ssh-private/host/dc1|json}}");
    expect(out).not.toContain("PRIVATE KEY");
    expect(out).toMatch(/^# dc1: base, names\n# dc1\/etc\/hosts\n/m);
  });

  test("prints one file of a host as it would lie there", async () => {
    const { code, out } = await maquette("render", "dc1", "/etc/hosts", "--plan", PLAN);
    expect(code).toBe(0);
    expect(out).toMatch(/^10\.20\.20\.11 dc1\.cod\.test dc1$/m);
    expect(out).not.toContain("# dc1");
    const near = await maquette("render", "dc1", "/etc/host", "--plan", PLAN);
    expect(near.code).toBe(2);
    expect(near.err).toContain('Did you mean "/etc/hosts"?');
  });

  test("with --json is one document of seed and steps", async () => {
    const { code, out } = await maquette("render", "dc1", "--json");
    expect(code).toBe(0);
    const { host, seed, roles } = JSON.parse(out) as { host: string; seed: object; roles: { role: string }[] };
    expect([host, Object.keys(seed).sort()]).toEqual(["dc1", ["meta-data", "network-config", "user-data"]]);
    expect(roles.map((r) => r.role)).toContain("base");
  });

  test("with --sent, where nothing was sent, says so", async () => {
    const { code, err } = await maquette("render", "dc1", "--sent", "--stack", "never-made");
    expect(code).toBe(2);
    expect(err).toMatch(
      /CLI_NOTHING_SENT The stack never-made has no state in this clone.*\n {2}hint: Run `maquette up`/,
    );
  });

  test("of a host that is none says which it may be", async () => {
    const { code, err } = await maquette("render", "dc11");
    expect(code).toBe(2);
    expect(err).toMatch(/CLI_UNKNOWN_HOST "dc11".*\n {2}hint: Did you mean "dc1"\?/);
  });
});
