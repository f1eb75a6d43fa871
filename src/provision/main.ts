import * as provider from "@pulumi/pulumi/provider/index.js";
import { connectFromEnvironment } from "../pve/client/environment.ts";
import { foldersOf } from "../stack/folders.ts";
import { loadStackSecret, type StackSecret } from "../stack/secret.ts";
import { makeProvider } from "./provider.ts";
import { secretResolver } from "./secrets.ts";

/** Serves the provider to the engine that started it; `args` are the engine's. */
export async function main(args: string[]): Promise<void> {
  let loaded: Promise<StackSecret> | undefined;
  const secret = (): Promise<StackSecret> => {
    const stack = process.env["PULUMI_STACK"] ?? "lab";
    return (loaded ??= loadStackSecret(foldersOf(process.env["MAQUETTE_ROOT"]!, stack).secrets));
  };
  let client: ReturnType<typeof connectFromEnvironment> | undefined;
  await provider.main(
    makeProvider(() => (client ??= connectFromEnvironment(process.env)), {
      resolve: async () => secretResolver(await secret()),
      digest: async (content) => (await secret()).digest("seed", content),
    }),
    args,
  );
}
