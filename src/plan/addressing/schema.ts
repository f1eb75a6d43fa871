import * as z from "zod";
import { isHostOrAddress } from "../../core/ip.ts";
import { address, id, judged, line, names, network, reference, whole } from "../scalars.ts";

const timezone = judged((value) => {
  // Asking Intl costs as much as all other checks of a plan together: the usual answers go without.
  if (["Europe/Paris", "UTC"].includes(value)) return undefined;
  // The list of the running Node; pfSense and Debian use the same tz database.
  try {
    new Intl.DateTimeFormat("en", { timeZone: value });
    return undefined;
  } catch {
    return { code: "PLAN_BAD_VALUE", fact: `"${value}" is not a time zone`, hint: "Write it as Europe/Paris" };
  }
}).register(z.globalRegistry, { description: "Time zone of every machine", examples: ["Europe/Paris"] });

const dnsName = judged((value) =>
  /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)+$/.test(value)
    ? undefined
    : {
        code: "PLAN_BAD_VALUE",
        fact: `"${value}" is not a domain name of two labels or more`,
        hint: "Write it in lower case, as cod.test",
      },
).register(z.globalRegistry, {
  description: "DNS name of the Active Directory domain; the Kerberos realm is the same in capitals",
});

// A word of chrony's and of the routers' configuration: nothing else may stand on its line.
const timeServer = judged((value) =>
  isHostOrAddress(value)
    ? undefined
    : {
        code: "PLAN_BAD_VALUE",
        fact: `${JSON.stringify(value)} is neither a host name nor an address`,
        hint: "Write it as pool.ntp.org or 192.0.2.53",
      },
);

const domain = z
  .strictObject({
    name: dnsName,
    // Active Directory's own limit: 15 characters.
    netbios: z
      .string()
      .regex(/^[A-Z][A-Z0-9-]{0,14}$/)
      .register(z.globalRegistry, {
        description: "NetBIOS name of the domain: at most 15 capitals, digits and hyphens",
      }),
    dns: names("Hosts that answer DNS inside, in order: the domain controllers", "host"),
    forwarders: z
      .array(address("Address of a resolver outside"))
      .min(1)
      .register(z.globalRegistry, { description: "Resolvers outside, that domain controllers and routers forward to" }),
    ntp: z
      .array(timeServer)
      .min(1)
      .register(z.globalRegistry, { description: "Time servers outside, by name or address" }),
    timezone,
  })
  .register(z.globalRegistry, { description: "The Active Directory domain, and the name and time services around it" });

const authority = z
  .strictObject({
    // X.520 (RFC 5280, appendix A.1, ub-common-name).
    name: line("Common name of the authority's certificate, at most 64 characters", 64).optional(),
    years: whole(1, 30, "Life of the authority in years of 365 days").optional(),
    certificateDays: whole(7, 3650, "Life of a certificate in days; renewed when a third of it is left").optional(),
    crlDays: whole(7, 3650, "Life of the revocation list in days; renewed when half of it is left").optional(),
  })
  .register(z.globalRegistry, {
    description: "The lab's certificate authority; what is left out has the values of docs/plan.md",
  });

const zone = z
  .strictObject({
    kind: z.enum(["wan", "inside", "sync", "outside"]).register(z.globalRegistry, {
      description:
        "wan: an operator's access; inside: behind the routers; sync: the routers' own link; outside: beyond the operators",
    }),
    description: line("What lives here"),
    vlan: whole(1, 4094, "802.1Q tag of copy 0; a copy of the lab adds its offset"),
    subnet: network("Network in CIDR form, without host bits"),
    gateway: address("Default gateway; in an inside zone leave it out: it is the VIP").optional(),
    vip: z
      .strictObject({
        address: address("CARP address that the routers share"),
        vhid: whole(1, 255, "CARP virtual host id, unique in the lab"),
      })
      .register(z.globalRegistry, { description: "Address that the routers share (CARP)" })
      .optional(),
    dhcp: z
      .strictObject({
        from: address("First address that is leased"),
        to: address("Last address that is leased"),
        leaseSeconds: whole(60, 604_800, "Length of a lease in seconds"),
      })
      .register(z.globalRegistry, { description: "Range of addresses that the routers lease" })
      .optional(),
    wan: z
      .strictObject({
        monitor: address("Address that gateway monitoring pings: beyond the operator's router, one for each WAN"),
        tier: whole(1, 5, "Order of preference, 1 first"),
        downKbps: whole(1, 100_000_000, "Downstream rate in kbit/s"),
        upKbps: whole(1, 100_000_000, "Upstream rate in kbit/s"),
      })
      .register(z.globalRegistry, { description: "What only a WAN has" })
      .optional(),
  })
  .register(z.globalRegistry, { description: "A network segment" });

const pool = z
  .strictObject({
    description: line("Who gets these addresses"),
    network: network("Network in CIDR form, without host bits, outside every zone"),
    via: reference("Host through which the pool is reached", "host"),
  })
  .register(z.globalRegistry, { description: "Addresses behind a host, such as the VPN's clients" });

export const addressing = z
  .strictObject({
    name: id().register(z.globalRegistry, {
      description: "Name of the lab, and of its pool on Proxmox: lower-case letters, digits, hyphens",
    }),
    kind: z
      .enum(["lab", "site"])
      .register(z.globalRegistry, {
        description:
          "lab, if left out: the customer's mock-up, with all its rights and needs; site: one firewall as it stands, as import writes it",
      })
      .optional(),
    domain,
    authority: authority.optional(),
    zones: z.record(id(), zone).register(z.globalRegistry, { description: "Zones by name" }),
    pools: z.record(id(), pool).register(z.globalRegistry, { description: "Address pools by name" }).optional(),
  })
  .register(z.globalRegistry, {
    title: "Addressing plan",
    description: "Zones, VLANs, subnets, gateways, VIPs, DNS, DHCP ranges, WANs, and the lab's certificate authority",
  });

export type AddressingDocument = z.infer<typeof addressing>;
export type ZoneEntry = z.infer<typeof zone>;
