import { formatAddress, formatNetwork, networksOfRange } from "../../../src/core/ip.ts";
import type { Flow, Plan, ServiceTerm } from "../../../src/plan/types.ts";
import { readConfig } from "../../../src/pfsense/read/read-config.ts";
import type { PfConfig } from "../../../src/pfsense/model/config.ts";
import { meetOf, type Ranges } from "../../../src/policy/ranges.ts";
import { rangesOf, SELF, spaceOf } from "../../../src/policy/space.ts";

/*
 * A config.xml written the plain way: every row on every interface that its sources enter by, one rule a protocol, no
 * floating rules, no thought for elegance. The proof must hold of it as it holds of the emitter's.
 */

export interface Hand {
  /** Replacements in the finished text; each must be found. */
  readonly change?: Readonly<Record<string, string>>;
}

function handText(plan: Plan, routerId: string, hand: Hand = {}): string {
  const router = plan.hosts.get(routerId)!;
  const space = spaceOf(plan);
  const keyOf = new Map(router.nics.map((nic, i) => [nic.zone, i === 0 ? "wan" : i === 1 ? "lan" : `opt${i - 1}`]));
  const interfaces = router.nics.map((nic, i) => {
    const zone = plan.zones.get(nic.zone)!;
    const gateway = zone.kind === "wan" ? `<gateway>GW_${zone.id}</gateway>` : "";
    const key = keyOf.get(nic.zone)!;
    return `<${key}><enable/><if>vtnet${i}</if><descr>Z_${zone.id}</descr><ipaddr>${formatAddress(nic.address)}</ipaddr><subnet>${nic.prefix}</subnet>${gateway}</${key}>`;
  });
  const wans = router.nics.filter((nic) => plan.zones.get(nic.zone)?.kind === "wan");
  const gateways = wans.map((nic) => {
    const zone = plan.zones.get(nic.zone)!;
    return `<gateway_item><interface>${keyOf.get(zone.id)!}</interface><gateway>${formatAddress(zone.gateway!)}</gateway><name>GW_${zone.id}</name><ipprotocol>inet</ipprotocol></gateway_item>`;
  });
  const vips = router.nics.flatMap((nic) => {
    const zone = plan.zones.get(nic.zone)!;
    if (!zone.vip) return [];
    return [
      `<vip><mode>carp</mode><interface>${keyOf.get(zone.id)!}</interface><vhid>${zone.vip.vhid}</vhid><uniqid>u${zone.vip.vhid}</uniqid><type>single</type><subnet>${formatAddress(zone.vip.address)}</subnet><subnet_bits>${nic.prefix}</subnet_bits></vip>`,
    ];
  });
  const aliases = new Map<string, string>();
  const alias = (name: string, set: Ranges): string => {
    const entries = set.filter((r) => r.family === 4).flatMap(networksOfRange);
    aliases.set(name, entries.map(formatNetwork).join(" "));
    return name;
  };
  let tracker = 100;
  const rules = plan.flows.flatMap((flow) =>
    space.ingresses
      .filter((i) => i.id !== SELF)
      .flatMap((ingress) => {
        const from = meetOf(
          rangesOf(
            space,
            flow.from.filter((end) => end.kind !== "firewall"),
          ),
          ingress.enters,
        ).filter((r) => r.family === 4);
        const to = rangesOf(space, flow.to).filter((r) => r.family === 4);
        if (from.length === 0 || to.length === 0) return [];
        const source = alias(`from_${flow.id}_${ingress.id.replaceAll("-", "_")}`, from);
        const target = alias(`to_${flow.id}`, to);
        const terms = flow.services.flatMap((id) => plan.services.get(id)?.terms ?? []);
        return terms.flatMap((term) =>
          partsOf(term).map((part) => ruleText(flow, keyOf.get(ingress.id)!, source, target, part, ++tracker)),
        );
      }),
  );
  const keys = [...keyOf.values()].join(",");
  const floating = (type: string, rest: string): string =>
    `<rule><tracker>${++tracker}</tracker><type>${type}</type><interface>${keys}</interface><ipprotocol>inet</ipprotocol><floating>yes</floating><direction>out</direction><quick/>${rest}</rule>`;
  // What is forwarded carries a tag; the routers' own packets are judged on the way out.
  rules.unshift(
    floating(
      "pass",
      `<source><any/></source><destination><any/></destination><tagged>IN</tagged><descr>Forwarded</descr>`,
    ),
    ...plan.flows
      .filter((f) => f.from.some((end) => end.kind === "firewall" || end.kind === "any"))
      .flatMap((f) => {
        const target = alias(
          `to_${f.id}`,
          rangesOf(space, f.to).filter((r) => r.family === 4),
        );
        const terms = f.services.flatMap((id) => plan.services.get(id)?.terms ?? []);
        return terms
          .flatMap(partsOf)
          .map((part) =>
            floating(
              TYPES[f.action],
              `${part.protocol}${part.icmp}<source><network>(self)</network></source><destination><address>${target}</address>${part.port}</destination>${f.isLogged ? "<log/>" : ""}<descr>${f.id} out</descr>`,
            ),
          );
      }),
  );
  const inside = [...plan.zones.values()].filter((z) => z.kind === "inside").map((z) => z.subnet);
  const hidden = [...inside, ...[...plan.pools.values()].map((p) => p.network)];
  const outbound = wans.flatMap((nic) =>
    hidden.map(
      (net) =>
        `<rule><interface>${keyOf.get(nic.zone)!}</interface><source><network>${formatNetwork(net)}</network></source><destination><any/></destination><target>${formatAddress(plan.zones.get(nic.zone)!.vip!.address)}</target><target_subnet>32</target_subnet></rule>`,
    ),
  );
  const forwards = plan.forwards.flatMap((f) =>
    f.wans.flatMap((wan) =>
      (plan.services.get(f.service)?.terms ?? [])
        .flatMap(partsOf)
        .map(
          (part) =>
            `<rule><interface>${keyOf.get(wan)!}</interface><ipprotocol>inet</ipprotocol>${part.protocol}<source><any/></source><destination><address>${formatAddress(plan.zones.get(wan)!.vip!.address)}</address>${part.port}</destination><target>${formatAddress(plan.hosts.get(f.host)!.nics[0]!.address)}</target><local-port>${part.port.replace(/<\/?port>/g, "")}</local-port></rule>`,
        ),
    ),
  );
  const aliasXml = [...aliases].map(
    ([name, text]) => `<alias><name>${name}</name><type>network</type><address>${text}</address></alias>`,
  );
  let text = [
    `<?xml version="1.0"?>\n<pfsense>\n<version>24.0</version>`,
    `<system><hostname>${routerId}</hostname><disablenatreflection>yes</disablenatreflection><webgui><protocol>https</protocol><noantilockout/></webgui></system>`,
    `<interfaces>${interfaces.join("\n")}</interfaces>`,
    `<gateways>${gateways.join("\n")}<defaultgw4>GW_${wans[0]!.zone}</defaultgw4></gateways>`,
    `<virtualip>${vips.join("\n")}</virtualip>`,
    `<aliases>${aliasXml.join("\n")}</aliases>`,
    `<nat><outbound><mode>advanced</mode>${outbound.join("\n")}</outbound>${forwards.join("\n")}</nat>`,
    `<filter>${rules.join("\n")}</filter>`,
    `</pfsense>\n`,
  ].join("\n");
  for (const [find, put] of Object.entries(hand.change ?? {})) {
    if (!text.includes(find)) throw new Error(`${JSON.stringify(find)} is not in the file`);
    text = text.replace(find, () => put);
  }
  return text;
}

export function handConfig(plan: Plan, routerId: string, hand: Hand = {}): PfConfig {
  const read = readConfig(handText(plan, routerId, hand), { file: `${routerId}.xml` });
  if (!read.ok) throw new Error(JSON.stringify(read.errors));
  return read.value;
}

interface Part {
  readonly protocol: string;
  readonly port: string;
  readonly icmp: string;
}

function partsOf(term: ServiceTerm): readonly Part[] {
  switch (term.protocol) {
    case "any":
      return [{ protocol: "", port: "", icmp: "" }];
    case "icmp":
      return [{ protocol: "<protocol>icmp</protocol>", port: "", icmp: "<icmptype>echoreq</icmptype>" }];
    case "ip":
      return [{ protocol: `<protocol>${term.number === 240 ? "pfsync" : term.number}</protocol>`, port: "", icmp: "" }];
    default:
      return term.ports.map((p) => ({
        protocol: `<protocol>${term.protocol}</protocol>`,
        port: `<port>${p.lo === p.hi ? p.lo : `${p.lo}-${p.hi}`}</port>`,
        icmp: "",
      }));
  }
}

const TYPES = { allow: "pass", deny: "block", reject: "reject" } as const;

const ruleText = (flow: Flow, key: string, source: string, target: string, part: Part, tracker: number): string =>
  `<rule><tracker>${tracker}</tracker><type>${TYPES[flow.action]}</type><interface>${key}</interface><ipprotocol>inet</ipprotocol>${part.protocol}${part.icmp}<source><address>${source}</address></source><destination><address>${target}</address>${part.port}</destination>${flow.isLogged ? "<log/>" : ""}${flow.action === "allow" ? "<tag>IN</tag>" : ""}<descr>${flow.id}</descr></rule>`;
