import * as provider from "@pulumi/pulumi/provider/index.js";
import { connectFromEnvironment } from "../pve/client/environment.ts";
import { foldersOf } from "../stack/folders.ts";
import { repositoryRoot } from "../stack/root.ts";
import { loadStackSecret } from "../stack/secret.ts";
import { Vault } from "../stack/vault.ts";
import { consolesOf } from "./console.ts";
import { makeProvider } from "./provider.ts";
import { hostsInTurn } from "./turns.ts";
import { SecretSource } from "./secrets.ts";
import { contentOf } from "./artefacts.ts";
import { ARTEFACTS, SOCKETS } from "./environment.ts";
import { Reached } from "./steps/reach.ts";

/** Serves the provider to the engine that started it; `args` are the engine's. */
export async function main(args: string[]): Promise<void> {
  let secrets: Promise<SecretSource> | undefined;
  let client: ReturnType<typeof connectFromEnvironment> | undefined;
  let reached: Promise<Reached> | undefined;
  const { secrets: folder, cache } = foldersOf(repositoryRoot(), process.env["PULUMI_STACK"] ?? "lab");
  // The program has refused a plan whose files are not had; what differs from what it declared is not written (STEP_DIGEST).
  const content = contentOf({ folder: process.env[ARTEFACTS] || null, cache }, { mayLack: true });
  const load = async (): Promise<SecretSource> =>
    new SecretSource(await loadStackSecret(folder), new Vault(folder), content);
  const reach = async (): Promise<Reached> => new Reached(process.env[SOCKETS] || null, await loadStackSecret(folder));
  await provider.main(
    makeProvider({
      connect: () => (client ??= connectFromEnvironment(process.env)),
      secrets: () => (secrets ??= load()),
      reached: () => (reached ??= reach()),
      console: consolesOf(process.env),
      inTurn: hostsInTurn(process.env),
    }),
    args,
  );
}
