import { expect, it } from "vitest";
import { rulesOf } from "../../../src/pfsense/rules/ruleset.ts";
import { makeOutbound } from "../../../src/pfsense/rules/translate.ts";
import { configOf, type BASES } from "./case.ts";

const flow = { family: 4, slice: "tcp", src: 0x0a00_0009, dst: 0xcb00_7109, a: 40_000, b: 443 } as const;
const leaving = (base: keyof typeof BASES) =>
  makeOutbound(rulesOf(configOf({ title: "", base, packets: [] })), "wan")(flow);

it("a packet that leaves by a WAN has its address for a source, and nobody knows which where DHCP gives it", () => {
  expect(leaving("two-legs")).toMatchObject({ flow: { src: 0xc633_6402 }, unsure: undefined });
  expect(leaving("dhcp-wan")).toMatchObject({ flow, unsure: expect.stringMatching(/unknown source/) as string });
});
