import { describe, expect, test } from "vitest";
import { secret } from "../../../src/core/secret-place.ts";
import { declare, fillSteps, type SentStep } from "../../../src/provision/steps/work.ts";
import type { Step } from "../../../src/roles/role.ts";
import { faultOf } from "../../stack/temporary.ts";

const place = secret("password", "ldap");
const VALUE = "Zk7-correct.horse-Q2";
const sent = (...steps: Step[]): readonly SentStep[] => fillSteps(declare("dc", { steps }), () => VALUE);
const fileOf = (step: SentStep): Extract<SentStep, { kind: "files" }> => {
  if (step.kind !== "files") throw new Error("no files");
  return step;
};

describe("a role is refused before any host is called", () => {
  const good = ["true"];
  // What types refuse.
  const word = place as unknown as string;
  const bad = { argv: ["ldapadd", "-w", word] };
  test.each<[string, Step]>([
    ["a command", { kind: "command", name: "s", unless: { argv: good }, run: bad }],
    ["a guard", { kind: "command", name: "s", unless: bad, run: { argv: good } }],
    ["a probe", { kind: "probe", name: "s", run: bad }],
    ["a checker", { kind: "files", name: "s", files: {}, check: [bad] }],
    ["a checker in place", { kind: "files", name: "s", files: {}, verify: [bad] }],
    ["a reload", { kind: "files", name: "s", files: {}, reload: [bad] }],
    ["a files' probe", { kind: "files", name: "s", files: {}, probe: bad }],
    ["a package's name", { kind: "packages", name: "s", packages: [word] }],
    ["a unit's name", { kind: "units", name: "s", units: [word], state: "running" }],
  ])("for a secret on the command line of %s", async (_, step) => {
    const fault = await faultOf(() => declare("dc", { steps: [step] }));
    expect(fault.code).toBe("ROLE_SECRET_IN_ARGV");
    expect(fault.message).toMatch(/The role dc puts a secret on a command line \(step "s", /);
  });

  test("for two steps of one name", async () => {
    const step: Step = { kind: "packages", name: "packages", packages: [] };
    const twice = await faultOf(() => declare("dc", { steps: [step, step] }));
    expect(twice.code).toBe("ROLE_TWO_STEPS");
    expect(twice.message).toContain('two steps named "packages"');
  });
});

describe("what is sent", () => {
  test("has secrets in their places, and a file with one in it is root's alone unless said otherwise", () => {
    const { files } = fileOf(
      sent({
        kind: "files",
        name: "f",
        files: {
          "/secret": { content: [place] },
          "/plain": { content: "x" },
          "/public": { content: [secret("ssh-public", "a"), secret("vault-certificate", "b")] },
          "/said": { content: [place], owner: "ldap:ldap", mode: "640" },
        },
      })[0]!,
    );
    expect(files["/secret"]).toMatchObject({ content: VALUE, owner: "root:root", mode: "0600", isSecret: true });
    expect(files["/plain"]).toMatchObject({ mode: "0644", isSecret: false });
    expect(files["/public"]).toMatchObject({ mode: "0644", isSecret: false });
    expect(files["/said"]).toMatchObject({ owner: "ldap:ldap", mode: "0640", isSecret: true });
  });

  test("is known by content, owner and mode, in whatever order the files come; not by how they are loaded", () => {
    const [a, b] = [{ content: "1" }, { content: "2" }];
    const keyOf = (files: Record<string, { content: string; mode?: string }>, rest = {}): string =>
      fileOf(sent({ kind: "files", name: "f", files, ...rest })[0]!).key;
    const key = keyOf({ "/a": a, "/b": b });
    expect(keyOf({ "/b": b, "/a": a })).toBe(key);
    expect(keyOf({ "/a": a, "/b": b }, { reload: [{ argv: ["true"] }] })).toBe(key);
    expect(keyOf({ "/a": a, "/b": { ...b, mode: "0600" } })).not.toBe(key);
    expect(keyOf({ "/a": b, "/b": a })).not.toBe(key);
    expect(keyOf({ "/a": a, "/b": b }, { absent: ["/c"] })).not.toBe(key);
  });

  test("has its deadlines, which the host keeps", () => {
    const argv = ["true"];
    const [command, probe] = sent(
      { kind: "command", name: "c", unless: { argv }, run: { argv }, deadlineSeconds: 300 },
      { kind: "probe", name: "p", run: { argv } },
    );
    expect(command).toMatchObject({ seconds: 300 });
    expect(probe).toMatchObject({ seconds: 30 });
  });
});
