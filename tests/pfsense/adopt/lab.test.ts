import { describe, expect, test } from "vitest";
import { hiddenIn } from "../../../src/core/hidden.ts";
import { shown } from "../../../src/core/text.ts";
import { emitConfig } from "../../../src/pfsense/emit/index.ts";
import { proveAdopted } from "../../../src/pfsense/adopt/index.ts";
import { labPlan } from "../emit/lab.ts";
import { emittedOf, importOf, read } from "./office.ts";

describe("a router of the lab, read as if somebody had made it by hand", () => {
  const lab = labPlan();

  test.each(["rtr-a", "rtr-b"])("%s comes back as a plan that lets pass what the file does", (router) => {
    const imported = importOf(shown(emitConfig(lab, router)));
    const { proof, notCarried, plan } = imported;
    expect(proof.verdict).toBe("equal");
    // And once more as a file, of one router this time.
    expect(emittedOf(imported).proof).toMatchObject({ verdict: "equal", against: "emitted" });
    expect(proof.ways.map((w) => w.zone).sort()).toEqual([
      "admin",
      "dmz",
      "firewall",
      "servers",
      "sync",
      "users",
      "vpn",
      "wan1",
      "wan2",
    ]);
    expect(notCarried.filter((d) => d.severity === "error")).toEqual([]);
    expect([...plan.forwards].map((f) => [f.wans, f.service])).toEqual([
      [["wan1", "wan2"], "openvpn"],
      [["wan1", "wan2"], "https"],
    ]);
  });

  test("descriptions in which something is not seen come without it, in a plan that is sound", () => {
    // In front of every description, of rules, aliases, interfaces and forwards alike.
    const odd = "\u202e\u200b\u00ad";
    const xml = shown(emitConfig(lab, "rtr-a")).replace(/<descr>(?:<!\[CDATA\[)?/g, (tag) => `${tag}${odd}`);
    expect(xml.split(odd).length).toBeGreaterThan(50);
    // It throws where the documents are no plan.
    const { documents } = importOf(xml);
    for (const text of documents.values()) expect(hiddenIn(text.replace(/[\n\t]/g, " "))).toEqual([]);
  });

  test("a rule that is changed afterwards is found, with a packet", () => {
    const xml = shown(emitConfig(lab, "rtr-a"));
    const { plan, circumstances } = importOf(xml);
    const changed = xml.replace(/<port>3389<\/port>/, "<port>3390</port>");
    expect(changed).not.toBe(xml);
    const proof = proveAdopted(read(changed), plan, { circumstances });
    expect(proof.verdict).toBe("differs");
    const [way] = proof.ways.filter((w) => w.verdict === "differs");
    expect(way?.zone).toBe("admin");
    expect(way?.differences.map((d) => `${d.flows}: ${d.original.action}, then ${d.adopted.action}`)).toEqual([
      "h-bastion -> 10.20.30.0, 10.20.30.4-10.20.30.255 tcp 3389: block, then pass",
      "h-bastion -> 10.20.30.0, 10.20.30.4-10.20.30.255 tcp 3390: pass, then block",
    ]);
  });

  test("a file that is emitted takes the place of the plan's rows", () => {
    const xml = shown(emitConfig(lab, "rtr-a"));
    const { config, plan } = importOf(xml);
    const same = proveAdopted(config, plan, { emitted: config });
    expect([same.verdict, same.against]).toEqual(["equal", "emitted"]);
    const other = read(xml.replace(/<port>3389<\/port>/, "<port>3390</port>"));
    expect(proveAdopted(config, plan, { emitted: other }).verdict).toBe("differs");
  });
});
