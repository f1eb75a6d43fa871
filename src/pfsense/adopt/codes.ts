/**
 * What an import says about a file. Errors change which packets pass or where they go; warnings do not. docs/import.md lists
 * the same table. Codes that begin with PFSENSE_ are the reader's (docs/pfsense-read.md).
 */
export const IMPORT_CODES = {
  // The site
  IMPORT_ADDRESS_STANDS_IN:
    "An interface has its address from elsewhere (DHCP, PPPoE); a documentation address stands in.",
  IMPORT_INTERFACE: "An interface that no zone can be made of: no IPv4 address, a tunnel, an overlap.",
  IMPORT_INTERFACE_DISABLED: "A disabled interface is left out.",
  IMPORT_BRIDGE: "A bridge: its members are no zones of their own.",
  IMPORT_VIP: "A virtual IP that the plan has no place for.",
  IMPORT_VHID: "Two CARP addresses have one id; the plan wants one each.",
  IMPORT_GATEWAY_ADDRESS: "A gateway that is not in its interface's network.",
  IMPORT_DHCP: "A DHCP server, or a part of it, that the plan does not hold.",
  IMPORT_ROUTE: "A static route that does not lead behind an inside zone.",
  IMPORT_TOO_MANY_HOSTS: "More machines than a plan numbers; their addresses are written instead.",
  IMPORT_NAME: "A name that the plan writes otherwise.",
  // Rules
  IMPORT_DISABLED: "A disabled rule is left out.",
  IMPORT_SCHEDULE: "A rule that holds at some times only.",
  IMPORT_UNCERTAIN: "A rule whose packets the file does not tell: FQDN, URL table, DSCP, operating system.",
  IMPORT_IPV6: "A rule, or a part of it, about IPv6.",
  IMPORT_SOURCE: "A rule about sources that do not belong to its interface.",
  IMPORT_SOURCE_PORT: "A rule about source ports.",
  IMPORT_PROTOCOL: "A protocol that the plan's services cannot say.",
  IMPORT_NO_MATCH: "A rule that no first packet of a flow matches.",
  IMPORT_RULE_INTERFACE: "A rule on something that is no zone: OpenVPN, IPsec, L2TP, an interface without IPv4.",
  IMPORT_OUT: "A floating rule on the way out that forwarded packets meet.",
  IMPORT_TAG: "A rule that asks for a tag.",
  IMPORT_MATCH: "A match rule: it decides nothing.",
  IMPORT_GATEWAY: "A rule that sends its packets by a gateway.",
  IMPORT_STATELESS: "A rule that keeps no state, so that replies need rules of their own.",
  IMPORT_OPTION: "Queues, limits or state options of a rule.",
  IMPORT_WANS_DIFFER: "The accesses have different rules; the flow table knows one Internet.",
  IMPORT_FILTER_OFF: "Packet filtering is switched off.",
  // Translation
  IMPORT_FORWARD: "A port forward that the plan cannot say.",
  IMPORT_REFLECTION: "Port forwards that are reflected inside.",
  IMPORT_OUTBOUND: "An outbound NAT rule beside what the plan implies.",
  IMPORT_ONE_TO_ONE: "A 1:1 mapping or a prefix translation.",
  // The rest of the file
  IMPORT_VPN: "OpenVPN, IPsec, L2TP or PPPoE servers.",
  IMPORT_PORTAL: "Captive portal or UPnP.",
  IMPORT_SHAPER: "Queues and limiters.",
  IMPORT_SECTION: "A section about the machine itself: accounts, certificates, services.",
  IMPORT_ASSUMED: "Something that the plan asks for and the file does not hold.",
  // The whole
  IMPORT_NO_ZONE: "No interface could become a zone: there is nothing to write.",
  IMPORT_REFUSED: "The documents are no plan: what the plan says about them.",
  IMPORT_NOT_EMITTED: "No config.xml can be written of the plan: why.",
} as const;

export type ImportCode = keyof typeof IMPORT_CODES;
