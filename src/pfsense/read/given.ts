/**
 * How pfSense asks whether a field is given, in PHP's ways of asking:
 *
 * - `isset`: the element is there, whatever it holds; an empty one is there.
 * - `text`: `$x != ""`, `$x <> ""`; a missing and an empty element are not given, `0` is.
 * - `true`: `if ($x)`, `!empty($x)`; missing, empty and the text `0` are not given, for to PHP "0" is false.
 */
export type Asked = "isset" | "text" | "true";

/** One field: how it is asked for, and the function of `etc/inc` that asks. */
export interface Question {
  readonly asked: Asked;
  readonly where: string;
}

/** Whether a field with this text is given; `undefined` is a missing element. */
export function isGiven(asked: Asked, text: string | undefined): text is string {
  if (text === undefined) return false;
  if (asked === "isset") return true;
  return text !== "" && (asked === "text" || text !== "0");
}

/**
 * Every field that changes what becomes of a packet, by its path; `*` is an element whose name is data (an interface's
 * key). Whatever is not here is asked as `text`, which is what pfSense does most. Read in pfSense 2.8.0.
 */
export const QUESTIONS: ReadonlyMap<string, Question> = new Map<string, Question>([
  ...asked("filter.inc, filter_generate_user_rule", "filter.rule", {
    isset: `allowopts disabled disablereplyto floating log nopfsync nottagged quick tcpflags_any`,
    text: `ackqueue defaultqueue descr dnpipe gateway interface os pdnpipe`,
    true: `dscp icmptype max max-src-conn max-src-conn-rate max-src-conn-rates max-src-nodes max-src-states protocol
        sched source-track statepolicy statetimeout statetype tag tagged tcpflags1 tcpflags2 tracker vlanprio vlanprioset`,
  }),
  ...["filter.rule", "nat.rule", "nat.onetoone", "nat.npt", "nat.outbound.rule"].flatMap((rule) =>
    ["source", "destination"].flatMap((end) => [
      ...asked("filter.inc, filter_generate_address", `${rule}.${end}`, {
        isset: "any not",
        true: "address network",
      }),
      ...asked("filter.inc, filter_generate_port", `${rule}.${end}`, { true: "port" }),
    ]),
  ),
  ...asked("filter.inc, filter_rules_generate", "filter", { isset: "bypassstaticroutes" }),
  ...asked("filter.inc, filter_get_time_based_rule_status", "schedules.schedule.timerange", {
    true: "day hour month position",
  }),
  ...asked("util.inc, alias_make_table", "aliases.alias", { isset: "address", true: "name" }),
  ...asked("filter.inc, filter_nat_rules_generate", "nat.rule", {
    isset: "disabled nordr",
    text: "protocol",
    true: "interface local-port target",
  }),
  ...asked("filter.inc, filter_nat_rules_generate", "nat.onetoone", {
    isset: "disabled nobinat",
    true: "external interface",
  }),
  ...asked("filter.inc, filter_nat_rules_generate", "nat.npt", { isset: "disabled", true: "interface" }),
  ...asked("filter.inc, filter_nat_rules_generate", "nat.outbound", { isset: "mode" }),
  ...asked("filter.inc, filter_nat_rules_generate", "nat.outbound.rule", {
    isset: "disabled nonat staticnatport",
    true: "interface ipprotocol target_subnet",
  }),
  ...asked("filter.inc, filter_generate_port", "nat.outbound.rule", { true: "dstport sourceport" }),
  ...asked("filter.inc, filter_nat_rules_generate_if", "nat.outbound.rule", { true: "natport protocol target" }),
  ...asked("filter.inc, filter_generate_optcfg_array", "interfaces.*", {
    isset: "enable",
    text: "descr",
    true: "if ipaddr ipaddrv6",
  }),
  ...asked("interfaces.inc, interface_has_gateway", "interfaces.*", { true: "gateway gatewayv6" }),
  ...asked("filter.inc, filter_rules_generate", "interfaces.*", { isset: "blockbogons blockpriv" }),
  ...asked("gwlb.inc, return_gateways_array", "gateways.gateway_item", {
    isset: "disabled dpinger_dont_add_static_route force_down monitor_disable",
    true: "gateway monitor",
  }),
  ...asked("util.inc, get_staticroutes", "staticroutes.route", { isset: "disabled" }),
  ...asked("filter.inc, filter_rules_generate", "system", {
    isset: `disablenatreflection disablenegate disablereplyto disablescrub disablevpnrules enablebinatreflection
        enablenatreflectionhelper enablenatreflectionpurenat ipv6allow no_apipa_block schedule_states skip_rules_gw_down`,
    true: "tftpinterface",
  }),
  ...asked("filter.inc, filter_rules_generate", "system.ssh", { isset: "enable", true: "port" }),
  ...asked("filter.inc, filter_get_antilockout_ports", "system.webgui", {
    isset: "disablehttpredirect noantilockout",
    true: "port",
  }),
  ...asked("filter.inc, filter_rules_generate", "dhcpd.*", { isset: "enable", text: "failover_peerip" }),
  ...asked("interfaces.inc, interfaces_sync_setup", "hasync", { isset: "pfsyncenabled" }),
  ...asked("rc.filter_synchronize", "hasync", {
    true: `synchronizealiases synchronizeauthservers synchronizecaptiveportal synchronizecerts synchronizedhcpd
        synchronizedhcrelay synchronizedhcrelay6 synchronizednsforwarder synchronizeipsec synchronizekea6 synchronizenat
        synchronizeopenvpn synchronizerules synchronizeschedules synchronizestaticroutes synchronizetoip
        synchronizetrafficshaper synchronizetrafficshaperlimiter synchronizeusers synchronizevirtualip synchronizewol`,
  }),
  ...asked("filter.inc, filter_nat_rules_automatic_tonathosts", "openvpn.openvpn-server", {
    isset: "disable",
    true: "tunnel_network",
  }),
  ...asked("filter.inc, filter_nat_rules_automatic_tonathosts", "openvpn.openvpn-client", {
    isset: "disable",
    true: "tunnel_network",
  }),
  ...asked("filter.inc, filter_generate_ipsec_rules", "ipsec.phase1", {
    isset: "disabled gw_duplicates mobile",
    true: "descr",
  }),
  ...asked("filter.inc, filter_captiveportal_pass", "captiveportal.*", { isset: "enable" }),
]);

/** The fields of one element, by how they are asked for. */
function asked(
  where: string,
  element: string,
  fields: Readonly<Partial<Record<Asked, string>>>,
): readonly (readonly [string, Question])[] {
  return (["isset", "text", "true"] as const).flatMap((how) =>
    (fields[how] ?? "")
      .split(/\s+/)
      .filter((name) => name !== "")
      .map((name) => [`${element}.${name}`, { asked: how, where }] as const),
  );
}

/** How the field of this path is asked for. */
export const askedOf = (path: string): Asked => QUESTIONS.get(path)?.asked ?? "text";
