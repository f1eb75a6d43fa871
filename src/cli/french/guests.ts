import type { Entries } from "./entry.ts";

export const guests: Entries = {
  GUESTS_LOST: {
    what: "Cette opération supprimerait des machines avec leurs disques et leurs instantanés ; rien n'a été touché.",
    cure: "Suivez ce que dit « précision » pour chaque machine, ou confirmez la perte par l'option qui la nomme.",
  },
  GUESTS_MISPLACED: {
    what: "Le plan donne des machines existantes à d'autres noms ; rien n'est touché.",
    cure: "Une machine ne se renomme pas : rendez à chacune son numéro d'avant ; `maquette up` dit les autres voies et ce qui serait perdu.",
  },
  GUESTS_NOT_UP: {
    what: "Des machines n'ont pas démarré dans le délai.",
    cure: "`maquette console HOST --screen` montre ce qu'elles ont affiché ; `maquette up` poursuit.",
  },
  RESET_INTERRUPTED: {
    what: "Un retour à un instantané a été interrompu : machines d'alors et de maintenant sont peut-être côte à côte.",
    cure: "`maquette up` le termine, comme `maquette reset` ; ou `maquette destroy`.",
  },
  SNAPSHOT_DAMAGED: {
    what: "Le relevé d'un instantané ne se lit pas, ou est d'une autre version de maquette.",
    cure: "Supprimez-le, puis prenez un nouvel instantané ; ceux des machines, du même nom, sont remplacés.",
  },
  SNAPSHOT_EXISTS: {
    what: "Un instantané de ce nom existe déjà.",
    cure: "Donnez un autre nom, ou supprimez-le d'abord par --delete.",
  },
  SNAPSHOT_GUESTS: {
    what: "La maquette ne peut revenir en entier à cet instantané, et une partie n'y revient jamais seule.",
    cure: "Prenez-en un nouveau (`maquette snapshot OTHER`), ou refaites la maquette : `maquette destroy`, `maquette up`.",
  },
  SNAPSHOT_NOT_OURS: {
    what: "Des machines ont un instantané de ce nom que maquette n'a pas pris.",
    cure: "Choisissez un autre nom, ou supprimez-le dans Proxmox s'il est à vous.",
  },
  SNAPSHOT_NO_GUEST: {
    what: "La maquette n'est pas entière : des machines ne sont pas faites.",
    cure: "Lancez d'abord `maquette up`.",
  },
  SNAPSHOT_POWER: {
    what: "Des machines n'ont pas changé d'état (marche, arrêt) dans le délai.",
    cure: "Regardez leurs tâches dans Proxmox, puis relancez la même commande : elle poursuit.",
  },
  SNAPSHOT_STATE: {
    what: "L'état de Pulumi ne peut revenir avec les machines.",
    cure: "Lancez `maquette up` avec le plan d'alors, ou prenez un nouvel instantané.",
  },
  SNAPSHOT_UNKNOWN: {
    what: "Il n'y a pas d'instantané de ce nom.",
    cure: "`maquette snapshot --list` les énumère ; `maquette snapshot` en prend un.",
  },
};
