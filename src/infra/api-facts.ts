import { answers, seg, type PveClient } from "../pve/client/index.ts";
import type { Settings } from "./settings.ts";
import type { ApiFacts } from "./world.ts";

/** Storages that keep disks as files, in a format of one's choice (pve-storage: `plugindata` of each type). */
const FILES: ReadonlySet<string> = new Set(["dir", "nfs", "cifs"]);

/** Asks the API what the program has to know of it. */
export async function askApi(client: PveClient, settings: Settings): Promise<ApiFacts> {
  const storage = `/nodes/${seg(settings.nodes[0]!)}/storage/${seg(settings.storage.disks)}/status`;
  const [{ type }, onRoot] = await Promise.all([client.get(storage, answers.storageStatus), client.permissionsOn("/")]);
  return { diskFormat: FILES.has(type) ? "qcow2" : null, maySetStartup: onRoot.has("Sys.Modify") };
}
