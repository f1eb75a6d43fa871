import { describe, expect, test } from "vitest";
import { differences } from "./differences.ts";
import { labPlan, ONE_WAN, type Edits } from "./lab.ts";

/** At most so many are shown: one is mostly enough to see what is wrong. */
const MAX_SHOWN = 12;

/** Section 2 closed by a row of its own, before the table's last one. */
const CLOSED: Edits = {
  flows: [["  # ── 3. ", `${row("F299", 2, "firewall", "any", "any", "deny")}  # ── 3. `]],
};

/** Ends that the lab does not use: everything, networks across zones, a router by its name, the Internet beside a zone. */
const STRANGE_ROWS: Edits = {
  flows: [
    [
      "  # ── 5. ",
      [
        row("F471", 4, "any", "any", "rdp", "allow"),
        row("F472", 4, "10.20.48.0/22", "internet, dcs", "imaps", "allow"),
        row("F473", 4, "internet, users", "10.20.40.0/30, pbx", "sip-tls", "reject"),
        row("F474", 4, "0.0.0.0/1", "zone:field, mail", "any", "allow"),
      ].join("") + "  # ── 5. ",
    ],
    ["  # ── 3. ", `${row("F208", 2, "rtr-a, rtr-b", "pbx", "sip", "allow")}  # ── 3. `],
  ],
};

function row(id: string, section: number, from: string, to: string, services: string, action: string): string {
  const ends = (text: string): string => text.replace(/[^ ,]+[:/][^ ,]+/g, (name) => JSON.stringify(name));
  return `  - id: ${id}\n    section: ${section}\n    from: [${ends(from)}]\n    to: [${ends(to)}]\n    services: [${services}]\n    action: ${action}\n    log: true\n    owner: sidsic\n    description: Rangée ${id}\n`;
}

describe("the routers let through what the flow table says, at every edge of the plan", () => {
  test.each([
    ["the lab", "rtr-a", {}, {}],
    ["the lab", "rtr-b", {}, {}],
    ["the lab without its first access", "rtr-a", {}, { WAN1GW: "down" }],
    ["the lab with one access", "rtr-b", ONE_WAN, {}],
    ["the lab with a closing row of section 2", "rtr-a", CLOSED, {}],
    ["rows with unusual ends", "rtr-b", STRANGE_ROWS, {}],
    ["a table without a last row", "rtr-a", { flows: [[/  - id: F601[\s\S]*?journalisé\n/, ""]] }, {}],
  ] satisfies [string, string, Edits, Record<string, "up" | "down">][])(
    "%s (%s)",
    { timeout: 60_000 },
    (_, router, edits, gatewayStates) => {
      const found = differences(labPlan(edits), router, { gatewayStates });
      expect(found.slice(0, MAX_SHOWN)).toEqual([]);
    },
  );
});
