import { warn } from "./context.ts";
import type { Context } from "./context.ts";
import { binats } from "./nat-binat.ts";
import { redirects } from "./nat-redirect.ts";
import { sourceNats } from "./nat-source.ts";
import type { NatRules } from "./nat-types.ts";

/** The translations of `nat` in pf's order (`filter_nat_rules_generate`, `etc/inc/filter.inc`). */
export function natRules(c: Context): NatRules {
  const oneToOne = binats(c);
  if (c.config.system.tftpInterfaces.length > 0) {
    const hint = "Packets to port 69 on those interfaces go to the local proxy.";
    warn(c, "PFSENSE_TFTP_PROXY", undefined, "system.tftpinterface", "the TFTP proxy adds rules while it works", hint);
  }
  return {
    redirects: [...redirects(c), ...oneToOne.reflections],
    binats: oneToOne.binats,
    sources: sourceNats(c),
  };
}
