import type { PfNat, PfNpt, PfOneToOne, PfOutboundRule, PfPortForward } from "../model/nat.ts";
import type { Cursor } from "./cursor.ts";

/** Reads `nat`. */
export function readNat(c: Cursor | undefined): PfNat {
  if (!c) return { outboundMode: undefined, outbound: [], portForwards: [], oneToOne: [], npt: [] };
  const outbound = c.child("outbound");
  c.skip("separator");
  return {
    // An empty one is neither missing nor "automatic": nothing is translated.
    outboundMode: outbound?.text("mode"),
    outbound: (outbound?.list("rule") ?? []).map(readOutbound),
    portForwards: c.list("rule").map(readPortForward),
    oneToOne: c.list("onetoone").map(readOneToOne),
    npt: c.list("npt").map(readNpt),
  };
}

function readPortForward(c: Cursor, index: number): PfPortForward {
  const rule: PfPortForward = {
    place: c.place,
    index,
    interface: c.text("interface"),
    ipProtocol: c.text("ipprotocol"),
    protocol: c.text("protocol"),
    source: c.endpoint("source"),
    destination: c.endpoint("destination"),
    target: c.text("target"),
    localPort: c.text("local-port"),
    associatedRuleId: c.text("associated-rule-id"),
    natReflection: c.text("natreflection"),
    isNoRedirect: c.flag("nordr"),
    isDisabled: c.flag("disabled"),
    description: c.text("descr"),
  };
  c.skip("created", "updated", "nosync");
  return rule;
}

function readOneToOne(c: Cursor, index: number): PfOneToOne {
  const rule: PfOneToOne = {
    place: c.place,
    index,
    interface: c.text("interface"),
    ipProtocol: c.text("ipprotocol"),
    external: c.text("external"),
    source: c.endpoint("source"),
    destination: c.endpoint("destination"),
    natReflection: c.text("natreflection"),
    isNoBinat: c.flag("nobinat"),
    isDisabled: c.flag("disabled"),
    description: c.text("descr"),
  };
  c.skip("created", "updated", "subnet");
  return rule;
}

function readNpt(c: Cursor, index: number): PfNpt {
  const rule: PfNpt = {
    place: c.place,
    index,
    interface: c.text("interface"),
    source: c.endpoint("source"),
    destination: c.endpoint("destination"),
    isDisabled: c.flag("disabled"),
    description: c.text("descr"),
  };
  c.skip("created", "updated");
  return rule;
}

function readOutbound(c: Cursor, index: number): PfOutboundRule {
  const rule: PfOutboundRule = {
    place: c.place,
    index,
    interface: c.text("interface"),
    ipProtocol: c.text("ipprotocol"),
    protocol: c.text("protocol"),
    source: c.endpoint("source"),
    sourcePort: c.text("sourceport"),
    destination: c.endpoint("destination"),
    destinationPort: c.text("dstport"),
    target: c.text("target"),
    targetSubnet: c.text("target_subnet"),
    natPort: c.text("natport"),
    poolOptions: c.text("poolopts"),
    isNoNat: c.flag("nonat"),
    isStaticPort: c.flag("staticnatport"),
    isDisabled: c.flag("disabled"),
    description: c.text("descr"),
  };
  c.skip("created", "updated", "nosync", "source_hash_key", "targetip", "targetip_subnet", "eimnat");
  return rule;
}
