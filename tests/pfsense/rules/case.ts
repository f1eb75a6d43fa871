import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";

import type { PfConfig } from "../../../src/pfsense/model/config.ts";
import { readConfig } from "../../../src/pfsense/read/read-config.ts";
import type { Circumstances } from "../../../src/pfsense/rules/types.ts";

type Fields = Readonly<Record<string, unknown>>;

/** A case as a network engineer reviews it: what stands in the file, which packets come, and what becomes of them. */
export interface Case {
  readonly title: string;
  /** The start of the configuration: one of `BASES`. */
  readonly base: keyof typeof BASES;
  /** Children of `system`, as XML. */
  readonly system?: string;
  /** Children of `<pfsense>`, as XML. */
  readonly xml?: string;
  /** Replacements in the base, `from: to`. */
  readonly change?: Readonly<Record<string, string>>;
  /** Filter rules in order, each element by its name; `source` and `destination` are `any` or their children. */
  readonly rules?: readonly Fields[];
  /** Children of `filter` besides the rules, as XML. */
  readonly filter?: string;
  /** Port forwards, likewise. */
  readonly forwards?: readonly Fields[];
  readonly circumstances?: Omit<Circumstances, "now"> & { readonly now?: string };
  /** `lan tcp 10.0.0.9:40000 > 203.0.113.5:443 => pass 100`; `?` after the rule: unsure; ICMP: `> … 8/0`. */
  readonly packets: readonly string[];
  /** Codes of the findings about the rules, in order of place. */
  readonly says?: readonly string[];
}

const WAN = `<wan><enable/><if>vtnet0</if><ipaddr>198.51.100.2</ipaddr><subnet>24</subnet><gateway>WANGW</gateway></wan>`;
const LAN = `<lan><enable/><if>vtnet1</if><ipaddr>10.0.0.1</ipaddr><subnet>24</subnet></lan>`;
const DMZ = `<opt1><enable/><if>vtnet2</if><descr>DMZ</descr><ipaddr>10.0.1.1</ipaddr><subnet>24</subnet></opt1>`;
const GATEWAYS = `<gateways><gateway_item><interface>wan</interface><gateway>198.51.100.1</gateway><name>WANGW</name>
<ipprotocol>inet</ipprotocol></gateway_item></gateways>`;
const V6 = (n: number): string => `<ipaddrv6>2001:db8:${n}::1</ipaddrv6><subnetv6>64</subnetv6>`;

/** Router with WAN 198.51.100.2/24 (gateway .1), LAN 10.0.0.1/24, and in `three-legs` DMZ (opt1) 10.0.1.1/24. */
export const BASES = {
  "two-legs": `<interfaces>${WAN}${LAN}</interfaces>${GATEWAYS}`,
  "three-legs": `<interfaces>${WAN}${LAN}${DMZ}</interfaces>${GATEWAYS}`,
  "three-legs-v6": `<interfaces>${WAN}${LAN.replace("</lan>", `${V6(0)}</lan>`)}${DMZ.replace("</opt1>", `${V6(1)}</opt1>`)}</interfaces>${GATEWAYS}`,
  "dhcp-wan": `<interfaces><wan><enable/><if>vtnet0</if><ipaddr>dhcp</ipaddr></wan>${LAN}</interfaces>`,
  "wan-only": `<interfaces>${WAN}</interfaces>${GATEWAYS}`,
} as const;

const DIRECTORY = join(import.meta.dirname, "../../cases/pfsense");

export function loadCases(): readonly (readonly [string, Case])[] {
  const names = readdirSync(DIRECTORY).filter((n) => n.endsWith(".yaml"));
  return names.sort().map((n) => [n, parse(readFileSync(join(DIRECTORY, n), "utf8")) as Case] as const);
}

export function xmlOf(c: Case): string {
  let base: string = BASES[c.base];
  for (const [from, to] of Object.entries(c.change ?? {})) base = base.replace(from, to);
  const rules = (c.rules ?? []).map((r) => `<rule>${elements(r)}</rule>`).join("\n");
  const forwards = (c.forwards ?? []).map((r) => `<rule>${elements(r)}</rule>`).join("\n");
  const nat = forwards === "" ? "" : `<nat>${forwards}</nat>`;
  // Stock configurations switch reflection off; a case that wants it on says so by `system: reflection`.
  const quiet = c.system?.includes("<!--reflection-->") ? "" : "<disablenatreflection>yes</disablenatreflection>";
  const system = `<system><hostname>r1</hostname><webgui><protocol>https</protocol></webgui>${quiet}${c.system ?? ""}</system>`;
  const merged = c.system?.includes("<webgui>")
    ? system.replace("<webgui><protocol>https</protocol></webgui>", "")
    : system;
  return `<?xml version="1.0"?>\n<pfsense>\n<version>24.0</version>${merged}${base}${c.xml ?? ""}${nat}<filter>${rules}${c.filter ?? ""}</filter></pfsense>\n`;
}

function elements(fields: Fields): string {
  return Object.entries(fields)
    .map(([name, value]) => {
      if (value === true) return `<${name}/>`;
      if (value === "any" && (name === "source" || name === "destination")) return `<${name}><any/></${name}>`;
      if (typeof value === "object" && value !== null) return `<${name}>${elements(value as Fields)}</${name}>`;
      return `<${name}>${String(value)}</${name}>`;
    })
    .join("");
}

export function configOf(c: Case): PfConfig {
  const read = readConfig(xmlOf(c), { file: "config.xml" });
  if (!read.ok) throw new Error(JSON.stringify(read.errors, null, 2));
  const surprises = read.warnings.filter((w) => !w.code.startsWith("PFSENSE_FLAG"));
  if (surprises.length > 0) throw new Error(JSON.stringify(surprises, null, 2));
  return read.value;
}

export function circumstancesOf(c: Case): Circumstances {
  const { now, ...rest } = c.circumstances ?? {};
  return now === undefined ? rest : { ...rest, now: new Date(now) };
}

const LINE = /^(\S+) (\S+) (\S+) > (\S+)(?: (\d+)\/(\d+))? => (pass|block|reject) (\S+?)(\?)?$/;

/** A packet line as JSON for the decider, and what is expected of it. */
export function packetOf(text: string): { json: string; verdict: string; rule: string; isUnsure: boolean } {
  const m = LINE.exec(text);
  if (!m) throw new Error(`not a packet line: ${text}`);
  const [, place, proto, from, to, type, code, verdict, rule, unsure] = m;
  const end = (t: string): { ip: string; port: number | undefined } => {
    const six = /^\[(.+)\](?::(\d+))?$/.exec(t);
    const four = /^([^:]+)(?::(\d+))?$/.exec(t);
    const [, ip, port] = six ?? four ?? ["", t, undefined];
    return { ip: ip, port: port === undefined ? undefined : Number(port) };
  };
  const [src, dst] = [end(from!), end(to!)];
  const icmp = type === undefined ? {} : { type: Number(type), code: Number(code) };
  const packet = { in: place, proto, src: src.ip, dst: dst.ip, sport: src.port, dport: dst.port, ...icmp };
  return { json: JSON.stringify(packet), verdict: verdict!, rule: rule!, isUnsure: unsure !== undefined };
}
