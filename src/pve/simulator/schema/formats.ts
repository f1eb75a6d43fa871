import { isIP, isIPv4, isIPv6 } from "node:net";

/** Answers the reason why a value is refused, or undefined. The wording is the API's. */
type Check = (value: string) => string | undefined;

const matches =
  (pattern: RegExp, reason: (value: string) => string): Check =>
  (value) =>
    pattern.test(value) ? undefined : reason(value);

const looksLike = (pattern: RegExp, what: string): Check =>
  matches(pattern, () => `value does not look like a valid ${what}`);

const everyOf =
  (separator: RegExp, check: Check): Check =>
  (value) => {
    for (const part of value.split(separator)) {
      if (part === "") continue;
      const reason = check(part);
      if (reason !== undefined) return reason;
    }
    return undefined;
  };

const LIST = /[,;\s\0]+/;
const CONFIG_ID = /^[A-Za-z][\w-]+$/;
const VOLUME_ID = /^[A-Za-z][\w.-]*[A-Za-z0-9]:\S+$/;
const DNS_LABEL = "([a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?)";

function cidr(family: 4 | 6 | 0): Check {
  const what = family === 0 ? "CIDR network" : `IPv${family} CIDR network`;
  return (value) => {
    const [address = "", prefix = "", ...rest] = value.split("/");
    const version = isIP(address);
    const isFamily = version !== 0 && (family === 0 || version === family);
    const isPrefix = /^\d{1,3}$/.test(prefix) && Number(prefix) <= (version === 4 ? 32 : 128) && Number(prefix) > 0;
    return isFamily && isPrefix && rest.length === 0 ? undefined : `value does not look like a valid ${what}`;
  };
}

const when = (holds: (value: string) => boolean, what: string): Check => {
  return (value) => (holds(value) ? undefined : `value does not look like a valid ${what}`);
};

const configId = matches(CONFIG_ID, (v) => `invalid configuration ID '${v}'`);
const storageId: Check = (value) => {
  if (value.length < 2) return `storage ID '${value}' cannot be shorter than 2 characters`;
  return /^[A-Za-z][\w.-]*[A-Za-z0-9]$/.test(value) ? undefined : `storage ID '${value}' contains illegal characters`;
};
const volumeId = matches(VOLUME_ID, (v) => `unable to parse volume ID '${v}'`);
const node = looksLike(new RegExp(`^${DNS_LABEL}$`), "node name");
const iface = matches(/^[a-zA-Z][\w]{1,20}([:.]\d+)?$/, (v) => `invalid network interface name '${v}'`);
const vmid = when((v) => /^[1-9][0-9]{2,8}$/.test(v), "VM ID");
const haResource = matches(
  /^(\d+|(vm|ct|fa):[A-Za-z0-9][\w-]*)$/,
  (v) => `value does not look like a valid VM ID or HA resource ID '${v}'`,
);
const vlan: Check = (value) => {
  const [low = "", high] = value.split("-");
  for (const tag of high === undefined ? [low] : [low, high]) {
    if (!/^\d+$/.test(tag) || Number(tag) < 1 || Number(tag) > 4094) return `invalid VLAN tag '${tag}'`;
  }
  if (high !== undefined && Number(low) >= Number(high))
    return `VLAN range must go from lower to higher tag '${value}'`;
  return undefined;
};
const ipOr =
  (check: Check, ...words: readonly string[]): Check =>
  (value) =>
    words.includes(value) ? undefined : check(value);
const unicastMac = /^[a-f0-9][02468ace](:[a-f0-9]{2}){5}$/i;

const CHECKS: Readonly<Record<string, Check>> = {
  "pve-node": node,
  "pve-vmid": vmid,
  "pve-vmid-list": everyOf(LIST, vmid),
  "pve-storage-id": storageId,
  "pve-storage-id-list": everyOf(LIST, storageId),
  "pve-configid": configId,
  "pve-configid-list": everyOf(LIST, configId),
  "pve-poolid": matches(
    /^[A-Za-z0-9][\w.-]*(\/[A-Za-z0-9][\w.-]*){0,2}$/,
    (v) => `pool name '${v}' contains invalid characters`,
  ),
  "pve-iface": iface,
  "pve-iface-list": everyOf(LIST, iface),
  "pve-bridge-id": matches(/^[-_.\w\d]+$/, (v) => `invalid bridge ID '${v}'`),
  "pve-vlan-id-or-range-list": everyOf(LIST, vlan),
  "pve-volume-id": volumeId,
  "pve-volume-id-or-qm-path": ipOr(
    matches(/^([A-Za-z][\w.-]*[A-Za-z0-9]:\S+|\/\S+|\d+(\.\d+)?)$/, (v) => `unable to parse volume ID '${v}'`),
    "none",
    "cdrom",
    "cloudinit",
  ),
  "pve-volume-id-or-absolute-path": matches(
    /^(\/\S+|[A-Za-z][\w.-]*[A-Za-z0-9]:\S+)$/,
    (v) => `unable to parse volume ID '${v}'`,
  ),
  "pve-storage-content": configId,
  "pve-storage-content-list": everyOf(LIST, configId),
  "pve-ha-node-list": everyOf(
    LIST,
    matches(new RegExp(`^${DNS_LABEL}(:\\d+)?$`), () => "value does not look like a valid HA group node"),
  ),
  "pve-ha-resource-or-vm-id": haResource,
  "pve-ha-resource-id-list": everyOf(LIST, haResource),
  "pve-tag-list": everyOf(
    LIST,
    matches(/^[a-z0-9_][a-z0-9_\-+.]*$/i, () => "invalid characters in tag"),
  ),
  "pve-qm-boot": (v) =>
    /^((legacy=)?[acdn]{1,4}|order=[a-z]+\d+(;[a-z]+\d+)*)?$/.test(v)
      ? undefined
      : `format error\nboot: invalid boot order '${v}'`,
  "pve-hotplug-features": (v) => {
    if (v === "0" || v === "1") return undefined;
    return everyOf(LIST, (f) =>
      ["network", "disk", "cpu", "memory", "usb", "cloudinit"].includes(f)
        ? undefined
        : `invalid hotplug feature '${f}'`,
    )(v);
  },
  "pve-startup-order": looksLike(/^((order=)?\d+)?(,?(up|down)=\d+)*$/, "startup options"),
  "dns-name": looksLike(new RegExp(`^${DNS_LABEL}(\\.${DNS_LABEL})*$`), "DNS name"),
  "address-list": everyOf(LIST, (v) =>
    isIP(v) !== 0 || new RegExp(`^${DNS_LABEL}(\\.${DNS_LABEL})*$`).test(v)
      ? undefined
      : `value does not look like a valid address: ${v}`,
  ),
  "mac-addr": looksLike(unicastMac, "unicast MAC address"),
  "disk-size": matches(/^\d+(\.\d+)?[KMGT]?$/, (v) => `value does not look like a valid disk size: ${v}`),
  ip: when((v) => isIP(v) !== 0, "IP address"),
  ipv4: when(isIPv4, "IPv4 address"),
  ipv6: when(isIPv6, "IPv6 address"),
  ipv4mask: looksLike(/^(\d{1,2}|(255|254|252|248|240|224|192|128|0)(\.\d{1,3}){3})$/, "IP netmask"),
  CIDR: cidr(0),
  CIDRv4: cidr(4),
  CIDRv6: cidr(6),
  "pve-ipv4-config": ipOr(
    (v) => (cidr(4)(v) === undefined ? undefined : "value does not look like a valid ipv4 network configuration"),
    "dhcp",
  ),
  "pve-ipv6-config": ipOr(
    (v) => (cidr(6)(v) === undefined ? undefined : "value does not look like a valid ipv6 network configuration"),
    "dhcp",
    "auto",
  ),
  urlencoded: matches(
    /^([-\w.!~*'()+/@=:,;$&]|%[0-9a-fA-F]{2})*$/,
    (v) => `invalid urlencoded string: ${v.slice(0, 80)}`,
  ),
  "storage-pair-list": everyOf(
    LIST,
    matches(/^[A-Za-z][\w.-]*(:[A-Za-z][\w.-]*)?$|^1$/, (v) => `entry '${v}' contains invalid ID`),
  ),
};

/** Names of formats that are checked here; a name that is not one is a defect of a method's description. */
export const FORMAT_NAMES: ReadonlySet<string> = new Set(Object.keys(CHECKS));

/** @returns why `value` is not of the named format, or undefined when it is */
export function checkFormat(name: string, value: string): string | undefined {
  const check = CHECKS[name];
  if (check === undefined) throw new Error(`no such format: ${name}`);
  return check(value);
}
