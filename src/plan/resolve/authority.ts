import type { Authority } from "../types.ts";
import type { Context } from "./context.ts";

/** What the plan need not say. */
export function resolveAuthority({ shapes: { addressing } }: Context): Authority {
  // A broken name of the lab is reported where it stands.
  const lab = addressing.one("name")?.value ?? "invalid";
  // Of a certificate, what public authorities may give, less a day: no client is stricter (Apple's 102028).
  const {
    name = `maquette CA ${lab}`,
    years = 10,
    certificateDays = 397,
    crlDays = 365,
  } = addressing.one("authority")?.value ?? {};
  return { name, years, certificateDays, crlDays };
}
