import { inflateRawSync } from "node:zlib";
import { decodeBytes } from "./bytes.ts";
import { Findings } from "./findings.ts";
import { parseXml } from "./xml.ts";

export interface SshKeyFile {
  /** `ssh_host_ed25519_key` or another of sshd's. */
  readonly name: string;
  readonly content: string;
}

/** Others pfSense would write too, wherever their names lead. */
const HOST_KEY = /^ssh_host_[a-z0-9]+_key(\.pub)?$/;
/** No key is nearly as long. */
const LONGEST = 64 * 1024;

/**
 * The host keys that a file brings (`restore_sshdata`, `etc/inc/config.lib.inc`). They are no part of what is read of a file
 * (read-config.ts): nobody but the router itself needs them, and they are secrets.
 * @returns nothing of a file that is none; a key that cannot be inflated is left out, as pfSense makes that anew
 */
export function sshKeyFilesOf(bytes: Uint8Array): readonly SshKeyFile[] {
  const findings = new Findings("");
  const text = decodeBytes(bytes, findings);
  const root = text === undefined ? undefined : parseXml(text, findings);
  const files = root?.children.filter((c) => c.name === "sshdata").flatMap((c) => c.children) ?? [];
  return files.flatMap((file) => {
    const textOf = (name: string): string => file.children.find((c) => c.name === name)?.text.trim() ?? "";
    const name = textOf("filename");
    const content = HOST_KEY.test(name) ? inflated(textOf("xmldata")) : "";
    return content === "" ? [] : [{ name, content }];
  });
}

function inflated(data: string): string {
  try {
    return inflateRawSync(Buffer.from(data, "base64"), { maxOutputLength: LONGEST }).toString("utf8");
  } catch {
    return "";
  }
}
