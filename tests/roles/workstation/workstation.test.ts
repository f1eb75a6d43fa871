import { describe, expect, test } from "vitest";
import { formatDiagnostic } from "../../../src/core/diagnostics.ts";
import { placesOf } from "../../../src/core/text.ts";
import type { Plan } from "../../../src/plan/index.ts";
import { directoryOf } from "../../../src/roles/dc/directory.ts";
import { settings as dcSettings } from "../../../src/roles/dc/settings.ts";
import { allProbes, askedIn } from "../../../src/roles/registry.ts";
import { groupFindings } from "../../../src/roles/workstation/groups.ts";
import { settings } from "../../../src/roles/workstation/settings.ts";
import { visitorsOf } from "../../../src/roles/workstation/probes.ts";
import { renderedLab } from "../lab.ts";

const lab = await renderedLab();
const { plan } = lab;
const told = (logon: readonly string[]): Plan => ({
  ...plan,
  settings: new Map([
    ...plan.settings,
    ["workstation", { ...plan.settings.get("workstation")!, values: { logon: [...logon] } }],
  ]),
});
const asked = (logon: string[]) => settings.parse({ logon });
const directory = (of: Plan) => directoryOf(of, askedIn(of), dcSettings.parse({}));

describe("a member of the domain", () => {
  test("has an account in the directory before it joins, and none once it has left the plan", () => {
    expect(Object.keys(directory(plan).computers)).toEqual(["PC1$", "PC2$"]);
    expect(directory(plan).computers["PC1$"]).toMatchObject({
      dn: "CN=PC1,OU=Postes,OU=COD",
      attributes: { dNSHostName: ["pc1.cod.test"], "msDS-SupportedEncryptionTypes": ["24"] },
    });
    const fewer = { ...plan, hosts: new Map([...plan.hosts].filter(([id]) => id !== "pc2")) };
    expect(Object.keys(directory(fewer).computers)).toEqual(["PC1$"]);
  });

  test("joins after every controller, by a password of its own that is in no argument and asked of no guard", () => {
    const step = lab.steps("pc1", "workstation").find((s) => s.name === "member of the domain")!;
    if (step.kind !== "command") throw new Error("not a command");
    expect(placesOf(step.run.input!).map((p) => p.secret)).toEqual(["password/machine/pc1"]);
    expect(step.unless.input).toBeUndefined();
    const { after } = lab.roles("pc1").find((r) => r.role === "workstation")!.work;
    expect(after).toEqual(expect.arrayContaining(["dc1", "dc2"]));
  });

  test("asks the controllers in the plan's order, and numbers people within what a container has", () => {
    const file = lab.files("pc1").get("/etc/sssd/sssd.conf")!;
    expect(file.mode).toBe("0640");
    expect(file.content).toContain("\nad_server = dc1.cod.test, dc2.cod.test\n");
    const number = (key: string): number => Number(new RegExp(`^${key} = (\\d+)$`, "m").exec(file.content)![1]);
    expect(number("ldap_idmap_range_min")).toBeGreaterThan(65_535);
    expect(number("ldap_idmap_range_max")).toBeLessThan(2 ** 22);
  });

  test("lets in the groups that the plan names, and everybody where it names none", () => {
    const filterOf = (of: Awaited<ReturnType<typeof renderedLab>>): string | undefined =>
      /^ad_access_filter = (.*)$/m.exec(of.files("pc1").get("/etc/sssd/sssd.conf")!.content)?.[1];
    expect(filterOf(lab)).toBe(
      "(|(memberOf=CN=cod-membres,OU=Groupes,OU=COD,DC=cod,DC=test)(memberOf=CN=administrateurs,OU=Groupes,OU=COD,DC=cod,DC=test))",
    );
    return renderedLab(() => told([])).then((open) => expect(filterOf(open)).toBeUndefined());
  });

  test("a group that nobody has is a finding at its line", () => {
    expect(groupFindings(plan, asked(["cod-membres"]))).toEqual([]);
    const [found] = groupFindings(plan, asked(["cod-membre"]));
    expect(formatDiagnostic(found!)).toMatch(
      /roles\.yaml:\d+:\d+ WORKSTATION_GROUP_UNKNOWN settings\.workstation\.logon/,
    );
  });
});

describe("its probes", () => {
  const probes = allProbes(plan).filter((p) => p.id.startsWith("workstation-"));
  const judge = (id: string, ...seen: readonly object[]) =>
    probes
      .find((p) => p.id === id)!
      .judge({ exitCode: 0, stderr: "", stdout: JSON.stringify(seen.map((s) => ({ said: "", ...s }))) });
  const inside = {
    result: "in",
    uid: "1201118",
    home: "/home/recette.membre",
    mode: "700",
    ticket: "recette.membre@COD.TEST",
  };

  test("log on at each workstation as somebody who may, and as nobody of the plan's people", () => {
    expect(probes.map((p) => p.id)).toEqual([
      "workstation-wrong-password",
      "workstation-closed-account",
      "workstation-logon-pc1",
      "workstation-logon-pc2",
      "workstation-no-right",
    ]);
    for (const p of probes)
      for (const login of plan.people.keys()) expect(JSON.stringify([p.run, p.title])).not.toContain(login);
  });

  test("a session without a home of one's own, or without a ticket, is none", () => {
    const id = "workstation-logon-pc1";
    expect(judge(id, inside).isGood).toBe(true);
    for (const wrong of [{ home: "/" }, { mode: "755" }, { ticket: "" }, { result: "nothing" }, { result: "wrong" }])
      expect(judge(id, { ...inside, ...wrong }).isGood).toBe(false);
  });

  test("a refusal counts where it is that refusal, and somebody with the right is let in beside it", () => {
    const refused = { result: "wrong" };
    for (const id of ["workstation-wrong-password", "workstation-closed-account"]) {
      expect(judge(id, refused, inside).isGood).toBe(true);
      expect(judge(id, refused, refused).isGood).toBe(false);
      expect(judge(id, inside, inside).isGood).toBe(false);
      expect(judge(id, { result: "nothing" }, inside).isGood).toBe(false);
    }
    expect(judge("workstation-no-right", { result: "no right" }).isGood).toBe(true);
    for (const result of ["wrong", "in", "nothing"])
      expect(judge("workstation-no-right", { result }).isGood).toBe(false);
  });

  test("where everybody may log on nobody is a stranger, and that is not asked", () => {
    expect(visitorsOf(told([]), asked([]))!.stranger).toBeUndefined();
    expect(allProbes(told([])).map((p) => p.id)).not.toContain("workstation-no-right");
  });
});
