import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { z } from "zod";

import { Fault, messageOf } from "../../../core/fault.ts";
import type { Desired } from "../compile/desired.ts";
import { PRIORITIES, ROUTE_PROTOCOL } from "../compile/routing.ts";
import type { Routing } from "../compile/routing.ts";
import { attempt, run } from "./exec.ts";

const AddressList = z.array(
  z.looseObject({
    ifname: z.string(),
    flags: z.array(z.string()),
    addr_info: z.array(
      z.looseObject({ family: z.string(), local: z.string(), prefixlen: z.number(), scope: z.string() }),
    ),
  }),
);

/** pfSense stops at its console when a card of the file is missing; so does this. @throws Fault ROUTER_NO_CARD */
export function requireCards(desired: Desired): void {
  const missing = desired.network.links.filter((l) => !existsSync(`/sys/class/net/${l.device}`));
  if (missing.length === 0) return;
  const names = missing.map((l) => `${l.device} (${l.key})`).join(", ");
  const hint = "Give the machine these cards, or take the interfaces out of the file.";
  throw new Fault("ROUTER_NO_CARD", `The file has interfaces on cards that this machine has not: ${names}`, hint);
}

/** Switches of the kernel; one that it does not have is told, not fatal. */
export function applySysctls(sysctls: ReadonlyMap<string, string>): readonly string[] {
  const failures: string[] = [];
  for (const [name, value] of sysctls) {
    const path = `/proc/sys/${name.replaceAll(".", "/")}`;
    try {
      if (readFileSync(path, "utf8").trim() !== value) writeFileSync(path, value);
    } catch (error) {
      failures.push(`${name}: ${messageOf(error)}`);
    }
  }
  return failures;
}

export const setForwarding = (isOn: boolean, isSix: boolean): readonly string[] =>
  applySysctls(
    new Map([
      ["net.ipv4.ip_forward", isOn ? "1" : "0"],
      ...(isSix ? ([["net.ipv6.conf.all.forwarding", isOn ? "1" : "0"]] as const) : []),
    ]),
  );

/** Brings the cards to what the file says: only what differs is touched, so that established flows notice nothing. */
export async function applyLinks(desired: Desired): Promise<void> {
  const held = AddressList.parse(JSON.parse(await run(["ip", "-j", "addr"])));
  const lines: string[] = [];
  for (const link of desired.network.links) {
    const now = held.find((h) => h.ifname === link.device);
    const have = (now?.addr_info ?? []).filter((a) => a.scope === "global").map((a) => `${a.local}/${a.prefixlen}`);
    const hardware = [link.mac && `address ${link.mac}`, link.mtu && `mtu ${link.mtu}`].filter((t) => t);
    if (hardware.length > 0) lines.push(`link set dev ${link.device} ${hardware.join(" ")}`);
    if (!now?.flags.includes("UP")) lines.push(`link set dev ${link.device} up`);
    for (const a of have.filter((x) => !link.addresses.includes(x))) lines.push(`addr del ${a} dev ${link.device}`);
    for (const a of link.addresses.filter((x) => !have.includes(x))) {
      // No duplicate address detection: the address must be there when routes by it are made.
      lines.push(`addr add ${a} dev ${link.device}${a.includes(":") ? " nodad" : " brd +"}`);
    }
  }
  const used = new Set(desired.network.links.map((l) => l.device));
  for (const other of held.filter((h) => /^vtnet\d+$/.test(h.ifname) && !used.has(h.ifname))) {
    lines.push(`addr flush dev ${other.ifname}`, `link set dev ${other.ifname} down`);
  }
  await batch(lines);
}

const batch = async (lines: readonly string[]): Promise<void> => {
  if (lines.length > 0) await run(["ip", "-batch", "-"], { input: `${lines.join("\n")}\n` });
};

/** What was put into the routing tables by this process; the rest of ours, from before, is cleared at the first call. */
export class Routes {
  #routing: Routing | undefined;

  /** @returns true when anything changed */
  async apply(routing: Routing): Promise<boolean> {
    const before = this.#routing;
    if (!before) await this.#clear();
    const routes = difference(before?.routes ?? [], routing.routes);
    const rules = difference(before?.rules ?? [], routing.rules);
    // `replace` puts the new route in the place of one with the same destination in the same table.
    const replaced = new Set(routes.added.map(destination));
    const gone = routes.removed.filter((r) => !replaced.has(destination(r)));
    await batch([
      ...routes.added.map((r) => `route replace ${r}`),
      ...rules.added.map((r) => `rule add ${r}`),
      ...rules.removed.map((r) => `rule del ${r}`),
    ]);
    for (const r of gone) await attempt(["ip", "route", "del", ...r.split(" ")]);
    this.#routing = routing;
    return routes.added.length + routes.removed.length + rules.added.length + rules.removed.length > 0;
  }

  async #clear(): Promise<void> {
    await attempt(["ip", "route", "flush", "table", "all", "proto", String(ROUTE_PROTOCOL)]);
    const rules = z.array(z.looseObject({ priority: z.number() })).parse(JSON.parse(await run(["ip", "-j", "rule"])));
    const own = rules.filter((r) => r.priority >= PRIORITIES.first && r.priority <= PRIORITIES.last);
    await batch(own.map((r) => `rule del priority ${r.priority}`));
  }
}

const destination = (route: string): string =>
  `${route.split(" ")[0] ?? ""} ${/table (\S+)/.exec(route)?.[1] ?? "main"}`;

function difference(
  before: readonly string[],
  after: readonly string[],
): { readonly added: readonly string[]; readonly removed: readonly string[] } {
  return { added: after.filter((x) => !before.includes(x)), removed: before.filter((x) => !after.includes(x)) };
}
