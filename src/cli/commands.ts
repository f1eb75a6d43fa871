import type { CommandSpec, OptionSpec } from "./command.ts";

export const commonOptions: readonly OptionSpec[] = [
  { name: "stack", value: "NAME", help: "the stack, default lab: the embedded lab" },
  { name: "format", value: "NAME", help: "what is printed" },
  { name: "json", help: "the same as --format json" },
  {
    name: "lang",
    value: "en|fr",
    help: "language of what is printed for people (default MAQUETTE_LANG, then the locale)",
  },
  { name: "help", help: "this text" },
];

const planOption: OptionSpec = { name: "plan", value: "DIR", help: "another plan than the stack's" };

const addressesOption = {
  name: "addresses",
  value: "LIST",
  help: "addresses got by DHCP or PPPoE: wan=203.0.113.9/24,opt1=10.8.0.1/24",
} as const;

const nowOption = {
  name: "now",
  value: "TIME",
  help: "decide schedules as of 2026-11-29T20:00; without it their rules are said to depend on the hour",
} as const;

export const commands: readonly CommandSpec[] = [
  {
    name: "up",
    summary: "create or update the lab, and print its guests",
    positionals: [],
    options: [
      { name: "skip-preview", help: "do not show what will change first" },
      { name: "host", value: "HOST", isMany: true, help: "only this host (several: a,b), and nothing else" },
      {
        name: "replace",
        value: "HOST",
        isMany: true,
        help: "this host's guest (several: a,b) may be deleted with its disk, if the change cannot be made otherwise",
      },
      { name: "guests-only", help: "make the guests and do nothing inside them" },
      { name: "no-install", help: "as root: name the system packages that are missing, install none" },
    ],
    load: async () => (await import("./commands/up.ts")).up,
  },
  {
    name: "preview",
    summary: "show what an up would change; changes nothing",
    positionals: [],
    options: [
      { name: "replace", value: "HOST", isMany: true, help: "as with up: show what that would do" },
      { name: "expect-no-changes", help: "exit 1 if anything would change" },
      {
        name: "base",
        value: "REF",
        help: "with --format markdown: also which packets start or stop passing since that git ref",
      },
    ],
    formats: ["text", "json", "markdown"],
    retired: { markdown: "--format markdown" },
    load: async () => (await import("./commands/preview.ts")).preview,
  },
  {
    name: "destroy",
    summary: "delete the lab; its secret stays, so that the next up makes the same one",
    positionals: [],
    options: [
      { name: "yes", help: "do not ask (the embedded lab only)" },
      { name: "confirm", value: "STACK", help: "the stack's name: what a real Proxmox asks for" },
    ],
    load: async () => (await import("./commands/destroy.ts")).destroy,
  },
  {
    name: "snapshot",
    summary: "keep the whole lab as it is under a name: every guest, Pulumi's state, the plan's digest",
    details: [
      "All guests as of one moment: all but the routers stand still meanwhile. No guest is ever kept or taken back\nalone, a domain controller least of all. maquette reset NAME goes back.",
    ],
    positionals: [{ name: "NAME", isOptional: true, help: "default maquette" }],
    options: [
      { name: "list", help: "the snapshots there are, and whether the plan is still theirs" },
      { name: "delete", help: "delete it" },
    ],
    load: async () => (await import("./commands/snapshot.ts")).snapshot,
  },
  {
    name: "reset",
    summary: "take the whole lab back to a snapshot; what the guests did since is lost",
    details: [
      "Refused when a guest was made anew since, or came later. Run again after an interruption, it finishes. Where\nguests run on this machine, it ends when all are up and the routers carry.",
    ],
    positionals: [{ name: "NAME", isOptional: true, help: "default maquette" }],
    options: [{ name: "confirm", value: "STACK", help: "the stack's name: what a real Proxmox asks for" }],
    load: async () => (await import("./commands/reset.ts")).reset,
  },
  {
    name: "check",
    summary: "judge the plan and prove its policy; needs no running lab",
    positionals: [],
    options: [planOption, { name: "fresh", help: "prove again what was proven before for the same files" }],
    load: async () => (await import("./commands/check.ts")).check,
  },
  {
    name: "render",
    summary: "write what a host gets, at its first boot and by the steps of its roles, secrets as placeholders",
    details: [
      "maquette render dc1 /etc/hosts          what the plan says\nmaquette render --sent dc1 /etc/hosts   what dc1 was sent last, by the stack's state: on real guests and on guests in memory",
    ],
    positionals: [
      { name: "HOST", help: "a host of the plan" },
      { name: "PATH", isOptional: true, help: "one file only, as it lies on the host" },
    ],
    options: [
      planOption,
      { name: "sent", help: "what was sent, as the state holds it; after a refresh, what was found there" },
      { name: "out", value: "DIR", help: "where to write HOST/; standard output if left out" },
    ],
    load: async () => (await import("./commands/render.ts")).render,
  },
  {
    name: "explain",
    summary: "may A reach B on P, and why: the row, the rule on each router, NAT",
    positionals: [
      { name: "FROM", help: "a host, zone, pool, address, internet or firewall" },
      { name: "TO", help: "the same" },
      { name: "SERVICE", help: "udp/5060, tcp/443, icmp, or a service of the plan with one port" },
    ],
    options: [planOption],
    load: async () => (await import("./commands/explain.ts")).explain,
  },
  {
    name: "diff",
    summary: "which packets start or stop passing between two plans; exit 1 when some do",
    positionals: [
      { name: "FROM", help: "a git ref, or the folder of a plan" },
      { name: "TO", help: "the same" },
    ],
    options: [{ name: "out", value: "FILE", help: "where to write it; standard output if left out" }],
    formats: ["text", "json", "markdown", "svg"],
    load: async () => (await import("./commands/diff.ts")).diff,
  },
  {
    name: "matrix",
    summary: "the flow matrix zone by zone, or the flow table in ANSSI's order (in French unless --lang en)",
    positionals: [],
    options: [planOption, { name: "out", value: "FILE", help: "where to write it; standard output if left out" }],
    formats: ["markdown", "html", "svg", "table-markdown", "table-html"],
    load: async () => (await import("./commands/matrix.ts")).matrix,
  },
  {
    name: "voice",
    summary: "what telephony costs each link, how many calls fit, and how they would sound; from the plan",
    details: [
      "R and MOS are those of ITU-T G.107 at delays that are said beside them; a MOS that was measured is unknown until it is.",
      "--measure sends real RTP in namespaces of a guest of the running lab: links at the plan's rates, full of other traffic,\nwith the routers' queue for voice and without, 1, 2, 5, 10 calls and as many as fit. Some minutes; nothing of it leaves that\nguest, and nothing has to be put back.",
    ],
    positionals: [],
    options: [
      planOption,
      { name: "calls", value: "N", help: "how many calls at the same time, default 10" },
      { name: "measure", help: "also measure: all the numbers of calls, or those of --calls alone" },
      {
        name: "through",
        value: "router",
        help: "also: calls between guests while the active router is killed and comes back",
      },
      { name: "codec", value: "ID", help: "pcma (default), pcma-plc, g722, opus or g729" },
      { name: "out", value: "FILE", help: "where to write it; standard output if left out" },
    ],
    formats: ["text", "json", "markdown", "svg"],
    load: async () => (await import("./commands/voice.ts")).voice,
  },
  {
    name: "picture",
    summary: "draw the plan's lab (SVG): devices, names, addresses, VLANs, both accesses",
    positionals: [],
    options: [planOption, { name: "out", value: "FILE", help: "where to write it; standard output if left out" }],
    formats: ["svg"],
    load: async () => (await import("./commands/picture.ts")).picture,
  },
  {
    name: "init",
    summary:
      "write a plan of your own: the lab that comes with maquette under another name, domain and network, proven",
    details: [
      "Accesses and scenery keep their addresses, which are their operators'; people are left as examples. Networks keep\ntheir places where --network has room for them, else they come one after another (a /21 is enough). Exit 1 where the\nplan would not be sound: then nothing is written.",
    ],
    positionals: [{ name: "DIR", help: "a folder that is not there yet" }],
    options: [
      { name: "site", value: "NAME", help: "the plan's name, default that of DIR" },
      { name: "domain", value: "DOMAIN", help: "DNS name of the domain, default SITE.test" },
      { name: "netbios", value: "NAME", help: "its NetBIOS name, default the domain's first label" },
      { name: "network", value: "NETWORK", help: "of all inside zones and pools, default 10.20.0.0/16" },
    ],
    load: async () => (await import("./commands/init.ts")).init,
  },
  {
    name: "people",
    summary: "people import FILE.csv: people of the plan from a table; people export [FILE.csv]: as one",
    details: [
      "A line of headers, then a line a person: login, given name, surname, title, department, groups, mailbox, extension,\ndisabled; or identifiant, prénom, nom, fonction, service, groupes, boîte, poste, désactivé. Comma, semicolon or tab, UTF-8\nor Windows-1252. Without a login it is made of the names. New people are added, others get what the table says, nobody is\ntaken out. Exit 1 with each fault by its line, and then nothing is written.",
    ],
    positionals: [
      { name: "import|export", help: "what to do" },
      { name: "FILE", isOptional: true, help: "the table; - is standard input" },
    ],
    options: [planOption, { name: "dry-run", help: "of import: say what would change, and write nothing" }],
    load: async () => (await import("./commands/people.ts")).people,
  },
  {
    name: "schemas",
    summary: "write the documents' schemas with the plan's own names, for an editor to complete them",
    details: [
      "Into DIR/.schemas, which git leaves alone. A document's first line names its own:\n# yaml-language-server: $schema=.schemas/flows.schema.json\nRun it again when names were added; one that is not offered is no error.",
    ],
    positionals: [],
    options: [planOption],
    load: async () => (await import("./commands/schemas.ts")).schemas,
  },
  {
    name: "audit",
    summary: "judge any pfSense config.xml, also a hand-made one; or decide packets by it",
    positionals: [{ name: "FILE", help: "a config.xml (- for standard input)" }],
    options: [
      { name: "packets", value: "FILE", help: "JSON packets, one a line (- for standard input): one verdict a line" },
      addressesOption,
      nowOption,
    ],
    load: async () => (await import("./commands/audit.ts")).audit,
  },
  {
    name: "import",
    summary: "write the plan of a hand-made pfSense, list what it does not hold, prove that it lets pass the same",
    positionals: [{ name: "FILE", help: "a config.xml (- for standard input)" }],
    options: [
      { name: "out", value: "DIR", help: "where to write the documents, default stacks/imported" },
      { name: "force", help: "also into a folder that is not empty" },
      addressesOption,
      nowOption,
    ],
    load: async () => (await import("./commands/import.ts")).importConfig,
  },
  {
    name: "status",
    summary: "the guests, as the API sees them",
    positionals: [],
    options: [],
    load: async () => (await import("./commands/status.ts")).status,
  },
  {
    name: "ssh",
    summary: "a shell or a command on a host, in band: through the bastion and the routers, as the flow table allows",
    details: [
      "Inside hosts are reached from the bastion, as the lab's user with the lab's key, host keys pinned; the hosts\noutside the firewall (field, internet) by their console. Exits with the command's own code; 2 when there was no\nconnection. In a terminal, ~. at the start of a line hangs up.",
    ],
    positionals: [
      { name: "HOST", help: "a host of the plan" },
      { name: "COMMAND", isOptional: true, isRest: true, help: "for its shell; after -- where it has options" },
    ],
    options: [{ name: "tty", help: "a terminal for COMMAND too" }],
    load: async () => (await import("./commands/ssh.ts")).ssh,
  },
  {
    name: "console",
    summary: "a shell or a command on a host, out of band: works with every firewall closed",
    positionals: [
      { name: "HOST", help: "a host of the plan" },
      { name: "COMMAND", isOptional: true, isRest: true, help: "for its shell; after -- where it has options" },
    ],
    options: [
      { name: "screen", help: "what its screen showed last (boot messages), also of a guest that is off" },
      { name: "lines", value: "N", help: "with --screen: how many lines, default 200" },
    ],
    load: async () => (await import("./commands/console.ts")).openConsole,
  },
  {
    name: "logs",
    summary: "the journal of a host, or everybody's log at the sink (--json: one entry a line)",
    details: [
      "--all searches what hosts and routers have sent to the sink, also those that are off or lost; the routers' filter log is told by the plan's zones, hosts and rows:",
      "maquette logs --all --grep F601 --since=-10min\nmaquette logs --all --host dc1,dc2 --unit samba --grep 'pc1.*denied'",
    ],
    positionals: [{ name: "HOST", isOptional: true, help: "a host of the plan" }],
    options: [
      { name: "all", help: "of all hosts, at the sink" },
      { name: "host", value: "HOST", isMany: true, help: "with --all: of this host (several: a,b)" },
      { name: "grep", value: "PATTERN", help: "lines that match; without capitals whatever their case" },
      {
        name: "since",
        value: "TIME",
        help: "as journalctl takes it: -5min, today, 2026-01-31 08:00 (write --since=-5min)",
      },
      { name: "unit", value: "UNIT", help: "of one systemd unit; with --all of one program" },
      { name: "lines", value: "N", help: "the last ones, default 100; with --since all, of --all's 10000" },
      { name: "follow", help: "go on with new ones until Ctrl-C" },
    ],
    load: async () => (await import("./commands/logs.ts")).logs,
  },
  {
    name: "capture",
    summary: "frames of a host as pcap on standard output, for Wireshark",
    details: [
      "maquette capture dc1 port 53 | wireshark -k -i -\nmaquette capture rtr-a --interface dmz --seconds 10 > dmz.pcap",
    ],
    positionals: [
      { name: "HOST", help: "a host of the plan" },
      { name: "FILTER", isOptional: true, isRest: true, help: "as tcpdump takes it: tcp port 443 and host pc1" },
    ],
    options: [
      { name: "interface", value: "NAME", help: "an interface, or the zone that it leads to; default all" },
      { name: "count", value: "N", help: "end after so many frames" },
      { name: "seconds", value: "N", help: "end after so long" },
    ],
    load: async () => (await import("./commands/capture.ts")).capture,
  },
  {
    name: "door",
    summary: "hold a SOCKS5 proxy open that comes out at the bastion, for browsers and other programs",
    positionals: [],
    options: [
      { name: "tcp", help: "also on a loopback TCP port, with a password in a file" },
      { name: "port", value: "N", help: "that port; default any free one" },
    ],
    load: async () => (await import("./commands/door.ts")).door,
  },
  {
    name: "secret",
    summary: "print a secret of the stack, list, rotate or revoke; needs no running lab",
    details: [
      "Labels are password/…, ssh/…, tls-crypt/… (a key of the VPN's outer layer), cert/… (a certificate of the lab's authority) and crl/ca (what it has revoked); the\nlast part will do where it is the only one. A value is printed on a terminal alone, unless --stdout is given.",
      "What was rotated or revoked reaches the hosts with the next up. People's own passwords stay theirs: a rotated one\nis for accounts that are made from then on.",
    ],
    positionals: [{ name: "LABEL", isOptional: true, help: "as --list names it" }],
    options: [
      { name: "list", help: "every secret that the plan asks for, without its value" },
      { name: "rotate", help: "from now on another one" },
      { name: "revoke", help: "of a certificate: end it before its time" },
      { name: "stdout", help: "print it also into a file or a pipe" },
    ],
    load: async () => (await import("./commands/secret.ts")).secret,
  },
  {
    name: "vpn",
    summary: "vpn profile PERSON: write the OpenVPN profile of somebody who has the right; needs no running lab",
    details: [
      "One file for Windows, Android, iOS and Linux, with both accesses, a certificate and its key: whoever has it needs the\nperson's password of the directory still. It is written for this user alone; hand it over as you would a key.",
      "maquette secret cert/vpn.PERSON --revoke ends it, with the next up.",
    ],
    positionals: [
      { name: "profile", help: "what is asked for" },
      { name: "PERSON", help: "a login of people.yaml" },
    ],
    options: [
      { name: "out", value: "FILE", help: "where to write it; default PERSON.ovpn" },
      { name: "stdout", help: "print it instead" },
    ],
    load: async () => (await import("./commands/vpn.ts")).vpn,
  },
  {
    name: "verify",
    summary: "send packets of every cell of the flow matrix through the running routers; exit 1 on any difference",
    details: [
      "Allowed packets and their neighbours across the border, judged by captures at the active router: on A, with\nthe preferred access down, and on B. A packet that did not reach the router counts as a difference. With --json\none document a line: cells, differences, a summary a run.",
    ],
    positionals: [],
    options: [{ name: "router", value: "A|B|both", help: "which one is made active, default both" }],
    load: async () => (await import("./commands/verify.ts")).verify,
  },
  {
    name: "accept",
    summary:
      "ask from where users sit whether each need is met: what must work, and what must not; exit 1 when any is red",
    details: [
      "With --json one document a line: need, probe, from, expected, seen, ms, ok; a need that no probe covers yet has\nnull for probe and ok. The last whole result is kept for the closing report.",
    ],
    positionals: [],
    options: [
      { name: "need", value: "ID", help: "of one need or objective alone (N4, O7), or of several: N4,N5" },
      { name: "probe", value: "ID", help: "one probe alone, or several (A,B), by the ids that --json says" },
      { name: "long", help: "what was expected and seen of green probes too" },
      { name: "junit", value: "FILE", help: "also as JUnit's XML, for a CI server" },
      { name: "html", value: "FILE", help: "also as one page in French, to be read, printed and handed out" },
    ],
    load: async () => (await import("./commands/accept.ts")).accept,
  },
  {
    name: "drill",
    summary: "break a router, an access or a server under open sessions and probes, and print what it cost",
    details: [
      "Exit 1 unless all comes back within 3.5 s (router) or 5 s (access) and the open sessions live on; of a server, such\nas the first domain controller, unless clients are answered within 5 s by another one, and it has caught up\nafterwards; of a service whose daemon is killed, unless it is back by itself within 10 s and its users' questions are\nanswered. What was broken is put back, also on Ctrl-C.",
      "drill power loses mains until the battery is low: who was told, who stopped when, how databases were closed, and that all\ncomes back and is accepted. It takes some ten minutes, and every guest is off meanwhile (docs/roles/power.md).",
      "drill mystery breaks one thing, sees that somebody suffers from it, and says nothing: find it. drill hint helps a\nlittle, drill solve tells what it was and puts it right, drill sheet shows what was played (docs/accept.md).",
    ],
    positionals: [
      {
        name: "WHAT",
        help: "router, wan, service, power, what several hosts give of which one is lost, such as dc; or mystery, hint, solve, sheet",
      },
      { name: "ROLE", isOptional: true, help: "of service: whose daemon is killed, such as pbx" },
    ],
    options: [
      { name: "how", value: "HOW", help: "of a router: kill (default), reboot, links, or cable:ZONE" },
      { name: "times", value: "N", help: "so many in a row, and the spread of the longest gaps" },
      {
        name: "level",
        value: "N",
        help: "of a mystery: 1 something does not run (default), 2 something is in the way, 3 something says other than it did",
      },
      { name: "seed", value: "N", help: "of a mystery: the same one for the whole class" },
    ],
    load: async () => (await import("./commands/drill.ts")).drill,
  },
  {
    name: "load",
    summary:
      "ten people at work side by side: mail, calls, pages, VPN; without a fault and with some, and what was lost",
    details: [
      "A day by a seeded script, lived once without a fault and once with each: the active router is killed, the first domain\ncontroller stopped, the preferred access cut. Exit 1 where a mail is lost, an action fails, or somebody in a call hears\nnothing for longer than 3.5 s. What was broken is put back, also on Ctrl-C; accept shows the last one (docs/load.md).",
    ],
    positionals: [],
    options: [
      { name: "minutes", value: "N", help: "how long each day lasts, default 5" },
      { name: "seed", value: "N", help: "of the script, default 1: the same seed is the same day" },
      {
        name: "faults",
        value: "LIST",
        help: "router, dc, wan, or several of them with commas; all if left out, or none",
      },
      { name: "out", value: "FILE", help: "where to write it; standard output if left out" },
    ],
    formats: ["text", "json", "markdown"],
    load: async () => (await import("./commands/load.ts")).load,
  },
  {
    name: "backup",
    summary: "have the hosts' data taken now, as it is done by itself every so often",
    positionals: [],
    options: [
      { name: "host", value: "HOST", isMany: true, help: "of this host alone (several: a,b)" },
      {
        name: "list",
        help: "what is had of each, and how old it is; exit 1 where something is wrong (so with --json)",
      },
    ],
    load: async () => (await import("./commands/backup.ts")).backup,
  },
  {
    name: "restore",
    summary: "put a host's data back from its last backup, after an up of that host where it was lost",
    details: [
      "A host that was made anew gets the last backup of the guest before it. One that lives keeps what it has unless\n--confirm names it, and even then what it had goes aside, into a folder of that host. It takes all of it or none: an\narchive that is not whole touches nothing.",
    ],
    positionals: [{ name: "HOST", help: "a host of the plan" }],
    options: [
      { name: "confirm", value: "HOST", help: "the host's name: it lives, and what it holds now is to go aside" },
      { name: "at", value: "TIME", help: "the last backup before this time: 2026-11-30T20:00" },
    ],
    load: async () => (await import("./commands/restore.ts")).restore,
  },
  {
    name: "doctor",
    summary: "what this machine has, what stands in for what, what is missing and how to get it",
    positionals: [],
    options: [
      { name: "install", help: "as root: install the system packages that running guests takes" },
      { name: "download", help: "get the files of others that the plan's roles would use (docs/artefacts.md)" },
    ],
    load: async () => (await import("./commands/doctor.ts")).doctor,
  },
  {
    name: "env",
    summary: 'shell exports: after eval "$(bin/maquette env)" plain pulumi commands work',
    positionals: [],
    options: [],
    load: async () => (await import("./commands/env.ts")).env,
  },
  {
    name: "complete",
    summary: 'completion of commands, options and hosts: complete -C "$PWD/bin/maquette complete --" maquette (bash)',
    positionals: [{ name: "WORD", isOptional: true, isRest: true, help: "what bash adds" }],
    options: [],
    load: async () => (await import("./commands/complete.ts")).completer(commands, commonOptions),
  },
];
