import { describe, expect, test } from "vitest";
import { roleLayersOf } from "../../../src/roles/registry.ts";
import { webName } from "../../../src/roles/mail/names.ts";
import { firefoxPolicies, thunderbirdPolicies } from "../../../src/roles/workstation/desktop.ts";
import type { Plan } from "../../../src/plan/index.ts";
import { renderedLab } from "../lab.ts";

/*
 * No window is opened here. What the files say is held against the schema of policies in Debian's packages of 153.8 (and the
 * table of 140), as far as we use it: a key that a program does not know it passes over, and says so to nobody.
 */

const COMMON = ["Certificates", "DisableAppUpdate", "DisableTelemetry", "OfferToSaveLogins", "RequestedLocales"];
const KNOWN = {
  thunderbird: [...COMMON, "Preferences"],
  firefox: [
    ...[...COMMON, "DisableFirefoxStudies", "DontCheckDefaultBrowser", "Homepage", "ManagedBookmarks"],
    ...["NoDefaultBookmarks", "OverrideFirstRunPage", "OverridePostUpdatePage"],
  ],
};
/** Thunderbird's defaults/pref of the same package, of those below the prefixes that a policy may set. */
const PREFERENCES: Readonly<Record<string, string>> = {
  "mail.shell.checkDefaultClient": "boolean",
  "mailnews.auto_config.fetchFromExchange.enabled": "boolean",
  "mailnews.auto_config.fetchFromISP.enabled": "boolean",
  "mailnews.auto_config.fetchFromISP.sendEmailAddress": "boolean",
  "mailnews.auto_config.fetchFromISP.sslOnly": "boolean",
  "mailnews.auto_config.guess.enabled": "boolean",
  "mailnews.start_page.enabled": "boolean",
};

const PATHS = {
  thunderbird: "/etc/thunderbird/policies/policies.json",
  firefox: "/usr/share/firefox-esr/distribution/policies.json",
};

interface Policies {
  readonly Certificates: object;
  readonly Preferences: Readonly<Record<string, { readonly Value: unknown; readonly Status: string }>>;
  readonly Homepage?: { readonly URL: string };
  readonly ManagedBookmarks?: readonly object[];
}

const lab = await renderedLab();
const written = (program: keyof typeof PATHS, of = lab): Policies =>
  (JSON.parse(of.files("pc1").get(PATHS[program])!.content) as { policies: Policies }).policies;

const told = (plan: Plan, values: object): Plan => ({
  ...plan,
  settings: new Map([
    ...plan.settings,
    ["workstation", { ...plan.settings.get("workstation")!, values: { logon: [], ...values } }],
  ]),
});

describe("a workstation's mail program and browser", () => {
  test.each(["thunderbird", "firefox"] as const)("are told nothing that %s does not know", (program) => {
    expect(Object.keys(written(program)).filter((key) => !KNOWN[program].includes(key))).toEqual([]);
  });

  test("no preference is set that Thunderbird has not, and each is of its kind", () => {
    const all = Object.entries(written("thunderbird").Preferences);
    expect(all.map(([name, { Value }]) => [name, typeof Value])).toEqual(
      all.map(([name]) => [name, PREFERENCES[name]]),
    );
    expect(all.every(([, { Status }]) => Status === "locked")).toBe(true);
  });

  test("trust the lab's authority by its file, which their Linux takes from no store, and by the store on Windows", () => {
    const file = "/usr/local/share/ca-certificates/maquette.crt";
    for (const program of ["thunderbird", "firefox"] as const)
      expect(written(program).Certificates).toEqual({ Install: [file] });
    expect(lab.files("pc1").has(file)).toBe(true);
    for (const policies of [thunderbirdPolicies("system"), firefoxPolicies(lab.plan, "system")])
      expect(policies).toMatchObject({ policies: { Certificates: { ImportEnterpriseRoots: true } } });
  });

  test("find the account where the mail server answers Thunderbird, over TLS alone", () => {
    const { Preferences } = written("thunderbird");
    expect(Preferences["mailnews.auto_config.fetchFromISP.enabled"]!.Value).toBe(true);
    expect(Preferences["mailnews.auto_config.fetchFromISP.sslOnly"]!.Value).toBe(true);
    const nginx = [...lab.files("mail").values()].map((f) => f.content).join("\n");
    expect(nginx).toMatch(new RegExp(`server_name [^;]*\\b${webName(lab.plan, "autoconfig")}\\b`));
    expect(nginx).toContain("location = /mail/config-v1.1.xml");
    // Name and password are asked, and nothing else: the address is the login, and the servers are the answer.
    const answer = [...lab.files("mail")].find(([path]) => path.endsWith("/autoconfig.xml"))![1].content;
    expect([...answer.matchAll(/%(\w+)%/g)].map((m) => m[1])).toEqual(Array(3).fill("EMAILADDRESS"));
  });

  test("open the webmail first, and have eBrigade beside it; neither where the plan has no such host", () => {
    expect(written("firefox").Homepage?.URL).toBe("https://webmail.cod.test/");
    expect(written("firefox").ManagedBookmarks).toEqual([
      { toplevel_name: "COD" },
      { name: "Messagerie", url: "https://webmail.cod.test/" },
      { name: "eBrigade", url: "https://ebrigade.cod.test/" },
    ]);
    const hosts = new Map([...lab.plan.hosts].filter(([id]) => id !== "mail" && id !== "ebrigade"));
    const { policies } = firefoxPolicies({ ...lab.plan, hosts }, "system") as { policies: Policies };
    expect([policies.Homepage, policies.ManagedBookmarks]).toEqual([undefined, undefined]);
  });

  test("are installed where the plan says so, and in no image otherwise", async () => {
    const has = (plan: Plan): boolean => roleLayersOf(plan)["workstation"]!.flat().includes("thunderbird");
    const installs = (of: typeof lab): boolean =>
      of.steps("pc1", "workstation").some((s) => s.kind === "packages" && s.packages.includes("thunderbird"));
    expect([has(lab.plan), installs(lab)]).toEqual([false, false]);
    const full = await renderedLab((plan) => told(plan, { desktop: true }));
    expect([has(full.plan), installs(full)]).toEqual([true, true]);
  });
});
