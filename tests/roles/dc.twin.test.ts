import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { formatAddress } from "../../src/core/ip.ts";
import { asRoot } from "../../src/door/index.ts";
import { SecretSource } from "../../src/provision/secrets.ts";
import { debianRunner, Reached, sentRole } from "../../src/provision/steps/index.ts";
import type { FailEvent } from "../../src/provision/steps/observed.ts";
import { declare, stepSchema } from "../../src/provision/steps/work.ts";
import { roleLayers, roleTemplateNames } from "../../src/roles/registry.ts";
import { renderHost } from "../../src/roles/render.ts";
import { authorityOf } from "../../src/roles/seed.ts";
import { Vault } from "../../src/stack/vault.ts";
import { repositoryRoot } from "../../src/stack/root.ts";
import { driverHere, whyNot } from "../twin/machine.ts";
import { planLab, type PlanLab } from "../twin/plan-lab.ts";

/*
 * The domain's birth on two running guests of their own, and that of a controller whose disk is gone: made, joined, rebuilt.
 * What it does while it lives, the run's lab shows (dc.lab.test.ts).
 */

const reason = whyNot();
const MINUTES = 60_000;

describe.skipIf(reason !== undefined)(
  `the domain's birth${reason === undefined ? "" : ` (skipped: ${reason})`}`,
  () => {
    let here: Awaited<ReturnType<typeof driverHere>>;
    let lab: PlanLab;
    let reached: Reached;
    let templates: ReadonlyMap<string, string>;
    let source: SecretSource;

    beforeAll(async () => {
      const root = repositoryRoot();
      here = await driverHere({ packages: { router: [], roles: roleLayers } });
      lab = await planLab(here.driver, here.home);
      source = new SecretSource(lab.secret, new Vault(join(here.home, "vault")));
      templates = new Map(
        await Promise.all(
          roleTemplateNames.map(async (name) => [name, await readFile(join(root, "templates", name), "utf8")] as const),
        ),
      );
      reached = new Reached(here.driver.sockets, lab.secret);
      await lab.boot("dc1", "dc2");
    }, 15 * MINUTES);
    afterAll(async () => {
      await reached.close();
      await here.driver.close();
      await here.remove();
    });

    const connect = (host: string): ReturnType<Reached["to"]> =>
      reached.to({
        host,
        vmId: lab.vmid(host),
        way: "console",
        address: "",
        bastion: { host: "bastion", vmId: 1003, address: null },
      });
    /** Does the work of the host's roles: the base, and the controller's on it. */
    const attempt = async (
      host: string,
    ): Promise<{ readonly changed: readonly string[]; readonly failure: FailEvent | undefined }> => {
      const authority = authorityOf(lab.plan);
      const roles = renderHost(lab.plan, lab.plan.hosts.get(host)!, templates, null).map(({ role, work }) => ({
        role,
        steps: declare(role, work).map((s) => stepSchema.parse(s)),
        authority,
        certificates: work.certificates ?? {},
      }));
      const sent = await Promise.all(roles.map((r) => sentRole(r, source)));
      const changed: string[] = [];
      const failure = await debianRunner(await connect(host)).apply(sent, (event) => {
        if (event.event === "done" && event.changed)
          changed.push(roles.find((r) => r.role === event.role)!.steps[event.step]!.name);
      });
      return { changed, failure };
    };
    /** @returns the names of the steps that changed something */
    const apply = async (host: string): Promise<readonly string[]> => {
      const { changed, failure } = await attempt(host);
      expect(failure).toBeUndefined();
      return changed;
    };
    const run = async (
      host: string,
      argv: readonly string[],
      input = "",
    ): Promise<{ readonly exitCode: number; readonly text: string }> => {
      const ran = await (await connect(host)).exec(asRoot(argv), { input, deadlineMs: 30_000 });
      return { exitCode: ran.exitCode, text: ran.stdout + ran.stderr };
    };
    const address = (host: string): string => formatAddress(lab.host(host).nics[0]!.address);
    /** A logon at that controller alone; @returns the words of a refusal, empty when it is let in */
    const logon = async (host: string, login: string, password: string): Promise<string> => {
      const script =
        'printf "[libdefaults]\\n[realms]\\nCOD.TEST = {\\nkdc = %s\\n}\\n" "$1" >/tmp/krb5.$$; ' +
        'KRB5_CONFIG=/tmp/krb5.$$ KRB5CCNAME=MEMORY: kinit "$2@COD.TEST"';
      const ran = await run(host, ["sh", "-c", script, "logon", address(host), login], `${password}\n`);
      return ran.exitCode === 0 ? "" : ran.text;
    };
    const first = (login: string): string => lab.secret.password(`user/${login}`);
    const tool = (host: string, verb: string): ReturnType<typeof run> =>
      run(host, ["python3", "/usr/local/lib/maquette/domain.py", verb, "/etc/maquette/domain.json"]);

    it(
      "is made on the first controller and joined by the second; a second run changes nothing",
      async () => {
        expect(await apply("dc1")).toContain("domain");
        expect(await apply("dc2")).toContain("domain");
        expect([await apply("dc1"), await apply("dc2")]).toEqual([[], []]);
      },
      10 * MINUTES,
    );

    it(
      "a rebuilt first controller whose peer is silent makes no second domain",
      async () => {
        await here.driver.destroy(lab.vmid("dc1"));
        await here.driver.stop(lab.vmid("dc2"));
        await lab.boot("dc1");
        const { failure } = await attempt("dc1");
        expect(failure?.said).toMatch(/DC2 is silent and may hold cod\.test already: a second domain .* is not made/);
        await here.driver.start(await lab.describe("dc2"), () => undefined);
      },
      6 * MINUTES,
    );

    it.each(["dc1", "dc2"])(
      "a rebuilt %s, whose disk is new, joins the domain that the other holds",
      async (host) => {
        const other = host === "dc1" ? "dc2" : "dc1";
        const before = (await run(other, ["sh", "-c", "net getdomainsid | tail -1"])).text;
        await here.driver.destroy(lab.vmid(host));
        await lab.boot(host);
        expect(await apply(host)).toContain("domain");
        expect((await run(host, ["sh", "-c", "net getdomainsid | tail -1"])).text).toBe(before);
        expect(await tool(host, "roundtrip")).toMatchObject({ exitCode: 0 });
        expect(await logon(host, "claire.morel", first("claire.morel"))).toBe("");
        expect(await apply(host)).toEqual([]);
        expect(await apply(other)).toEqual([]);
      },
      10 * MINUTES,
    );
  },
);
