import { formatAddress } from "../../../core/ip.ts";
import { allAddresses, addressesOf, gap } from "./types.ts";
import type { Gap, Service, ServiceInput } from "./types.ts";

/** What syncd.py is told: whom to carry states to, by IP protocol 240. */
export interface SyncPeer {
  readonly own: string;
  /** Empty: pfsync's multicast group. */
  readonly peer: string;
  readonly device: string;
}

/** The interface and peer of `hasync`, when the file has states synchronised. */
export function syncPeer(input: ServiceInput): SyncPeer | undefined {
  const ha = input.config.haSync;
  const on = input.interfaces.find((i) => i.key === ha?.pfsyncInterface);
  const [own] = on ? addressesOf(input, on.key) : [];
  if (!ha?.isPfsyncEnabled || !on || own === undefined) return undefined;
  return { own, peer: ha.pfsyncPeer ?? "", device: on.device };
}

/**
 * pfsync's stand-in: conntrackd in mode FTFW, states put into the kernel of the other router as they come (as pfsync
 * does), so that whichever router holds an address carries the flow on without a word to anyone. What it sends goes to
 * syncd.py on loopback, which carries it as pfsync's own protocol: the rules for pfsync decide about it.
 */
export function stateSync(input: ServiceInput): Service {
  const { config, interfaces } = input;
  const ha = config.haSync;
  const gaps: Gap[] = [];
  const isAsked = ha?.isPfsyncEnabled ?? false;
  const isWanted = syncPeer(input) !== undefined;
  if (isAsked) {
    gaps.push(
      gap("hasync.pfsyncenabled", "states travel by conntrackd, not by pfsync: a real pfSense would not understand"),
    );
    if (!isWanted)
      gaps.push(gap("hasync.pfsyncinterface", "it names no interface with an address: no states are sent"));
  }
  if (ha?.synchronizeTo !== undefined)
    gaps.push(gap("hasync.synchronizetoip", "the configuration is not sent to the other router (XMLRPC)"));
  // What the routers themselves say is of no use to the other one, and must not come back to life there.
  const ignored = [...new Set(["127.0.0.1", ...interfaces.flatMap(allAddresses)])].filter((a) => !isVip(input, a));
  const lines = [
    "# Written from config.xml by the router's firmware; changes are lost.",
    "Sync {",
    "  Mode FTFW {",
    "    ResendQueueSize 131072",
    "    ACKWindowSize 300",
    "    DisableExternalCache on",
    "  }",
    // No buffers of its own size: they are forced past the machine's limit, which only its root may, and what is lost
    // is asked for again.
    "  UDP {",
    "    IPv4_address 127.0.0.1",
    "    IPv4_Destination_Address 127.0.0.2",
    "    Port 3780",
    "    Interface lo",
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
