import type { CommandSpec, OptionSpec } from "./command.ts";

export const commonOptions: readonly OptionSpec[] = [
  { name: "stack", value: "NAME", help: "the stack, default lab: the embedded lab" },
  { name: "json", help: "one JSON document on standard output" },
  { name: "lang", value: "en|fr", help: "language of what is printed for people" },
  { name: "help", help: "this text" },
];

const planOption: OptionSpec = { name: "plan", value: "DIR", help: "another plan than the stack's" };

export const commands: readonly CommandSpec[] = [
  {
    name: "up",
    summary: "create or update the lab, and print its guests",
    positionals: [],
    options: [
      { name: "skip-preview", help: "do not show what will change first" },
      { name: "no-install", help: "as root: name the system packages that are missing, install none" },
    ],
    load: async () => (await import("./commands/up.ts")).up,
  },
  {
    name: "preview",
    summary: "show what an up would change; changes nothing",
    positionals: [],
    options: [
      { name: "expect-no-changes", help: "exit 1 if anything would change" },
      { name: "markdown", help: "a short comment for a pull request" },
      {
        name: "base",
        value: "REF",
        help: "with --markdown: also which packets start or stop passing since that git ref",
      },
    ],
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
    name: "check",
    summary: "judge the plan and prove its policy; needs no running lab",
    positionals: [],
    options: [planOption, { name: "fresh", help: "prove again what was proven before for the same files" }],
    load: async () => (await import("./commands/check.ts")).check,
  },
  {
    name: "render",
    summary: "write what a host gets at its first boot, secrets as placeholders",
    positionals: [{ name: "HOST", help: "a host of the plan" }],
    options: [planOption, { name: "out", value: "DIR", help: "where to write HOST/; standard output if left out" }],
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
    options: [
      { name: "format", value: "NAME", help: "text (default), json, markdown or svg" },
      { name: "out", value: "FILE", help: "where to write it; standard output if left out" },
    ],
    load: async () => (await import("./commands/diff.ts")).diff,
  },
  {
    name: "matrix",
    summary: "the flow matrix zone by zone, or the flow table in ANSSI's order (in French unless --lang en)",
    positionals: [],
    options: [
      planOption,
      { name: "format", value: "NAME", help: "markdown (default), html, svg, table-markdown or table-html" },
      { name: "out", value: "FILE", help: "where to write it; standard output if left out" },
    ],
    load: async () => (await import("./commands/matrix.ts")).matrix,
  },
  {
    name: "audit",
    summary: "judge any pfSense config.xml, also a hand-made one; or decide packets by it",
    positionals: [{ name: "FILE", help: "a config.xml" }],
    options: [
      { name: "packets", value: "FILE", help: "JSON packets, one a line (- for standard input): one verdict a line" },
    ],
    load: async () => (await import("./commands/audit.ts")).audit,
  },
  {
    name: "import",
    summary: "write the plan of a hand-made pfSense, list what it does not hold, prove that it lets pass the same",
    positionals: [{ name: "FILE", help: "a config.xml" }],
    options: [
      { name: "out", value: "DIR", help: "where to write the documents, default stacks/imported" },
      { name: "force", help: "also into a folder that is not empty" },
      {
        name: "addresses",
        value: "LIST",
        help: "addresses got by DHCP or PPPoE: wan=203.0.113.9/24,opt1=10.8.0.1/24",
      },
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
    name: "doctor",
    summary: "what this machine has, what stands in for what, what is missing and how to get it",
    positionals: [],
    options: [],
    load: async () => (await import("./commands/doctor.ts")).doctor,
  },
  {
    name: "env",
    summary: 'shell exports: after eval "$(bin/maquette env)" plain pulumi commands work',
    positionals: [],
    options: [],
    load: async () => (await import("./commands/env.ts")).env,
  },
];
