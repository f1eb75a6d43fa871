import type { PfAuthServer, PfCertificate, PfGroup, PfSsh, PfSystem, PfUser, PfWebGui } from "../model/system.ts";
import type { Cursor } from "./cursor.ts";

/** Reads `system`; a missing one gives pfSense's defaults. */
export function readSystem(c: Cursor, authServers: readonly PfAuthServer[]): PfSystem {
  const system: PfSystem = {
    hostname: c.text("hostname"),
    domain: c.text("domain"),
    dnsServers: c.texts("dnsserver"),
    timezone: c.text("timezone"),
    timeServers: c.words("timeservers", /\s+/),
    optimization: c.text("optimization"),
    users: c.list("user").map(readUser),
    groups: c.list("group").map(readGroup),
    authServers: [...c.list("authserver").map(readAuthServer), ...authServers],
    ssh: readSsh(c.child("ssh")),
    webGui: readWebGui(c.child("webgui")),
    allowsIpv6: c.flag("ipv6allow"),
    statePolicy: c.text("statepolicy"),
    isNatReflectionOff: c.flag("disablenatreflection"),
    isPureNatReflection: c.flag("enablenatreflectionpurenat"),
    isReflectionHelper: c.flag("enablenatreflectionhelper"),
    isBinatReflection: c.flag("enablebinatreflection"),
    isApipaBlockOff: c.flag("no_apipa_block"),
    isReplyToOff: c.flag("disablereplyto"),
    isNegateOff: c.flag("disablenegate"),
    isVpnRulesOff: c.flag("disablevpnrules"),
    isScrubOff: c.flag("disablescrub"),
    isFilterOff: c.flag("disablefilter"),
    skipsRulesOfGatewaysDown: c.flag("skip_rules_gw_down"),
    keepsScheduleStates: c.flag("schedule_states"),
    tftpInterfaces: c.words("tftpinterface", /,/),
  };
  c.keep(...NO_CONSEQUENCE);
  return system;
}

/** Known children of `system` that decide nothing about packets. */
const NO_CONSEQUENCE = [
  ..."acb already_run_config_upgrade aliasesresolveinterval backupcount bogons checkaliasesurlcert crypto_hardware".split(
    " ",
  ),
  ..."disablechecksumoffloading disablelargereceiveoffloading disablesegmentationoffloading disableconsolemenu".split(
    " ",
  ),
  ..."disablebeep dhcpbackend dns1gw dns2gw dns3gw dns4gw dnsallowoverride dnslocalhost do_not_send_uniqueid".split(
    " ",
  ),
  ..."enableserial enablesshd firmware global-v6duid gitsync gw_down_kill_states hn_altq_enable ip_change_kill_states".split(
    " ",
  ),
  ..."ipv6duidtype ipv6dontcreatelocaldns keep_failover_states kill_states language lb_use_sticky maximumfrags".split(
    " ",
  ),
  ..."maximumstates maximumtableentries mds_disable nextgid nextuid pkg_repo_conf_path powerd_ac_mode powerd_battery_mode".split(
    " ",
  ),
  ..."powerd_enable powerd_normal_mode powerd_normal_mode prefer_ipv4 primaryconsole proxyurl proxyport proxyuser proxypass".split(
    " ",
  ),
  ..."pti_disabled reflectiontimeout remove_failover_states_default rulesetoptimization scrubrnid scrub_mss sendmail".split(
    " ",
  ),
  ..."serialspeed session_timeout sharednet sshguard_threshold sshguard_blocktime sshguard_detection_time srctrack".split(
    " ",
  ),
  ..."sshguard_whitelist statepolicies sysctl thermal_hardware timeupdateinterval trafficshaper uniqueid use_mfs_tmpvar".split(
    " ",
  ),
  ..."use_mfs_tmp_size use_mfs_var_size watchdogd_enable webguicss adaptivestart adaptiveend nodns64_mode".split(" "),
  ..."tcpfirsttimeout tcpopeningtimeout tcpestablishedtimeout tcpclosingtimeout tcpfinwaittimeout tcpclosedtimeout".split(
    " ",
  ),
  ..."tcptsdifftimeout udpfirsttimeout udpsingletimeout udpmultipletimeout icmpfirsttimeout icmperrortimeout".split(
    " ",
  ),
  ..."otherfirsttimeout othersingletimeout othermultipletimeout pkg_upgrade_dismissed no_apipa_warning earlyshellcmd".split(
    " ",
  ),
  ..."shellcmd afterfilterchangeshellcmd hideplatform disableallowallwan disable_unlocked_boot loginautocomplete".split(
    " ",
  ),
];

function readUser(c: Cursor): PfUser {
  const user: PfUser = {
    place: c.place,
    name: c.text("name") ?? "",
    description: c.text("descr"),
    scope: c.text("scope"),
    uid: c.text("uid"),
    groupName: c.text("groupname"),
    passwordHash: c.text("bcrypt-hash") ?? c.text("sha512-hash"),
    authorizedKeys: c.text("authorizedkeys"),
    privileges: c.texts("priv"),
    isDisabled: c.flag("disabled"),
  };
  c.keepRest();
  return user;
}

function readGroup(c: Cursor): PfGroup {
  const group: PfGroup = {
    place: c.place,
    name: c.text("name") ?? "",
    description: c.text("description"),
    scope: c.text("scope"),
    gid: c.text("gid"),
    members: c.texts("member"),
    privileges: c.texts("priv"),
  };
  c.keepRest();
  return group;
}

export function readAuthServer(c: Cursor): PfAuthServer {
  return {
    place: c.place,
    refId: c.text("refid"),
    type: c.text("type"),
    name: c.text("name") ?? "",
    host: c.text("host"),
    fields: c.fields(),
  };
}

/** Reads a `ca`, `cert` or `crl`. */
export function readCertificate(c: Cursor): PfCertificate {
  const certificate: PfCertificate = {
    place: c.place,
    refId: c.text("refid") ?? "",
    description: c.text("descr"),
    type: c.text("type"),
    caRef: c.text("caref"),
    crt: c.text("crt"),
    prv: c.text("prv"),
    serial: c.text("serial"),
  };
  c.keepRest();
  return certificate;
}

function readSsh(c: Cursor | undefined): PfSsh {
  const ssh: PfSsh = {
    isEnabled: c?.flag("enable") ?? false,
    port: c?.text("port"),
    keyOnly: c?.text("sshdkeyonly"),
  };
  c?.keepRest();
  return ssh;
}

function readWebGui(c: Cursor | undefined): PfWebGui {
  const webGui: PfWebGui = {
    protocol: c?.text("protocol"),
    port: c?.text("port"),
    certificateRef: c?.text("ssl-certref"),
    isAntiLockoutOff: c?.flag("noantilockout") ?? false,
    isRedirectOff: c?.flag("disablehttpredirect") ?? false,
  };
  c?.keepRest();
  return webGui;
}
