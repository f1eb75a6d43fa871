import type { Entries } from "./entry.ts";

export const routers: Entries = {
  ROUTERS_NOT_READY: {
    what: "Les routeurs ne portent pas le trafic.",
    cure: "`maquette console rtr-a maquette-router status` (l'un ou l'autre) en dit davantage, `maquette logs` dit tout.",
  },
  ROUTER_COMMAND: {
    what: "Une commande du système a échoué sur le routeur.",
    cure: "Lisez ce qui précède dans le journal de maquette-router.service : `maquette logs ROUTEUR`.",
  },
  ROUTER_DEFECT: {
    what: "Le programme du routeur a rencontré une erreur imprévue.",
    cure: "C'est un défaut de maquette : gardez le journal et signalez-le.",
  },
  ROUTER_DIGEST: {
    what: "Ce qui serait écrit sur le routeur n'est pas ce que le programme a déclaré.",
    cure: "Un secret ou un certificat a changé entre-temps : relancez la même commande.",
  },
  ROUTER_FILE_REFUSED: {
    what: "Ce fichier n'est pas une configuration qu'un routeur puisse exécuter.",
    cure: "Corrigez le fichier selon « détail » ; rien n'en a été appliqué.",
  },
  ROUTER_GONE: {
    what: "Le routeur n'est plus là.",
    cure: "Relancez `maquette up`.",
  },
  ROUTER_NOTHING_TO_CONFIRM: {
    what: "Aucune configuration n'attend de confirmation.",
    cure: "Elle a déjà été confirmée, ou le délai est passé et la précédente est revenue.",
  },
  ROUTER_NOT_BACK: {
    what: "Redémarré avec sa nouvelle configuration, le routeur ne porte pas le trafic.",
    cure: "`maquette logs ROUTEUR` en dit davantage ; ce qu'il avait avant est gardé à côté, et l'autre routeur n'a pas été touché.",
  },
  ROUTER_NOT_PROVEN: {
    what: "Les règles du noyau ne sont pas celles du fichier ; les précédentes sont de retour.",
    cure: "C'est un défaut de ce qui tient lieu de pfSense : gardez le fichier qui le montre et signalez-le.",
  },
  ROUTER_NOT_RUNNING: {
    what: "Le programme du routeur ne répond pas.",
    cure: "Sur le routeur : systemctl status maquette-router ; journalctl -u maquette-router.",
  },
  ROUTER_NO_CARD: {
    what: "Le fichier a des interfaces sur des cartes que la machine n'a pas.",
    cure: "Donnez ces cartes à la machine, ou retirez ces interfaces du fichier.",
  },
  ROUTER_NO_CONSOLE: {
    what: "Ce terminal ne dit pas où sont les consoles des routeurs.",
    cure: 'Lancez `eval "$(bin/maquette env)"` dans le dépôt, puis la même commande.',
  },
  ROUTER_NO_FILE: {
    what: "Le routeur n'a pas de configuration.",
    cure: "Lancez `maquette up` : il la livre ; hors de maquette, attachez un ISO avec /config.xml.",
  },
  ROUTER_NO_TABLE: {
    what: "Le noyau du routeur n'a pas la table de filtrage.",
    cure: "Rechargez la configuration sur le routeur : maquette-load /cf/conf/config.xml ; ou lancez `maquette up`.",
  },
  ROUTER_REFUSED: {
    what: "Le routeur n'accepte pas sa configuration ; celle d'avant vaut toujours.",
    cure: "`maquette check` prouve le plan ; ce que le routeur ne sait pas faire est dans docs/router.md.",
  },
  ROUTER_SERVICE_REFUSED: {
    what: "Un service du routeur ne démarrerait pas avec cette configuration.",
    cure: "Corrigez cette partie du fichier ; rien n'a été changé.",
  },
  ROUTER_TAGS: {
    what: "Les règles qui posent des étiquettes sans être « quick » font trop de listes sur une interface.",
    cure: "Rendez « quick » les règles flottantes qui posent une étiquette, ou employez moins d'étiquettes.",
  },
  ROUTER_TOO_MANY: {
    what: "Le fichier a plus de ces éléments que la marque d'un paquet n'en tient.",
    cure: "Employez-en moins, ou faites tourner cette configuration sur un vrai pfSense.",
  },
  ROUTER_WENT_BACK: {
    what: "Avec sa nouvelle configuration, le routeur ne fait pas ce que dit le plan ; il est revenu à la précédente.",
    cure: "Regardez ce qui a changé par `maquette diff`.",
  },
};
