import { acceptance } from "./acceptance.ts";
import { commands } from "./commands.ts";
import { door } from "./door.ts";
import { engine } from "./engine.ts";
import type { Entries, Entry } from "./entry.ts";
import { guests } from "./guests.ts";
import { imported } from "./import.ts";
import { pfsense } from "./pfsense.ts";
import { plan } from "./plan.ts";
import { policy } from "./policy.ts";
import { proxmox } from "./proxmox.ts";
import { roles } from "./roles.ts";
import { routers } from "./routers.ts";
import { stack } from "./stack.ts";
import { twin } from "./twin.ts";

/** Every code that a person may see, in French, in the order in which docs/fr/depannage.md has them. */
export const families: readonly { readonly title: string; readonly entries: Entries }[] = [
  { title: "La ligne de commande, les personnes, les secrets, les sauvegardes", entries: commands },
  { title: "Le plan", entries: plan },
  { title: "La politique et sa preuve", entries: policy },
  { title: "La pile, ses dossiers et ses fichiers", entries: stack },
  { title: "Le moteur, son état et les fichiers d'ailleurs", entries: engine },
  { title: "Proxmox VE et l'API embarquée", entries: proxmox },
  { title: "Les machines qui tournent ici", entries: twin },
  { title: "Les machines et les instantanés", entries: guests },
  { title: "Les rôles et leurs étapes", entries: roles },
  { title: "Les routeurs", entries: routers },
  { title: "Entrer dans les machines, lire les journaux", entries: door },
  { title: "La recette, la mesure et les répétitions", entries: acceptance },
  { title: "Un config.xml de pfSense", entries: pfsense },
  { title: "L'import d'un pfSense", entries: imported },
];

const byCode = new Map(families.flatMap(({ entries }) => Object.entries(entries)));

/** Undefined for a code of another version of maquette, which a machine room or a guest that still runs may answer. */
export const entryOf = (code: string): Entry | undefined => byCode.get(code);
