import { z } from "zod";
import { formatAddress } from "../../core/ip.ts";
import { answeredBy } from "../../plan/query.ts";
import type { Host, Plan } from "../../plan/types.ts";
import { judged, pythonCommand } from "../program.ts";
import type { Asked, KeptSet, Probe } from "../role.ts";
import FORCED from "./forced.py";
import HAD from "./had.py";
import { SSH } from "./keeper.ts";
import { keeperOf, MARKER, PROGRAM, setName, UNITS, USER } from "./places.ts";
import RESTORED from "./restored.py";
import type { Settings } from "./settings.ts";

/* What the backup owes everybody: that it is there, that it comes back, and that its key opens nothing else. */

/** The first ones of a lab that has just been made: each of its hosts, one after the other. */
const FIRST_SECONDS = 150;
const TAKEN_SECONDS = 60;
/** Of the marker: written just before. */
const YOUNG_SECONDS = 120;
/** One that is late by less is no older than it should be (SLACK of backup.py). */
const LATE = 1.5;

const had = z.object({
  old: z.record(z.string(), z.string()),
  sets: z.number(),
  oldest: z.number().nullable(),
  waits: z.array(z.string()),
});
const restored = z.object({ took: z.number(), files: z.number(), bytes: z.number(), age: z.number().nullable() });
const forced = z.object({ answered: z.record(z.string(), z.string()), allowed: z.string() });

export function backupProbes(plan: Plan, told: Settings, { kept }: Asked): readonly Probe[] {
  const keeper = keeperOf(plan);
  // The cheapest to take: what is no copy that a program makes first.
  const set = kept.find(({ dump = [] }) => dump.length === 0) ?? kept[0];
  if (keeper === undefined || set === undefined) return [];
  return [age(plan, told, keeper, kept), comesBack(plan, keeper, set), nothingElse(plan, keeper, set)];
}

const needsOf = (plan: Plan, keeper: Host): readonly string[] => answeredBy(plan, `host:${keeper.id}`);

function age(plan: Plan, { everyMinutes }: Settings, keeper: Host, kept: readonly KeptSet[]): Probe {
  const minutes = everyMinutes * LATE;
  return {
    id: "backup-age",
    needs: needsOf(plan, keeper),
    from: keeper.id,
    title: {
      en: `Of each of ${kept.length} sets of data ${keeper.id} has a backup of the last ${minutes} minutes, and takes the next by itself`,
      fr: `De chacun des ${kept.length} jeux de données, ${keeper.id} a une sauvegarde de moins de ${minutes} minutes, et prend la suivante de lui-même`,
    },
    expected: `${kept.length} sets, none older than ${minutes} min`,
    run: pythonCommand(
      HAD,
      JSON.stringify({ program: PROGRAM, user: USER, units: UNITS, oldest: minutes * 60, seconds: FIRST_SECONDS }),
    ),
    judge: judged(had, ({ old, sets, oldest, waits }) => {
      const wrong = [
        ...waits.map((unit) => `${unit} does not run`),
        ...Object.entries(old).map(([name, words]) => `${name}: ${words}`),
        ...(sets === kept.length ? [] : [`${sets} sets in the place of ${kept.length}`]),
      ];
      return {
        isGood: wrong.length === 0,
        seen: wrong.length > 0 ? wrong.join("; ") : `${sets} sets, the oldest of ${oldest ?? 0} s ago`,
      };
    }),
    deadlineSeconds: FIRST_SECONDS + 30,
    isWaiting: true,
    dependsOn: { host: keeper.id, units: UNITS },
  };
}

function comesBack(plan: Plan, keeper: Host, set: KeptSet): Probe {
  return {
    id: `backup-restored-${set.host}`,
    needs: needsOf(plan, keeper),
    from: keeper.id,
    title: {
      en: `What is written on ${set.host} now is in a backup taken now, which is read back from the encrypted repository to its end`,
      fr: `Ce qui est écrit à l'instant sur ${set.host} est dans une sauvegarde prise aussitôt, relue jusqu'au bout depuis le dépôt chiffré`,
    },
    expected: `the archive whole, with what was written less than ${YOUNG_SECONDS} s ago`,
    before: [
      {
        on: set.host,
        run: { argv: ["sh", "-c", `umask 077 && date +%s.%N >${MARKER}.new && mv ${MARKER}.new ${MARKER}`] },
      },
    ],
    run: pythonCommand(
      RESTORED,
      JSON.stringify({ program: PROGRAM, user: USER, set: setName(set), marker: MARKER, seconds: TAKEN_SECONDS }),
    ),
    judge: judged(restored, ({ took, files, bytes, age: written }) => {
      const size = `${files} files, ${(bytes / 2 ** 20).toFixed(1)} MiB, in ${took} s`;
      if (written === null) return { isGood: false, seen: `without what was written on ${set.host}: ${size}` };
      const isYoung = written < YOUNG_SECONDS;
      return { isGood: isYoung, seen: isYoung ? size : `as ${set.host} was ${written} s ago` };
    }),
    deadlineSeconds: TAKEN_SECONDS + 45,
    isWaiting: true,
    dependsOn: { host: keeper.id, units: UNITS },
  };
}

/** Of whoever takes the backup host over: what is not theirs. */
function nothingElse(plan: Plan, keeper: Host, set: KeptSet): Probe {
  const refused = ["", "id", "take ../../etc", `take ${set.role}; id`, "put mail", `take ${set.role} x`, "sudo -n id"];
  return {
    id: `backup-forced-${set.host}`,
    needs: needsOf(plan, keeper),
    from: keeper.id,
    title: {
      en: `On ${set.host} the backup's key takes a backup and does nothing else: no shell, no other command`,
      fr: `Sur ${set.host}, la clé de sauvegarde prend une sauvegarde et ne fait rien d'autre : ni shell, ni autre commande`,
    },
    expected: `${refused.length} refused, its own word answered`,
    run: pythonCommand(
      FORCED,
      JSON.stringify({
        ssh: SSH,
        user: USER,
        address: formatAddress(plan.hosts.get(set.host)!.nics[0]!.address),
        refused,
        allowed: "about",
      }),
    ),
    judge: judged(forced, ({ answered, allowed }) => {
      const wrong = [
        ...Object.entries(answered).flatMap(([words, how]) => (how === "refused" ? [] : [`${words}: ${how}`])),
        ...(allowed === "answered" ? [] : [`its own word: ${allowed}`]),
      ];
      return {
        isGood: wrong.length === 0 && Object.keys(answered).length === refused.length,
        seen: wrong.length > 0 ? wrong.join("; ") : `${refused.length} refused, its own word answered`,
      };
    }),
    deadlineSeconds: 60,
    dependsOn: { host: set.host, units: ["ssh.service"] },
  };
}
