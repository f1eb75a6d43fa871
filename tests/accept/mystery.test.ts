import { describe, expect, test } from "vitest";
import { begin, chosen, end, troublesOf, type MysteryScene } from "../../src/accept/mystery/run.ts";
import { probesOf } from "../../src/accept/probes/index.ts";
import type { GuestShell, ShellResult } from "../../src/provision/shell.ts";
import { loadPlan } from "../../src/plan/index.ts";
import type { Probe, Trouble } from "../../src/roles/role.ts";
import { KEPT } from "../plans/shipped.ts";

const outcome = await loadPlan(KEPT, { nodes: 2 });
if (!outcome.ok) throw new Error("the lab's plan is not sound");
const plan = outcome.value;
const probes = probesOf(plan);
const troubles = troublesOf(plan, probes);

describe("faults to be found, of the lab's plan", () => {
  test("have names of their own, and each level has several", () => {
    expect(new Set(troubles.map((t) => t.id)).size).toBe(troubles.length);
    for (const level of [1, 2, 3]) expect(troubles.filter((t) => t.level === level).length).toBeGreaterThan(4);
  });

  test("show in what acceptance asks, and are nothing that a router or the scenery has", () => {
    const known = new Set(probes.map((p) => p.id));
    for (const { id, shows, on } of troubles) {
      expect([id, shows.filter((s) => !known.has(s))]).toEqual([id, []]);
      expect([id, plan.hosts.get(on)!.role]).not.toContain("router");
      expect([id, plan.hosts.get(on)!.isOutside]).toEqual([id, false]);
    }
  });

  test("take nobody's way in: neither SSH nor the bastion's route", () => {
    for (const { does, on } of troubles) {
      expect(does.argv.join(" ")).not.toMatch(/\bssh/);
      if (on === "bastion") expect(does.argv.join(" ")).not.toContain("ip route del");
    }
  });

  test("are told and hinted at in both languages, and no hint tells what was done", () => {
    for (const { told, hints } of troubles)
      for (const language of ["en", "fr"] as const) {
        expect(told[language]).not.toBe("");
        expect(hints.length).toBeGreaterThanOrEqual(2);
        for (const hint of hints) expect(hint[language]).not.toContain(told[language]);
      }
  });

  test("the same seed is the same fault, and many seeds are many", () => {
    const ids = Array.from({ length: 200 }, (_, seed) => chosen(troubles, 2, seed)!.id);
    expect(ids).toEqual(Array.from({ length: 200 }, (_, seed) => chosen(troubles, 2, seed)!.id));
    expect(new Set(ids)).toEqual(new Set(troubles.filter((t) => t.level === 2).map((t) => t.id)));
  });

  test("words of the plan stay words in the shell", () => {
    // Whatever a script takes comes as its arguments.
    for (const { does, undoes } of troubles)
      for (const { argv } of [does, undoes]) if (argv[0] === "sh") expect(argv.slice(0, 2)).toEqual(["sh", "-euc"]);
  });
});

/** A lab of one question, asked of a host where something may be broken. */
class Lab implements GuestShell {
  isBroken = false;
  isDeaf = false;
  readonly ran: string[] = [];
  run(_: string, argv: readonly string[]): Promise<ShellResult> {
    this.ran.push(argv[0]!);
    if (argv[0] === "break") this.isBroken = !this.isDeaf;
    if (argv[0] === "mend") this.isBroken = false;
    return Promise.resolve({ exitCode: argv[0] === "ask" && this.isBroken ? 1 : 0, stdout: "", stderr: "" });
  }
}

const question: Probe = {
  id: "q",
  needs: ["N1"],
  from: "pc1",
  title: { en: "q", fr: "q" },
  expected: "0",
  run: { argv: ["ask"] },
  judge: ({ exitCode }) => ({ isGood: exitCode === 0, seen: `exit ${exitCode}` }),
  dependsOn: null,
};
const trouble: Trouble = {
  id: "t",
  level: 1,
  on: "mail",
  does: { argv: ["break"] },
  undoes: { argv: ["mend"] },
  shows: ["q"],
  told: { en: "it broke", fr: "c'est cassé" },
  hints: [],
};
const sceneOf = (shell: Lab): MysteryScene => ({ shell, resolve: () => "", probes: [question] });

describe("a mystery", () => {
  test("breaks what is well, and says what is red", async () => {
    const lab = new Lab();
    expect(await begin(sceneOf(lab), trouble)).toEqual(["q: exit 1"]);
    expect(lab.isBroken).toBe(true);
    expect(await end(sceneOf(lab), trouble)).toEqual([]);
    expect(lab.isBroken).toBe(false);
  });

  test("does not begin where something is red already", async () => {
    const lab = new Lab();
    lab.isBroken = true;
    await expect(begin(sceneOf(lab), trouble)).rejects.toThrow("now q: exit 1");
    expect(lab.ran).not.toContain("break");
  });

  test("that somebody interrupts is put right", async () => {
    const lab = new Lab();
    const stop = new AbortController();
    const shell: GuestShell = {
      run: (host, argv) => {
        if (argv[0] === "break") stop.abort(new Error("stopped"));
        return lab.run(host, argv);
      },
    };
    await expect(begin({ ...sceneOf(lab), shell, signal: stop.signal }, trouble)).rejects.toThrow("stopped");
    expect(lab.isBroken).toBe(false);
  });
});
