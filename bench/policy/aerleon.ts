import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { spawnSync } from "node:child_process";
import { formatNetwork, networksOfRange } from "../../src/core/ip.ts";
import type { Interval, Rule } from "../../src/policy/engine/types.ts";

/*
 * The peer: Aerleon (PyPI, the maintained successor of Capirca), whose --shade_check compares terms pairwise. It is
 * installed into a virtual environment that goes when the run ends; without python3 and pip the comparison is skipped.
 */

export interface PeerAnswer {
  readonly version: string;
  /** What the check adds to reading the policy. */
  readonly ms: number;
  readonly shaded: ReadonlySet<string>;
}

let python: string | null | undefined;

function findPython(): string | null {
  if (python !== undefined) return python;
  const home = mkdtempSync(join(tmpdir(), "aerleon-"));
  process.on("exit", () => rmSync(home, { recursive: true, force: true }));
  const made = spawnSync("python3", ["-m", "venv", home]);
  const own = join(home, "bin", "python");
  const installed = made.status === 0 ? spawnSync(own, ["-m", "pip", "install", "-q", "aerleon==1.18.0"]) : made;
  python = installed.status === 0 ? own : null;
  return python;
}

/** Aerleon's findings on the same list, or why there are none. */
export function comparePeer(rules: readonly Rule[]): PeerAnswer | string {
  const own = findPython();
  if (!own) return "skipped: no python3 with venv and pip";
  const networks: Record<string, unknown> = {};
  const services: Record<string, unknown> = {};
  const terms = rules.map((rule) => termOf(rule, networks, services));
  const answer = spawnSync(own, [new URL("aerleon_shades.py", import.meta.url).pathname], {
    input: JSON.stringify({ networks, services, terms }),
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  if (answer.status !== 0) return `failed: ${answer.stderr.trim().split("\n").at(-1)}`;
  const { version, ms, shaded } = JSON.parse(answer.stdout) as { version: string; ms: number; shaded: string[] };
  return { version, ms, shaded: new Set(shaded) };
}

const OTHER: Record<string, string> = { "47": "gre", "50": "esp", "51": "ah", "89": "ospf" };

function termOf(rule: Rule, networks: Record<string, unknown>, services: Record<string, unknown>) {
  const box = rule.boxes[0]!;
  const network = (i: Interval): Record<string, string> | undefined => {
    if (i.lo === 0n && i.hi === (1n << 32n) - 1n) return undefined;
    const list = networksOfRange({ family: 4, ...i }).map(formatNetwork);
    const name = `N_${i.lo}_${i.hi}`;
    networks[name] = { values: list.map((address) => ({ address })) };
    return { name };
  };
  const port = (i: Interval): string | undefined => {
    if (i.lo === 0n && i.hi === 65535n) return undefined;
    const name = `P_${box.slice}_${i.lo}_${i.hi}`;
    services[name] = [{ port: i.lo === i.hi ? `${i.lo}` : `${i.lo}-${i.hi}`, protocol: box.slice }];
    return name;
  };
  const isAny = rule.boxes.length > 1;
  const isPorts = !isAny && (box.slice === "tcp" || box.slice === "udp");
  return {
    name: rule.id,
    action: rule.action === "pass" ? "accept" : "deny",
    "source-address": network(box.src)?.["name"],
    "destination-address": network(box.dst)?.["name"],
    protocol: isAny ? undefined : box.slice === "other" ? OTHER[box.a.lo.toString()] : box.slice,
    "source-port": isPorts ? port(box.a) : undefined,
    "destination-port": isPorts ? port(box.b) : undefined,
  };
}
