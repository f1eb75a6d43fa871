import type { Family } from "../../core/ip.ts";

/** IANA numbers of the protocols pfSense's GUI offers and of the names in FreeBSD's `/etc/protocols` seen in files. */
const NUMBERS: Readonly<Record<string, number>> = {
  icmp: 1,
  igmp: 2,
  ipencap: 4,
  ipv4: 4,
  tcp: 6,
  egp: 8,
  udp: 17,
  ipv6: 41,
  rsvp: 46,
  gre: 47,
  esp: 50,
  ah: 51,
  "ipv6-icmp": 58,
  icmp6: 58,
  "ipv6-nonxt": 59,
  eigrp: 88,
  ospf: 89,
  ospfigp: 89,
  etherip: 97,
  pim: 103,
  ipcomp: 108,
  carp: 112,
  vrrp: 112,
  l2tp: 115,
  sctp: 132,
  udplite: 136,
  pfsync: 240,
};

/** The number of a protocol by its name or number; undefined is a name that pf would not know either. */
export function protocolNumber(name: string): number | undefined {
  const text = name.trim().toLowerCase();
  if (/^\d{1,3}$/.test(text)) return Number(text) <= 255 ? Number(text) : undefined;
  return Object.hasOwn(NUMBERS, text) ? NUMBERS[text] : undefined;
}

/** Protocols whose rules have ports in pfSense (`get_ipprotocols('portsonly')`, `etc/inc/globals.inc`). */
export const hasPorts = (protocol: string | undefined): boolean =>
  protocol !== undefined && ["tcp", "udp", "tcp/udp", "sctp"].includes(protocol.toLowerCase());

// pf's own short names (pfctl(8) source of truth is its table of types; these are the ones pfSense writes).
const ICMP4: Readonly<Record<string, number>> = {
  echorep: 0,
  unreach: 3,
  squench: 4,
  redir: 5,
  althost: 6,
  echoreq: 8,
  routeradv: 9,
  routersol: 10,
  timex: 11,
  paramprob: 12,
  timereq: 13,
  timerep: 14,
  inforeq: 15,
  inforep: 16,
  maskreq: 17,
  maskrep: 18,
  trace: 30,
  dataconv: 31,
  mobredir: 32,
  "ipv6-where": 33,
  "ipv6-here": 34,
  mobregreq: 35,
  mobregrep: 36,
  skip: 39,
  photuris: 40,
};

const ICMP6: Readonly<Record<string, number>> = {
  unreach: 1,
  toobig: 2,
  timex: 3,
  paramprob: 4,
  echoreq: 128,
  echorep: 129,
  groupqry: 130,
  listqry: 130,
  grouprep: 131,
  listenrep: 131,
  groupterm: 132,
  listendone: 132,
  routersol: 133,
  routeradv: 134,
  neighbrsol: 135,
  neighbradv: 136,
  redir: 137,
  routrrenum: 138,
  wrureq: 139,
  fqdnreq: 139,
  niqry: 139,
  wrurep: 140,
  fqdnrep: 140,
  nirep: 140,
  mtraceresp: 200,
  mtrace: 201,
};

/** An ICMP or ICMPv6 type by pf's name or its number. */
export function icmpType(name: string, family: Family): number | undefined {
  const text = name.trim().toLowerCase();
  if (/^\d{1,3}$/.test(text)) return Number(text) <= 255 ? Number(text) : undefined;
  const table = family === 4 ? ICMP4 : ICMP6;
  return Object.hasOwn(table, text) ? table[text] : undefined;
}

/** The few service names that people write as ports; pf asks `/etc/services`. */
const SERVICES: Readonly<Record<string, number>> = {
  "ftp-data": 20,
  ftp: 21,
  ssh: 22,
  telnet: 23,
  smtp: 25,
  time: 37,
  domain: 53,
  bootps: 67,
  bootpc: 68,
  tftp: 69,
  http: 80,
  kerberos: 88,
  pop3: 110,
  sunrpc: 111,
  nntp: 119,
  ntp: 123,
  "netbios-ns": 137,
  "netbios-dgm": 138,
  "netbios-ssn": 139,
  imap: 143,
  snmp: 161,
  snmptrap: 162,
  bgp: 179,
  ldap: 389,
  https: 443,
  "microsoft-ds": 445,
  isakmp: 500,
  syslog: 514,
  submission: 587,
  ldaps: 636,
  imaps: 993,
  pop3s: 995,
  openvpn: 1194,
  l2tp: 1701,
  pptp: 1723,
  radius: 1812,
  "radius-acct": 1813,
  mysql: 3306,
  rdp: 3389,
  "sae-urn": 4500,
  sip: 5060,
  "sip-tls": 5061,
  postgresql: 5432,
};

/** A port by number (1–65535) or by service name, as `is_port` has it: no space before it, and names in small letters. */
export function portNumber(text: string): number | undefined {
  if (/^\d+$/.test(text)) return Number(text) >= 1 && Number(text) <= 65535 ? Number(text) : undefined;
  return Object.hasOwn(SERVICES, text) ? SERVICES[text] : undefined;
}
