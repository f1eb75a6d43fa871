import type { Settings } from "../infra/settings.ts";
import type { PveClient } from "../pve/client/index.ts";

const PLACEHOLDER = Buffer.from(
  "maquette: a placeholder for an image that a user supplies; memory guests have no disk\n",
);

/**
 * Puts a placeholder on the embedded API for each image that a user would supply (pfSense may not be downloaded),
 * under the name that the stack's settings give.
 */
export async function supplyImages(client: PveClient, settings: Settings): Promise<void> {
  const volumes = Object.values(settings.images).flatMap((i) => (i.volume === undefined ? [] : [i.volume]));
  for (const volume of volumes) {
    const match = /^([^:]+):import\/(.+)$/.exec(volume);
    if (!match) continue;
    const [, storage, name] = match;
    for (const node of settings.nodes) {
      if (!(await client.hasVolume(node, storage!, volume)))
        await client.upload(node, storage!, "import", name!, PLACEHOLDER);
    }
  }
}
