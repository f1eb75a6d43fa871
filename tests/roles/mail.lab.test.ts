import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RunningLab } from "../../src/cli/commands/verify.ts";
import { insideOf } from "../lab/inside.ts";
import { standingLab, type StandingLab } from "../lab/standing.ts";
import { whyNot } from "../twin/machine.ts";

/*
 * The mail of a lab that runs, hurt: servers that are killed, a controller that is away, somebody who is disabled, a
 * reload while somebody reads. What acceptance asks of it is tried by tests/accept/probes.lab.test.ts.
 */

const reason = whyNot();
const LETTER = "mail-letter-pc1";
const LOGIN = "recette.membre";
const MINUTES = 60_000;

/** Keeps a box open until it is told to look whether the session still answers, and says so in a file. */
const HOLD = `
import imaplib, json, os, ssl, time
with open("/run/held/login") as file:
    login = json.load(file)
box = imaplib.IMAP4_SSL("mail.cod.test", 993, ssl_context=ssl.create_default_context())
box.login(login["login"], login["password"])
box.select("INBOX")
open("/run/held/in", "w").close()
end = time.monotonic() + 240
while not os.path.exists("/run/held/look") and time.monotonic() < end:
    time.sleep(0.1)
try:
    box.noop()
    said = "still in"
except (OSError, imaplib.IMAP4.error) as error:
    said = "out: %s" % error
with open("/run/held/said.new", "w") as file:
    file.write(said)
os.rename("/run/held/said.new", "/run/held/said")
`;

describe.skipIf(reason !== undefined)(`mail, hurt${reason === undefined ? "" : ` (skipped: ${reason})`}`, () => {
  let lab: StandingLab;
  let running: RunningLab;
  beforeAll(async () => {
    lab = await standingLab();
    running = await lab.running();
  });
  afterAll(async () => {
    await letGo();
    await running.close();
  });

  const done = insideOf(() => running);
  const until = async (what: string, seconds: number, isSo: () => Promise<boolean>): Promise<void> => {
    const deadline = Date.now() + seconds * 1000;
    while (!(await isSo().catch(() => false)))
      if (Date.now() > deadline) expect.fail(`not within ${seconds} s: ${what}`);
  };
  const seen = async (probe: string): Promise<string> => {
    const ran = await lab.maquette("accept", "--json", "--probe", probe);
    const line = JSON.parse(ran.stdout.split("\n")[0]!) as { ok: boolean; seen: string };
    return line.ok ? "green" : line.seen;
  };
  /** Dovecot waits a minute for the answer to a bind that nobody will give (DB_LDAP_REQUEST_LOST_TIMEOUT_SECS). */
  const untilGreen = (): Promise<void> => until("a letter arrives", 180, async () => (await seen(LETTER)) === "green");

  const hold = async (): Promise<void> => {
    await letGo();
    const login = JSON.stringify({ login: LOGIN, password: lab.secret.password(`probe/${LOGIN}`) });
    await done("pc1", ["sh", "-c", "umask 077; mkdir /run/held; cat >/run/held/login"], login);
    await done("pc1", ["systemd-run", "-q", "--unit=held", "python3", "-S", "-E", "-c", HOLD]);
    await until("a box is open", 60, async () => (await done("pc1", ["ls", "/run/held"])).split("\n").includes("in"));
  };
  const lookAgain = async (): Promise<string> => {
    await done("pc1", ["touch", "/run/held/look"]);
    await until("it has looked", 60, async () => (await done("pc1", ["ls", "/run/held"])).split("\n").includes("said"));
    return done("pc1", ["cat", "/run/held/said"]);
  };
  const letGo = async (): Promise<void> => {
    await running.shell.run("pc1", ["systemctl", "stop", "held"], "", 50_000);
    await running.shell.run("pc1", ["systemctl", "reset-failed", "held"], "", 50_000);
    await done("pc1", ["rm", "-rf", "/run/held"]);
  };

  it.each(["postfix", "dovecot", "haproxy"])(
    "%s that was killed is back by itself",
    async (unit) => {
      const pid = async (): Promise<string> =>
        (await done("mail", ["systemctl", "show", "-P", "MainPID", unit])).trim();
      const before = await pid();
      await done("mail", ["kill", "-9", before]);
      await until("another process", 30, async () => !["0", before].includes(await pid()));
      await untilGreen();
    },
    8 * MINUTES,
  );

  it(
    "brings what came without Dovecot as soon as that is back, and holds nobody's letter after it",
    async () => {
      const queue = (): Promise<string> => done("mail", ["postqueue", "-j"]);
      await done("mail", ["systemctl", "stop", "dovecot"]);
      try {
        await done("mail", ["sendmail", `${LOGIN}@${running.plan.domain.name}`], "Subject: while it was away\n\n");
        await until("it was tried", 60, async () => (await queue()).includes('"queue_name": "deferred"'));
      } finally {
        await done("mail", ["systemctl", "start", "dovecot"]);
      }
      await until("it is out of the queue", 30, async () => (await queue()) === "");
      expect(await seen(LETTER)).toBe("green");
    },
    4 * MINUTES,
  );

  it(
    "goes on with one controller that says nothing, and without any nobody comes in and nothing is lost",
    async () => {
      const dropped = async (dc: string): Promise<string> => {
        const rule = ["insert", "rule", "inet", "filter", "input", "tcp", "dport", "636", "drop"];
        return /# handle (\d+)/.exec(await done(dc, ["nft", "-e", "-a", ...rule]))![1]!;
      };
      const handles = new Map([["dc1", await dropped("dc1")]]);
      try {
        // Asked once, at once: nobody waits for it in vain.
        expect(await seen(LETTER)).toBe("green");
        expect(await seen("mail-list-pc1")).toBe("green");
        handles.set("dc2", await dropped("dc2"));
        expect(await seen(LETTER)).not.toBe("green");
      } finally {
        for (const [dc, handle] of handles)
          await done(dc, ["nft", "delete", "rule", "inet", "filter", "input", "handle", handle]);
      }
      await untilGreen();
    },
    8 * MINUTES,
  );

  it(
    "goes on with one controller whose directory takes connections and says nothing",
    async () => {
      const signal = (name: string): Promise<string> =>
        done("dc1", ["sh", "-c", `kill -${name} $(pgrep -f 'task\\[ldap')`]);
      await untilGreen();
      await signal("STOP");
      try {
        // Two bad answers, a second each, and what was under way is asked again.
        await until("nobody waits for it", 15, async () => (await seen(LETTER)) === "green");
        expect(await seen("mail-list-pc1")).toBe("green");
      } finally {
        await signal("CONT");
      }
      await untilGreen();
    },
    8 * MINUTES,
  );

  it(
    "refuses a disabled account at once, on whichever controller it was disabled, and its mail too; what it has open ends",
    async () => {
      await untilGreen();
      await done("mail", ["/usr/local/lib/maquette/mail.py", "check"]);
      await hold();
      await done("dc2", ["samba-tool", "user", "disable", LOGIN]);
      try {
        // The letter goes to its box, the other one is its own.
        expect(await seen("mail-letter-pc2")).toContain("SMTPAuthenticationError");
        await until("dc1 has heard of it", 60, async () => (await seen(LETTER)).includes("550"));
        await done("mail", ["/usr/local/lib/maquette/mail.py", "expel"]);
        expect(await lookAgain()).toContain("out");
        await done("mail", ["/usr/local/lib/maquette/mail.py", "check"]);
      } finally {
        await done("dc2", ["samba-tool", "user", "enable", LOGIN]);
      }
      await untilGreen();
    },
    8 * MINUTES,
  );

  it(
    "a reload ends nobody's session",
    async () => {
      await untilGreen();
      await hold();
      for (const unit of ["haproxy", "dovecot", "postfix"]) await done("mail", ["systemctl", "reload", unit]);
      await untilGreen();
      expect(await lookAgain()).toContain("still in");
    },
    8 * MINUTES,
  );
});
