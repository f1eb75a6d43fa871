import { beforeAll, describe, expect, test } from "vitest";
import { shown } from "../../../src/core/text.ts";
import type { Plan } from "../../../src/plan/index.ts";
import { roleFindings } from "../../../src/roles/findings.ts";
import { allProbes, askedIn } from "../../../src/roles/registry.ts";
import type { Probe } from "../../../src/roles/role.ts";
import { renderedLab, type RenderedLab } from "../lab.ts";

let lab: RenderedLab;
let plan: Plan;
beforeAll(async () => {
  lab = await renderedLab();
  ({ plan } = lab);
});

const file = (path: string): string => lab.files("ebrigade").get(path)!.content;
const apache = (): string => file("/etc/apache2/apache2.conf");
const probe = (id: string, of: Plan = plan): Probe | undefined => allProbes(of).find((p) => p.id === id);
const said = (answers: unknown) => ({ exitCode: 0, stdout: JSON.stringify(answers), stderr: "" });

describe("eBrigade's web", () => {
  test("asks both controllers over LDAPS for one group, wherever something is asked for", () => {
    expect(apache()).toContain('AuthLDAPURL "ldaps://dc1.cod.test dc2.cod.test:636/');
    expect(apache()).toContain("(!(userAccountControl:1.2.840.113556.1.4.803:=2))");
    expect(apache()).toContain("Require ldap-group CN=cod-membres,OU=Groupes,OU=COD,DC=cod,DC=test\n");
    // One login for all of it, and no other way in.
    expect(apache().match(/<Location .*>/g)).toEqual(["<Location />"]);
    expect(apache().match(/^Listen .*/gm)).toEqual(["Listen 443"]);
  });

  test("shows its account's password to root alone, and tells browsers to ask nobody outside", () => {
    expect(lab.files("ebrigade").get("/etc/apache2/apache2.conf")!.mode).toBe("0600");
    const policy = /Content-Security-Policy "(.*)"/.exec(apache())![1]!;
    expect(policy.match(/https?:|\*/g)).toBeNull();
    expect(policy).toContain("default-src 'self'");
  });

  test("is watched, and lets acceptance's people try it", () => {
    expect(askedIn(plan).watched).toContainEqual({ host: "ebrigade", service: "https", isTls: true });
    expect(askedIn(plan).people).toEqual(
      expect.arrayContaining(["recette.membre", "recette.nomade1", "recette.ferme"]),
    );
  });

  test("of a group that is none lets nobody in, which is said", () => {
    const groups = new Map([...plan.groups].filter(([id]) => id !== "cod-membres"));
    expect(roleFindings({ ...plan, groups }).map((f) => `${f.code} ${f.path}`)).toContain(
      "EBRIGADE_NO_GROUP settings.ebrigade.group",
    );
  });
});

describe("acceptance of eBrigade", () => {
  const good = { shut: 401, title: "eBrigade n'est pas installé", policy: "default-src 'self'", http: "nothing" };

  test("asks from the house, by the tunnel, and from outside by each access", () => {
    const ids = allProbes(plan).map((p) => p.id);
    expect(ids.filter((id) => id.startsWith("ebrigade-"))).toEqual([
      ...["ebrigade-page-pc1", "ebrigade-refused-pc1"],
      ...["ebrigade-page-field", "ebrigade-refused-field", "ebrigade-vpn-field"],
    ]);
    const input = shown(probe("ebrigade-page-field")!.run.input!);
    expect(input).toContain('"at":{"wan1":"198.51.100.4","wan2":"203.0.113.4"}');
    expect(probe("ebrigade-page-field")!.needs).toContain("N13");
  });

  test.each([
    ["a page without a login", { shut: 200 }, /HTTP 200 without a login/],
    ["no page with it", { title: "HTTP 500" }, /HTTP 500 with the login/],
    ["a page that may ask outside", { policy: "" }, /may ask outside/],
    ["an answer without TLS", { http: "open" }, /without TLS: open/],
  ])("is red for %s", (_, wrong, seen) => {
    const { judge } = probe("ebrigade-page-pc1")!;
    expect(judge(said({ page: { house: good } }))).toEqual({ isGood: true, seen: '"eBrigade n\'est pas installé"' });
    const found = judge(said({ page: { house: { ...good, ...wrong } } }));
    expect([found.isGood, found.seen]).toEqual([false, expect.stringMatching(seen)]);
    expect(judge(said({ page: {} })).isGood).toBe(false);
  });

  test("is red when somebody else gets in, the right one does not, or guesses are all heard", () => {
    const { judge } = probe("ebrigade-refused-field")!;
    const tries = { wrong: 401, empty: 401, "without the group": 401, closed: 401, right: 200 };
    const guesses = { refused: 7, limited: true, back: 200 };
    expect(judge(said({ tries, guesses })).isGood).toBe(true);
    expect(judge(said({ tries: { ...tries, closed: 200 }, guesses })).seen).toBe("closed: HTTP 200");
    expect(judge(said({ tries: { ...tries, right: 401 }, guesses })).seen).toBe("right: HTTP 401");
    expect(judge(said({ tries, guesses: { ...guesses, limited: false } })).isGood).toBe(false);
    expect(judge(said({ tries, guesses: { ...guesses, back: 429 } })).isGood).toBe(false);
    expect(judge(said({ tries })).isGood).toBe(false);
  });
});
