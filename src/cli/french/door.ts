import type { Entries } from "./entry.ts";

export const door: Entries = {
  DOOR_AUTH: {
    what: "La machine n'accepte pas la clé de la maquette.",
    cure: "Elle a été faite avec un autre secret, ou quelqu'un a changé authorized_keys : `maquette destroy`, puis `maquette up`, la refont.",
  },
  DOOR_CUT: {
    what: "La connexion SSH à la machine a été coupée.",
    cure: "La machine démarre, s'arrête ou est surchargée : voyez `maquette status`, puis relancez la même commande.",
  },
  DOOR_DEADLINE: {
    what: "Une commande lancée par SSH n'a pas fini dans le délai.",
    cure: "Lancez-la à la main par `maquette ssh MACHINE` et voyez ce qu'elle attend.",
  },
  DOOR_FORBIDDEN: {
    what: "Le bastion ne relaie pas vers cette machine ou ce port.",
    cure: "Il ne relaie que ce que lui ouvre la table des flux : `maquette explain bastion MACHINE SERVICE`.",
  },
  DOOR_GUEST_OFF: {
    what: "La machine est éteinte, en pause, ou n'est pas encore faite : rien n'y répond.",
    cure: "Lancez `maquette up` : il fait et démarre ce que le plan nomme ; une VM en pause se reprend par l'API.",
  },
  DOOR_HOST_KEY: {
    what: "Ce qui répond montre une autre clé d'hôte que celle de la machine ; rien ne lui a été envoyé.",
    cure: "Quelqu'un est peut-être entre vous et la machine, ou elle a été refaite ailleurs : trouvez la cause avant de continuer.",
  },
  DOOR_MEMORY: {
    what: "Les machines de cette maquette vivent en mémoire : rien n'y tourne, on n'y entre pas.",
    cure: "Les machines tournent sous Linux, en root : `maquette destroy`, puis `sudo maquette up` (`maquette doctor` dit ce qu'il faut).",
  },
  DOOR_NOT_UNDERSTOOD: {
    what: "La recherche demandée dans les journaux n'est pas comprise.",
    cure: "`maquette logs --help` montre ce qui peut être demandé.",
  },
  DOOR_NOT_YOURS: {
    what: "La console de cette machine est à un autre utilisateur.",
    cure: "Lancez maquette sous l'utilisateur à qui est la maquette.",
  },
  DOOR_NO_CONSOLE: {
    what: "La console de cette machine est celle de l'hyperviseur : sur un vrai Proxmox, cette commande ne l'ouvre pas.",
    cure: "Ouvrez la VM dans l'interface web de Proxmox, Console ; `maquette ssh MACHINE` passe par le chemin ordinaire.",
  },
  DOOR_NO_JOURNAL: {
    what: "La machine est un pfSense, qui tient des fichiers au lieu d'un journal.",
    cure: "Lisez-les par SSH : /var/log/system.log, et filter.log pour le pare-feu.",
  },
  DOOR_NO_LAB: {
    what: "Il n'y a pas encore de maquette.",
    cure: "Lancez `maquette up`.",
  },
  DOOR_NO_NAME: {
    what: "Le bastion ne trouve pas l'adresse de ce nom.",
    cure: "C'est lui qui résout les noms : vérifiez que la machine est dans le DNS du domaine.",
  },
  DOOR_NO_PLAN: {
    what: "Le plan a des fautes : on ne sait pas où sont ses machines.",
    cure: "`maquette check` les énumère ; corrigez-les d'abord.",
  },
  DOOR_NO_POWER: {
    what: "Les machines de cette maquette sont sans courant : leur salle ne tourne pas.",
    cure: "Lancez `maquette up` en root (sudo) : il démarre celles qui tournaient.",
  },
  DOOR_NO_ROUTE: {
    what: "Aucun chemin ne mène à la machine.",
    cure: "Elle est éteinte, ou les routeurs ne laissent pas passer : `maquette status`, `maquette explain`.",
  },
  DOOR_NO_SINK: {
    what: "Personne ne reçoit les journaux des machines de ce plan.",
    cure: "Donnez le rôle backup à une machine, ou lisez le journal d'une seule : `maquette logs HOST`.",
  },
  DOOR_NO_UNIT: {
    what: "La machine n'a pas cette unité, et son journal n'en a aucune ligne.",
    cure: "`maquette ssh MACHINE -- systemctl list-units` les nomme.",
  },
  DOOR_NO_WAY: {
    what: "On n'entre pas par SSH dans cette machine.",
    cure: "Passez par `maquette door` ou par la console, comme l'indique « précision ».",
  },
  DOOR_OFF: {
    what: "La machine n'a pas de console ouverte.",
    cure: "Elle est éteinte, démarre encore, ou son système est plus ancien que systemd 256 : `maquette status`.",
  },
  DOOR_OPEN: {
    what: "La porte de cette maquette est déjà ouverte.",
    cure: "Servez-vous-en, ou terminez le `maquette door` qui la tient.",
  },
  DOOR_PATH: {
    what: "Le chemin de la socket est trop long pour le système.",
    cure: "Choisissez un dossier d'état plus court : XDG_STATE_HOME.",
  },
  DOOR_PORT: {
    what: "La porte ne peut écouter à cet endroit.",
    cure: "Choisissez un autre --port, ou laissez l'option de côté.",
  },
  DOOR_REFUSED: {
    what: "La connexion est refusée par la machine visée.",
    cure: "Rien n'y écoute, ou un pare-feu la rejette : `maquette explain` dit ce que laisse passer la table des flux.",
  },
  DOOR_SEARCH_FAILED: {
    what: "La recherche dans les journaux reçus a échoué.",
    cure: "Regardez sur le puits de journaux, par `maquette console MACHINE`.",
  },
  DOOR_SILENT: {
    what: "La machine visée ne répond pas dans le délai.",
    cure: "Un pare-feu jette les paquets, ou la machine est éteinte : `maquette explain bastion HOST SERVICE` dit ce que laisse passer la table des flux.",
  },
  DOOR_UNREACHABLE: {
    what: "L'entrée de la maquette ne répond pas.",
    cure: "Vérifiez que cet ordinateur est sur le réseau de l'opérateur (maquette:operator) et que la machine tourne.",
  },
};
