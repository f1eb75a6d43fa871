import type { PfConfig } from "../../../pfsense/model/config.ts";

/**
 * The text of an element that the model keeps without a field of its own, such as `gateways.gateway_item[0].interval`;
 * undefined when the file has none. An element that is there and empty is the empty text.
 */
export function keptText(config: PfConfig, path: string): string | undefined {
  const found = config.kept.find((k) => k.path === path);
  if (!found) return undefined;
  const inner = /^<[^>]*>([^<]*)</.exec(found.text)?.[1] ?? "";
  return inner.replace(/&(lt|gt|quot|apos|amp);/g, (_, name: string) => ENTITIES[name] ?? "").trim();
}

const ENTITIES: Readonly<Record<string, string>> = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" };

/** The same as a whole number of at least `least`; undefined for anything else. */
export function keptNumber(config: PfConfig, path: string, least = 0): number | undefined {
  const text = keptText(config, path);
  return text !== undefined && /^\d{1,9}$/.test(text) && Number(text) >= least ? Number(text) : undefined;
}
