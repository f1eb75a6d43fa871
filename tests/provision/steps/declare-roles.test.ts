import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readRoleTemplates, readSeedTemplates } from "../../../src/infra/read-templates.ts";
import { loadPlan, type Plan } from "../../../src/plan/index.ts";
import { SecretSource } from "../../../src/provision/secrets.ts";
import { declareRoles } from "../../../src/provision/steps/index.ts";
import { authorityOf, renderSeed } from "../../../src/roles/seed.ts";
import { repositoryRoot } from "../../../src/stack/root.ts";
import { StackSecret } from "../../../src/stack/secret.ts";
import { Vault } from "../../../src/stack/vault.ts";
import { temporaryFolder } from "../../stack/temporary.ts";

const root = repositoryRoot();
const outcome = await loadPlan(join(root, "tests/plans/lab"));
if (!outcome.ok) throw new Error("the lab's plan has faults");
const plan: Plan = outcome.value;
const templates = await readRoleTemplates(root);
const secret = new StackSecret(Buffer.alloc(32, 9));

/** Secrets of a lab that was made before, with what the plan's roles and certificates were then: made once for all tests. */
let made: { readonly folder: string; readonly digests: ReadonlyMap<string, string> };
beforeAll(async () => {
  const folder = mkdtempSync(join(tmpdir(), "maquette-unit-"));
  made = { folder, digests: await digests(folder) };
});
afterAll(() => rmSync(made.folder, { recursive: true, force: true }));
const madeBefore = (): { readonly folder: string; readonly before: ReadonlyMap<string, string> } => {
  const folder = temporaryFolder();
  cpSync(made.folder, folder, { recursive: true });
  return { folder, before: made.digests };
};

const asked = (folder: string, of = plan): ReturnType<typeof declareRoles> =>
  declareRoles(of, null, templates, new SecretSource(secret, new Vault(folder)));
/** The digest of each role on each host, as a run of its own finds it. */
async function digests(folder: string, of = plan): Promise<ReadonlyMap<string, string>> {
  const roles = await asked(folder, of);
  return new Map([...roles].flatMap(([host, all]) => all.map((r) => [`${host}-${r.role}`, r.digest] as const)));
}
const changed = (a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): readonly string[] =>
  [...a].filter(([name, digest]) => b.get(name) !== digest).map(([name]) => name);
const withAuthority = (change: Partial<Plan["authority"]>): Plan => ({
  ...plan,
  authority: { ...plan.authority, ...change },
});
const debians = [...plan.hosts.values()].filter((h) => plan.images.get(h.image)!.os === "debian");
/** Roles that bring the list: the base everywhere, and Samba's. */
const listed = [...debians.map((h) => `${h.id}-base`), "dc1-dc", "dc2-dc"].sort();

describe("what the plan says of the authority", () => {
  const other = { name: "Autorité du COD", years: 5, certificateDays: 90, crlDays: 30 };

  test("is what every role and every seed asks of the vault", async () => {
    const of = withAuthority(other);
    expect(authorityOf(of)).toEqual({ commonName: "Autorité du COD", years: 5, crlDays: 30 });
    const seeds = await readSeedTemplates(root);
    const orders = [
      ...[...(await asked(temporaryFolder(), of)).values()].flat(),
      ...[...of.hosts.values()].map((h) => renderSeed(of, h, seeds, { mac: (nic) => nic.mac, operator: null })),
    ];
    for (const { authority } of orders) expect(authority).toEqual(authorityOf(of));
    // One that nobody can use is for as long as the authority itself.
    const requests = orders.flatMap((o) => Object.values(o.certificates)).filter((r) => r.isRevoked !== true);
    // The routers' and the controllers' own, and that of every log.
    expect(requests.length).toBeGreaterThan(debians.filter((h) => !h.isOutside).length + 3);
    expect(new Set(requests.map((r) => r.days))).toEqual(new Set([90]));
  });

  test("another life of certificates reaches whoever has one, and nobody else", async () => {
    const { folder, before } = madeBefore();
    const after = await digests(folder, withAuthority({ certificateDays: 90 }));
    // Whose log is signed, and the road warrior's machine, which has profiles.
    const holders = debians.filter((h) => !h.isOutside || h.role === "field").map((h) => `${h.id}-base`);
    expect([...changed(before, after)].sort()).toEqual(
      [
        ...holders,
        "dc1-dc",
        "dc2-dc",
        "vpn-vpn",
        "pbx-pbx",
        "mail-mail",
        "supervision-supervision",
        "ebrigade-ebrigade",
      ].sort(),
    );
  });

  test.each([
    ["another life of the list", { crlDays: 30 }, []],
    // Services' certificates, and profiles of the VPN, too.
    [
      "another life of the authority",
      { years: 5 },
      ["vpn-vpn", "pbx-pbx", "mail-mail", "supervision-supervision", "ebrigade-ebrigade"],
    ],
    [
      "another name of the authority",
      { name: "Autorité du COD" },
      ["vpn-vpn", "pbx-pbx", "mail-mail", "supervision-supervision", "ebrigade-ebrigade"],
    ],
  ])("%s reaches every host", async (_, change, others) => {
    const { folder, before } = madeBefore();
    const after = await digests(folder, withAuthority(change));
    expect([...changed(before, after)].sort()).toEqual([...listed, ...others].sort());
  });
});

describe("a role's digest", () => {
  test("is the same in two runs between which nothing changed", async () => {
    const { folder, before } = madeBefore();
    expect(changed(before, await digests(folder))).toEqual([]);
  });

  test("is another one wherever the list goes once something is revoked, and then the same again", async () => {
    const { folder, before } = madeBefore();
    await new Vault(folder).revoke("dc1");
    const after = await digests(folder);
    expect([...changed(before, after)].sort()).toEqual(listed);
    expect(changed(after, await digests(folder))).toEqual([]);
  });
});
