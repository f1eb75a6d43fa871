import { Fault } from "../core/fault.ts";
import { parseNetwork } from "../core/ip.ts";
import type { Circumstances } from "../pfsense/rules/types.ts";

/**
 * What a config.xml does not hold and its reader was told on the command line: `--addresses` and `--now`. Nothing is
 * taken from this machine: a verdict must not depend on the hour in which it was asked for.
 * @throws Fault CLI_USAGE
 */
export const circumstancesOf = (values: Readonly<Record<string, unknown>>): Circumstances => ({
  ...addressesOf(values["addresses"]),
  ...nowOf(values["now"]),
});

/** `wan=203.0.113.9/24,opt1=…`: addresses that interfaces have by DHCP or PPPoE. */
function addressesOf(text: unknown): Circumstances {
  if (typeof text !== "string") return {};
  const addresses: Record<string, readonly string[]> = {};
  for (const part of text.split(",")) {
    const [key = "", address = ""] = part.split("=");
    if (key === "" || !parseNetwork(address)) {
      const hint = "Write interface keys and addresses with prefixes: --addresses wan=203.0.113.9/24,opt1=10.8.0.1/24";
      throw new Fault("CLI_USAGE", `"${part}" is not an interface and its address.`, hint);
    }
    addresses[key] = [...(addresses[key] ?? []), address];
  }
  return { addresses };
}

/** ISO 8601; without a zone this machine's, as a person who writes it means it. */
function nowOf(text: unknown): Circumstances {
  if (typeof text !== "string") return {};
  const now = new Date(text);
  if (/^\d{4}-\d{2}-\d{2}/.test(text) && !Number.isNaN(now.getTime())) return { now };
  throw new Fault("CLI_USAGE", `--now is "${text}".`, "Write a day and an hour: 2026-11-29T20:00");
}
