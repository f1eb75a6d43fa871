import type { Entries } from "./entry.ts";

export const acceptance: Entries = {
  ACCEPT_ANSWER: {
    what: "Un script de mesure a répondu autre chose que du JSON.",
    cure: "C'est un défaut de maquette : signalez-le avec les lignes ci-dessus.",
  },
  ACCEPT_BAD_CONFIG: {
    what: "Un routeur tourne avec un fichier qui ne se lit pas.",
    cure: "Lancez `maquette up` : il livre le fichier du plan.",
  },
  ACCEPT_CAPTURE: {
    what: "La capture d'un routeur ne se lit pas.",
    cure: "Vérifiez que le disque du routeur n'est pas plein et que son tcpdump n'est pas trop ancien (libpcap 1.10).",
  },
  ACCEPT_CAPTURE_LOST: {
    what: "La capture d'un routeur a perdu des paquets : ce qui n'a pas été vu est peut-être passé.",
    cure: "L'ordinateur est chargé : relancez la même commande.",
  },
  ACCEPT_COMMAND: {
    what: "Une commande lancée dans une machine a échoué.",
    cure: "Lisez son journal : `maquette logs MACHINE`.",
  },
  ACCEPT_DEADLINE: {
    what: "Une machine n'a pas répondu dans le délai.",
    cure: "`maquette logs MACHINE` en dit davantage.",
  },
  ACCEPT_GUEST_OFF: {
    what: "Une machine ne peut plus être interrogée : elle s'est éteinte pendant la mesure.",
    cure: "Lancez `maquette up` : il la redémarre ; puis relancez la même commande.",
  },
  ACCEPT_NOTHING_RUNS: {
    what: "Aucune machine de cette maquette ne tourne sur cet ordinateur.",
    cure: "Lancez `maquette up` en root (sudo) ; `maquette doctor` dit ce qu'il faut pour que les machines tournent.",
  },
  ACCEPT_NOT_REACHED: {
    what: "L'état attendu d'un routeur n'a pas été atteint dans le délai.",
    cure: "`maquette status` et `maquette logs MACHINE` en disent davantage.",
  },
  ACCEPT_NOT_RESTORED: {
    what: "Ce qui avait été cassé pour la mesure n'a pas pu être remis.",
    cure: "Lancez `maquette up` : il ramène la maquette au plan ; un câble débranché l'est de nouveau au démarrage de sa machine.",
  },
  ACCEPT_NO_CONSOLE: {
    what: "On n'entre pas encore hors réseau dans les machines d'un Proxmox VE : rien n'est envoyé depuis elles.",
    cure: "`maquette check` prouve la politique sans maquette qui tourne ; la maquette embarquée la montre par des paquets.",
  },
  ACCEPT_NO_GUEST: {
    what: "La machine n'est pas encore faite.",
    cure: "Lancez `maquette up` : il fait ce que le plan nomme.",
  },
  ACCEPT_NO_NEIGHBOUR: {
    what: "Un voisin de la machine ne répond pas sur son réseau.",
    cure: "`maquette status` montre ce qui tourne ; `maquette logs MACHINE` en dit davantage.",
  },
  ACCEPT_NO_NIC: {
    what: "La machine n'a pas cette carte réseau.",
    cure: "Lancez `maquette up` : la VM diffère du plan.",
  },
  ACCEPT_NO_OPERATOR: {
    what: "Aucune machine du plan ne joue l'opérateur de cet accès : il ne peut être coupé d'ici.",
    cure: "Sur un accès réel, débranchez vous-même le câble, puis lancez `maquette verify --router A`.",
  },
  ACCEPT_NO_PLAN: {
    what: "Le plan a des fautes : on ne sait pas ce que la maquette devrait faire.",
    cure: "`maquette check` les énumère ; corrigez-les d'abord.",
  },
  ACCEPT_ROUTER_STATE: {
    what: "Un routeur décrit son état d'une façon qui n'est pas comprise.",
    cure: "Son programme est d'une autre version : lancez `maquette up`.",
  },
  ACCEPT_ROUTER_UNPROVEN: {
    what: "Un routeur ne confirme pas que ses règles sont celles de son fichier.",
    cure: "Lisez son journal : `maquette logs ROUTEUR`.",
  },
  ACCEPT_SCRIPT: {
    what: "Le script de mesure d'une machine n'a pas abouti.",
    cure: "`maquette status` montre ce qui tourne ; `maquette logs MACHINE` en dit davantage.",
  },
  ACCEPT_SENT_LESS: {
    what: "Tous les paquets témoins n'ont pas été envoyés dans le délai.",
    cure: "L'ordinateur est chargé : relancez la même commande.",
  },
  DRILL_MYSTERY_GONE: {
    what: "Le plan a changé depuis, et ce qui était cassé n'y est plus : le mystère est clos.",
    cure: "`maquette up` ramène la maquette au plan.",
  },
  DRILL_MYSTERY_OPEN: {
    what: "Un mystère est déjà ouvert.",
    cure: "`maquette drill hint` aide, `maquette drill solve` le termine.",
  },
  DRILL_NOT_DONE: {
    what: "Le mystère n'a pas pu être préparé.",
    cure: "`maquette up` ramène la maquette au plan.",
  },
  DRILL_NOT_READY: {
    what: "Une répétition commence quand tout est comme il se doit, et ce n'est pas le cas.",
    cure: "`maquette accept` montre la maquette telle que la voient les utilisateurs ; `maquette up` la ramène au plan.",
  },
  DRILL_NOT_STARTED: {
    what: "La session qui devait être mesurée pendant la répétition ne s'est pas établie.",
    cure: "`maquette verify` montre ce que laissent passer les routeurs ; `maquette logs HOST` en dit davantage.",
  },
  DRILL_NO_MYSTERY: {
    what: "Aucun mystère n'est ouvert.",
    cure: "`maquette drill mystery` en commence un.",
  },
  DRILL_NO_PATH: {
    what: "Le plan n'a pas de chemin à mesurer pendant une répétition.",
    cure: "Il faut un réseau d'utilisateurs, une DMZ, quelqu'un au dehors et un port TCP ouvert entre eux : `maquette matrix`.",
  },
  DRILL_RUNS: {
    what: "Une autre commande travaille dans cette maquette et y casse des choses exprès.",
    cure: "Attendez qu'elle finisse, puis relancez la même commande.",
  },
  DRILL_SHOWS_NOTHING: {
    what: "Quelque chose a été cassé sans que personne ne le remarque ; c'est remis.",
    cure: "Prenez une autre graine (--seed) ; que celle-ci ne montre rien est un défaut de maquette : signalez-le.",
  },
  VOICE_NO_EXCHANGE: {
    what: "Aucune machine du plan ne tient le rôle pbx : personne ne téléphone.",
    cure: "Donnez le rôle pbx à une machine de hosts.yaml.",
  },
  VOICE_NO_GUEST: {
    what: "La machine dans laquelle les appels se mesurent ne tourne pas.",
    cure: "`maquette up` démarre ce qui est éteint.",
  },
  VOICE_NO_PATH: {
    what: "Le plan n'a pas de poste dont les appels vers l'autocommutateur traversent les routeurs.",
    cure: "Il faut un poste (workstation) et un pbx dans des zones différentes.",
  },
  VOICE_NO_RATE: {
    what: "Personne ne dit le débit de cet accès : combien d'appels il porte ne peut pas être dit.",
    cure: "Écrivez downKbps et upKbps, tels que le contrat de l'opérateur les donne.",
  },
  LOAD_NOT_POSSIBLE: {
    what: "Le plan n'a pas ce qu'il faut pour que des personnes travaillent côte à côte.",
    cure: "`kind: probe` et `times: 10` dans people.yaml font dix personnes ; docs/fr/charge.md dit ce qu'il faut d'autre.",
  },
  LOAD_NOT_STARTED: {
    what: "Les personnes ne peuvent pas commencer leur journée : un poste ou un téléphone n'est pas prêt.",
    cure: "`maquette accept` montre ce qui ne répond pas ; `maquette logs MACHINE` en dit davantage.",
  },
};
