import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RunningLab } from "../../src/cli/commands/verify.ts";
import { insideOf } from "../lab/inside.ts";
import { standingLab, type StandingLab } from "../lab/standing.ts";
import { whyNot } from "../twin/machine.ts";

/*
 * What a backup is for, on a lab that runs: a letter that was deleted after it is there again. That it is taken, comes back
 * from the repository and opens nothing else is acceptance's.
 */

const reason = whyNot();
const MINUTES = 60_000;
const SUBJECT = "kept-before-it-was-deleted";

describe.skipIf(reason !== undefined)(`backups${reason === undefined ? "" : ` (skipped: ${reason})`}`, () => {
  let lab: StandingLab;
  let running: RunningLab;
  beforeAll(async () => {
    lab = await standingLab();
    running = await lab.running();
  });
  afterAll(() => running.close());

  const inside = insideOf(() => running);
  const onMail = (argv: readonly string[]): Promise<string> => inside("mail", argv);

  it(
    "a letter that was deleted after the backup is back in its box, and what came since lies aside",
    async () => {
      const box = `recette.membre@${running.plan.domain.name}`;
      const found = async (subject: string): Promise<boolean> =>
        (await onMail(["doveadm", "search", "-u", box, "subject", subject])) !== "";
      const sent = async (subject: string): Promise<void> => {
        await inside("mail", ["sendmail", box], `Subject: ${subject}\n\n`);
        const deadline = Date.now() + 60_000;
        while (!(await found(subject))) if (Date.now() > deadline) expect.fail(`no letter ${subject} within a minute`);
      };
      await sent(SUBJECT);
      const taken = await lab.maquette("backup", "--host", "mail");
      expect([taken.code, taken.stdout], taken.stderr).toEqual([0, expect.stringMatching(/^mail\/mail: .* MiB in/m)]);
      await onMail(["doveadm", "expunge", "-u", box, "mailbox", "INBOX", "subject", SUBJECT]);
      await sent("come-since");
      const refused = await lab.maquette("restore", "mail");
      expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining("--confirm mail")]);
      expect([await found(SUBJECT), await found("come-since")]).toEqual([false, true]);

      const restored = await lab.maquette("restore", "mail", "--confirm", "mail", "--json");
      expect(restored.code, restored.stderr).toBe(0);
      const { restored: sets } = JSON.parse(restored.stdout) as { restored: { set: string; aside: string }[] };
      expect(sets.map((set) => set.set)).toEqual(["mail/mail"]);
      expect([await found(SUBJECT), await found("come-since")]).toEqual([true, false]);
      expect(await onMail(["grep", "-rl", "come-since", `${sets[0]!.aside}/var/vmail`])).not.toBe("");
      const accepted = await lab.maquette("accept", "--probe", "mail-letter-pc1");
      expect(accepted.code, accepted.stdout).toBe(0);
    },
    3 * MINUTES,
  );
});
