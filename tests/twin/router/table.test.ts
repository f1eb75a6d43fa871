import { describe, expect, it } from "vitest";

import { conditionsOf } from "../../../src/twin/router/compile/matches.ts";
import { everything, fullBox, interval, makeBox } from "../../../src/policy/engine/index.ts";
import { compiled, files } from "./files.ts";

const all = files();
const textOf = (name: string): string => compiled(all.find((f) => f.name === name)!).text;

describe("files as nftables, to be reviewed", () => {
  // One thing of pf each: the whole text, so that a change shows where it counts.
  for (const name of [
    "rtr-a",
    "first-match.yaml",
    "floating-last-match.yaml",
    "floating-out.yaml",
    "tags.yaml",
    "gateway-rule.yaml",
    "forward-range.yaml",
    "forward-pass.yaml",
    "one-to-one.yaml",
    "reflection-pure.yaml",
    "reject.yaml",
    "match.yaml",
  ]) {
    it(name, async () => {
      await expect(textOf(name)).toMatchFileSnapshot(`nft/${name.replace(/\.yaml$/, "")}.nft`);
    });
  }
});

describe("boxes as conditions", () => {
  it("every packet needs no condition", () => {
    expect(conditionsOf(everything())).toEqual([""]);
    expect(conditionsOf(everything(4))).toEqual(["meta nfproto ipv4"]);
  });

  it("a port of TCP and UDP in both families is one rule", () => {
    const boxes = ([4, 6] as const).flatMap((f) =>
      (["tcp", "udp"] as const).map((s) => makeBox(f, s, { b: interval(53) })),
    );
    expect(conditionsOf(boxes)).toEqual(["meta l4proto { 6, 17 } th dport 53"]);
  });

  it("neighbouring networks are joined, and what is no network is a range", () => {
    const src = [interval(0x0a000000, 0x0a0000ff), interval(0x0a000100, 0x0a0001ff), interval(0x0a000301, 0x0a000305)];
    expect(conditionsOf(src.map((s) => makeBox(4, "tcp", { src: s })))).toEqual([
      "meta l4proto 6 ip saddr { 10.0.0.0/23, 10.0.3.1-10.0.3.5 }",
    ]);
  });

  it("boxes that are no product are several rules, and together the same", () => {
    const boxes = [
      makeBox(4, "tcp", { src: interval(1), b: interval(80) }),
      makeBox(4, "tcp", { src: interval(2), b: interval(443) }),
    ];
    expect([...conditionsOf(boxes)].sort()).toEqual([
      "meta l4proto 6 th dport 443 ip saddr 0.0.0.2",
      "meta l4proto 6 th dport 80 ip saddr 0.0.0.1",
    ]);
  });

  it("ICMP alone is asked for by its types", () => {
    expect(conditionsOf([fullBox(4, "icmp")])).toEqual(["meta nfproto ipv4 icmp type 0-255"]);
    expect(conditionsOf([fullBox(6, "icmp")])).toEqual(["meta nfproto ipv6 icmpv6 type 0-255"]);
  });
});
