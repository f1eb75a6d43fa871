import { hostsOf, plays } from "../../plan/query.ts";
import type { Plan } from "../../plan/types.ts";
import type { Diagnostic } from "../../core/diagnostics.ts";
import { ebrigade as files } from "../artefacts.ts";
import { asksDirectory, controllersOf } from "../dc/directory.ts";
import type { Asked, ClientContext, ClientWork, RoleWork } from "../role.ts";
import { keptAt, watchedAt, serverCertificate } from "../service.ts";
import { defineRole } from "../settings.ts";
import { application, isHad, kept, PACKAGES, ROOT, TEMPLATES } from "./application.ts";
import { measured } from "./measured.ts";
import { triersOf } from "./people.ts";
import { probes } from "./probes.ts";
import { settings, type Settings } from "./settings.ts";
import { ACCOUNT, WEB_UNIT, type Context } from "./steps.ts";
import { label, web, WEB_PACKAGES, WEB_TEMPLATES } from "./web.ts";

/** eBrigade behind the directory's login; where its zip is not had, a page that says so, behind the same. */
export const ebrigade = defineRole({
  id: "ebrigade",
  settings,
  machine: { memoryMiB: 1024, diskGiB: 8 },
  packages: [...WEB_PACKAGES],
  templates: [...WEB_TEMPLATES, ...TEMPLATES],
  morePackages: (plan) => (isHad(plan) ? PACKAGES : []),
  roots: (plan) => (isHad(plan) ? [ROOT] : []),
  neighbours: [],
  work,
  clients,
  asks,
  findings,
  artefacts: () => [
    {
      name: "eBrigade",
      artefacts: files,
      standsIn: {
        en: "a page behind the directory's login that says so",
        fr: "une page qui le dit, derrière la connexion de l'annuaire",
      },
      notShown: { en: "eBrigade's own pages", fr: "les pages d'eBrigade" },
      isServed: false,
      isInstalled: true,
    },
  ],
  probes,
  manual: "docs/roles/ebrigade.md",
});

function asks(plan: Plan, told: Settings): Partial<Asked> {
  const triers = probes(plan, told).length > 0 ? triersOf(plan, told) : undefined;
  return {
    accounts: [ACCOUNT],
    watched: watchedAt(plan, "ebrigade", ["https"], ["https"]),
    measured: measured(plan, told),
    kept: isHad(plan) ? keptAt(plan, "ebrigade", kept) : [],
    people: triers === undefined ? [] : [triers.member, triers.outsider, triers.closed].flatMap((p) => p?.login ?? []),
  };
}

function work(context: Context): RoleWork {
  const { plan, host } = context;
  return {
    certificates: {
      [label(host.id)]: serverCertificate(plan, host),
    },
    after: controllersOf(plan).map((dc) => dc.id),
    needs: asksDirectory(plan, "asks the directory who may come in"),
    steps: [
      {
        kind: "packages",
        name: "packages",
        packages: isHad(plan) ? [...ebrigade.packages, ...PACKAGES] : ebrigade.packages,
      },
      ...(isHad(plan) ? application(context) : []),
      ...web(context),
    ],
  };
}

/** Of its own host: what reads the revocation list when it starts. */
function clients({ host }: ClientContext): ClientWork | null {
  if (!plays(host, "ebrigade")) return null;
  return { steps: [], onRevocation: [{ argv: ["systemctl", "try-restart", WEB_UNIT] }] };
}

function findings(plan: Plan, { group }: Settings): readonly Diagnostic[] {
  if (plan.groups.has(group)) return [];
  const said = plan.settings.get("ebrigade");
  return [
    {
      severity: "error",
      code: "EBRIGADE_NO_GROUP",
      place: said?.places.get("settings\nebrigade\ngroup") ?? hostsOf(plan, "ebrigade")[0]!.place,
      path: "settings.ebrigade.group",
      fact: `"${group}" is no group of people, so that nobody would come in to eBrigade`,
      hint: "Name a group of people.yaml in roles.yaml, settings.ebrigade.group",
    },
  ];
}
