import type { Entries } from "./entry.ts";

export const twin: Entries = {
  TWIN_ARCHIVE: {
    what: "Une image ne peut être construite : l'archive de paquets ne répond pas comme il faut.",
    cure: "Vérifiez l'archive (apt-get update), ou nommez-en une autre par maquette:archive ou MAQUETTE_ARCHIVE ; puis relancez la même commande.",
  },
  TWIN_ARCHIVE_UNKNOWN: {
    what: "L'apt de cet ordinateur ne nomme aucune archive Debian, et les machines sont des Debian.",
    cure: "Nommez-en une par `pulumi config set maquette:archive` ou MAQUETTE_ARCHIVE.",
  },
  TWIN_CGROUPS: {
    what: "Ce noyau ne montre pas de hiérarchie cgroup 2, sans laquelle une machine ne peut être terminée d'un bloc.",
    cure: "Démarrez avec systemd.unified_cgroup_hierarchy=1, ou montez-la (mount -t cgroup2 none /sys/fs/cgroup/unified) ; sans root, les machines restent en mémoire.",
  },
  TWIN_COMMAND_MISSING: {
    what: "Un programme nécessaire ne peut être lancé.",
    cure: "Lancez `maquette doctor` : il nomme les paquets qu'il faut.",
  },
  TWIN_DEADLINE: {
    what: "Une commande du système n'a pas fini dans le délai.",
    cure: "Relancez ; si cela se répète, regardez le disque de cet ordinateur et l'archive de paquets.",
  },
  TWIN_FAILED: {
    what: "La salle des machines a rencontré une erreur.",
    cure: "Lisez « détail » et le journal de la salle ; `maquette up` reprend.",
  },
  TWIN_FOLDER: {
    what: "Le dossier des disques n'est pas un dossier à part.",
    cure: "Supprimez-le, ou nommez un autre endroit par MAQUETTE_TWIN_DIR.",
  },
  TWIN_GONE: {
    what: "La salle des machines s'est arrêtée pendant la demande.",
    cure: "Lancez `maquette up` : il la redémarre.",
  },
  TWIN_GUEST: {
    what: "Une machine n'a pas pu faire ce qui lui était demandé.",
    cure: "`maquette status` dit ce qui tourne, et `maquette up` démarre ce qui est éteint.",
  },
  TWIN_GUEST_OFF: {
    what: "La machine est éteinte.",
    cure: "Lancez `maquette up` : il la démarre.",
  },
  TWIN_IMAGE_DISK_FULL: {
    what: "Le disque est plein : une image ne peut être construite.",
    cure: "Libérez de la place (images et paquets de toute la maquette prennent environ 2 Go), puis relancez ; rien ne reste à moitié fait.",
  },
  TWIN_IMAGE_MISSING: {
    what: "Une couche d'image dont dépend une machine n'est plus là.",
    cure: "`maquette destroy`, puis `maquette up` : les machines sont refaites.",
  },
  TWIN_NEEDS_ROOT: {
    what: "Seul root peut démarrer les machines de cette maquette.",
    cure: "Relancez la même commande avec sudo ; MAQUETTE_GUESTS=memory se passe de machines qui tournent.",
  },
  TWIN_NO_GUESTS: {
    what: "Les machines ne peuvent tourner sur cet ordinateur.",
    cure: "MAQUETTE_GUESTS=memory se passe de machines qui tournent ; `maquette doctor` dit ce qui manque.",
  },
  TWIN_OVERLAY: {
    what: "Le système de fichiers ne convient pas aux disques des machines (overlayfs).",
    cure: "Nommez par MAQUETTE_TWIN_DIR un dossier sur un disque à part (ext4, xfs, btrfs, tmpfs) ; MAQUETTE_GUESTS=memory se passe de machines qui tournent.",
  },
  TWIN_PACKAGE_UNKNOWN: {
    what: "Une image ne peut être construite : il manque un paquet à l'archive.",
    cure: "Nommez une autre archive (maquette:archive).",
  },
  TWIN_POD: {
    what: "Les espaces de noms de la maquette n'ont pas pu être créés.",
    cure: "Il faut root et un noyau avec des espaces de noms réseau, montage et pid ; dans un conteneur, qu'il soit privilégié. Sans root, les machines restent en mémoire.",
  },
  TWIN_PROGRAMS: {
    what: "Il manque à cet ordinateur des programmes pour faire tourner les machines.",
    cure: "Installez en root les paquets nommés sous « détail ».",
  },
  TWIN_PROTOCOL: {
    what: "La salle des machines est d'une autre version.",
    cure: "Lancez `maquette up` : il démarre celle de cette version.",
  },
  TWIN_ROOM: {
    what: "La salle des machines ne démarre pas.",
    cure: "Lisez son journal, nommé sous « précision » (il est à root).",
  },
  TWIN_SUPPLY: {
    what: "Une machine n'obtient pas les paquets que demande maintenant son rôle.",
    cure: "Corrigez ce que nomme « détail », puis relancez `maquette up` ; ou refaites-la par --replace, ce qui perd ses données.",
  },
  TWIN_WONT_END: {
    what: "La salle des machines ne se termine pas.",
    cure: "Tuez en root le processus nommé, puis relancez la même commande.",
  },
};
