import { formatAddress, formatNetwork, isHostOrAddress, parseAddress, type Address } from "../../core/ip.ts";
import { Ends } from "./ends.ts";
import type { ForwardDraft } from "./forwards.ts";
import { slug } from "./names.ts";
import { oneLine, type Notes } from "./notes.ts";
import type { Row, Section } from "./order.ts";
import { Services } from "./services.ts";
import type { Site } from "./site.ts";
import { textOf, type Sheet } from "./yaml.ts";
import { zoneEntry } from "./zones.ts";

type Comments = NonNullable<Sheet["comments"]>[number][];

/** The six documents of the plan, by file name. */
export function documentsOf(
  site: Site,
  name: string,
  rows: readonly Row[],
  forwards: readonly ForwardDraft[],
  notes: Notes,
): ReadonlyMap<string, string> {
  const file = site.config.file.split(/[\\/]/).at(-1) ?? "config.xml";
  const services = new Services();
  const flows = flowsSheet(site, rows, forwards, services, file);
  const sheets: readonly Sheet[] = [
    addressingSheet(site, name, file, notes),
    hostsSheet(site, file),
    servicesSheet(services, file),
    flows,
    peopleSheet(file),
    coverageSheet(file),
  ];
  return new Map(sheets.map((s) => [`${s.schema}.yaml`, textOf(s)]));
}

function addressingSheet(site: Site, name: string, file: string, notes: Notes): Sheet {
  const { system } = site.config;
  const comments: Comments = [];
  const addresses = system.dnsServers.flatMap((text) => (parseAddress(text) ? [text] : []));
  const domain = domainName(system.domain);
  const zone = timezoneOf(system.timezone);
  const assume = (path: string, fact: string): void => {
    comments.push([["domain", path], [fact]]);
    notes.told("IMPORT_ASSUMED", undefined, `system.${path}`, fact, "Change it in addressing.yaml.");
  };
  if (addresses.length === 0) assume("forwarders", "The file names no DNS server: pfSense resolves by itself.");
  const timeServers = [...new Set(system.timeServers)].filter(isHostOrAddress);
  if (timeServers.length === 0) assume("ntp", "The file names no time server.");
  else if (timeServers.length < new Set(system.timeServers).size)
    assume("ntp", "Some of the file's time servers have neither a host's name nor an address.");
  if (zone !== system.timezone) assume("timezone", instead(system.timezone));
  if (domain !== system.domain) assume("name", instead(system.domain));
  const zones: Record<string, unknown> = {};
  for (const leg of site.legs) {
    const { value, comment } = zoneEntry(site, leg, notes);
    zones[leg.zone] = value;
    comments.push([["zones", leg.zone], comment]);
  }
  const pools: Record<string, unknown> = {};
  for (const p of site.pools) {
    pools[p.id] = { description: p.description, network: formatNetwork(p.network), via: p.via.id };
    comments.push([["pools", p.id], [p.origin]]);
  }
  return {
    schema: "addressing",
    head: [`Imported from ${file}: interfaces, virtual IPs, DHCP ranges, networks behind other routers.`],
    value: {
      name,
      kind: "site",
      domain: {
        name: domain,
        netbios: netbiosOf(domain),
        dns: [site.routerId],
        forwarders: addresses.length > 0 ? [...new Set(addresses)] : ["127.0.0.1"],
        ntp: timeServers.length > 0 ? timeServers : ["pool.ntp.org"],
        timezone: zone,
      },
      zones,
      ...(site.pools.length > 0 ? { pools } : {}),
    },
    comments,
  };
}

const instead = (text: string | undefined): string =>
  text === undefined ? "The file names none." : `The file has "${oneLine(text, 60)}".`;

const domainName = (text: string | undefined): string => {
  const labels = (text ?? "")
    .toLowerCase()
    .split(".")
    .map((l) =>
      l
        .replace(/[^a-z0-9-]+/g, "-")
        .replace(/^-+|-+$/g, "")
        .slice(0, 63),
    );
  const name = labels.filter((l) => l !== "").join(".");
  return name.includes(".") && name.length <= 253 ? name : `${name === "" ? "site" : name.slice(0, 60)}.internal`;
};

const netbiosOf = (domain: string): string => {
  const label = domain
    .split(".")[0]!
    .toUpperCase()
    .replace(/^[^A-Z]+/, "")
    .slice(0, 15)
    .replace(/-+$/, "");
  return label === "" ? "SITE" : label;
};

function timezoneOf(text: string | undefined): string {
  try {
    new Intl.DateTimeFormat("en", { timeZone: text ?? "" });
    return text ?? "UTC";
  } catch {
    return "UTC";
  }
}

const SIZES = { cores: 1, memoryMiB: 1024, disksGiB: [16] };

function hostsSheet(site: Site, file: string): Sheet {
  const comments: Comments = [];
  const nic = (zone: string, address: Address, aliases: readonly Address[]): Record<string, unknown> => ({
    zone,
    address: formatAddress(address),
    ...(aliases.length > 0 ? { aliases: aliases.map(formatAddress) } : {}),
  });
  const hosts: Record<string, unknown> = {
    [site.routerId]: {
      number: 1,
      role: "router",
      description: `Firewall ${oneLine(site.config.system.hostname ?? "", 60)}`.trim(),
      nics: site.legs.map((l) => nic(l.zone, l.address, l.aliases)),
      ...SIZES,
      image: "pfsense",
      start: { order: 1, delaySeconds: 0 },
    },
  };
  site.hosts.all.forEach((h, n) => {
    hosts[h.id] = {
      number: n + 2,
      role: "workstation",
      description: h.description,
      nics: [nic(h.leg.zone, h.address, [])],
      ...SIZES,
      image: "machine",
      start: { order: 2, delaySeconds: 0 },
    };
    comments.push([["hosts", h.id], [h.origin]]);
  });
  const image = (os: string, description: string, fileName: string): Record<string, unknown> => ({
    os,
    description,
    url: null,
    fileName,
  });
  return {
    schema: "hosts",
    head: [
      `Imported from ${file}: the firewall, and the machines that its rules, forwards and routes name.`,
      "What machines do, their sizes and images are not in the file: the values here stand in for them.",
    ],
    value: {
      images: {
        pfsense: image("pfsense", "pfSense CE", "pfsense.qcow2"),
        ...(site.hosts.all.length > 0 ? { machine: image("debian", "Any machine of the site", "machine.qcow2") } : {}),
      },
      hosts,
    },
    comments,
  };
}

const servicesSheet = (services: Services, file: string): Sheet => ({
  schema: "services",
  head: [`Imported from ${file}: protocols and ports of rules and forwards; port aliases keep their names.`],
  value: {
    services: Object.fromEntries(services.all.map((s) => [s.id, { description: s.description, terms: s.terms }])),
  },
});

const SECTIONS: Readonly<Record<Section, string>> = {
  1: "To the firewall",
  2: "From the firewall",
  3: "Protection of the firewall",
  4: "Business flows",
  5: "Noise",
  6: "The rest",
};

function flowsSheet(
  site: Site,
  rows: readonly Row[],
  forwards: readonly ForwardDraft[],
  services: Services,
  file: string,
): Sheet {
  const ends = new Ends(site);
  const comments: Comments = [];
  const ids = rowIds(rows.map((r) => r.section));
  const flows = rows.map((row, n) => {
    const isFirst = rows[n - 1]?.section !== row.section;
    const title = isFirst ? [`── ${row.section}. ${SECTIONS[row.section]} ${"─".repeat(60)}`] : [];
    comments.push([
      ["flows", n],
      [...title, ...row.origins],
    ]);
    return {
      id: ids[n]!,
      section: row.section,
      from: ends.words(row.from, row.calledFrom),
      to: ends.words(row.to, row.calledTo),
      services: [services.idOf(row.terms, row.calledService)],
      action: row.action,
      log: row.isLogged,
      owner: "site",
      description: row.description,
    };
  });
  const opened: Record<string, unknown> = {};
  for (const f of forwards) {
    opened[f.id] = {
      wans: f.wans,
      service: services.idOf(f.terms, f.calledService),
      host: f.host.id,
      description: f.description,
    };
    comments.push([["forwards", f.id], f.origins]);
  }
  const groups = Object.fromEntries(ends.groups.map((g) => [g.id, { description: g.description, members: g.members }]));
  return {
    schema: "flows",
    head: [
      `Imported from ${file}: its rules in the order in which pf meets them. Above each row stands where it came from.`,
      "Sources are those of the interface that a rule is on. Sections are guessed by where a row leads (DAT-NT-006).",
    ],
    value: {
      ...(ends.groups.length > 0 ? { groups } : {}),
      flows,
      ...(forwards.length > 0 ? { forwards: opened } : {}),
    },
    comments,
  };
}

/** The section, then a number; where a section has more rows than that, numbers that no section begins with. */
function rowIds(sections: readonly Section[]): readonly string[] {
  const counts = new Map<Section, number>();
  for (const s of sections) counts.set(s, (counts.get(s) ?? 0) + 1);
  const next = new Map<Section, number>();
  let spare = 7000;
  return sections.map((s) => {
    const n = (next.get(s) ?? 0) + 1;
    next.set(s, n);
    if (n > 999) return `F${spare++}`;
    return `F${s}${String(n).padStart(counts.get(s)! > 99 ? 3 : 2, "0")}`;
  });
}

const peopleSheet = (file: string): Sheet => ({
  schema: "people",
  head: [`${file} says nothing about people. One department answers for all rows until they are shared out.`],
  value: { departments: { site: { name: "The firewall's owner" } }, groups: {}, people: {} },
});

const coverageSheet = (file: string): Sheet => ({
  schema: "coverage",
  head: [`${file} says nothing about needs. State what the firewall is for, and which rows answer it.`],
  value: { needs: {}, objectives: {} },
});

/** A name for the plan of a firewall. */
export const planName = (site: Site): string => slug(site.config.system.hostname ?? "") || "site";
