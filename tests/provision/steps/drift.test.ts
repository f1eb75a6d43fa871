import { describe, expect, test } from "vitest";
import { secret } from "../../../src/core/secret-place.ts";
import { type Text } from "../../../src/core/text.ts";
import { driftOf, wordsOfDrift } from "../../../src/provision/steps/drift.ts";
import { stepFault } from "../../../src/provision/steps/failure.ts";
import type { FoundFile } from "../../../src/provision/steps/kinds/files.ts";
import type { ObservedStep } from "../../../src/provision/steps/kinds/index.ts";
import type { FailEvent } from "../../../src/provision/steps/observed.ts";
import type { RoleInputs } from "../../../src/provision/steps/inputs.ts";
import { declare, type DeclaredStep } from "../../../src/provision/steps/work.ts";
import type { Step } from "../../../src/roles/role.ts";

const VALUE = "Zk7-correct.horse-Q2";
const resolve = (): string => VALUE;
const one = (step: Step): DeclaredStep => declare("dc", { steps: [step] })[0]!;

const argv = ["test", "-e", "/x"];
const CONTENT: Text = ["port = 1\nkey = ", secret("password", "x"), "\n"];
const steps = {
  packages: one({ kind: "packages", name: "s", packages: ["a", "b"] }),
  units: one({ kind: "units", name: "s", units: ["a"], state: "running" }),
  command: one({ kind: "command", name: "s", unless: { argv }, run: { argv, input: [secret("password", "x")] } }),
  probe: one({ kind: "probe", name: "s", run: { argv } }),
  files: one({
    kind: "files",
    name: "s",
    files: { "/a": { content: CONTENT }, "/b": { content: "b\n", mode: "0755" } },
    absent: ["/c"],
  }),
};
const files = (wrong: Record<string, FoundFile | null>, rest: object = {}): ObservedStep => ({
  wrong,
  present: [],
  isLoaded: true,
  ...rest,
});
const found = (rest: Partial<FoundFile> = {}): FoundFile => ({
  digest: "d",
  mode: "0600",
  owner: "root:root",
  isSame: false,
  ...rest,
});

describe("what differs on a host", () => {
  test.each<[keyof typeof steps, ObservedStep, string | undefined]>([
    ["packages", { missing: [] }, undefined],
    ["packages", { missing: ["a", "b"] }, "missing: a, b"],
    ["units", { wrong: {} }, undefined],
    ["units", { wrong: { a: "is failed" } }, "a is failed"],
    ["command", { holds: true, said: "x" }, undefined],
    ["command", { holds: false, said: "one\nno such user\n" }, "its guard does not hold: no such user"],
    ["command", { holds: false, said: "" }, "its guard does not hold: it gave no reason"],
    ["probe", { holds: false }, "has not passed"],
    ["files", files({}), undefined],
    ["files", files({ "/a": found(), "/b": null }), "/a differs, /b is gone"],
    ["files", files({}, { present: ["/c"] }), "/c is there again"],
    ["files", files({}, { isLoaded: false }), "not loaded"],
  ])("of %s, %j, is %j", (kind, seen, words) => {
    expect(wordsOfDrift(steps[kind], seen)).toBe(words);
    const [shown] = driftOf([steps[kind]], [seen], resolve);
    if (words === undefined) expect(shown).toEqual(steps[kind]);
    else expect(shown).not.toEqual(steps[kind]);
  });

  const filesOf = (seen: ObservedStep): Record<string, unknown> => {
    const [shown] = driftOf([steps.files], [seen], resolve);
    if (shown?.kind !== "files") throw new Error("no files");
    return shown.files;
  };

  test("of a file is shown line by line, with places for its secrets; defaults stay unsaid", () => {
    expect(filesOf(files({ "/a": found({ content: `port = 2\nkey = ${VALUE}\n` }) }))["/a"]).toEqual({
      content: [expect.stringMatching(/^port = ?….*\nkey = $/), ...CONTENT.slice(1)],
    });
    expect(filesOf(files({ "/b": found({ content: "c\n", mode: "0755" }) }))["/b"]).toEqual({
      content: "c\n",
      mode: "0755",
    });
  });

  test("of a file's rights only is shown as rights", () => {
    const shown = filesOf(files({ "/a": found({ isSame: true, mode: "0644", owner: "nobody:nogroup" }) }));
    expect(shown["/a"]).toEqual({
      content: CONTENT,
      mode: "0644",
      owner: "nobody:nogroup",
    });
  });

  test("of a file that is gone, a link, no file or too long is said so", () => {
    expect(filesOf(files({ "/a": null }))).toEqual({ "/b": { content: "b\n", mode: "0755" } });
    expect(filesOf(files({ "/a": found({ kind: "link" }) }))["/a"]).toMatchObject({ content: "(a symbolic link)" });
    expect(filesOf(files({ "/a": found({ kind: "other" }) }))["/a"]).toMatchObject({ content: "(no file)" });
    expect(filesOf(files({ "/a": found() }))["/a"]).toMatchObject({
      content: "(too long to be shown; sha256 d)",
    });
  });

  test("is everything where the host has never heard of the step", () => {
    expect(driftOf([steps.packages], [], resolve)).toMatchObject([{ drift: "not known to the host" }]);
  });
});

describe("a step that failed is told", () => {
  const told = (failure: Partial<FailEvent>, kind: keyof typeof steps = "command"): { message: string; hint: string } =>
    stepFault(
      { host: "dc1", role: "dc", steps: [steps[kind]] } as unknown as RoleInputs,
      { event: "fail", role: "dc", step: 0, what: "it failed", ...failure },
      resolve,
    );

  test("with host, role, step, command, exit code and last words, and no secret in them", () => {
    const { message, hint } = told({ argv: ["ldapadd", "-x"], exit: 49, said: `bind: ${VALUE}\nInvalid credentials` });
    expect(message).toBe(
      'dc1, role dc, step "s": it failed: `ldapadd -x` ended with 49.\n    | bind: (secret)\n    | Invalid credentials',
    );
    expect(hint).toBe(
      "`maquette logs dc1` says more. Correct it, then run `maquette up` again: it goes on at this step.",
    );
  });

  test("with its deadline where it was too slow, and with what became of the files before", () => {
    const { message, hint } = told(
      { what: "loaded, it does not work", argv: ["nc", "-z"], seconds: 30, back: "the files before are back" },
      "files",
    );
    expect(message).toBe(
      'dc1, role dc, step "s": loaded, it does not work: `nc -z` did not succeed within 30 s.\n    the files before are back',
    );
    expect(hint).toContain("what was live still is");
  });

  test("as late and not as wrong where the machine was busy: by the clock, with the load that it saw", () => {
    const late = { what: "loading it failed", argv: ["x"], seconds: 60, took: 900.2, load: 49.7, processors: 2 };
    const { message, hint } = told(late, "files");
    expect(message).toContain(
      "`x` did not succeed within 900 s, for which up to 50 tasks shared 2 processors (60 s where it has one for itself).",
    );
    expect(hint).toContain("the machine was busy");
    expect(hint).not.toContain("Correct the template");
    expect(told({ ...late, load: 1.2, took: 60 }, "files").hint).toContain("Correct the template");
  });

  test.each<[string, Partial<FailEvent>, keyof typeof steps, string]>([
    ["a full disk", { what: "the disk is full (/etc/a)" }, "files", "maquette ssh dc1 -- df -h"],
    ["a package", { what: "they cannot be installed" }, "packages", "apt-get update"],
    ["a unit", { what: "a is failed" }, "units", "maquette logs dc1"],
  ])("with what to do: %s", (_, failure, kind, cure) => {
    expect(told(failure, kind).hint).toContain(cure);
  });
});
