import * as pulumi from "@pulumi/pulumi";
import type { Text } from "../core/text.ts";
import type { Seed } from "../roles/seed.ts";

export interface SeedArgs {
  readonly node: string;
  readonly storage: string;
  readonly fileName: string;
  readonly label: string;
  readonly files: Readonly<Record<string, Text>>;
  readonly authority: Seed["authority"];
  readonly certificates: Seed["certificates"];
  readonly vmId: number;
  readonly beginning: string;
  readonly network: string;
  readonly mark: string;
  readonly digest: string;
}

/** A seed CD on a node's storage (src/provision/seed.ts): texts with places for secrets and a keyed digest, no secret. */
export class SeedCd extends pulumi.CustomResource {
  /** `local:iso/….iso`. */
  declare readonly volume: pulumi.Output<string>;

  constructor(name: string, args: SeedArgs, opts: pulumi.CustomResourceOptions) {
    super("provision:index:Seed", name, { ...args, volume: undefined }, opts);
  }
}

export interface OwnershipArgs {
  readonly mark: string;
  /** VM id to name. */
  readonly guests: Readonly<Record<string, string>>;
}

/** Refuses a destroy of what is no longer this stack's (src/provision/ownership.ts). */
export class Ownership extends pulumi.CustomResource {
  constructor(args: OwnershipArgs, opts: pulumi.CustomResourceOptions) {
    super("provision:index:Ownership", "ownership", { ...args }, opts);
  }
}
