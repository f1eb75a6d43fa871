import * as z from "zod";
import { whole } from "../../plan/scalars.ts";

const keep = z
  .strictObject({
    last: whole(1, 1000, "How many of the last backups of each set").default(12),
    hourly: whole(0, 1000, "Beside them the last one of so many hours").default(24),
    daily: whole(0, 1000, "Of so many days").default(7),
    weekly: whole(0, 1000, "Of so many weeks").default(5),
    monthly: whole(0, 1000, "Of so many months").default(6),
  })
  .register(z.globalRegistry, { description: "Which backups are kept; the others go once a day" });

export const settings = z
  .strictObject({
    logDays: whole(
      1,
      365,
      "Days for which hosts' logs are kept; no more, for the law asks for connection logs of one year and for no longer",
    ).default(365),
    everyMinutes: whole(5, 1440, "How often each host's data are taken: what is lost with a host is no older").default(
      60,
    ),
    keep: keep.default({ last: 12, hourly: 24, daily: 7, weekly: 5, monthly: 6 }),
  })
  .register(z.globalRegistry, { description: "How long logs are kept; how often data are taken, and which are kept" });

export type Settings = z.output<typeof settings>;
