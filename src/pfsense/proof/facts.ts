import { formatAddress, rangeOf, type Address, type AddressRange } from "../../core/ip.ts";
import { compile, formatPacket, holds, never, type Meter, type Rule } from "../../policy/engine/index.ts";
import type { Intent } from "../../policy/intent.ts";
import { EVERYWHERE, makeRanges, without } from "../../policy/ranges.ts";
import { boxesBetween, clip, SELF, tailsOfTerm } from "../../policy/space.ts";
import { natsOn } from "./leaving.ts";
import type { FactProof } from "./types.ts";
import type { Ways } from "./ways.ts";

/** Every leg of the plan is an interface of the file, and there are no others. */
export function proveLegs(ways: Ways): readonly FactProof[] {
  const fact = (text: string, hint: string): FactProof => ({
    code: "POLICY_PROOF_INTERFACE",
    router: ways.router.id,
    verdict: "refuted",
    fact: `${ways.router.id}: ${text}`,
    hint,
  });
  return [
    ...ways.lost.map((leg) => fact(`no interface holds the leg ${leg}`, "Nothing is proven about a zone without one")),
    ...ways.strange.map((key) =>
      fact(`interface ${key} is no leg of the plan`, "What comes in there is judged by no row: disable it, or plan it"),
    ),
  ];
}

/** Outbound NAT hides what comes from inside behind the VIP, and nothing else. */
export function proveOutbound(intent: Intent, ways: Ways, meter: Meter): readonly FactProof[] {
  const { space } = intent;
  const inside = space.ingresses.filter((i) => i.kind === "inside").map((i) => i.id);
  const leavers = inside.flatMap((id) => (intent.shares.get(id) ?? []).flatMap((s) => s.must));
  const wans = space.ingresses.filter((i) => i.kind === "wan");
  const hint = "Outbound NAT gives the VIP to what comes from inside, and leaves the routers' own addresses alone";
  const refuted = (fact: string, verdict: "refuted" | "undecided" = "refuted"): FactProof => ({
    code: "POLICY_PROOF_NAT_SOURCE",
    router: ways.router.id,
    verdict,
    fact: `${ways.router.id}: ${fact}`,
    hint,
  });
  const out: FactProof[] = [];
  for (const wan of wans) {
    const key = ways.keyOf.get(wan.id);
    const vip = space.plan.zones.get(wan.id)?.vip?.address;
    if (key === undefined || !vip) continue;
    const nats = natsOn(ways.ruleset, key);
    const list = (isVip: boolean): readonly Rule[] =>
      nats.map((n) => ({
        id: n.id,
        action: !n.isNo && (n.target?.value === vip.value) === isVip ? "pass" : "block",
        boxes: n.boxes,
      }));
    // The operator's own subnet is reached over this access too.
    const wanSubnet = space.plan.zones.get(wan.id)?.subnet;
    const far = makeRanges([...ways.beyond, ...(wanSubnet ? [rangeOf(wanSubnet)] : [])]);
    const leaving = clip(leavers, EVERYWHERE, without(far, [...ways.own, ...ways.peers]));
    const hidden = holds(leaving, compile(list(true)), { meter });
    if (hidden.kind === "refuted") {
      out.push(
        refuted(`${formatPacket(hidden.witness)} leaves by ${wan.id} without its VIP ${formatAddress(vip)} as source`),
      );
    } else if (hidden.kind === "undecided") out.push(refuted(`outbound NAT on ${wan.id} is undecided`, "undecided"));
    // What a router sends has the address of its own leg there; inside legs as sources do not leave by themselves.
    const nic = ways.router.nics.find((n) => n.zone === wan.id);
    const nodes = nic ? [pointOf(nic.address)] : [];
    const itself = boxesBetween(nodes, ways.beyond, tailsOfTerm({ protocol: "any" }));
    const bare = never(
      itself,
      compile(nats.map((n) => ({ id: n.id, action: n.isNo ? "block" : "pass", boxes: n.boxes }))),
      ["pass"],
      { meter },
    );
    if (bare.kind === "refuted") {
      out.push(
        refuted(
          `its own ${formatPacket(bare.witness)} leaves by ${wan.id} with another source: as backup it would lose its replies`,
        ),
      );
    }
  }
  for (const ingress of space.ingresses.filter((i) => i.kind !== "wan" && i.id !== SELF)) {
    const key = ways.keyOf.get(ingress.id);
    const nats = key === undefined ? [] : natsOn(ways.ruleset, key).filter((n) => !n.isNo);
    if (nats.length > 0) out.push(refuted(`${nats.map((n) => n.id).join(", ")} hides sources from ${ingress.id}`));
  }
  return out;
}

const pointOf = (a: Address): AddressRange => ({
  family: a.family,
  lo: a.value,
  hi: a.value,
});
