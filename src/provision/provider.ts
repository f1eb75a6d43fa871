import type * as provider from "@pulumi/pulumi/provider/index.js";
import { Fault } from "../core/fault.ts";
import { ownershipResource } from "./ownership.ts";
import { plain } from "./plain.ts";
import type { ResourceType } from "./resource-type.ts";
import { routerResource, type RouterTools } from "./router-config.ts";
import { seedResource } from "./seed.ts";
import { roleResource, type StepTools } from "./steps/resource.ts";

const providerVersion = "0.1.0";

/**
 * The provider `provision`: what Pulumi's Proxmox provider has no resource for. It runs as a local plugin
 * (Pulumi.yaml); where the API is and with which token comes from the environment that `maquette env` sets,
 * so neither is in anybody's state. (It is not called maquette: Pulumi hands a stack's configuration `maquette:…`,
 * the token with it, to a provider of that name, and writes it to the state.)
 */
export function makeProvider(tools: StepTools & RouterTools): provider.Provider {
  const { connect, secrets } = tools;
  const types = new Map<string, ResourceType>([
    ["provision:index:Seed", seedResource(connect, secrets)],
    ["provision:index:Router", routerResource(tools)],
    ["provision:index:Role", roleResource(tools)],
    ["provision:index:Ownership", ownershipResource(connect)],
  ]);
  // The engine prints an error's message and nothing else.
  const worded = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      if (error instanceof Fault)
        throw new Error(`${error.code} ${error.message}\n  hint: ${error.hint}`, { cause: error });
      throw error;
    }
  };
  const typeOf = (urn: string): ResourceType => {
    // urn:pulumi:stack::project::parent$types$type::name
    const name = urn.split("::")[2]!.split("$").pop()!;
    const type = types.get(name);
    if (!type) throw new Error(`the provider provision ${providerVersion} knows no ${name}`);
    return type;
  };
  return {
    version: providerVersion,
    schema: JSON.stringify({
      name: "provision",
      version: providerVersion,
      resources: Object.fromEntries([...types.keys()].map((t) => [t, {}])),
    }),
    check: (urn, _olds, news) => Promise.resolve({ inputs: news as unknown, failures: typeOf(urn).check(plain(news)) }),
    diff: (_id, urn, olds, news) => Promise.resolve(typeOf(urn).diff(plain(olds), plain(news))),
    create: async (urn, inputs) => worded(() => typeOf(urn).create(plain(inputs))),
    read: async (id, urn, props) => worded(() => typeOf(urn).read(id, plain(props))),
    update: async (_id, urn, olds, news) => ({
      outs: await worded(() => typeOf(urn).update(plain(olds), plain(news))),
    }),
    delete: async (_id, urn, props) => worded(() => typeOf(urn).delete(plain(props))),
  };
}
