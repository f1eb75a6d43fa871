import { secret } from "../../core/secret-place.ts";
import { fqdnOf, hostsOf, portOf } from "../../plan/query.ts";
import type { Person, Plan } from "../../plan/types.ts";
import type { SecretPlace } from "../../core/text.ts";
import { numbersOf } from "./numbers.ts";
import { SIPS } from "./softphone.ts";

/** By what a person's own softphone registers. */
export interface PhoneAccount {
  readonly login: string;
  readonly secret: SecretPlace;
  /** By its name. */
  readonly server: string;
  readonly port: number;
}

/** Undefined for who has no telephone, and in a plan without an exchange. */
export function phoneAccount(plan: Plan, person: Person): PhoneAccount | undefined {
  const [server] = hostsOf(plan, "pbx");
  const phone = numbersOf(plan).people.find((p) => p.account === person.login);
  if (server === undefined || phone === undefined) return undefined;
  const port = portOf(plan, "sip-tls", "tcp") ?? SIPS;
  return { login: phone.account, secret: secret("password", phone.secret), server: fqdnOf(plan, server), port };
}
