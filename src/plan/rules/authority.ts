import { problem, warning, type Where } from "../problem.ts";
import type { Rule } from "./rule.ts";

/** Apple's systems take no server's certificate that is valid for longer, whoever signed it (HT103769). */
const LONGEST_DAYS = 825;

const at = (key: string): Where => ({ document: "addressing", path: ["authority", key] });

/** What the authority signs ends with it at the latest: asked for longer, it would never be what the plan says. */
export const nothingOutlivesTheAuthority: Rule = function* ({ authority }) {
  const days = authority.years * 365;
  for (const [key, what] of [
    ["certificateDays", "a certificate"],
    ["crlDays", "a revocation list"],
  ] as const) {
    if (authority[key] <= days) continue;
    const fact = `${what} of ${authority[key]} days would outlive an authority of ${days} days`;
    yield problem("PLAN_OUTLIVES_AUTHORITY", at(key), fact, `Write ${key}: ${days} or less, or more years`);
  }
};

export const certificatesAreAccepted: Rule = function* ({ authority: { certificateDays } }) {
  if (certificateDays <= LONGEST_DAYS) return;
  const fact = `Apple's systems accept no server's certificate of more than ${LONGEST_DAYS} days`;
  yield warning("PLAN_CERTIFICATE_LONG", at("certificateDays"), fact, `Write ${LONGEST_DAYS} or less`);
};
