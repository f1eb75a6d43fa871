import type { Gap } from "../services/types.ts";

/** What the router says of itself, in `/run/maquette/router/status.json`. */
export interface RouterStatus {
  /** `starting`, `running`, or `failed` with the reason in `failure`. */
  readonly phase: "starting" | "running" | "failed";
  /** Milliseconds since the epoch. */
  readonly since: number;
  readonly failure: string | undefined;
  readonly hostname: string | undefined;
  readonly config: { readonly digest: string; readonly source: string; readonly loadedAt: number } | undefined;
  readonly rules:
    | { readonly isProven: true; readonly lists: number; readonly provenAt: number }
    | { readonly isProven: false; readonly why: string }
    | undefined;
  readonly isForwarding: boolean;
  readonly carp: readonly CarpStatus[];
  readonly gateways: readonly GatewayStatus[];
  readonly activeGateway: string | undefined;
  readonly confirm: { readonly until: number; readonly digest: string } | undefined;
  readonly gaps: readonly Gap[];
  readonly warnings: readonly string[];
  readonly assumptions: readonly string[];
}

export interface CarpStatus {
  readonly id: string;
  readonly device: string;
  readonly vhid: number;
  readonly addresses: readonly string[];
  readonly state: string;
  readonly since: number;
  readonly advskew: number;
  /** The skew of its adverts: demotion included. */
  readonly skew: number;
  readonly demotion: number;
  readonly counts: Readonly<Record<string, number>>;
}

export interface GatewayStatus {
  readonly name: string;
  readonly device: string;
  readonly address: string;
  readonly monitor: string | undefined;
  /** As routes and rules have it. `unwatched` counts as up. */
  readonly state: "up" | "down" | "pending" | "unwatched";
  readonly lossPercent: number | undefined;
  readonly delayMs: number | undefined;
  readonly since: number;
}

/** The status for people. */
export function formatStatus(s: RouterStatus): string {
  const at = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+Z$/, "Z");
  const lines = [`${s.hostname ?? "router"}: ${s.phase} since ${at(s.since)}`];
  if (s.failure !== undefined) lines.push(`  ${s.failure}`);
  if (s.config)
    lines.push(
      `configuration ${s.config.digest.slice(0, 12)} from ${s.config.source}, loaded ${at(s.config.loadedAt)}`,
    );
  if (s.rules)
    lines.push(
      s.rules.isProven
        ? `rules: proven equal to the file (${s.rules.lists} lists)`
        : `rules: NOT proven: ${s.rules.why}`,
    );
  lines.push(`forwarding: ${s.isForwarding ? "on" : "off"}`);
  if (s.confirm)
    lines.push(
      `waiting for maquette-load --confirmed until ${at(s.confirm.until)}; else the configuration before comes back`,
    );
  for (const c of s.carp) {
    const bad = Object.entries(c.counts).filter(([name, n]) => name.startsWith("bad") && n > 0);
    const refused = bad.length === 0 ? "" : `, refused ${bad.map(([name, n]) => `${name} ${n}`).join(", ")}`;
    lines.push(`carp ${c.id} ${c.addresses.join(" ")}: ${c.state}, skew ${c.skew}${refused}`);
  }
  for (const g of s.gateways) {
    const figures = g.lossPercent === undefined ? "" : `, loss ${g.lossPercent} %, delay ${g.delayMs ?? 0} ms`;
    lines.push(`gateway ${g.name} ${g.address}: ${g.state}${figures}${g.name === s.activeGateway ? " (default)" : ""}`);
  }
  if (s.gaps.length > 0) lines.push(`not imitated: ${s.gaps.length}`, ...s.gaps.map((g) => `  ${g.path}: ${g.what}`));
  return `${lines.join("\n")}\n`;
}
