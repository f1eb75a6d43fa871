import { readFileSync } from "node:fs";
import { join } from "node:path";

/*
 * The side of the hypervisor: what a router guest is given before its first boot. Plain data; nothing of the agent is
 * imported here.
 */

/** One file of the firmware's folder: a text as it stands, or a program to be bundled into one file. */
export type FirmwareFile =
  | { readonly kind: "text"; readonly name: string; readonly mode: number; readonly text: string }
  | { readonly kind: "bundle"; readonly name: string; readonly mode: number; readonly entry: string };

/** Where the folder is seen in the guest, read-only. */
export const FIRMWARE_FOLDER = "/usr/lib/maquette/router";

/** The unit that runs the router, to be linked into /etc/systemd/system and wanted by multi-user.target. */
export const ROUTER_UNIT = "maquette-router.service";

/** Units of Debian's packages that the firmware starts itself, when the file asks for them: never at boot. */
export const DISABLED_UNITS: readonly string[] = [
  "chrony.service",
  "chrony-wait.service",
  "conntrackd.service",
  "kea-dhcp4-server.service",
  "nftables.service",
  "rsyslog.service",
  "snmpd.service",
  "ssh.service",
  "unbound.service",
];

/** Units that would do what the firmware does, or wait for it, and what nothing in pfSense corresponds to. */
export const MASKED_UNITS: readonly string[] = [
  "dbus.service",
  "dbus.socket",
  "networking.service",
  "ssh.socket",
  "sshd-keygen.service",
  "systemd-logind.service",
  "systemd-networkd.service",
  "systemd-networkd.socket",
  "systemd-networkd-wait-online.service",
  "systemd-resolved.service",
  "systemd-timesyncd.service",
  "unbound-resolvconf.service",
];

/** Debian packages of a router guest, beside those of every guest. */
export const routerPackages: readonly string[] = [
  "chrony",
  "conntrack",
  "conntrackd",
  "kea-dhcp4-server",
  "nodejs",
  "rsyslog",
  "snmpd",
  "tcpdump",
  "udhcpc",
  "unbound",
];

/** esbuild's settings for the bundle: one file that Debian's Node runs. */
export const BUNDLE = { platform: "node", target: "node20", format: "cjs", bundle: true, minify: false } as const;

const MODULES = ["agentx", "card", "carp", "checksum", "kernel", "lines", "netlink", "pfmib", "vip"] as const;

/** The firmware's folder. */
export function firmwareFiles(): readonly FirmwareFile[] {
  const text = (name: string, path: string, mode: number): FirmwareFile => ({
    kind: "text",
    name,
    mode,
    text: readFileSync(join(import.meta.dirname, path), "utf8"),
  });
  return [
    { kind: "bundle", name: "router.js", mode: 0o644, entry: join(import.meta.dirname, "agent/main.ts") },
    // Programs of Python, and the modules that they import from beside them.
    ...["carpd", "gatewayd", "filterlog", "syncd", "pfmibd", ...MODULES].map((name) =>
      text(`${name}.py`, `helpers/${name}.py`, 0o644),
    ),
    text("dhcp-event.sh", "helpers/dhcp-event.sh", 0o755),
    text(ROUTER_UNIT, ROUTER_UNIT, 0o644),
  ];
}
