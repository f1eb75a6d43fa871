// The directions of docs/architecture.md: core <- plan <- policy, pfsense, roles <- infra, provision,
// accept, docs <- cli; pve and twin know nothing of the plan.
const rooms = (...names) => `^src/(${names.join("|")})/`;
const from = (room, ...banned) => ({
  name: `${room}-knows-nothing-of-${banned.join("-")}`,
  severity: "error",
  from: { path: rooms(room) },
  to: { path: rooms(...banned) },
});
const everything = [
  "core",
  "plan",
  "policy",
  "pfsense",
  "roles",
  "infra",
  "embedded",
  "provision",
  "pve",
  "twin",
  "accept",
  "docs",
  "download",
  "engine",
  "door",
  "stack",
  "cli",
];
const only = (room, ...allowed) => from(room, ...everything.filter((r) => r !== room && !allowed.includes(r)));
module.exports = {
  forbidden: [
    only("core"),
    only("plan", "core"),
    only("policy", "core", "plan"),
    only("pfsense", "core", "plan", "policy", "stack"),
    only("roles", "core", "plan", "policy", "pfsense"),
    only("pve", "core"),
    only("twin", "core", "pve", "pfsense", "policy"),
    only("stack", "core"),
    only("download", "core", "stack"),
    only("engine", "core", "download", "stack"),
    only("door", "core", "plan", "stack"),
    only("embedded", "core", "pve", "stack", "twin"),
    only("infra", "core", "plan", "policy", "pfsense", "roles", "provision", "pve", "stack"),
    only("provision", "core", "plan", "policy", "pfsense", "roles", "pve", "stack", "door", "twin"),
    only("accept", "core", "plan", "policy", "pfsense", "roles", "pve", "stack", "door", "provision"),
    only("docs", "core", "plan", "policy", "pfsense", "roles", "accept"),
    {
      name: "the-engine-of-policy-knows-no-plan",
      severity: "error",
      from: { path: "^src/policy/engine/" },
      to: { path: "^src/(plan|pfsense)/|^src/policy/(?!engine/)" },
    },
    {
      name: "pfsense-model-and-read-know-no-plan-and-no-emit",
      severity: "error",
      from: { path: "^src/pfsense/(model|read)/" },
      to: { path: "^src/(plan|stack)/|^src/pfsense/emit/" },
    },
    {
      name: "only-roles-make-places-for-secrets",
      comment: "Roles, and what writes the routers' configuration; no text that a plan carries ever becomes a place.",
      severity: "error",
      from: { path: "^src/", pathNot: "^src/(roles|pfsense/emit)/" },
      to: { path: "^src/core/secret-place" },
    },
    {
      name: "pure-rooms-do-no-io",
      comment:
        "core, the rules of plan, policy, pfsense and roles are functions; files are read in plan/load and by the CLI.",
      severity: "error",
      from: { path: "^src/(core|policy|pfsense|roles|docs)/|^src/plan/(?!load)" },
      to: { path: "^(node:)?(fs|fs/promises|net|http|https|child_process|dgram|tls)$" },
    },
    {
      name: "no-circular",
      severity: "error",
      from: {},
      to: { circular: true },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsConfig: { fileName: "tsconfig.json" },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "node", "default"] },
  },
};
