import * as z from "zod";
import { whole } from "../../plan/scalars.ts";

export const settings = z
  .strictObject({
    logDays: whole(
      1,
      365,
      "Days for which hosts' logs are kept; no more, for the law asks for connection logs of one year and for no longer",
    ).default(365),
  })
  .register(z.globalRegistry, { description: "How long logs are kept" });
