import { z } from "zod";
import { jsonText } from "../../core/text.ts";
import { hostsOf } from "../../plan/query.ts";
import { personPassword } from "../person.ts";
import CALL from "../pbx/call.py";
import { numbersOf } from "../pbx/numbers.ts";
import { voicemailSender } from "../pbx/sender.ts";
import type { Probe } from "../role.ts";
import { judged, pythonCommand } from "../program.ts";
import { asking, runsOn, type Context } from "./asking.ts";
import AWAITED from "./awaited.py";

const ARRIVES_SECONDS = 20;
/** Of samples of 16 bits: what is below is silence. */
const LOUD = 200;

const sound = z.object({ bytes: z.number(), level: z.number() });

/** A message that is spoken at one desk for one of acceptance's people comes into that one's box, and is heard there. */
export function voicemail(context: Context): readonly Probe[] {
  const { plan } = context;
  if (hostsOf(plan, "pbx").length === 0) return [];
  const { desks, people, settings } = numbersOf(plan);
  const [reader, caller] = desks.filter((d) => plan.hosts.has(d.host));
  // Whichever of the two has a telephone.
  const person = [context.people.first, context.people.second].find((p) => p.extension !== null);
  const phone = people.find((p) => p.account === person?.login);
  if (reader === undefined || caller === undefined || person === undefined || phone === undefined) return [];
  const dial = settings.codes.message + phone.number;
  return [
    {
      id: `mail-voicemail-${reader.host}`,
      needs: ["O3", "O4"],
      from: reader.host,
      title: {
        en: `A message spoken at ${caller.host} is in the person's mailbox, and has sound`,
        fr: `Un message laissé au téléphone de ${caller.host} est dans la boîte de la personne, avec le son`,
      },
      expected: "a letter with sound",
      before: [
        {
          on: caller.host,
          run: pythonCommand(CALL, jsonText({ dial: [dial], listen: null, seconds: 6 })),
        },
      ],
      run: asking(AWAITED, context, {
        reader: { login: person.login, password: personPassword(person) },
        from: voicemailSender(plan),
        since: 60,
        seconds: ARRIVES_SECONDS,
      }),
      judge: judged(sound, ({ bytes, level }) => ({
        isGood: level > LOUD,
        seen: level > LOUD ? `${bytes} bytes of sound` : `${bytes} bytes that are silent`,
      })),
      deadlineSeconds: 60,
      isWaiting: true,
      dependsOn: runsOn(context, "postfix"),
    },
  ];
}
