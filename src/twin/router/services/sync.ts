import { formatAddress } from "../../../core/ip.ts";
import { allAddresses, addressesOf, gap } from "./types.ts";
import type { Gap, Service, ServiceInput } from "./types.ts";

/** pfsync's own port has none: conntrackd's, as its manual has it. */
const PORT = 3780;

/**
 * pfsync's stand-in: conntrackd in mode FTFW, states put into the kernel of the other router as they come (as pfsync
 * does), so that whichever router holds an address carries the flow on without a word to anyone.
 */
export function stateSync(input: ServiceInput): Service {
  const { config, interfaces } = input;
  const ha = config.haSync;
  const gaps: Gap[] = [];
  const on = interfaces.find((i) => i.key === ha?.pfsyncInterface);
  const [own] = on ? addressesOf(input, on.key) : [];
  const peer = ha?.pfsyncPeer;
  const isAsked = ha?.isPfsyncEnabled ?? false;
  const isWanted = isAsked && own !== undefined;
  if (isAsked) {
    gaps.push(
      gap("hasync.pfsyncenabled", "states travel by conntrackd, not by pfsync: a real pfSense would not understand"),
    );
    if (own === undefined)
      gaps.push(gap("hasync.pfsyncinterface", "it names no interface with an address: no states are sent"));
  }
  if (ha?.synchronizeTo !== undefined)
    gaps.push(gap("hasync.synchronizetoip", "the configuration is not sent to the other router (XMLRPC)"));
  // What the routers themselves say is of no use to the other one, and must not come back to life there.
  const ignored = [...new Set(["127.0.0.1", ...interfaces.flatMap(allAddresses)])].filter((a) => !isVip(input, a));
  const to = peer === undefined || peer === "" ? multicast(own) : unicast(own, peer);
  const lines = [
    "# Written from config.xml by the router's firmware; changes are lost.",
    "Sync {",
    "  Mode FTFW {",
    "    ResendQueueSize 131072",
    "    ACKWindowSize 300",
    "    DisableExternalCache on",
    "  }",
    ...to,
    `    Interface ${on?.device ?? ""}`,
    "    SndSocketBuffer 1249280",
    "    RcvSocketBuffer 1249280",
    "    Checksum on",
    "  }",
    "}",
    "General {",
    "  HashSize 32768",
    "  HashLimit 131072",
    "  Syslog on",
    "  LockFile /run/lock/conntrack.lock",
    "  UNIX { Path /run/conntrackd.ctl }",
    "  NetlinkBufferSize 2097152",
    "  NetlinkBufferSizeMaxGrowth 8388608",
    "  Filter From Kernelspace {",
    "    Protocol Accept { TCP UDP ICMP }",
    "    Address Ignore {",
    ...ignored.map((a) => `      IPv4_address ${a}`),
    "    }",
    "  }",
    "}",
    "",
  ];
  return {
    name: "state synchronisation",
    unit: "conntrackd.service",
    isWanted,
    files: isWanted ? [{ path: "/etc/conntrackd/conntrackd.conf", text: lines.join("\n"), mode: 0o644 }] : [],
    onChange: "restart",
    gaps,
  };
}

/** States through a virtual address are the very ones that must survive. */
const isVip = ({ config }: ServiceInput, address: string): boolean =>
  config.virtualIps.some((v) => v.mode === "carp" && v.address && formatAddress(v.address) === address);

const unicast = (own: string | undefined, peer: string): readonly string[] => [
  "  UDP {",
  `    IPv4_address ${own ?? ""}`,
  `    IPv4_Destination_Address ${peer}`,
  `    Port ${PORT}`,
];

const multicast = (own: string | undefined): readonly string[] => [
  "  Multicast {",
  "    IPv4_address 225.0.0.50",
  `    IPv4_interface ${own ?? ""}`,
  "    Group 3780",
];
