import type { Endpoint, Placed } from "./base.ts";

/** `host`, `network`, `port`: contents in the file. `url`, `urltable` and their `_ports` forms: contents elsewhere. */
export interface PfAlias extends Placed {
  readonly name: string;
  readonly type: string;
  /** It has a name and an `address` element; another does not exist to pfSense (`alias_make_table`). */
  readonly isThere: boolean;
  /** The space separated entries: addresses, networks, FQDNs, ports, ranges with `:`, names of other aliases. */
  readonly entries: readonly string[];
  readonly urls: readonly string[];
  readonly description: string | undefined;
  readonly details: string | undefined;
}

/** Comma lists as text, empty for "every"; `hour` is `16:00-19:00`; `position` is the day of the week, Monday 1, Sunday 7. */
export interface PfTimeRange {
  readonly month: string | undefined;
  readonly day: string | undefined;
  readonly position: string | undefined;
  readonly hour: string | undefined;
}

export interface PfSchedule extends Placed {
  readonly name: string;
  readonly ranges: readonly PfTimeRange[];
  readonly description: string | undefined;
}

/** One `filter/rule`, as text where pfSense keeps text: judging it is the work of `rules/`. */
export interface PfFilterRule extends Placed {
  /** Position among the `rule` elements of `filter`, from 0. */
  readonly index: number;
  readonly tracker: string | undefined;
  readonly type: string | undefined;
  /** The interface text; a floating rule has a comma list, or nothing, or `any`. */
  readonly interface: string | undefined;
  /** The text of `floating` when the element is there: only `yes` gives it its own direction. */
  readonly floating: string | undefined;
  readonly direction: string | undefined;
  readonly isQuick: boolean;
  readonly ipProtocol: string | undefined;
  readonly protocol: string | undefined;
  readonly icmpTypes: string | undefined;
  readonly source: Endpoint;
  readonly destination: Endpoint;
  readonly description: string | undefined;
  readonly isDisabled: boolean;
  readonly isLogged: boolean;
  readonly gateway: string | undefined;
  readonly isReplyToOff: boolean;
  readonly stateType: string | undefined;
  readonly statePolicy: string | undefined;
  readonly tag: string | undefined;
  readonly tagged: string | undefined;
  readonly isNotTagged: boolean;
  readonly os: string | undefined;
  readonly dscp: string | undefined;
  readonly vlanPriority: string | undefined;
  readonly schedule: string | undefined;
  readonly isAnyTcpFlags: boolean;
  readonly tcpFlagsSet: string | undefined;
  readonly tcpFlagsOutOf: string | undefined;
  readonly allowsOptions: boolean;
  readonly isNoPfsync: boolean;
  readonly associatedRuleId: string | undefined;
  /** Queues, limiters and state limits by their element's name (`defaultqueue`, `dnpipe`, `max-src-conn` …). */
  readonly options: ReadonlyMap<string, string>;
}

export interface PfFilter {
  readonly rules: readonly PfFilterRule[];
  readonly bypassesStaticRoutes: boolean;
}
