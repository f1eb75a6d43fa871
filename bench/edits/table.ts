import type { Cost, Part } from "./cost.ts";
import type { Single } from "./singles.ts";

/** An edit, and what it costs. */
export interface Priced {
  readonly single: Single;
  readonly cost: Cost;
}

const INTRODUCTION = `# Every edit, and what it costs

Made by \`npm run edits\` from the schemas of the plan, and priced by the code that \`preview\` and \`up\` ask: each field of
each document is edited in the lab as it is shipped, and what the Pulumi program would register is held against what it
registered before. A test makes it again; where an edit does more than it says there, that is a fault of ours. How to change a lab that runs is told in [changes](changes.md).

A field is tried on one of each kind of thing that pays another price: a router (rtr-b), a domain controller (dc2), a server
(mail), scenery (internet); an access (wan2), the routers' link (sync), an inside zone (users), the outside (field). The rest
stands for its like. Where something is taken out or renamed, what names it follows.

| It says | What happens at \`up\` |
|---|---|
| nothing | the documents alone differ: nobody is touched |
| refused by \`check\` | nothing is touched; \`check\`, \`preview\` and \`up\` name the place and what to do |
| refused by \`up\` | nothing is touched; \`preview\` says so too. With \`GUESTS_LOST\` it is done where \`--replace HOST\` names the guest, whose data is lost |
| changed as it runs | cards, disks, descriptions, order of start: by the hypervisor, without a restart |
| steps | files, packages and services of the roles on these hosts; a service whose file differs is loaded anew |
| another file | each router loads its configuration, proves it, and keeps it; connections live on |
| restarted | the guest boots once; of the routers one after the other, while the other one carries. On another network: it reads its addresses, prefix, gateway or resolvers anew |
| from the next start | one of a pair is not restarted unasked: stop and start it by the hypervisor (\`qm reboot\`), one at a time; a reboot from within is none |
| deleted, created | with its disk |
| the role's template follows | it is described anew, or goes with its last guest; what was cloned from it stays |
`;

const EDITS: Readonly<Record<Single["kind"], string>> = {
  add: "added",
  remove: "removed",
  change: "changed",
  move: "moved",
  rename: "renamed",
};

const list = (names: readonly string[]): string =>
  names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)!}`;

const PHRASES: Readonly<Record<Part["what"], (whom: string, isOne: boolean) => string>> = {
  deleted: (whom) => `${whom} deleted`,
  created: (whom) => `${whom} created`,
  restarted: (whom) => `${whom} restarted`,
  readdressed: (whom) => `${whom} restarted on another network`,
  cards: () => "another file for the routers, restarted for their cards",
  "next start": (whom) => `${whom} has it from the next start`,
  "in place": (whom, isOne) => `${whom} changed as ${isOne ? "it runs" : "they run"}`,
  file: () => "another file for the routers",
  steps: (whom) => `steps on ${whom}`,
  image: () => "the image downloaded anew",
  template: () => "the role's template follows",
};

/** Hosts in words, the edited one as \`it\`; more than a few are counted. */
function whomOf(of: readonly string[], on: string | undefined): string {
  const others = of.filter((name) => name !== on);
  const named = others.length > 6 ? [`${others.length}${others.length < of.length ? " other" : ""} hosts`] : others;
  return list([...(others.length < of.length ? ["it"] : []), ...named]);
}

function wordsOf({ single: { on }, cost }: Priced): string {
  if (cost.kind === "refused") return `refused by \`${cost.by}\`: ${cost.codes.map((c) => `\`${c}\``).join(", ")}`;
  if (cost.parts.length === 0) return "nothing";
  return cost.parts.map(({ what, of }) => PHRASES[what](whomOf(of, on), of.length === 1)).join("; ");
}

/** Rows in the order of the first of what they hold, equal keys as one. */
function grouped<T>(items: readonly T[], keyOf: (item: T) => string): readonly (readonly T[])[] {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    groups.set(key, [...(groups.get(key) ?? []), item]);
  }
  return [...groups.values()];
}

interface Row {
  readonly fields: readonly string[];
  readonly on: readonly string[];
  readonly edits: readonly string[];
  readonly cost: string;
}

const editOf = ({ kind, way }: Single): string =>
  way === "an item" ? "an item removed" : way === undefined ? EDITS[kind] : `${EDITS[kind]} (${way})`;

const joined = (rows: readonly Row[], by: readonly (keyof Row)[]): readonly Row[] =>
  grouped(rows, (r) => JSON.stringify(by.map((k) => r[k]))).map((group) => ({
    fields: [...new Set(group.flatMap((r) => r.fields))],
    on: [...new Set(group.flatMap((r) => r.on))],
    edits: [...new Set(group.flatMap((r) => r.edits))],
    cost: group[0]!.cost,
  }));

/** Edits of one document, those that cost the same together: fields with what they are of, edits, cost. */
function rowsOf(priced: readonly Priced[]): readonly (readonly [string, string, string])[] {
  const single: Row[] = priced.map((p) => ({
    // Of a list of numbers by role each is like the others.
    fields: [p.single.field.name.replace(/^atLeast\..*/, "atLeast.*")],
    on: p.single.on === undefined ? [] : [p.single.on],
    edits: [editOf(p.single)],
    cost: wordsOf(p),
  }));
  const byThing = joined(single, ["fields", "edits", "cost"]);
  const byEdit = joined(byThing, ["fields", "on", "cost"]);
  const rows = joined(byEdit, ["on", "edits", "cost"]);
  return grouped(rows, (r) => JSON.stringify([r.edits, r.cost])).map((group) => {
    const things = group.map(({ fields, on }) => {
      const names = fields.map((f) => `\`${f}\``).join(", ");
      return on.length === 0 ? names : `${names} of ${list(on)}`;
    });
    return [things.join("; "), group[0]!.edits.join(", "), group[0]!.cost] as const;
  });
}

/** The page: a table a document. */
export function editsPage(priced: readonly Priced[]): string {
  const tables = grouped(priced, (p) => p.single.field.document).map((of) => {
    const rows = rowsOf(of)
      .map((cells) => `| ${cells.join(" | ")} |`)
      .join("\n");
    const head = "| Field | Edit | What it costs |\n|---|---|---|";
    return `\n## ${of[0]!.single.field.document}.yaml\n\n${head}\n${rows}\n`;
  });
  return `${INTRODUCTION}${tables.join("")}`;
}
