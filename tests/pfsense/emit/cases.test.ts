import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { parseAddress } from "../../../src/core/ip.ts";
import { interfaceKeys } from "../../../src/pfsense/emit/index.ts";
import { makePacketDecider } from "../../../src/pfsense/rules/decide.ts";
import type { Flow } from "../../../src/pfsense/rules/lanes.ts";
import { labPlan, readBack } from "./lab.ts";

const cases = z
  .array(
    z.strictObject({ in: z.string(), packet: z.string(), is: z.enum(["pass", "block", "reject"]), by: z.string() }),
  )
  .parse(parse(readFileSync(join(import.meta.dirname, "cases/lab.yaml"), "utf8")));

/** `10.20.30.11 -> 10.20.20.14 tcp 587`, `… udp 67 from 68`, `… icmp 8`, `… ip 240`. */
function flowOf(text: string): Flow {
  const found = /^(\S+) -> (\S+) (tcp|udp|icmp|ip) (\d+)(?: from (\d+))?$/.exec(text);
  if (!found) throw new Error(`"${text}" is no packet`);
  const [, src, dst, protocol, number, from] = found;
  const address = (a: string): number => Number(parseAddress(a)!.value);
  const ends = { family: 4, src: address(src!), dst: address(dst!) } as const;
  if (protocol === "icmp") return { ...ends, slice: "icmp", a: Number(number), b: 0 };
  if (protocol === "ip") return { ...ends, slice: "other", a: Number(number), b: 0 };
  return { ...ends, slice: protocol === "tcp" ? "tcp" : "udp", a: Number(from ?? 40_000), b: Number(number) };
}

const plan = labPlan();
const config = readBack(plan, "rtr-a");
const decider = makePacketDecider(config);
const keys = interfaceKeys(plan);
const rows = new Map(config.filter.rules.map((r) => [r.tracker!, r.description!.slice(0, 4)]));

describe("on the lab's first router", () => {
  test.each(cases)("$in: $packet is $is by $by", ({ in: from, packet, is, by }) => {
    const { verdict, rule, unsure } = decider.decide({
      in: from === "self" ? "self" : keys.get(from)!,
      flow: flowOf(packet),
    });
    expect([verdict, (rows.get(rule) ?? rule).slice(0, by.length), unsure]).toEqual([is, by, undefined]);
  });
});
