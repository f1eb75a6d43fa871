import { formatDiagnostic } from "../../core/diagnostics.ts";
import { didYouMean } from "../../core/diagnostics.ts";
import { Fault } from "../../core/fault.ts";
import type { SecretUse } from "../../provision/secret-uses.ts";
import { authorityOf, type AuthorityRequest } from "../../roles/seed.ts";
import { raiseEpoch, readEpochs } from "../../stack/epochs.ts";
import { loadStackSecret } from "../../stack/secret.ts";
import { Vault } from "../../stack/vault.ts";
import type { Command } from "../command.ts";
import { readSettings, type Context } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { orphansOf, usesOf } from "../orphans.ts";
import { planOf } from "../plan-of.ts";
import { table } from "../table.ts";
import { wordsOf } from "../words.ts";

/** A stack's secrets, and what asks for them. */
interface Secrets {
  readonly uses: readonly SecretUse[];
  readonly vault: Vault;
  readonly authority: AuthorityRequest;
}

/** Prints, lists, rotates or revokes a stack's secrets; needs no running lab. */
export const secret: Command = async (context, values, [name]) => {
  const asked = (["list", "rotate", "revoke"] as const).filter((o) => values[o] === true);
  if (asked.length > 1 || (asked[0] === "list") === (name !== undefined))
    throw new Fault(
      "CLI_USAGE",
      name === undefined ? "No secret is named." : "These do not go together.",
      "Give a LABEL, with --rotate or --revoke if need be, or --list alone; maquette help secret says more.",
    );
  const secrets = await secretsOf(context);
  if (name === undefined) return list(context, secrets);
  const label = await labelOf(secrets, name);
  switch (asked[0]) {
    case "rotate":
      return rotate(context, secrets, label);
    case "revoke":
      return revoke(context, secrets, label);
    default:
      return print(context, secrets, label, values["stdout"] === true);
  }
};

async function secretsOf(context: Context): Promise<Secrets> {
  const settings = await readSettings(context);
  const outcome = await planOf(context, settings, undefined);
  if (!outcome.ok)
    throw new Fault(
      "SECRET_NO_PLAN",
      `The plan has faults, so which secrets it asks for is not known: ${outcome.errors.map(formatDiagnostic).join("\n")}`,
      "`maquette check` lists them.",
    );
  const plan = outcome.value;
  const uses = await usesOf(context, settings, plan);
  return { uses, vault: new Vault(context.folders.secrets), authority: authorityOf(plan) };
}

/** The whole label of what was typed: its last part will do where only one secret ends so. */
async function labelOf({ uses, vault }: Secrets, typed: string): Promise<string> {
  // Who has left the plan still has a certificate.
  const kept = (await vault.labels()).map((label) => `cert/${label}`);
  const known = [...new Set([...uses.map((u) => u.label), ...kept])];
  if (known.includes(typed)) return typed;
  const ends = known.filter((label) => label.slice(label.indexOf("/") + 1) === typed);
  if (ends.length === 1) return ends[0]!;
  if (ends.length > 1)
    throw new Fault("SECRET_AMBIGUOUS", `"${typed}" may be ${ends.join(" or ")}.`, "Write the whole label.");
  const near = didYouMean(typed, known);
  throw new Fault(
    "SECRET_UNKNOWN",
    `The plan asks for no secret "${typed}".`,
    near === undefined ? "`maquette secret --list` names them all." : `Did you mean "${near}"?`,
  );
}

const familyOf = (label: string): string => label.slice(0, label.indexOf("/"));
const restOf = (label: string): string => label.slice(label.indexOf("/") + 1);
const hostsOf = ({ uses }: Secrets, label: string): readonly string[] =>
  uses.find((u) => u.label === label)?.hosts ?? [];

async function list(context: Context, { uses, vault }: Secrets): Promise<number> {
  const words = wordsOf(context.language);
  const epochs = await readEpochs(context.folders.secrets);
  const rows = uses.map(({ label, hosts }) => ({ label, hosts, epoch: epochs.get(label) ?? 0 }));
  const gone = await Promise.all(
    (await orphansOf(vault, uses)).map(async (label) => ({
      label: `cert/${label}`,
      isRevoked: (await vault.kept(label)).isRevoked,
    })),
  );
  if (context.isJson)
    context.io.out(
      JSON.stringify([...rows, ...gone.map((g) => ({ ...g, hosts: [], epoch: epochs.get(g.label) ?? 0 }))]),
    );
  else
    context.io.out(
      table(
        [words.secret, words.rotated, words.hosts],
        [
          ...rows.map((r) => [r.label, String(r.epoch), r.hosts.length > 6 ? `${r.hosts.length}` : r.hosts.join(" ")]),
          ...gone.map((g) => [g.label, String(epochs.get(g.label) ?? 0), words.ofNobody(g.isRevoked)]),
        ],
      ),
    );
  return exitCodes.good;
}

async function print(context: Context, secrets: Secrets, label: string, isMeant: boolean): Promise<number> {
  const family = familyOf(label);
  const isPublic = family === "cert" || family === "crl";
  if (context.isJson && !isPublic)
    throw new Fault(
      "SECRET_NOT_IN_JSON",
      `${label} is not written as JSON: such documents are kept.`,
      `maquette secret ${label} prints it on a terminal; with --stdout into a pipe.`,
    );
  if (!isPublic && !isMeant && !process.stdout.isTTY)
    throw new Fault(
      "SECRET_NO_TERMINAL",
      `${label} is not printed where nobody looks: standard output is no terminal.`,
      "Add --stdout when a file or a pipe is meant.",
    );
  const value = await valueOf(context, secrets, label);
  context.io.out(context.isJson ? JSON.stringify({ label, pem: value }) : value.trimEnd());
  return exitCodes.good;
}

async function valueOf(context: Context, { vault, authority }: Secrets, label: string): Promise<string> {
  const rest = restOf(label);
  switch (familyOf(label)) {
    case "cert":
      return (await (rest === "ca" ? vault.authority(authority) : vault.kept(rest))).certificate;
    case "crl":
      return vault.crl(authority);
    case "ssh":
      return (await loadStackSecret(context.folders.secrets)).sshKey(rest, rest).privateKey;
    case "tls-crypt": {
      const secret = await loadStackSecret(context.folders.secrets);
      return rest.includes("/") ? secret.tlsCryptClient(rest) : secret.tlsCryptServer(rest);
    }
    case "pin":
      return (await loadStackSecret(context.folders.secrets)).pin(rest);
    default:
      return (await loadStackSecret(context.folders.secrets)).password(rest);
  }
}

async function rotate(context: Context, secrets: Secrets, label: string): Promise<number> {
  const family = familyOf(label);
  if (family === "cert" || family === "crl")
    throw new Fault(
      "SECRET_NOT_ROTATED",
      `${label} is the vault's, which renews it by itself.`,
      family === "crl" ? "Nothing is to be done." : `maquette secret ${label} --revoke ends it before its time.`,
    );
  if (secrets.uses.find((u) => u.label === label)?.isSeeded === true)
    throw new Fault(
      "SECRET_SEEDED",
      `${label} came to its hosts at their first boot, and nothing brings them another one: rotated, it would lock everybody out.`,
      "To have another one, `maquette destroy`, delete the stack's secret, `maquette up`: a new lab, with every secret new.",
    );
  const epoch = await raiseEpoch(context.folders.secrets, label);
  const words = wordsOf(context.language);
  if (context.isJson) context.io.out(JSON.stringify({ label, epoch, hosts: hostsOf(secrets, label) }));
  else context.io.out(words.rotatedNow(label, epoch, hostsOf(secrets, label).join(", ")));
  return exitCodes.good;
}

async function revoke(context: Context, secrets: Secrets, label: string): Promise<number> {
  if (familyOf(label) !== "cert" || restOf(label) === "ca")
    throw new Fault(
      "SECRET_NOT_REVOKED",
      label === "cert/ca" ? "No list could revoke the authority itself." : `${label} is no certificate.`,
      label === "cert/ca"
        ? "Every certificate would have to be made anew: `maquette destroy`, delete the vault, `maquette up`."
        : `maquette secret ${label} --rotate makes another one.`,
    );
  const revoked = await secrets.vault.revoke(restOf(label));
  await secrets.vault.crl(secrets.authority);
  const words = wordsOf(context.language);
  if (context.isJson) context.io.out(JSON.stringify({ label, revoked }));
  else context.io.out(revoked.length === 0 ? words.wasRevoked(label) : words.revokedNow(label, revoked.length));
  return exitCodes.good;
}
