import * as z from "zod";
import { whole } from "../../plan/scalars.ts";

/** As ups.conf(5) takes words; a name is also a part of its driver's socket. */
const word = (pattern: RegExp, description: string): z.ZodString =>
  z.string().regex(pattern).register(z.globalRegistry, { description });

/** NUT's driver that reads a file, or another NUT server: there is no UPS in a mock-up. */
export const SIMULATED = "dummy-ups";

export const settings = z
  .strictObject({
    ups: word(/^[a-z][a-z0-9]{0,30}$/, "What the UPS is called").default("onduleur"),
    driver: word(
      /^[a-z][a-z0-9_-]{0,30}$/,
      "NUT's driver of the UPS: usbhid-ups, snmp-ups …; dummy-ups simulates one",
    ).default(SIMULATED),
    port: word(
      /^[A-Za-z0-9@.:/_-]{1,200}$/,
      "Where the driver finds it: auto for USB, an address for snmp-ups, NAME@ADDRESS of another NUT server for dummy-ups",
    ).default("auto"),
    lowPercent: whole(5, 90, "The orderly stop begins when the battery has less than this, in per cent").default(30),
    lowSeconds: whole(60, 7200, "Or when it lasts no longer than this").default(420),
    stageSeconds: whole(
      10,
      60,
      "How long hosts of one place in the order may take to stop before the next ones are told",
    ).default(60),
  })
  .register(z.globalRegistry, { description: "The UPS, and when the orderly stop on its battery begins" });

export type Settings = z.output<typeof settings>;
