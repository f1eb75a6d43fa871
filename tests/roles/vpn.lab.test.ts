import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { standingLab, type StandingLab } from "../lab/standing.ts";
import { whyNot } from "../twin/machine.ts";

/*
 * The VPN of a lab that runs: who loses the right, a directory that is away, a gateway that dies. What acceptance asks of it
 * is tried by tests/accept/probes.lab.test.ts.
 */

const reason = whyNot();
const LOGIN = "recette.nomade1";
const PROBE = "vpn-opens-wan1";
const UNIT = "openvpn-server@maquette";
const MINUTES = 60_000;

describe.skipIf(reason !== undefined)(`the VPN${reason === undefined ? "" : ` (skipped: ${reason})`}`, () => {
  let lab: StandingLab;
  beforeAll(async () => {
    lab = await standingLab();
  });

  const run = async (host: string, ...argv: readonly string[]): Promise<{ code: number; text: string }> => {
    const ran = await lab.maquette("console", host, "--", "sudo", "-n", ...argv);
    return { code: ran.code, text: ran.stdout + ran.stderr };
  };
  const done = async (host: string, ...argv: readonly string[]): Promise<string> => {
    const { code, text } = await run(host, ...argv);
    expect(code, `${host}: ${argv.join(" ")}: ${text}`).toBe(0);
    return text;
  };
  const until = async (what: string, seconds: number, isIt: () => Promise<boolean>): Promise<void> => {
    const deadline = Date.now() + seconds * 1000;
    while (!(await isIt())) if (Date.now() > deadline) expect.fail(`not within ${seconds} s: ${what}`);
  };
  /** What acceptance sees of a new tunnel. */
  const seen = async (): Promise<string> => {
    const ran = await lab.maquette("accept", "--json", "--probe", PROBE);
    const line = JSON.parse(ran.stdout.split("\n")[0]!) as { ok: boolean; seen: string };
    return line.ok ? "green" : line.seen;
  };
  const untilGreen = (): Promise<void> => until("a tunnel again", 90, async () => (await seen()) === "green");
  const said = (): Promise<string> =>
    done("vpn", "journalctl", "-q", "-u", UNIT, "-u", "maquette-vpn", "--since=-3min");

  /** A tunnel that stays, with nothing asked of it. */
  const keepOpen = async (): Promise<void> => {
    const password = lab.secret.password(`probe/${LOGIN}`);
    const profile = `/etc/maquette/vpn/${LOGIN}.ovpn`;
    await done("field", "sh", "-c", `'umask 077; printf "%s\\n%s\\n" ${LOGIN} ${password} >/run/held'`);
    const options = "--route-noexec --auth-user-pass /run/held --auth-retry none";
    await done("field", "systemd-run", "-q", "--unit=held", "openvpn", "--config", profile, ...options.split(" "));
    await until("a tunnel that is held", 60, isIn);
  };
  const isIn = async (): Promise<boolean> =>
    (await run("vpn", "sh", "-c", `'echo status 2 | nc -U -q 2 /run/openvpn-server/maquette.sock'`)).text.includes(
      `CLIENT_LIST,${LOGIN},192.0.2.10:`,
    );
  const letGo = async (): Promise<void> => {
    await run("field", "systemctl", "stop", "held");
    await run("field", "rm", "-f", "/run/held");
  };
  afterAll(letGo);

  it(
    "refuses a disabled account at once, on whichever controller it was disabled, and ends its session",
    async () => {
      await untilGreen();
      await keepOpen();
      await done("dc2", "samba-tool", "user", "disable", LOGIN);
      try {
        expect(await seen()).toBe("refused: account or password refused");
        expect(await said()).toContain(`${LOGIN} from 192.0.2.10 is refused: the account is disabled`);
        // Judged every half minute; a directory that is too busy to answer within its two seconds judges the next time.
        await until("its session ends", 200, async () =>
          (await said()).includes(`${LOGIN} is put out: the account is disabled`),
        );
        await until("nobody is in who may not be", 30, async () => {
          const { code, text } = await run("vpn", "/usr/local/lib/maquette/vpn.py", "check");
          return code === 0 && text === "";
        });
      } finally {
        await done("dc2", "samba-tool", "user", "enable", LOGIN);
        await letGo();
      }
      await untilGreen();
    },
    8 * MINUTES,
  );

  it(
    "refuses whoever has left the group, and takes whoever is in it by way of another",
    async () => {
      await done("dc1", "samba-tool", "group", "removemembers", "nomades", LOGIN);
      try {
        expect(await seen()).toBe("refused: this account has no right to the VPN");
        await done("dc1", "samba-tool", "group", "add", "equipe-de-terrain");
        await done("dc1", "samba-tool", "group", "addmembers", "equipe-de-terrain", LOGIN);
        await done("dc1", "samba-tool", "group", "addmembers", "nomades", "equipe-de-terrain");
        await untilGreen();
      } finally {
        await run("dc1", "samba-tool", "group", "delete", "equipe-de-terrain");
        await done("dc1", "samba-tool", "group", "addmembers", "nomades", LOGIN);
      }
      await untilGreen();
    },
    5 * MINUTES,
  );

  it(
    "goes on with one controller that says nothing, and without any says why nobody comes in",
    async () => {
      const silence = "insert rule inet filter input tcp dport 636 drop";
      const dropped = async (dc: string): Promise<string> =>
        /# handle (\d+)/.exec(await done(dc, "nft", "-e", "-a", `'${silence}'`))![1]!;
      const handles = new Map([["dc1", await dropped("dc1")]]);
      try {
        // Names are answered all the same.
        expect(await seen()).toBe("green");
        expect(await said()).toContain("ldaps://10.20.20.11 does not answer");
        handles.set("dc2", await dropped("dc2"));
        expect(await seen()).toContain("refused: TEMP:the directory does not answer, try again later");
        expect(await said()).toContain("is refused: the directory cannot be asked");
      } finally {
        for (const [dc, handle] of handles) await done(dc, "nft", `'delete rule inet filter input handle ${handle}'`);
      }
      await untilGreen();
    },
    5 * MINUTES,
  );

  it(
    "is back by itself within ten seconds after its process was killed",
    async () => {
      const ran = await lab.maquette("drill", "service", "vpn");
      expect(ran.code, ran.stdout + ran.stderr).toBe(0);
      expect(ran.stdout).toMatch(/0 open, none lost[^]*back by itself, its users were answered/);
    },
    3 * MINUTES,
  );
});
