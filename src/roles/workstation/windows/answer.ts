import { formatAddress } from "../../../core/ip.ts";
import { escapeMarkup } from "../../../core/markup.ts";
import { secret } from "../../../core/secret-place.ts";
import type { Text } from "../../../core/text.ts";
import { bastionOf } from "../../../plan/query.ts";
import type { Host, Nic, Plan } from "../../../plan/types.ts";
import type { Fill } from "../../template.ts";
import { settings } from "../settings.ts";

/*
 * The CD by which Windows Setup asks nobody anything: its answer file, and what the first logon needs to let the steps in.
 * Rendered and checked here; no Windows has read it.
 */

export const ANSWER_TEMPLATES = ["autounattend.xml", "first.ps1", "sshd_config"] as const;

/** The account that Setup makes: an administrator of this host alone, as whom the steps come in. */
const ACCOUNT = "maquette";
const FIRST = "first.ps1";

/** Windows' names of IANA's zones (CLDR, windowsZones.xml), of those that speak French; another zone is left to Setup. */
const ZONES: Readonly<Record<string, string>> = {
  "America/Cayenne": "SA Eastern Standard Time",
  "America/Guadeloupe": "SA Western Standard Time",
  "America/Martinique": "SA Western Standard Time",
  "America/Miquelon": "Saint Pierre Standard Time",
  "Europe/Brussels": "Romance Standard Time",
  "Europe/Luxembourg": "W. Europe Standard Time",
  "Europe/Paris": "Romance Standard Time",
  "Europe/Zurich": "W. Europe Standard Time",
  "Indian/Mayotte": "E. Africa Standard Time",
  "Indian/Reunion": "Mauritius Standard Time",
  "Pacific/Noumea": "Central Pacific Standard Time",
  "Pacific/Tahiti": "Hawaiian Standard Time",
  UTC: "UTC",
};

/** What a CD may be called by Windows PE beside Setup's own, and what of virtio-win is needed to see disk and network. */
const LETTERS = ["D", "E", "F", "G"];
const DRIVERS = ["vioscsi", "NetKVM"].map((driver) => `${driver}\\w10\\amd64`);

const element = (name: string, text: string, attributes = ""): string =>
  `<${name}${attributes}>${escapeMarkup(text)}</${name}>`;
const added = (key: number): string => ` wcm:action="add" wcm:keyValue="${key}"`;
const indented = (spaces: number, lines: readonly string[]): string =>
  lines.map((line) => " ".repeat(spaces) + line).join("\n");

/**
 * Files of the CD by name.
 * @param fill of templates/seed
 * @param mac as the hypervisor gives the NIC
 */
export function answerFiles(plan: Plan, host: Host, fill: Fill, mac: (nic: Nic) => string): ReadonlyMap<string, Text> {
  // Not by settingsOf, which knows what a role is, and roles know of seeds.
  const told = settings.parse(plan.settings.get("workstation")?.values ?? {}).windows;
  const password = secret("password", `windows/${host.id}`, "xml");
  const zone = ZONES[plan.domain.timezone];
  const bastion = bastionOf(plan);
  return new Map<string, Text>([
    [
      "autounattend.xml",
      fill("autounattend.xml", {
        language: escapeMarkup(told.language),
        edition: escapeMarkup(told.edition),
        owner: escapeMarkup(plan.domain.netbios),
        computer: host.id.toUpperCase(),
        timezone: zone === undefined ? "" : indented(6, [element("TimeZone", zone)]),
        drivers: indented(8, driverPaths()),
        interfaces: indented(
          8,
          host.nics.flatMap((nic, n) => interfaceOf(plan, nic, identifier(mac(nic)), n === 0)),
        ),
        identifier: identifier(mac(host.nics[0]!)),
        domain: escapeMarkup(plan.domain.name),
        resolvers: indented(
          12,
          plan.domain.dns.map((address, n) => element("IpAddress", formatAddress(address), added(n + 1))),
        ),
        account: ACCOUNT,
        password,
        command: escapeMarkup(firstCommand()),
      }),
    ],
    // Nobody comes in where a plan has no way in.
    [FIRST, fill(FIRST, { bastion: bastion === undefined ? "127.0.0.1" : formatAddress(bastion.nics[0]!.address) })],
    ["sshd_config", fill("sshd_config", { account: ACCOUNT })],
    ["administrators_authorized_keys", [secret("ssh-public", "provisioner"), "\n"]],
    ["ssh_host_ed25519_key", [secret("ssh-private", `host/${host.id}`)]],
    ["ssh_host_ed25519_key.pub", [secret("ssh-public", `host/${host.id}`), "\n"]],
  ]);
}

/** As Windows writes a MAC, which names an interface to its Setup. */
const identifier = (mac: string): string => mac.replaceAll(":", "-").toUpperCase();

const driverPaths = (): readonly string[] =>
  LETTERS.flatMap((letter) => DRIVERS.map((driver) => `${letter}:\\${driver}`)).map(
    (path, n) => `<PathAndCredentials${added(n + 1)}>${element("Path", path)}</PathAndCredentials>`,
  );

/** In the order of elements that the reference asks for. */
function interfaceOf(plan: Plan, nic: Nic, name: string, isFirst: boolean): readonly string[] {
  const { gateway } = plan.zones.get(nic.zone)!;
  const addresses = [nic.address, ...nic.aliases].map((a) => `${formatAddress(a)}/${nic.prefix}`);
  const has4 = [nic.address, ...nic.aliases].some((a) => a.family === 4);
  const route =
    isFirst && gateway !== null
      ? [
          "  <Routes>",
          '    <Route wcm:action="add">',
          `      ${element("Identifier", "1")}`,
          `      ${element("NextHopAddress", formatAddress(gateway))}`,
          `      ${element("Prefix", gateway.family === 4 ? "0.0.0.0/0" : "::/0")}`,
          "    </Route>",
          "  </Routes>",
        ]
      : [];
  return [
    '<Interface wcm:action="add">',
    ...(has4 ? [`  <Ipv4Settings>${element("DhcpEnabled", "false")}</Ipv4Settings>`] : []),
    `  ${element("Identifier", name)}`,
    "  <UnicastIpAddresses>",
    ...addresses.map((address, n) => `    ${element("IpAddress", address, added(n + 1))}`),
    "  </UnicastIpAddresses>",
    ...route,
    "</Interface>",
  ];
}

/** It is found by its letter, which is Windows' to give. */
const firstCommand = (): string =>
  `cmd.exe /c for %d in (${LETTERS.join(" ")}) do if exist %d:\\${FIRST} powershell.exe -NoProfile -ExecutionPolicy Bypass -File %d:\\${FIRST}`;
