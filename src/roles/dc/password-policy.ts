import type { Settings } from "./settings.ts";

/*
 * The domain's password policy, after ANSSI's guide on authentication and passwords (PA-078, 2021): long, none of the
 * last ones again, no change for its own sake (R24), and guessing is stopped.
 */

/** Active Directory counts time in steps of 100 ns, durations below zero. */
const minutes = (n: number): string => String(-BigInt(n) * 60n * 10_000_000n);
const NEVER = String(-(2n ** 63n));

/** Attributes of the domain's head ([MS-ADTS] 3.1.1.4.1), as the directory writes them. */
export const passwordPolicyOf = ({ passwords, lockout }: Settings): Readonly<Record<string, string>> => ({
  minPwdLength: String(passwords.minimumLength),
  // DOMAIN_PASSWORD_COMPLEX
  pwdProperties: "1",
  pwdHistoryLength: String(passwords.remembered),
  // A first password may be changed on the first day.
  minPwdAge: "0",
  maxPwdAge: NEVER,
  lockoutThreshold: String(lockout.attempts),
  lockoutDuration: minutes(lockout.minutes),
  lockOutObservationWindow: minutes(lockout.minutes),
});
