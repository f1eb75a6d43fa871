import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RunningLab } from "../../src/cli/commands/verify.ts";
import { insideOf } from "../lab/inside.ts";
import { standingLab, type StandingLab } from "../lab/standing.ts";
import { whyNot } from "../twin/machine.ts";

/*
 * The supervision of a lab that runs: a service that is stopped is told by mail, once, and its return too; and what somebody
 * changed in Zabbix is told and put right. What acceptance asks of it is tried by tests/accept/probes.lab.test.ts.
 */

const reason = whyNot();
const LOGIN = "recette.admin";
const MINUTES = 60_000;
/** The agent asks every ten seconds, twice; all else is the server's next look and the mail. */
const TOLD_SECONDS = 90;
const TURN_SECONDS = 20;

/** Waits in a box for a letter with a subject, newer than a number, and counts such letters. */
const AWAIT = `
import email.header, imaplib, json, ssl, sys, time
asked = json.load(sys.stdin)
box = imaplib.IMAP4_SSL("mail.cod.test", 993, ssl_context=ssl.create_default_context())
box.login(asked["login"], asked["password"])
box.select("INBOX", readonly=True)
def subjects():
    found = {}
    for number in box.uid("SEARCH", "ALL")[1][0].split():
        head = box.uid("FETCH", number, "(BODY.PEEK[HEADER.FIELDS (SUBJECT)])")[1][0][1].decode()
        text = email.header.make_header(email.header.decode_header(head.partition(":")[2].strip()))
        found[int(number)] = str(text)
    return found
end = time.monotonic() + asked["seconds"]
while True:
    box.noop()
    all = subjects()
    new = [text for number, text in all.items() if number > asked["after"] and text.startswith(asked["subject"])]
    if new or time.monotonic() > end:
        break
    time.sleep(0.5)
box.logout()
print(json.dumps({"last": max(all, default=0), "new": new}))
`;

/** Number of the newest letter, and subjects of those that were asked for. */
interface Letters {
  readonly last: number;
  readonly new: readonly string[];
}

describe.skipIf(reason !== undefined)(`supervision${reason === undefined ? "" : ` (skipped: ${reason})`}`, () => {
  let lab: StandingLab;
  let running: RunningLab;
  beforeAll(async () => {
    lab = await standingLab();
    running = await lab.running();
    // After a reset its guests have just booted.
    const ready = ["accept", "--probe", "supervision-login-bastion,mail-letter-pc1"];
    const until = Date.now() + 3 * MINUTES;
    for (let ran = await lab.maquette(...ready); ran.code !== 0; ran = await lab.maquette(...ready))
      if (Date.now() > until) throw new Error(`it is not as it was kept\n${ran.stdout}`);
  });
  afterAll(() => running.close());

  const done = insideOf(() => running);
  const letters = async (subject: string, after: number, seconds: number): Promise<Letters> => {
    const asked = { login: LOGIN, password: lab.secret.password(`probe/${LOGIN}`), subject, after };
    // A console's command has a minute.
    const once = async (wait: number): Promise<Letters> => {
      const argv = ["python3", "-S", "-E", "-c", AWAIT];
      return JSON.parse(await done("pc1", argv, JSON.stringify({ ...asked, seconds: wait }))) as Letters;
    };
    const until = Date.now() + seconds * 1000;
    let found = await once(Math.min(seconds, TURN_SECONDS));
    while (found.new.length === 0 && Date.now() < until) found = await once(TURN_SECONDS);
    return found;
  };

  it(
    "tells an administrator by mail of a service that stops, once, and of its return",
    async () => {
      const { last } = await letters("", 0, 0);
      const [problem, recovery] = [
        "Problème : sip-tls ne répond plus sur pbx",
        "Rétabli : sip-tls ne répond plus sur pbx",
      ];
      await done("pbx", ["systemctl", "stop", "asterisk"]);
      try {
        expect((await letters(problem, last, TOLD_SECONDS)).new).toHaveLength(1);
        expect((await letters(recovery, last, 0)).new).toEqual([]);
      } finally {
        await done("pbx", ["systemctl", "start", "asterisk"]);
      }
      expect((await letters(recovery, last, TOLD_SECONDS)).new).toHaveLength(1);
      expect((await letters(problem, last, 0)).new).toHaveLength(1);
    },
    8 * MINUTES,
  );

  it(
    "what somebody changed in Zabbix is told by preview and put right, and what they added stays",
    async () => {
      const sql = (text: string): Promise<string> =>
        done("supervision", ["runuser", "-u", "zabbix", "--", "psql", "-qAt", "-d", "zabbix", "-f", "-"], text);
      await sql(
        "UPDATE config SET ldap_auth_enabled = 0; UPDATE hosts SET tls_subject = 'CN=x' WHERE host = 'pc1';" +
          "INSERT INTO host_tag (hosttagid, hostid, tag, value) SELECT 999999, hostid, 'bureau', '12' FROM hosts WHERE host = 'pc1';",
      );
      const preview = await lab.maquette("preview");
      expect(preview.stdout + preview.stderr).toMatch(/authentication: ldap_auth_enabled[\s\S]*pc1: tls_subject/);
      expect((await lab.maquette("up")).code).toBe(0);
      const query =
        "SELECT tls_subject, value FROM hosts JOIN host_tag USING (hostid) WHERE host = 'pc1' AND tag = 'bureau'";
      expect((await sql(query)).trim()).toBe("CN=pc1.cod.test|12");
      expect((await lab.maquette("up")).stderr).toContain("Nothing to change");
    },
    8 * MINUTES,
  );
});
