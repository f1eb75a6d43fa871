import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { proveKernel } from "../../../src/twin/router/prove/prove.ts";
import type { KernelProof } from "../../../src/twin/router/prove/prove.ts";
import { compiled, files } from "./files.ts";
import type { File } from "./files.ts";
import { openNamespace, whyNot } from "./namespace.ts";
import type { Namespace } from "./namespace.ts";

const reason = whyNot();

describe.skipIf(reason !== undefined)(
  `the kernel's rules against the file's${reason ? ` (skipped: ${reason})` : ""}`,
  () => {
    let ns: Namespace;
    beforeAll(async () => {
      ns = await openNamespace();
    });
    afterAll(() => ns.close());

    const proofOf = (file: File, changes: readonly string[] = []): KernelProof => {
      const input = compiled(file);
      ns.run("nft -f -", input.text);
      for (const change of changes) ns.run(`nft ${change}`);
      return proveKernel(input, JSON.parse(ns.run("nft -j list ruleset")));
    };

    const all = files();

    for (const file of all) {
      it(`${file.name}: loaded, read back, equal`, () => {
        expect(proofOf(file)).toMatchObject({ kind: "proven" });
      });
    }

    describe("a rule changed in the kernel is found, with a packet that shows it", () => {
      const lab = all[0]!;
      const named = (name: string): File => all.find((f) => f.name === name)!;

      /** The handle of the rule with a comment, in a chain. */
      const handle = (chain: string, comment: string): string => {
        const listed = ns.run(`nft -a list chain inet maquette ${chain}`);
        const line = listed.split("\n").find((l) => l.includes(`comment "${comment}"`));
        return /# handle (\d+)/.exec(line ?? "")?.[1] ?? "missing";
      };
      const trackerOf = (description: string): string =>
        lab.config.filter.rules.find((r) => r.description?.includes(description))?.tracker ?? "missing";

      const refuted = (file: File, change: () => string): Extract<KernelProof, { kind: "refuted" }>["witness"] => {
        ns.run("nft -f -", compiled(file).text);
        ns.run(`nft ${change()}`);
        const proof = proveKernel(compiled(file), JSON.parse(ns.run("nft -j list ruleset")));
        if (proof.kind !== "refuted") throw new Error(JSON.stringify(proof));
        return proof.witness;
      };

      it("a pass that is gone", () => {
        const tracker = trackerOf("F101");
        const witness = refuted(lab, () => `delete rule inet maquette in_lan handle ${handle("in_lan", tracker)}`);
        expect(witness.where).toBe("in on lan");
        expect(witness.file.rule).toBe(tracker);
        expect(witness.file.outcome).toMatch(/^pass tag/);
        expect(witness.kernel.outcome).toBe("block");
      });

      it("a pass put in front", () => {
        const witness = refuted(lab, () => "insert rule inet maquette in_wan tcp dport 22 accept");
        expect(witness.where).toBe("in on wan");
        expect(witness.packet).toMatch(/:22 tcp$/);
        expect(witness.kernel.outcome).toMatch(/^pass/);
      });

      it("a pass put in front of every interface, in the base chain", () => {
        const witness = refuted(lab, () => "insert rule inet maquette filter_in ip saddr 192.0.2.7 accept");
        expect(witness.packet).toContain("192.0.2.7");
      });

      it("a rule made wider", () => {
        const tracker = trackerOf("F102");
        const body =
          "ip saddr 10.20.20.0/24 meta l4proto 17 th dport 161 meta mark set meta mark and 0xffffff00 or 0x1 accept";
        const witness = refuted(
          lab,
          () => `replace rule inet maquette in_opt3 handle ${handle("in_opt3", tracker)} ${body}`,
        );
        expect(witness.where).toBe("in on opt3");
      });

      it("a tag that is no longer given", () => {
        const tracker = trackerOf("F101");
        const body = "meta l4proto 6 th dport { 22, 443 } ip saddr 10.20.10.10 accept";
        const witness = refuted(
          lab,
          () => `replace rule inet maquette in_lan handle ${handle("in_lan", tracker)} ${body}`,
        );
        expect(witness.file.outcome).toMatch(/tag \d/);
      });

      it("a translation to another address", () => {
        const body = "ip saddr 10.20.0.0/16 snat ip to 198.51.100.2";
        const witness = refuted(lab, () => `insert rule inet maquette nat_out_wan ${body}`);
        expect(witness.where).toBe("NAT out on wan");
        expect(witness.kernel.outcome).toContain("snat 198.51.100.2");
      });

      it("a policy that accepts", () => {
        const witness = refuted(
          lab,
          () =>
            "add chain inet maquette filter_in '{ type filter hook prerouting priority -50; policy accept; }'; nft flush chain inet maquette in_lan; nft add rule inet maquette in_lan accept",
        );
        expect(witness.where).toBe("in on lan");
      });

      it("a gateway that is no longer asked for", () => {
        const file = named("gateway-rule.yaml");
        const tracker = file.config.filter.rules.find((r) => r.gateway !== undefined)!.tracker!;
        const witness = refuted(
          file,
          () => `replace rule inet maquette in_lan handle ${handle("in_lan", tracker)} accept`,
        );
        expect(witness.file.outcome).not.toContain("route 0");
      });

      it("a redundant rule that is gone is no difference", () => {
        const deny = `delete rule inet maquette in_lan handle`;
        ns.run("nft -f -", compiled(lab).text);
        ns.run(`nft ${deny} ${handle("in_lan", "no-rule")}`);
        expect(proveKernel(compiled(lab), JSON.parse(ns.run("nft -j list ruleset")))).toMatchObject({ kind: "proven" });
      });

      it("a rule that cannot be read proves nothing", () => {
        ns.run("nft -f -", compiled(lab).text);
        ns.run("nft insert rule inet maquette in_lan ip length 40 accept");
        const proof = proveKernel(compiled(lab), JSON.parse(ns.run("nft -j list ruleset")));
        expect(proof).toMatchObject({ kind: "undecided", where: "in on lan" });
      });
    });
  },
);
