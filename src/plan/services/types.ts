import type { Sourced } from "../sourced.ts";

export type PortMatch = { readonly lo: number; readonly hi: number };

/** One way in which a service is spoken. */
export type ServiceTerm =
  | { readonly protocol: "tcp" | "udp"; readonly ports: readonly PortMatch[] }
  | { readonly protocol: "icmp"; readonly types: readonly number[] | null }
  | { readonly protocol: "any" }
  | { readonly protocol: "ip"; readonly number: number };

export interface Service extends Sourced {
  readonly id: string;
  readonly description: string;
  readonly terms: readonly ServiceTerm[];
}
