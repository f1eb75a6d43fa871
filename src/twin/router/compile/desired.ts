import { createHash } from "node:crypto";

import { Fault } from "../../../core/fault.ts";
import { formatDiagnostic } from "../../../core/diagnostics.ts";
import type { PfConfig } from "../../../pfsense/model/config.ts";
import { readConfig } from "../../../pfsense/read/read-config.ts";
import { filterInterfaces } from "../../../pfsense/rules/interfaces.ts";
import { rulesOf } from "../../../pfsense/rules/ruleset.ts";
import type { Circumstances, PfRuleset } from "../../../pfsense/rules/types.ts";
import { accounts, ssh } from "../services/access.ts";
import type { Account } from "../services/access.ts";
import { dhcp } from "../services/dhcp.ts";
import { dns } from "../services/dns.ts";
import { ntp, syslog } from "../services/small.ts";
import { pfMibSocket, snmp } from "../services/snmp.ts";
import { stateSync, syncPeer } from "../services/sync.ts";
import type { SyncPeer } from "../services/sync.ts";
import { system } from "../services/system.ts";
import type { ConfigFile, Gap, Service } from "../services/types.ts";
import { countersOf } from "./counters.ts";
import { gapsOf } from "./gaps.ts";
import { gatewaysOf } from "./gateways.ts";
import type { Gateway, GatewayStates, LeasedGateways } from "./gateways.ts";
import type { Marks } from "./marks.ts";
import { networkOfFile, sysctlsOf } from "./network.ts";
import type { Network } from "./network.ts";
import { routingOf } from "./routing.ts";
import type { Routing } from "./routing.ts";
import { shaperOf } from "./shaper.ts";
import type { Shaper } from "./shaper.ts";
import { compileTable } from "./table.ts";

/** A file that was read, and who it is. */
export interface ReadFile {
  readonly config: PfConfig;
  readonly bytes: Uint8Array;
  /** SHA-256 of its bytes. */
  readonly digest: string;
  /** What the reader warns of, a line each. */
  readonly warnings: readonly string[];
}

/** Everything that a file makes of a router, as data: nothing here has touched the system. */
export interface Desired {
  readonly file: ReadFile;
  readonly ruleset: PfRuleset;
  readonly marks: Marks;
  /** For `nft -f`. */
  readonly table: string;
  /** For `nft -f`: what counts packets beside the rules, and is not put anew with them. */
  readonly counters: string;
  readonly network: Network;
  readonly sysctls: ReadonlyMap<string, string>;
  readonly gateways: readonly Gateway[];
  readonly routing: Routing;
  readonly shaper: Shaper;
  /** Undefined: the file has no states synchronised. */
  readonly syncPeer: SyncPeer | undefined;
  readonly services: readonly Service[];
  /** Where PF's own MIB is served to; null: nowhere. */
  readonly pfMibSocket: string | null;
  readonly files: readonly ConfigFile[];
  readonly accounts: readonly Account[];
  readonly gaps: readonly Gap[];
}

/**
 * Reads a file as far as one can say that it is sound.
 * @throws Fault ROUTER_FILE_REFUSED with every finding
 */
export function readFileOfRouter(bytes: Uint8Array, name: string): ReadFile {
  const read = readConfig(bytes, { file: name });
  if (!read.ok) {
    const findings = read.errors.map(formatDiagnostic).join("\n");
    const hint = "Mend the file; nothing of it has been applied.";
    throw new Fault("ROUTER_FILE_REFUSED", `${name} is not a configuration that a router can run:\n${findings}`, hint);
  }
  const digest = createHash("sha256").update(bytes).digest("hex");
  return { config: read.value, bytes, digest, warnings: read.warnings.map(formatDiagnostic) };
}

/**
 * The whole router that a file describes, under what is known at this moment: time, addresses that others gave, and
 * which of its gateways are up.
 * @throws Fault when the file asks for more than a mark can hold
 */
export function desiredOf(
  file: ReadFile,
  circumstances: Circumstances,
  statesOf: (gateways: readonly Gateway[]) => GatewayStates,
  leased: LeasedGateways = {},
): Desired {
  const { config } = file;
  const gateways = gatewaysOf(config, filterInterfaces(config, circumstances), leased);
  const states = statesOf(gateways);
  const ruleset = rulesOf(config, { ...circumstances, gatewayStates: states });
  const table = compileTable(config, ruleset);
  const network = networkOfFile(config, circumstances);
  const input = { config, interfaces: ruleset.interfaces };
  const shaper = shaperOf(input, table.marks);
  const services = [ssh(input), syslog(input), dns(input), dhcp(input), ntp(input), snmp(input), stateSync(input)];
  const people = accounts(input);
  return {
    file,
    ruleset,
    marks: table.marks,
    table: table.text,
    counters: countersOf(ruleset),
    network,
    sysctls: sysctlsOf(config, network),
    gateways,
    routing: routingOf(config, ruleset.interfaces, gateways, table.marks, states),
    shaper,
    syncPeer: syncPeer(input),
    services,
    pfMibSocket: pfMibSocket(input),
    files: system(input),
    accounts: people.accounts,
    gaps: [...gapsOf(config, ruleset, table.gaps), ...shaper.gaps, ...people.gaps, ...services.flatMap((s) => s.gaps)],
  };
}
