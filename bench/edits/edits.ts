import { isScalar, visit, type Document, type YAMLSeq } from "yaml";

/** One edit of a lab's documents, as somebody makes it whose lab runs. */
export interface Edit {
  readonly name: string;
  /** What becomes of it: it is carried out, or refused before anything is touched. */
  readonly is: "done" | "refused";
  readonly of: Readonly<Record<string, (document: Document) => void>>;
}

const set =
  (...path: [...(string | number)[], unknown]) =>
  (d: Document): void =>
    d.setIn(path.slice(0, -1), d.createNode(path.at(-1)));
const all =
  (...edits: readonly ((d: Document) => void)[]) =>
  (d: Document): void => {
    for (const edit of edits) edit(d);
  };
const del =
  (...path: (string | number)[]) =>
  (d: Document): void => {
    if (!d.deleteIn(path)) throw new Error(`nothing at ${path.join(".")}`);
  };
const row = (d: Document, id: string): number =>
  (d.toJS() as { flows: readonly { readonly id: string }[] }).flows.findIndex((f) => f.id === id);
const ofRow =
  (id: string, edit: (d: Document, path: readonly (string | number)[]) => void) =>
  (d: Document): void =>
    edit(d, ["flows", row(d, id)]);

/** Takes a name out of every list. */
const without =
  (name: string) =>
  (d: Document): void =>
    visit(d, { Seq: (_, seq) => void (seq.items = seq.items.filter((i) => !isScalar(i) || i.value !== name)) });

const hosts = (edit: (d: Document) => void): Edit["of"] => ({ hosts: edit });
const addressing = (edit: (d: Document) => void): Edit["of"] => ({ addressing: edit });
const people = (edit: (d: Document) => void): Edit["of"] => ({ people: edit });
const flows = (edit: (d: Document) => void): Edit["of"] => ({ flows: edit });

const PERSON = {
  givenName: "Léa",
  surname: "Brun",
  title: "Opératrice",
  department: "cod",
  groups: ["cod-membres", "nomades"],
  mailbox: "lea.brun",
  extension: 120,
};

/** One of each class of edit, on the lab as it is shipped: document, field, kind. */
export const EDITS: readonly Edit[] = [
  // addressing.yaml
  {
    name: "another shared address of a zone",
    is: "done",
    of: addressing(set("zones", "servers", "vip", "address", "10.20.20.254")),
  },
  { name: "another VHID", is: "done", of: addressing(set("zones", "users", "vip", "vhid", 31)) },
  { name: "another VLAN of a zone", is: "done", of: addressing(set("zones", "users", "vlan", 35)) },
  { name: "a narrower subnet of a zone", is: "done", of: addressing(set("zones", "dmz", "subnet", "10.20.40.0/25")) },
  {
    name: "another subnet of the routers' own link",
    is: "done",
    of: {
      addressing: set("zones", "sync", "subnet", "10.20.98.0/29"),
      hosts: all(
        set("hosts", "rtr-a", "nics", 2, "address", "10.20.98.1"),
        set("hosts", "rtr-b", "nics", 2, "address", "10.20.98.2"),
      ),
    },
  },
  {
    name: "another subnet of a zone with all its hosts",
    is: "done",
    of: {
      addressing: all(
        set("zones", "users", "subnet", "10.20.33.0/24"),
        set("zones", "users", "vip", "address", "10.20.33.1"),
        set("zones", "users", "dhcp", { from: "10.20.33.100", to: "10.20.33.199", leaseSeconds: 28800 }),
      ),
      hosts: all(
        set("hosts", "rtr-a", "nics", 5, "address", "10.20.33.2"),
        set("hosts", "rtr-b", "nics", 5, "address", "10.20.33.3"),
        set("hosts", "pc1", "nics", 0, "address", "10.20.33.11"),
        set("hosts", "pc2", "nics", 0, "address", "10.20.33.12"),
      ),
    },
  },
  { name: "DHCP taken from a zone", is: "done", of: addressing(del("zones", "users", "dhcp")) },
  { name: "another range of DHCP", is: "done", of: addressing(set("zones", "users", "dhcp", "from", "10.20.30.150")) },
  {
    name: "the other access preferred",
    is: "done",
    of: addressing(all(set("zones", "wan1", "wan", "tier", 2), set("zones", "wan2", "wan", "tier", 1))),
  },
  { name: "another bandwidth of an access", is: "done", of: addressing(set("zones", "wan2", "wan", "upKbps", 8000)) },
  {
    name: "another network of the pool",
    is: "done",
    of: addressing(set("pools", "vpn-clients", "network", "10.20.52.0/24")),
  },
  { name: "another time zone", is: "done", of: addressing(set("domain", "timezone", "Indian/Reunion")) },
  { name: "another life of certificates", is: "done", of: addressing(set("authority", "certificateDays", 390)) },
  { name: "another life of the authority", is: "done", of: addressing(set("authority", "years", 9)) },
  { name: "the resolvers in another order", is: "done", of: addressing(set("domain", "dns", ["dc2", "dc1"])) },
  { name: "another name of the domain", is: "refused", of: addressing(set("domain", "name", "crise.test")) },
  // hosts.yaml
  { name: "more memory", is: "done", of: hosts(set("hosts", "mail", "memoryMiB", 5120)) },
  { name: "more cores", is: "done", of: hosts(set("hosts", "mail", "cores", 3)) },
  { name: "a bigger disk", is: "done", of: hosts(set("hosts", "mail", "disksGiB", [50])) },
  { name: "a smaller disk", is: "refused", of: hosts(set("hosts", "mail", "disksGiB", [30])) },
  { name: "one more disk", is: "done", of: hosts(set("hosts", "mail", "disksGiB", [40, 20])) },
  { name: "a disk less", is: "refused", of: hosts(set("hosts", "backup", "disksGiB", [10])) },
  { name: "another node", is: "refused", of: hosts(set("hosts", "mail", "node", 0)) },
  { name: "another number", is: "refused", of: hosts(set("hosts", "mail", "number", 44)) },
  {
    name: "another order of start",
    is: "done",
    of: hosts(set("hosts", "mail", "start", { order: 7, delaySeconds: 5 })),
  },
  { name: "another description", is: "done", of: hosts(set("hosts", "mail", "description", "Messagerie")) },
  { name: "protection of a guest", is: "done", of: hosts(set("hosts", "mail", "protected", true)) },
  {
    name: "one more host",
    is: "done",
    of: hosts((d) => {
      const pc2 = (d.toJS() as { hosts: Record<string, object> }).hosts["pc2"]!;
      d.setIn(
        ["hosts", "pc3"],
        d.createNode({ ...pc2, number: 33, nics: [{ zone: "users", address: "10.20.30.13" }] }),
      );
    }),
  },
  { name: "a host less", is: "done", of: { hosts: del("hosts", "pc2"), coverage: without("pc2") } },
  {
    name: "another address of the bastion",
    is: "done",
    of: hosts(set("hosts", "bastion", "nics", 0, "address", "10.20.10.20")),
  },
  {
    name: "another address of the log sink",
    is: "done",
    of: hosts(set("hosts", "backup", "nics", 0, "address", "10.20.20.26")),
  },
  {
    name: "another address of a router's leg",
    is: "done",
    of: hosts(set("hosts", "rtr-b", "nics", 4, "address", "10.20.20.5")),
  },
  {
    name: "another address of the second access' operator",
    is: "done",
    of: {
      hosts: set("hosts", "internet", "nics", 1, "address", "203.0.113.9"),
      addressing: set("zones", "wan2", "gateway", "203.0.113.9"),
    },
  },
  {
    name: "the routers' legs in another order",
    is: "done",
    of: hosts((d) => {
      for (const router of ["rtr-a", "rtr-b"]) {
        const nics = d.getIn(["hosts", router, "nics"]) as YAMLSeq;
        nics.items.push(nics.items.splice(5, 1)[0]);
      }
    }),
  },
  {
    name: "a workstation in another zone",
    is: "done",
    of: hosts(set("hosts", "pc2", "nics", [{ zone: "servers", address: "10.20.20.40" }])),
  },
  // flows.yaml
  { name: "a row less", is: "done", of: flows(ofRow("F445", (d, path) => d.deleteIn(path))) },
  {
    name: "a row that denies",
    is: "done",
    of: flows(ofRow("F403", (d, path) => d.setIn([...path, "action"], "deny"))),
  },
  { name: "a row that is logged", is: "done", of: flows(ofRow("F413", (d, path) => d.setIn([...path, "log"], true))) },
  {
    name: "one more service in a row",
    is: "done",
    of: flows(ofRow("F405", (d, path) => d.addIn([...path, "services"], "rdp"))),
  },
  { name: "the administration's row less", is: "refused", of: flows(ofRow("F401", (d, path) => d.deleteIn(path))) },
  // people.yaml
  { name: "one more person", is: "done", of: people(set("people", "lea.brun", PERSON)) },
  { name: "a person less", is: "done", of: people(del("people", "marc.dufour")) },
  { name: "another name of a person", is: "done", of: people(set("people", "ines.robin", "surname", "Robin-Leroy")) },
  {
    name: "another group of a person",
    is: "done",
    of: people(set("people", "paul.girard", "groups", ["cod-membres", "nomades"])),
  },
  {
    name: "one more group",
    is: "done",
    of: people(
      all(
        set("groups", "astreinte", { description: "Astreinte" }),
        set("people", "paul.girard", "groups", ["cod-membres", "astreinte"]),
      ),
    ),
  },
  {
    name: "one more department",
    is: "done",
    of: people(
      all(
        set("departments", "logistique", { name: "Logistique" }),
        set("people", "marc.dufour", "department", "logistique"),
      ),
    ),
  },
  { name: "another extension", is: "done", of: people(set("people", "paul.girard", "extension", 124)) },
  // services.yaml and roles.yaml
  {
    name: "another port of the log sink",
    is: "done",
    of: { services: set("services", "syslog-tls", "terms", [{ protocol: "tcp", ports: [6515] }]) },
  },
  {
    name: "another port of SSH",
    is: "refused",
    of: { services: set("services", "ssh", "terms", [{ protocol: "tcp", ports: [2222] }]) },
  },
  {
    name: "another policy of passwords",
    is: "done",
    of: { roles: set("settings", "dc", "passwords", { minimumLength: 14, remembered: 12 }) },
  },
  { name: "logs kept for a shorter time", is: "done", of: { roles: set("settings", "backup", "logDays", 90) } },
];
