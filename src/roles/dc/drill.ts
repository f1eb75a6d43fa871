import { secret } from "../../core/secret-place.ts";
import { jsonText } from "../../core/text.ts";
import { seatOf } from "../../plan/query.ts";
import type { Plan } from "../../plan/types.ts";
import type { Drill, Meanwhile, Outage } from "../role.ts";
import ASK_DOMAIN from "./ask_domain.py";
import { ACCEPTANCE, baseDn, serviceAccount } from "./accounts.ts";
import { controllersOf } from "./directory.ts";

/*
 * The loss of the first domain controller. A workstation asks what a member of the domain asks, and meanwhile the other
 * controller writes something that the first one must have when it is back.
 */

/** Beyond a second's patience with each controller, what a client may be without. */
const LIMIT_MS = 5_000;

export const lossOfController: Drill = {
  id: "dc",
  title: {
    en: "the first domain controller loses its power",
    fr: "le premier contrôleur de domaine perd son alimentation",
  },
  of: outage,
};

function outage(plan: Plan): Outage | string {
  const controllers = controllersOf(plan);
  const [first, second] = controllers;
  const seat = seatOf(plan);
  if (!first || !second || !seat) return "two domain controllers and a workstation";
  const account = serviceAccount(plan, ACCEPTANCE);
  const { name: domain, realm } = plan.domain;
  const base = baseDn(plan);
  return {
    servers: [first.id, second.id],
    seat: seat.id,
    questions: ["dns", "kerberos", "ldaps"],
    program: ASK_DOMAIN,
    input: jsonText({
      ...{ domain, realm, base, login: account.login },
      password: account.password,
      authority: secret("vault-certificate", "ca"),
    }),
    as: account.login,
    limitMs: LIMIT_MS,
    meanwhile: (name) => written(second.id, `CN=${name},CN=Users,${base}`),
  };
}

const LDB = "/var/lib/samba/private/sam.ldb";

const written = (on: string, dn: string): Meanwhile => ({
  on,
  write: { argv: ["ldbadd", "-H", LDB], input: `dn: ${dn}\nobjectClass: contact\n` },
  undo: { argv: ["ldbdel", "-H", LDB, dn] },
  // ldbsearch ends well also where nothing is found.
  arrived: {
    argv: ["sh", "-c", 'ldbsearch -H "$1" -b "$2" -s base dn | grep -qF "$2"', "arrived", LDB, dn],
  },
  hint: "`sudo samba-tool drs showrepl` on it says what keeps it.",
});
