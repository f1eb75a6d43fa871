import type { Document } from "yaml";

/*
 * What the schemas do not tell: on which of the shipped lab's things a field is tried, and values that must agree with
 * others. Fields go by `document:name`, as bench/edits/fields.ts names them.
 */

type Change = (document: Document) => void;

/** Things that a field is tried on, one of each kind that pays another price; the first that has the field elsewhere. */
export const CHOSEN: Readonly<Record<string, readonly string[]>> = {
  "addressing:zones.*": ["wan2", "sync", "users", "field"],
  "hosts:hosts.*": ["rtr-b", "dc2", "mail", "internet"],
  "flows:flows[].switch": ["F412"],
  "flows:forwards.*.switch": ["vpn"],
  "flows:invariants.*.switch": ["field-reaches-vpn"],
  "hosts:hosts.*.disksGiB": ["rtr-b", "dc2", "mail", "internet", "backup"],
};

/** Where a field is tried first; CHOSEN goes before, and any other place after it. */
export const PREFERRED: Readonly<Record<string, readonly string[]>> = {
  "addressing:zones.*.dhcp": ["users", "servers"],
  "hosts:images.*": ["debian-13"],
  "services:services.*": ["syslog-tls"],
  "flows:flows[]": ["F412"],
  "people:people.*": ["paul.girard"],
  "people:people.*.sshKeys": ["elise.fontaine"],
  "people:people.*.disabled": ["recette.ferme", "paul.girard"],
};

/** What a field becomes, or what a list gets one more of. `@` names the thing that the value is for. */
export const EXAMPLES: Readonly<Record<string, unknown>> = {
  "addressing:domain.name": "crise.test",
  "addressing:domain.netbios": "CRISE",
  "addressing:domain.timezone": "Indian/Reunion",
  "addressing:zones.*.subnet@users": "10.20.30.0/23",
  "addressing:zones.*.gateway@wan2": "203.0.113.9",
  "addressing:zones.*.gateway@sync": "10.20.99.6",
  "addressing:zones.*.gateway@users": "10.20.30.254",
  "addressing:zones.*.vip@sync": { address: "10.20.99.6", vhid: 99 },
  "addressing:zones.*.vip@field": { address: "192.0.2.254", vhid: 80 },
  "addressing:zones.*.vip.address@wan2": "203.0.113.254",
  "addressing:zones.*.vip.address@users": "10.20.30.254",
  "addressing:zones.*.dhcp@servers": { from: "10.20.20.100", to: "10.20.20.199", leaseSeconds: 3600 },
  "addressing:zones.*.wan@sync": { monitor: "192.0.2.80", tier: 3, downKbps: 1000, upKbps: 1000 },
  "addressing:zones.*.wan@users": { monitor: "192.0.2.80", tier: 3, downKbps: 1000, upKbps: 1000 },
  "addressing:zones.*.wan@field": { monitor: "192.0.2.80", tier: 3, downKbps: 1000, upKbps: 1000 },
  "addressing:zones.*.wan.monitor@wan2": "192.0.2.80",
  "addressing:zones.*.wan.tier": 1,
  "addressing:zones.*.wan.downKbps": 20000,
  "addressing:zones.*.wan.upKbps": 8000,
  "hosts:images.*.sha512": "0".repeat(128),
  "hosts:hosts.*.number": 44,
  "hosts:hosts.*.also": "field",
  "hosts:hosts.*.nics@rtr-b": { zone: "field", address: "192.0.2.3" },
  "hosts:hosts.*.nics@dc2": { zone: "users", address: "10.20.30.45" },
  "hosts:hosts.*.nics@mail": { zone: "users", address: "10.20.30.44" },
  "hosts:hosts.*.nics@internet": { zone: "dmz", address: "10.20.40.91" },
  "hosts:hosts.*.nics[].address@rtr-b": "198.51.100.5",
  "hosts:hosts.*.nics[].address@dc2": "10.20.20.26",
  "hosts:hosts.*.nics[].address@mail": "10.20.20.44",
  "hosts:hosts.*.nics[].address@internet": "198.51.100.9",
  "hosts:hosts.*.nics[].aliases@rtr-b": "198.51.100.6",
  "hosts:hosts.*.nics[].aliases@dc2": "10.20.20.46",
  "hosts:hosts.*.nics[].aliases@mail": "10.20.20.45",
  "hosts:hosts.*.nics[].aliases@internet": "198.51.100.10",
  "flows:flows[].id": "F498",
  "flows:flows": {
    id: "F498",
    section: 4,
    from: ["pbx"],
    to: ["internet"],
    services: ["icmp-echo"],
    action: "allow",
    log: true,
    owner: "sidsic",
    description: "Essai",
  },
  "people:people.*.kind": "probe",
  "people:people.*.extension": 124,
  "people:people.*.sshKeys":
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl elise@portable",
  "roles:settings.ebrigade.grades": { code: "AST", name: "Astreinte", group: "nomades" },
  "roles:settings.ebrigade.grades[].code": "AST",
  "roles:settings.mail.aliases.*": "group:nomades",
  "roles:settings.pbx.groups.*.members": "group:nomades",
  "roles:settings.pbx.codes.voicemail": "*97",
  "roles:settings.pbx.codes.blindTransfer": "#1",
  "roles:settings.workstation.windows.drive": "\\\\serveur\\partage",
  "services:services.*.terms[].ports": 8443,
  "services:services.*.terms": { protocol: "tcp", ports: [8443] },
};

/** The same field the other way, where a way costs more than the other. */
export const OTHER_WAY: Readonly<Record<string, { readonly way: string; readonly value: unknown }>> = {
  "hosts:hosts.*.memoryMiB": { way: "less", value: 1536 },
  "hosts:hosts.*.disksGiB@rtr-b": { way: "smaller", value: 12 },
  "hosts:hosts.*.disksGiB@dc2": { way: "smaller", value: 16 },
  "hosts:hosts.*.disksGiB@mail": { way: "smaller", value: 30 },
  "hosts:hosts.*.disksGiB@internet": { way: "smaller", value: 9 },
  "hosts:hosts.*.disksGiB@backup": { way: "smaller", value: 9 },
};

/** One more of a map: by what name, as which other with what else; and what goes with it in other documents. */
export const ADDED: Readonly<
  Record<
    string,
    {
      readonly key: string;
      readonly like?: string;
      readonly value?: Readonly<Record<string, unknown>>;
      readonly with?: Readonly<Record<string, Change>>;
    }
  >
> = {
  "addressing:zones": {
    key: "labo",
    like: "dmz",
    value: { vlan: 45, subnet: "10.20.45.0/24", vip: { address: "10.20.45.1", vhid: 45 } },
    with: {
      hosts: (d) => {
        for (const [router, address] of [
          ["rtr-a", "10.20.45.2"],
          ["rtr-b", "10.20.45.3"],
        ] as const)
          d.addIn(["hosts", router, "nics"], d.createNode({ zone: "labo", address }));
      },
    },
  },
  "addressing:pools": { key: "essais", like: "vpn-clients", value: { network: "10.20.52.0/24" } },
  "hosts:hosts": {
    key: "pc3",
    like: "pc2",
    value: { number: 33, nics: [{ zone: "users", address: "10.20.30.13" }] },
  },
  "flows:waivers": {
    key: "essai",
    value: { code: "POLICY_SHADOWED", flow: "F412", owner: "cod", reason: "Essai", expires: "2099-12-31" },
  },
  "people:people": {
    key: "lea.brun",
    like: "paul.girard",
    value: { givenName: "Léa", surname: "Brun", mailbox: "lea.brun", extension: 120 },
  },
};

/** What is taken out of a map, where the last one would not do. */
export const REMOVED: Readonly<Record<string, string>> = {
  "addressing:zones": "dmz",
  "flows:forwards": "ebrigade",
  "hosts:hosts": "pc2",
  "flows:groups": "staff",
  "flows:flows": "F445",
  "people:departments": "cabinet",
  "people:people": "marc.dufour",
};
