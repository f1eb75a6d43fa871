import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RunningLab } from "../../src/cli/commands/verify.ts";
import type { Ran } from "../engine/lab.ts";
import { standingLab, type StandingLab } from "../lab/standing.ts";
import { whyNot } from "../twin/machine.ts";

/*
 * The first controller lost, disk and all, and made again by `up` alone; and a directory that was written over on either.
 */

const reason = whyNot();
const MINUTES = 60_000;
const DOMAIN = ["python3", "/usr/local/lib/maquette/domain.py"];

describe.skipIf(reason !== undefined)(`a lost controller${reason === undefined ? "" : ` (skipped: ${reason})`}`, () => {
  let standing: StandingLab;
  let lab: RunningLab;
  beforeAll(async () => {
    standing = await standingLab();
    lab = await standing.running();
  });
  afterAll(async () => {
    await lab.close();
    // Snapshots of a guest go with it.
    await standing.keepAgain();
  });

  const good = (ran: Ran): Ran => {
    expect(ran.code, `${ran.stdout}\n${ran.stderr}`).toBe(0);
    return ran;
  };
  const run = (host: string, argv: readonly string[]): ReturnType<RunningLab["shell"]["run"]> =>
    lab.shell.run(host, argv, "", 30_000);
  const sid = async (host: string): Promise<string> =>
    (await run(host, ["sh", "-c", "net getdomainsid | tail -1"])).stdout;
  let before: string;

  it(
    "makes no second domain while its peer is silent",
    async () => {
      before = await sid("dc1");
      expect(before).toMatch(/S-1-5-21-/);
      await standing.destroyGuest("dc1");
      // Off it would be started first.
      expect(await run("dc2", ["systemctl", "stop", "samba-ad-dc"])).toMatchObject({ exitCode: 0 });
      const { code, stderr } = await standing.maquette("up", "--host", "dc1");
      expect([code, stderr]).toEqual([
        2,
        expect.stringMatching(/DC2 is silent and may hold cod\.test already: a second domain .* is not made/),
      ]);
      expect(await run("dc2", ["systemctl", "start", "samba-ad-dc"])).toMatchObject({ exitCode: 0 });
    },
    6 * MINUTES,
  );

  // The second one's loss is tests/lab/day.lab.test.ts.
  it(
    "joins the domain that the other holds, by up alone",
    async () => {
      expect(good(await standing.maquette("up")).stderr).toMatch(/dc1-dc: (creating|updating)/);
      for (const host of ["dc1", "dc2"]) expect([host, await sid(host)]).toEqual([host, before]);
      const roundtrip = await run("dc1", [...DOMAIN, "roundtrip", "/etc/maquette/domain.json"]);
      expect(roundtrip).toMatchObject({ exitCode: 0 });
      // A person's password came with the directory: asked of this controller alone.
      const script =
        'printf "[libdefaults]\\n[realms]\\n%s = {\\nkdc = 127.0.0.1\\n}\\n" "$1" >/run/krb5.alone; ' +
        'KRB5_CONFIG=/run/krb5.alone KRB5CCNAME=MEMORY: kinit "$2@$1"; code=$?; rm /run/krb5.alone; exit $code';
      const [login] = [...lab.plan.people.keys()];
      const password = `${standing.secret.password(`user/${login!}`)}\n`;
      const realm = lab.plan.domain.name.toUpperCase();
      const logon = await lab.shell.run("dc1", ["sh", "-c", script, "logon", realm, login!], password, 30_000);
      expect([logon.exitCode, logon.stderr]).toEqual([0, ""]);
      expect(await standing.reds({ need: "O2" })).toEqual([]);
      good(await standing.maquette("preview", "--expect-no-changes"));
    },
    10 * MINUTES,
  );

  // As a disk error, or somebody's dd, leaves it: from the beginning of a file, or in the middle of one.
  it.each([
    ["dc2", "sam.ldb", "seek=0 count=64"],
    ["dc1", "sam.ldb.d/DC=*", "seek=300 count=400"],
  ])(
    "%s, whose %s was written over, is told by preview and has its directory again from the other, by up alone",
    async (host, file, where) => {
      const spoil = `dd if=/dev/urandom of=$(ls -S /var/lib/samba/private/${file} | head -1) bs=4096 conv=notrunc ${where}`;
      expect(await run(host, ["sh", "-c", spoil])).toMatchObject({ exitCode: 0 });
      const preview = await standing.maquette("preview", "--expect-no-changes");
      expect([preview.code, preview.stdout]).toEqual([1, expect.stringContaining(host)]);
      expect(good(await standing.maquette("up")).stderr).toMatch(new RegExp(`${host}-dc: updating`));
      expect(await sid(host)).toBe(before);
      const kept = await run(host, ["sh", "-c", "ls -d /var/lib/samba/private.damaged-*"]);
      expect(kept).toMatchObject({ exitCode: 0 });
      expect(await run(host, [...DOMAIN, "roundtrip", "/etc/maquette/domain.json"])).toMatchObject({ exitCode: 0 });
      // Dovecot waits a minute for what a controller that went never answered (docs/roles/mail.md).
      expect(await standing.reds({ withinMs: 3 * MINUTES })).toEqual([]);
      good(await standing.maquette("preview", "--expect-no-changes"));
    },
    10 * MINUTES,
  );
});
