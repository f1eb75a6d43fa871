import { askedOf, placesOf, type SecretKind, type Text } from "../core/text.ts";
import type { Host, Plan } from "../plan/types.ts";
import { renderHost } from "../roles/render.ts";
import { renderSeed, type SeedNaming, type SeedTemplates } from "../roles/seed.ts";
import { declare, stepSchema, textsOf } from "./steps/work.ts";

/** A secret of a plan, as people name it. */
export interface SecretUse {
  /**
   * `password/…`, `pin/…`, `ssh/…` (both halves of a key), `tls-crypt/…` (a key of OpenVPN), `cert/…` (a certificate and its
   * key) or `crl/…`.
   */
  readonly label: string;
  /** The hosts that get it, in the plan's order. */
  readonly hosts: readonly Host["id"][];
  /** A guest reads it at its first boot: nothing brings another one to it later. */
  readonly isSeeded: boolean;
}

export interface SecretUsesFacts {
  /** Texts by `<role>/<file>`. */
  readonly templates: ReadonlyMap<string, string>;
  readonly seedTemplates: SeedTemplates;
  readonly naming: (host: Host) => SeedNaming;
  readonly operator: { readonly cidr: string } | null;
}

/** By kind; a file of others is none. */
const FAMILIES: Readonly<Record<Exclude<SecretKind, "artefact">, string>> = {
  password: "password",
  "password-digest": "password",
  pin: "pin",
  bcrypt: "password",
  "ssh-private": "ssh",
  "ssh-public": "ssh",
  "tls-crypt-server": "tls-crypt",
  "tls-crypt-client": "tls-crypt",
  "vault-certificate": "cert",
  "vault-key": "cert",
  "vault-crl": "crl",
};

const secretLabel = (kind: keyof typeof FAMILIES, label: string): string => `${FAMILIES[kind]}/${label}`;

/** Every secret for which some text of the plan's seeds and steps has a place, sorted by label. */
export function secretUses(plan: Plan, facts: SecretUsesFacts): readonly SecretUse[] {
  const found = new Map<string, { hosts: Set<string>; isSeeded: boolean }>();
  const add = (host: Host, texts: Iterable<Text>, isSeeded: boolean): void => {
    for (const { kind, label } of [...texts].flatMap(placesOf).map(askedOf)) {
      if (kind === "artefact") continue;
      const name = secretLabel(kind, label);
      const use = found.get(name) ?? { hosts: new Set(), isSeeded: false };
      use.hosts.add(host.id);
      use.isSeeded ||= isSeeded;
      found.set(name, use);
    }
  };
  for (const host of plan.hosts.values()) {
    // A router's own file travels again whenever it changes; cloud-init reads its seed once.
    const isOnce = plan.images.get(host.image)!.os !== "pfsense";
    add(host, renderSeed(plan, host, facts.seedTemplates, facts.naming(host)).files.values(), isOnce);
    for (const { role, work } of renderHost(plan, host, facts.templates, facts.operator))
      add(host, textsOf(declare(role, work).map((s) => stepSchema.parse(s))), false);
  }
  return [...found]
    .map(([label, { hosts, isSeeded }]) => ({ label, hosts: [...hosts], isSeeded }))
    .sort((a, b) => (a.label < b.label ? -1 : 1));
}
