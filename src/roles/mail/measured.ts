import { jsonText } from "../../core/text.ts";
import { hostsOf } from "../../plan/query.ts";
import type { Plan } from "../../plan/types.ts";
import type { Measured } from "../role.ts";
import { ARRIVES_SECONDS, askedOf, login } from "./asking.ts";
import EXCHANGED from "./exchanged.py";
import { WEBMAIL, webName } from "./names.ts";
import { correspondentsOf } from "./people.ts";
import WEBMAIL_OPEN from "./webmail_open.py";

const DEADLINE_SECONDS = 40;

/** What mail does for its users, as the server itself can try it: with one of acceptance's people. */
export function measured(plan: Plan): readonly Measured[] {
  const [server] = hostsOf(plan, "mail");
  const people = correspondentsOf(plan);
  if (server === undefined || people === undefined) return [];
  const { first } = people;
  const context = { plan, server, people };
  const common = { host: server.id, unit: "s", deadlineSeconds: DEADLINE_SECONDS } as const;
  const needed = (services: readonly string[]): Measured["problems"][number]["unless"] =>
    services.map((service) => ({ host: server.id, service }));
  return [
    {
      ...common,
      word: "letter",
      name: "Un courrier est envoyé et relu (-1 : il ne l'est pas)",
      program: EXCHANGED,
      input: jsonText({
        ...askedOf(context),
        person: { ...login(first), address: first.mailbox },
        seconds: ARRIVES_SECONDS,
      }),
      everySeconds: 30,
      problems: [
        {
          name: "Un courrier envoyé n'est pas relu",
          isWrong: (item) => `max(${item},#2)<0`,
          unless: needed(["submission", "imaps", "smtp"]),
          unlessSilent: [],
        },
      ],
    },
    {
      ...common,
      word: "webmail",
      name: "Le webmail laisse entrer (-1 : il ne le fait pas)",
      program: WEBMAIL_OPEN,
      input: jsonText({ ...askedOf(context), host: webName(plan, WEBMAIL), person: login(first) }),
      everySeconds: 60,
      problems: [
        {
          name: "Le webmail ne laisse plus entrer",
          isWrong: (item) => `max(${item},#2)<0`,
          unless: needed(["https", "imaps"]),
          unlessSilent: [],
        },
      ],
    },
  ];
}
