import { createHash } from "node:crypto";
import { stringify } from "yaml";
import { formatAddress } from "../core/ip.ts";
import { secret } from "../core/secret-place.ts";
import type { Text } from "../core/text.ts";
import { emitConfig } from "../pfsense/emit/index.ts";
import { fqdnOf } from "../plan/query.ts";
import type { Host, Nic, Plan } from "../plan/types.ts";
import { fillTemplate, type Fill } from "./template.ts";
import { ANSWER_TEMPLATES, answerFiles } from "./workstation/windows/answer.ts";

/** A CD that a guest reads at its first boot: volume label, and files with places where secrets go. */
export interface Seed {
  /** `cidata` is what cloud-init's NoCloud source looks for; pfSense reads any label. */
  readonly label: string;
  /** Changes when the guest is to be elsewhere; empty for a router, which has its own way to another configuration, and for Windows, which has none. */
  readonly network: string;
  readonly files: ReadonlyMap<string, Text>;
  /** The CA that signs what the files ask of the vault. */
  readonly authority: AuthorityRequest;
  readonly certificates: Readonly<Record<string, CertificateRequest>>;
}

/** What the lab's CA is asked to be, as the vault takes it. */
export interface AuthorityRequest {
  readonly commonName: string;
  readonly years: number;
  readonly crlDays: number;
}

/** What a certificate is for, as the vault takes it: names are DNS names and addresses. */
export interface CertificateRequest {
  readonly commonName: string;
  readonly names: readonly string[];
  readonly usage: "server" | "client";
  readonly days: number;
  /** That it is on the revocation list from its first moment on: what shows that somebody goes by the list. */
  readonly isRevoked?: true | undefined;
}

/** How the hypervisor attaches a host's NICs in this copy of the lab. */
export interface SeedNaming {
  readonly mac: (nic: Nic) => string;
  /** The second door of the bastion on a real Proxmox, or null. */
  readonly operator: { readonly cidr: string; readonly mac: string } | null;
}

/** Texts of `templates/seed/` by file name. */
export type SeedTemplates = ReadonlyMap<string, string>;

export const seedTemplateNames = ["user-data", "meta-data", ...ANSWER_TEMPLATES] as const;

/**
 * Renders a host's seed: NoCloud's three files (cloud-init docs, "NoCloud"), network configuration version 2, NICs
 * matched by MAC so that their order of appearance does not matter; for a router the CD of its configuration, for Windows
 * that of its answer file.
 */
export function renderSeed(plan: Plan, host: Host, templates: SeedTemplates, naming: SeedNaming): Seed {
  const fill = ((name: string, values: Readonly<Record<string, string>>) =>
    fillTemplate(`templates/seed/${name}`, templates.get(name) ?? "", values)) as Fill;
  const domain = plan.domain.name;
  const authority = authorityOf(plan);
  const { os } = plan.images.get(host.image)!;
  // What Windows Setup looks for at the root of every CD, and reads once: another address is another installation.
  if (os === "windows")
    return {
      label: "unattend",
      network: "",
      files: answerFiles(plan, host, fill, naming.mac),
      authority,
      certificates: {},
    };
  if (os === "pfsense") {
    // What pfSense's External Configuration Locator reads from a CD at boot (etc/rc.ecl).
    const files = new Map([["config.xml", emitConfig(plan, host.id, {})]]);
    return { label: "config", network: "", files, authority, certificates: { [host.id]: guiCertificate(plan, host) } };
  }
  const network = networkDigest(plan, host, naming);
  return {
    authority,
    certificates: {},
    label: "cidata",
    network,
    files: new Map([
      [
        "user-data",
        fill("user-data", {
          host: host.id,
          domain,
          timezone: plan.domain.timezone,
          provisionerKey: secret("ssh-public", "provisioner", "json"),
          hostKey: secret("ssh-private", `host/${host.id}`, "json"),
          hostPublicKey: secret("ssh-public", `host/${host.id}`, "json"),
        }),
      ],
      // Another instance to cloud-init where the network is another: it sets that up once for each (NoCloud).
      ["meta-data", fill("meta-data", { host: host.id, instance: `${plan.name}-${host.id}-${network}` })],
      ["network-config", networkConfig(plan, host, naming)],
    ]),
  };
}

/** Of where the host is; whom it asks for names is brought to it by its roles. */
function networkDigest({ zones }: Plan, { nics, isOutside }: Host, naming: SeedNaming): string {
  const legs = nics.map((nic) => {
    const gateway = zones.get(nic.zone)!.gateway;
    const addresses = [nic.address, ...nic.aliases].map((a) => `${formatAddress(a)}/${nic.prefix}`);
    return [naming.mac(nic), addresses, gateway === null ? null : formatAddress(gateway)];
  });
  return createHash("sha256")
    .update(JSON.stringify([legs, naming.operator, isOutside]))
    .digest("hex")
    .slice(0, 12);
}

/** The lab's CA. */
export const authorityOf = ({ authority: { name, years, crlDays } }: Plan): AuthorityRequest => ({
  commonName: name,
  years,
  crlDays,
});

function networkConfig(plan: Plan, host: Host, naming: SeedNaming): string {
  const ethernets = host.nics.map((nic, position) => {
    const zone = plan.zones.get(nic.zone)!;
    // One default route: the first NIC's zone has it, unless the host is itself that gateway.
    const isGateway =
      zone.gateway !== null && [nic.address, ...nic.aliases].some((a) => a.value === zone.gateway!.value);
    const routes =
      position === 0 && zone.gateway !== null && !isGateway
        ? // A network, not the word "default": of cloud-init's renderers only netplan's takes that.
          [{ to: zone.gateway.family === 4 ? "0.0.0.0/0" : "::/0", via: formatAddress(zone.gateway) }]
        : [];
    // Outside the firewall nobody asks the domain's servers.
    const servers = host.isOutside ? plan.domain.forwarders : plan.domain.dns;
    return [
      nic.zone,
      {
        match: { macaddress: naming.mac(nic).toLowerCase() },
        "set-name": `eth${position}`,
        addresses: [nic.address, ...nic.aliases].map((a) => `${formatAddress(a)}/${nic.prefix}`),
        ...(routes.length > 0 ? { routes } : {}),
        ...(position === 0
          ? { nameservers: { addresses: servers.map(formatAddress), search: [plan.domain.name] } }
          : {}),
      },
    ] as const;
  });
  const door = naming.operator;
  // No route and no resolver by this leg: the bastion does not forward, and answers on it alone.
  const doors = door
    ? {
        operator: {
          match: { macaddress: door.mac.toLowerCase() },
          "set-name": `eth${host.nics.length}`,
          addresses: [door.cidr],
        },
      }
    : {};
  return stringify({ version: 2, ethernets: { ...Object.fromEntries(ethernets), ...doors } });
}

/** The web console's certificate: its names are the router's own and its addresses inside, which never face an operator. */
function guiCertificate(plan: Plan, host: Host): CertificateRequest {
  const fqdn = fqdnOf(plan, host);
  const inside = host.nics.filter((n) => plan.zones.get(n.zone)!.kind === "inside");
  return {
    commonName: fqdn,
    names: [fqdn, host.id, ...inside.map((n) => formatAddress(n.address))],
    usage: "server",
    days: plan.authority.certificateDays,
  };
}
