import type * as provider from "@pulumi/pulumi/provider/index.js";
import { ownershipResource } from "./ownership.ts";
import { plain } from "./plain.ts";
import type { Connect, ResourceType } from "./resource-type.ts";
import { seedResource, type SeedSecrets } from "./seed.ts";

export const providerVersion = "0.1.0";

/**
 * The provider `maquette`: what Pulumi's Proxmox provider has no resource for. It runs as a local plugin
 * (Pulumi.yaml); where the API is and with which token comes from the environment that `maquette env` sets,
 * so neither is in anybody's state.
 */
export function makeProvider(connect: Connect, secrets: SeedSecrets): provider.Provider {
  const types = new Map<string, ResourceType>([
    ["maquette:index:Seed", seedResource(connect, secrets)],
    ["maquette:index:Ownership", ownershipResource(connect)],
  ]);
  const typeOf = (urn: string): ResourceType => {
    // urn:pulumi:stack::project::parent$types$type::name
    const name = urn.split("::")[2]!.split("$").pop()!;
    const type = types.get(name);
    if (!type) throw new Error(`the provider maquette ${providerVersion} knows no ${name}`);
    return type;
  };
  return {
    version: providerVersion,
    schema: JSON.stringify({
      name: "maquette",
      version: providerVersion,
      resources: Object.fromEntries([...types.keys()].map((t) => [t, {}])),
    }),
    check: async (urn, _olds, news) => ({ inputs: news as unknown, failures: typeOf(urn).check(plain(news)) }),
    diff: async (_id, urn, olds, news) => typeOf(urn).diff(plain(olds), plain(news)),
    create: async (urn, inputs) => typeOf(urn).create(plain(inputs)),
    read: async (id, urn, props) => typeOf(urn).read(id, plain(props)),
    update: async (_id, urn, olds, news) => ({ outs: await typeOf(urn).update(plain(olds), plain(news)) }),
    delete: async (_id, urn, props) => typeOf(urn).delete(plain(props)),
  };
}
