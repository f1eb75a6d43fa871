import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { DOCUMENT_NAMES } from "../../src/plan/index.ts";
import { repositoryRoot } from "../../src/stack/root.ts";
import type { Documents } from "./fields.ts";

type Loose = Record<string, Record<string, Record<string, unknown>>>;

/** The lab's documents as values, with what it leaves out added, so that each field of the schemas stands somewhere. */
export async function labDocuments(): Promise<Documents> {
  const read = DOCUMENT_NAMES.map(async (name) => {
    const text = await readFile(join(repositoryRoot(), "tests/plans/lab", `${name}.yaml`), "utf8");
    return [name, parse(text, { merge: true }) as unknown] as const;
  });
  const documents = Object.fromEntries(await Promise.all(read)) as Documents;
  const { addressing, hosts, roles, flows, people } = documents as unknown as Record<string, Loose>;
  Object.assign(addressing!, { kind: "lab", authority: { ...addressing!["authority"], name: "CA" } });
  Object.assign(hosts!["images"]!["debian-13"]!, { sha512: "0".repeat(128) });
  Object.assign(hosts!["hosts"]!["backup"]!, { also: ["power", "field"] });
  Object.assign(roles!["settings"]!, { power: { ups: "onduleur", driver: "usbhid-ups", port: "auto" } });
  const windows = { os: "windows", description: "Windows", url: null, fileName: "windows-10.qcow2" };
  Object.assign(hosts!["images"]!, { "windows-10": windows });
  Object.assign(hosts!["hosts"]!["pc2"]!, { image: "windows-10", disksGiB: [64] });
  const post = { edition: "Windows 10 Pro", language: "fr-FR", drive: "\\\\serveur\\partage" };
  Object.assign(roles!["settings"]!["workstation"]!, { windows: post });
  // An administrator with a key is in the most files, and so comes first.
  const { "elise.fontaine": elise, ...others } = people!["people"]!;
  people!["people"] = { "elise.fontaine": elise!, ...others };
  Object.assign(elise!, {
    sshKeys: ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl elise@portable"],
  });
  const { id, owner } = (flows!["flows"] as unknown as { id: string; owner: string }[])[0]!;
  Object.assign(flows!, {
    waivers: { accepted: { code: "POLICY_X", flow: id, owner, reason: "as agreed", expires: "2099-12-31" } },
  });
  return documents;
}

/** As they would lie in a folder. */
export const bytesOf = (documents: Documents): Map<string, Uint8Array> =>
  new Map(DOCUMENT_NAMES.map((name) => [`${name}.yaml`, Buffer.from(stringify(documents[name]))] as const));
