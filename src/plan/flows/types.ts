import type { Network } from "../../core/ip.ts";
import type { Department } from "../people/types.ts";
import type { Sourced } from "../sourced.ts";

/**
 * A named end of a flow, resolved. `firewall` is the routers' own addresses, VIPs included; `any` everything;
 * `internet` whatever is in no inside zone, no sync zone and no pool (so the outside zones and the operators' own
 * subnets belong to it). A host is all its addresses, aliases included.
 */
export type Endpoint =
  | { readonly kind: "any" }
  | { readonly kind: "internet" }
  | { readonly kind: "firewall" }
  | { readonly kind: "zone"; readonly zone: string }
  | { readonly kind: "host"; readonly host: string }
  | { readonly kind: "pool"; readonly pool: string }
  | { readonly kind: "network"; readonly network: Network };

/** A named list of ends that flows use, flat: a group holds no groups. */
export interface EndpointGroup extends Sourced {
  readonly id: string;
  readonly description: string;
  readonly members: readonly Endpoint[];
  /** As written. */
  readonly memberNames: readonly string[];
}

/** The six sections of ANSSI's recommendation DAT-NT-006, in their order. */
export type Section = 1 | 2 | 3 | 4 | 5 | 6;

export interface Flow extends Sourced {
  readonly id: string;
  readonly section: Section;
  readonly from: readonly Endpoint[];
  readonly to: readonly Endpoint[];
  /** Names as written, for people: the group or host that was said, with `zone:` or `host:` where it was needed. */
  readonly fromNames: readonly string[];
  readonly toNames: readonly string[];
  readonly services: readonly string[];
  readonly action: "allow" | "deny" | "reject";
  readonly isLogged: boolean;
  readonly description: string;
  /** The department that answers for the row. */
  readonly owner: Department["id"];
}

/** A port forward from the WAN addresses to an inside host. */
export interface Forward extends Sourced {
  readonly id: string;
  readonly wans: readonly string[];
  readonly service: string;
  readonly host: string;
  readonly description: string;
}

/** One line of the plan that takes away all that names it. */
export interface Switch extends Sourced {
  readonly id: string;
  readonly description: string;
  readonly isOn: boolean;
}

export interface Waiver extends Sourced {
  readonly id: string;
  /** Code of the finding that is accepted. */
  readonly code: string;
  /** Id of the row that it is accepted for. */
  readonly flow: string;
  readonly owner: string;
  readonly reason: string;
  /** ISO date, the last day on which it holds. */
  readonly expires: string;
}

export interface Invariant extends Sourced {
  readonly id: string;
  readonly description: string;
  readonly from: readonly Endpoint[];
  readonly to: readonly Endpoint[];
  readonly services: readonly string[];
  /** `never`: nothing may pass but what the rows named in `except` allow. `always`: everything must pass. */
  readonly kind: "never" | "always";
  readonly except: readonly string[];
}
