import ipaddr from "ipaddr.js";

export type Family = 4 | 6;

/** An address as a number: IPv4 in 32 bits, IPv6 in 128. */
export interface Address {
  readonly family: Family;
  readonly value: bigint;
}

/** A network in CIDR form; `base` has no host bits. */
export interface Network {
  readonly family: Family;
  readonly base: bigint;
  readonly prefix: number;
}

/** An inclusive range of addresses of one family. */
export interface AddressRange {
  readonly family: Family;
  readonly lo: bigint;
  readonly hi: bigint;
}

export const bitsOf = (family: Family): number => (family === 4 ? 32 : 128);
export const maxOf = (family: Family): bigint => (1n << BigInt(bitsOf(family))) - 1n;

// ipaddr.js accepts octal, hexadecimal and short IPv4 forms; a firewall table must not ("010.0.0.1" is 8.0.0.1 to some).
const STRICT_V4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/;

/** Parses `192.0.2.1` or `2001:db8::1` (RFC 4291 §2.2); undefined for anything else, zone ids and leading zeros included. */
export function parseAddress(text: string): Address | undefined {
  if (STRICT_V4.test(text)) {
    let value = 0n;
    for (const part of text.split(".")) value = (value << 8n) | BigInt(Number(part));
    return { family: 4, value };
  }
  if (!text.includes(":") || text.includes("%") || !ipaddr.IPv6.isValid(text)) return undefined;
  let value = 0n;
  for (const part of ipaddr.IPv6.parse(text).parts) value = (value << 16n) | BigInt(part);
  return { family: 6, value };
}

/** Parses `192.0.2.0/24`; `hostBits` tells that the address part was not the network's own. */
export function parseNetwork(
  text: string,
): { readonly network: Network; readonly address: Address; readonly hostBits: boolean } | undefined {
  const slash = text.indexOf("/");
  if (slash < 0) return undefined;
  const address = parseAddress(text.slice(0, slash));
  const prefixText = text.slice(slash + 1);
  if (!address || !/^(0|[1-9]\d{0,2})$/.test(prefixText)) return undefined;
  const prefix = Number(prefixText);
  if (prefix > bitsOf(address.family)) return undefined;
  const base = address.value & ~hostMask(address.family, prefix);
  return { network: { family: address.family, base, prefix }, address, hostBits: base !== address.value };
}

const hostMask = (family: Family, prefix: number): bigint => (1n << BigInt(bitsOf(family) - prefix)) - 1n;

export const networkOf = (address: Address, prefix: number): Network => ({
  family: address.family,
  base: address.value & ~hostMask(address.family, prefix),
  prefix,
});

export const rangeOf = (n: Network): AddressRange => ({
  family: n.family,
  lo: n.base,
  hi: n.base | hostMask(n.family, n.prefix),
});

/** The last address of an IPv4 network, its directed broadcast (RFC 919). */
export const broadcastOf = (n: Network): Address => ({ family: n.family, value: rangeOf(n).hi });

export const contains = (n: Network, a: Address): boolean =>
  n.family === a.family && (a.value & ~hostMask(n.family, n.prefix)) === n.base;

export function networksOverlap(a: Network, b: Network): boolean {
  if (a.family !== b.family) return false;
  const wide = a.prefix <= b.prefix ? a : b;
  const narrow = wide === a ? b : a;
  return (narrow.base & ~hostMask(wide.family, wide.prefix)) === wide.base;
}

/** Canonical text: dotted quad, or RFC 5952 for IPv6. */
export function formatAddress(a: Address): string {
  if (a.family === 4) return [24n, 16n, 8n, 0n].map((shift) => ((a.value >> shift) & 255n).toString()).join(".");
  const parts = Array.from({ length: 8 }, (_, i) => Number((a.value >> BigInt((7 - i) * 16)) & 0xffffn));
  return new ipaddr.IPv6(parts).toRFC5952String();
}

export const formatNetwork = (n: Network): string =>
  `${formatAddress({ family: n.family, value: n.base })}/${n.prefix}`;

/** The smallest list of networks that covers a range exactly, in order. */
export function networksOfRange(r: AddressRange): readonly Network[] {
  const out: Network[] = [];
  const bits = bitsOf(r.family);
  let lo = r.lo;
  while (lo <= r.hi) {
    let size = 0;
    while (size < bits && (lo & ((1n << BigInt(size + 1)) - 1n)) === 0n && lo + (1n << BigInt(size + 1)) - 1n <= r.hi)
      size++;
    out.push({ family: r.family, base: lo, prefix: bits - size });
    lo += 1n << BigInt(size);
  }
  return out;
}

const HOST_NAME = /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/i;

/** A name that DNS may know (RFC 1123 §2.1), or an address. */
export const isHostOrAddress = (text: string): boolean => HOST_NAME.test(text) || parseAddress(text) !== undefined;
