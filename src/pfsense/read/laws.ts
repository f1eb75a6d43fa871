import type { Findings } from "./findings.ts";
import type { XmlElement } from "./xml.ts";

/** Elements that pfSense collects into a list; any other may occur once under its parent (`etc/inc/xmlparse.inc`). */
const LISTS: ReadonlySet<string> = new Set(
  `acls alias aliasurl allowedip allowedhostname authserver bridged build_port_path ca cacert cert crl clone config
   container columnitem checkipservice depends_on_package disk dnsserver dnsupdate domainoverrides dyndns earlyshellcmd
   element encryption-algorithm-option field fieldname gateway_item gateway_group gif gre group hash-algorithm-option
   hosts ifgroupentry igmpentry interface_array item key lagg laggroup lbaction lbpool l7rules lbprotocol member menu tab
   mobilekey mobilegroup monitor_type mount npt ntpserver onetoone openvpn-server openvpn-client openvpn-csc option
   package passthrumac phase1 phase2 ppp pppoe priv proxyarpnet pool qinqentry queue pages pipe radnsserver roll route
   row rrddatafile rule schedule service servernat servers sshkeyfile serversdisabled shellcmd staticmap subqueue switch
   swport timerange tunnel user vip virtual_server vlan vlangroup voucherdbfile vxlan wgpeer winsserver wolentry widget
   xmldatafile`.split(/\s+/),
);

/** An element of a list that holds nothing is dropped, as pfSense drops it. */
export const isDropped = (e: XmlElement): boolean => LISTS.has(e.name) && e.children.length === 0 && e.text === "";

/**
 * Finds every element that occurs twice under one parent although pfSense keeps no list of it: it refuses such a file.
 * Packages may declare lists of their own, so below `installedpackages` it is a warning.
 */
export function checkRepetition(root: XmlElement, findings: Findings): void {
  const visit = (element: XmlElement, path: string, isPackage: boolean): void => {
    const first = new Map<string, XmlElement>();
    for (const child of element.children) {
      const childPath = path === "" ? child.name : `${path}.${child.name}`;
      const earlier = first.get(child.name);
      if (!earlier) first.set(child.name, child);
      else if (!LISTS.has(child.name)) {
        const fact = `<${child.name}> occurs again; the first is at line ${earlier.line}`;
        const hint = "pfSense refuses a file that repeats an element it keeps no list of: keep one.";
        const report = isPackage ? findings.warn.bind(findings) : findings.error.bind(findings);
        report("PFSENSE_XML_REPEATED", child, childPath, fact, hint);
      }
      visit(child, childPath, isPackage || child.name === "installedpackages");
    }
  };
  visit(root, "", false);
}

/** Emitted files begin with `<?xml …?>` and have exactly `<pfsense>` on line 2: pfSense's installer looks for it there. */
export function checkSecondLine(text: string, findings: Findings): void {
  const second = text.split("\n", 2)[1]?.replace(/\r$/, "");
  if (second === "<pfsense>") return;
  const fact = "line 2 is not exactly <pfsense>";
  const hint = "Restoring through the GUI works; the External Configuration Locator would not recognise the file.";
  findings.warn("PFSENSE_SECOND_LINE", { line: 2, column: 1 }, "", fact, hint);
}
