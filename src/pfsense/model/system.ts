import type { Placed } from "./base.ts";

export interface PfGroup extends Placed {
  readonly name: string;
  readonly description: string | undefined;
  readonly scope: string | undefined;
  readonly gid: string | undefined;
  /** Uids of its members, as text. */
  readonly members: readonly string[];
  readonly privileges: readonly string[];
}

export interface PfUser extends Placed {
  readonly name: string;
  readonly description: string | undefined;
  readonly scope: string | undefined;
  readonly uid: string | undefined;
  readonly groupName: string | undefined;
  readonly passwordHash: string | undefined;
  /** Base64 of an `authorized_keys` file. */
  readonly authorizedKeys: string | undefined;
  readonly privileges: readonly string[];
  readonly isDisabled: boolean;
}

export interface PfAuthServer extends Placed {
  readonly refId: string | undefined;
  readonly type: string | undefined;
  readonly name: string;
  readonly host: string | undefined;
  /** Every other field by its element's name, such as `ldap_port`. */
  readonly fields: ReadonlyMap<string, string>;
}

/** A certificate authority or certificate: `crt` and `prv` are base64 of PEM. */
export interface PfCertificate extends Placed {
  readonly refId: string;
  readonly description: string | undefined;
  readonly type: string | undefined;
  readonly caRef: string | undefined;
  readonly crt: string | undefined;
  readonly prv: string | undefined;
  readonly serial: string | undefined;
}

export interface PfWebGui {
  readonly protocol: string | undefined;
  readonly port: string | undefined;
  readonly certificateRef: string | undefined;
  /** `noantilockout`: the anti-lockout rule is off. */
  readonly isAntiLockoutOff: boolean;
  /** `disablehttpredirect`: port 80 does not lead to the GUI. */
  readonly isRedirectOff: boolean;
}

export interface PfSsh {
  readonly isEnabled: boolean;
  readonly port: string | undefined;
  readonly keyOnly: string | undefined;
}

/** The `system` element: identity, and the switches that `filter_rules_generate` reads (`etc/inc/filter.inc`). */
export interface PfSystem {
  readonly hostname: string | undefined;
  readonly domain: string | undefined;
  readonly dnsServers: readonly string[];
  readonly timezone: string | undefined;
  /** Space separated in the file. */
  readonly timeServers: readonly string[];
  readonly optimization: string | undefined;
  readonly users: readonly PfUser[];
  readonly groups: readonly PfGroup[];
  readonly authServers: readonly PfAuthServer[];
  readonly ssh: PfSsh;
  readonly webGui: PfWebGui;
  readonly allowsIpv6: boolean;
  readonly statePolicy: string | undefined;
  readonly isNatReflectionOff: boolean;
  readonly isPureNatReflection: boolean;
  readonly isReflectionHelper: boolean;
  readonly isBinatReflection: boolean;
  readonly isApipaBlockOff: boolean;
  readonly isReplyToOff: boolean;
  readonly isNegateOff: boolean;
  readonly isVpnRulesOff: boolean;
  readonly isScrubOff: boolean;
  /** `disablefilter`: pf does not filter at all. */
  readonly isFilterOff: boolean;
  readonly skipsRulesOfGatewaysDown: boolean;
  readonly keepsScheduleStates: boolean;
  readonly tftpInterfaces: readonly string[];
}
