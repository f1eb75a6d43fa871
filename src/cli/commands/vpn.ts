import { resolve } from "node:path";
import { didYouMean, formatDiagnostic } from "../../core/diagnostics.ts";
import { Fault } from "../../core/fault.ts";
import { fillText } from "../../core/text.ts";
import { readRoleTemplates } from "../../infra/read-templates.ts";
import type { Person, Plan } from "../../plan/types.ts";
import { SecretSource } from "../../provision/secrets.ts";
import { authorityOf } from "../../roles/seed.ts";
import { fillTemplate, type Fill } from "../../roles/template.ts";
import { certificateFor, gatewayGroups, travellerCertificate } from "../../roles/vpn/people.ts";
import { gatewayOf, PROFILE_TEMPLATE, profileOf } from "../../roles/vpn/profile.ts";
import { writePrivate } from "../../stack/folders.ts";
import { loadStackSecret } from "../../stack/secret.ts";
import { Vault } from "../../stack/vault.ts";
import type { Command } from "../command.ts";
import { readSettings } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { planOf } from "../plan-of.ts";
import { wordsOf } from "../words.ts";

/** Writes a person's profile of the VPN: a file for this user alone, or standard output where that is asked for. */
export const vpn: Command = async (context, values, [action, login = ""]) => {
  const isOut = values["stdout"] === true;
  if (action !== "profile" || (isOut && values["out"] !== undefined))
    throw new Fault(
      "CLI_USAGE",
      isOut ? "--out and --stdout do not go together." : `"${action ?? ""}" is nothing that can be asked of the VPN.`,
      "maquette vpn profile PERSON [--out FILE | --stdout]",
    );
  const outcome = await planOf(context, await readSettings(context), undefined);
  if (!outcome.ok)
    throw new Fault(
      "VPN_NO_PLAN",
      `The plan has faults, so who may come in is not known: ${outcome.errors.map(formatDiagnostic).join("\n")}`,
      "`maquette check` lists them.",
    );
  const plan = outcome.value;
  const gateway = gatewayOf(plan);
  if (gateway === null)
    throw new Fault(
      "VPN_NO_GATEWAY",
      "No host of the plan plays the role vpn, or its services name no port of openvpn.",
      "Add the host to hosts.yaml and the service to services.yaml, as the lab's has them.",
    );
  const person = travellerOf(plan, login);
  const templates = await readRoleTemplates(context.root);
  const name = `vpn/${PROFILE_TEMPLATE}`;
  const fill = ((_: string, given: Parameters<Fill>[1]) =>
    fillTemplate(`templates/${name}`, templates.get(name)!, given)) as Fill;
  const text = profileOf(plan, gateway, person, fill);
  const source = new SecretSource(await loadStackSecret(context.folders.secrets), new Vault(context.folders.secrets));
  const certificates = { [travellerCertificate(person)]: certificateFor(plan, person) };
  const profile = fillText(text, await source.resolver([text], { authority: authorityOf(plan), certificates }));
  if (isOut) {
    context.io.out(profile.trimEnd());
    return exitCodes.good;
  }
  const file = resolve(typeof values["out"] === "string" ? values["out"] : `${person.login}.ovpn`);
  await writePrivate(file, profile);
  if (context.isJson) context.io.out(JSON.stringify({ person: person.login, file }));
  else context.io.out(wordsOf(context.language).profileWritten(person.login, file));
  return exitCodes.good;
};

/** @throws Fault VPN_UNKNOWN_PERSON, VPN_NO_RIGHT */
function travellerOf(plan: Plan, login: string): Person {
  const person = plan.people.get(login);
  if (person === undefined) {
    const near = didYouMean(login, [...plan.people.keys()]);
    throw new Fault(
      "VPN_UNKNOWN_PERSON",
      `The plan knows nobody of the login "${login}".`,
      near === undefined ? "People stand in people.yaml, by login." : `Did you mean "${near}"?`,
    );
  }
  if (person.hasVpn) return person;
  const groups = gatewayGroups(plan).join(" or ");
  throw new Fault(
    "VPN_NO_RIGHT",
    `${login} has no right to the VPN: a member of ${person.groups.join(", ") || "no group"}, and the right follows from ${groups}.`,
    `Add ${groups} to the groups of ${login} in people.yaml, then \`maquette up\`.`,
  );
}
