import type { PfAuthServer, PfCertificate, PfGroup, PfSsh, PfSystem, PfUser, PfWebGui } from "../model/system.ts";
import { names } from "./cursor.ts";
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
const NO_CONSEQUENCE = names(`
  acb adaptiveend adaptivestart afterfilterchangeshellcmd aliasesresolveinterval already_run_config_upgrade
  backupcount bogons checkaliasesurlcert crypto_hardware dhcpbackend disable_unlocked_boot disableallowallwan
  disablebeep disablechecksumoffloading disableconsolemenu disablelargereceiveoffloading
  disablesegmentationoffloading dns1gw dns1host dns2gw dns2host dns3gw dns3host dns4gw dns4host dnsallowoverride
  dnslocalhost do_not_send_uniqueid earlyshellcmd enableserial enablesshd firmware gitsync global-v6duid
  gw_down_kill_states hideplatform hn_altq_enable icmperrortimeout icmpfirsttimeout ip_change_kill_states
  ipv6dontcreatelocaldns ipv6duidtype keep_failover_states kill_states language lb_use_sticky loginautocomplete
  maximumfrags maximumstates maximumtableentries mds_disable nextgid nextuid no_apipa_warning nodns64_mode
  otherfirsttimeout othermultipletimeout othersingletimeout pkg_repo_conf_path pkg_upgrade_dismissed powerd_ac_mode
  powerd_battery_mode powerd_enable powerd_normal_mode prefer_ipv4 primaryconsole proxypass proxyport proxyurl
  proxyuser pti_disabled reflectiontimeout remove_failover_states_default rulesetoptimization scrub_mss scrubrnid
  sendmail serialspeed session_timeout sharednet shellcmd srctrack sshguard_blocktime sshguard_detection_time
  sshguard_threshold sshguard_whitelist statepolicies sysctl tcpclosedtimeout tcpclosingtimeout
  tcpestablishedtimeout tcpfinwaittimeout tcpfirsttimeout tcpopeningtimeout tcptsdifftimeout thermal_hardware
  timeupdateinterval trafficshaper udpfirsttimeout udpmultipletimeout udpsingletimeout uniqueid use_mfs_tmp_size
  use_mfs_tmpvar use_mfs_var_size watchdogd_enable webguicss
`);

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
