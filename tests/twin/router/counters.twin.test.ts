import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";

import { countersOf, COUNTERS } from "../../../src/twin/router/compile/counters.ts";
import { compiled, files } from "./files.ts";
import { openNamespace, whyNot } from "./namespace.ts";
import type { Namespace } from "./namespace.ts";

const reason = whyNot();

const Element = z.object({
  elem: z.object({
    val: z.object({ concat: z.tuple([z.string(), z.string()]) }),
    counter: z.object({ packets: z.number(), bytes: z.number() }),
  }),
});
const Listed = z.object({
  nftables: z.array(
    z.looseObject({
      set: z.looseObject({ name: z.string(), elem: z.array(Element) }).optional(),
      counter: z.looseObject({ name: z.string(), packets: z.number() }).optional(),
    }),
  ),
});

describe.skipIf(reason !== undefined)(
  `what the kernel counts for PF's MIB${reason ? ` (skipped: ${reason})` : ""}`,
  () => {
    let ns: Namespace;
    beforeAll(async () => {
      ns = await openNamespace();
    });
    afterAll(() => ns.close());

    const lab = files()[0]!;
    const load = (): string => ns.run("nft -f -", countersOf(compiled(lab).ruleset));
    const listed = (): z.infer<typeof Listed> => Listed.parse(JSON.parse(ns.run(`nft -j list table inet ${COUNTERS}`)));
    const packets = (set: string, device: string): number =>
      listed()
        .nftables.flatMap((item) => (item.set?.name === set ? item.set.elem : []))
        .find(({ elem }) => elem.val.concat.join(" ") === `${device} ipv4`)!.elem.counter.packets;
    const matched = (): number => listed().nftables.find((item) => item.counter?.name === "match")!.counter!.packets;
    const ping = (address: string): string => ns.run(`ping -c 3 -i 0.2 -W 1 ${address} || true`);

    it("is every interface's, seen before the filter and passed behind it, and stays when it is loaded again", () => {
      ns.run("nft -f -", compiled(lab).text);
      load();
      ping("127.0.0.1");
      const seen = packets("in_seen", "lo");
      // Three echoes and their answers.
      expect(seen).toBeGreaterThanOrEqual(6);
      expect(packets("in_passed", "lo")).toBe(seen);
      expect(packets("in_seen", "vtnet0")).toBe(0);
      ns.run("nft -f -", compiled(lab).text);
      load();
      expect(packets("in_seen", "lo")).toBe(seen);
    });

    it("has what the filter dropped in the difference, and asks rules once a flow", () => {
      ns.run(`
        ip link add vtnet0 type veth peer name far; ip netns add far 2>/dev/null; ip link set far netns far
        ip addr add 198.51.100.2/24 dev vtnet0; ip link set vtnet0 up
        ip -n far addr add 198.51.100.9/24 dev far; ip -n far link set far up`);
      const [seen, passed, match] = [packets("in_seen", "vtnet0"), packets("in_passed", "vtnet0"), matched()];
      // No row lets a WAN's neighbour ping the firewall.
      ns.run("ip netns exec far ping -c 3 -i 0.2 -W 1 198.51.100.2 || true");
      expect(packets("in_seen", "vtnet0") - seen).toBeGreaterThanOrEqual(3);
      expect(packets("in_passed", "vtnet0") - passed).toBe(0);
      expect(matched() - match).toBeGreaterThanOrEqual(3);
    });
  },
);
