import * as z from "zod";
import { line, whole } from "../../plan/scalars.ts";

/* What a plan may say to the telephone exchange, beside the extensions of its people. */

const number = (description: string): z.ZodInt => whole(100, 9999, description);

/** `*98`: what a phone dials for a service. The star keeps it apart from every number of a person. */
const code = (description: string, standard: string): z.ZodDefault<z.ZodString> =>
  z
    .string()
    .regex(/^\*\d{2,3}$/)
    .register(z.globalRegistry, { description })
    .default(standard);

/** Pressed during a call. */
const key = (description: string, standard: string): z.ZodDefault<z.ZodString> =>
  z
    .string()
    .regex(/^[*#][*#0-9]$/)
    .register(z.globalRegistry, { description })
    .default(standard);

const group = z
  .strictObject({
    name: line("What the group is called"),
    members: z
      .array(z.string().regex(/^(?:desks|(?:group|department|person|desk):[a-z][a-z0-9.-]{0,62})$/))
      .min(1)
      .max(32)
      .register(z.globalRegistry, {
        description: "Whose phones ring: group:ID, department:ID, person:LOGIN, desk:HOST, or desks for all desks",
      }),
  })
  .register(z.globalRegistry, { description: "A number at which several phones ring at once" });

export const settings = z
  .strictObject({
    desks: z
      .record(
        z.string().regex(/^(?=.{1,15}$)[a-z][a-z0-9-]*$/),
        number("Number of the phone that stands at this workstation"),
      )
      .register(z.globalRegistry, {
        description: "Phones that are a place's and nobody's own, by workstation; one that is not named has none",
      })
      .default({}),
    groups: z
      .record(z.string().regex(/^[1-9]\d{2,3}$/), group)
      .register(z.globalRegistry, { description: "Numbers at which several phones ring at once, by number" })
      .default({}),
    conference: number("Number of the crisis room; its PIN is `maquette secret pin/pbx/conference`").default(500),
    emergency: z
      .record(
        z.string().regex(/^\d{2,3}$/),
        z
          .strictObject({ name: line("Who would answer") })
          .register(z.globalRegistry, { description: "An emergency service" }),
      )
      .register(z.globalRegistry, { description: "Numbers that an announcement answers: no call leaves the mock-up" })
      .default({
        "15": { name: "SAMU" },
        "17": { name: "police secours" },
        "18": { name: "pompiers" },
        "112": { name: "numéro d'urgence européen" },
      }),
    codes: z
      .strictObject({
        voicemail: code("Listens to one's own messages", "*98"),
        message: code("Before an extension: leaves a message without ringing", "*99"),
        echo: code("Plays back what it hears, to try a headset and a network", "*43"),
        blindTransfer: key("During a call: hands it over at once", "##"),
        attendedTransfer: key("During a call: hands it over after having spoken", "*2"),
      })
      .register(z.globalRegistry, { description: "What phones dial for a service" })
      .prefault({}),
    ringSeconds: whole(5, 120, "How long a phone rings before the voicemail answers").default(25),
    guesses: z
      .strictObject({
        attempts: whole(3, 100, "Refused logins within a minute after which an address is not heard any more").default(
          10,
        ),
        minutes: whole(1, 1440, "For how long").default(10),
      })
      .register(z.globalRegistry, { description: "What stops guessing of secrets" })
      .prefault({}),
  })
  .register(z.globalRegistry, { description: "Numbers of the telephone exchange, and what its phones dial" });

export type Settings = z.output<typeof settings>;
