import type { Entries } from "./entry.ts";

export const proxmox: Entries = {
  EMBEDDED_DEADLINE: {
    what: "L'API embarquée n'a pas démarré dans le délai.",
    cure: "Lisez son journal, nommé sous « précision ».",
  },
  EMBEDDED_DIED: {
    what: "L'API embarquée s'est terminée pendant son démarrage.",
    cure: "Lisez son journal, nommé sous « précision ».",
  },
  EMBEDDED_FAILED: {
    what: "L'API embarquée n'a pas pu démarrer.",
    cure: "C'est un défaut de maquette : le journal, à côté des fichiers d'exécution, a les détails.",
  },
  EMBEDDED_NOT_YOURS: {
    what: "Le processus de l'API embarquée est à un autre utilisateur.",
    cure: "Lancez maquette sous cet utilisateur.",
  },
  EMBEDDED_PORT: {
    what: "Aucun port de 127.0.0.1 n'est libre pour l'API embarquée.",
    cure: "Terminez quelques programmes, puis relancez la même commande.",
  },
  EMBEDDED_SOCKETS: {
    what: "Le dossier des sockets n'est pas à vous seul.",
    cure: "Supprimez-le, ou donnez à TMPDIR un dossier à vous.",
  },
  EMBEDDED_WONT_END: {
    what: "L'API embarquée ne se termine pas.",
    cure: "Tuez le processus nommé (`kill -9`), puis relancez la même commande.",
  },
  PVE_BAD_PARAMETERS: {
    what: "Proxmox n'accepte pas une valeur de la demande.",
    cure: "Voyez le paramètre nommé sous « détail ».",
  },
  PVE_CONNECTION: {
    what: "Proxmox ne peut être interrogé.",
    cure: "Vérifiez l'adresse de l'API et le réseau.",
  },
  PVE_ENDPOINT: {
    what: "L'adresse de l'API n'est pas une adresse https.",
    cure: "Écrivez par exemple https://192.0.2.1:8006.",
  },
  PVE_FAILED: {
    what: "Proxmox a répondu par une erreur.",
    cure: "Le journal des tâches et celui du nœud en disent davantage.",
  },
  PVE_LISTEN: {
    what: "Le simulateur ne peut écouter sur ce port.",
    cure: "Choisissez un port au-dessus de 1023.",
  },
  PVE_LOCKED: {
    what: "La VM est verrouillée par une tâche interrompue, et Proxmox ne laisse aucun jeton lever ce verrou.",
    cure: "Lancez `qm unlock` sur le nœud pour cette VM, puis relancez la même commande.",
  },
  PVE_NODE_NAME: {
    what: "Ce n'est pas un nom de nœud.",
    cure: "Employez lettres, chiffres et tirets, par exemple pve1.",
  },
  PVE_NODE_UNREACHABLE: {
    what: "Le nœud ne répond pas.",
    cure: "Vérifiez que le nœud de ce nom est allumé et dans la grappe.",
  },
  PVE_NOT_IMPLEMENTED: {
    what: "Ce Proxmox ne connaît pas la fonction demandée.",
    cure: "Il est plus ancien ou plus récent que ceux qui sont pris en charge (8.4 et 9).",
  },
  PVE_NOT_LOOPBACK: {
    what: "Le simulateur n'écoute pas sur cette adresse : il n'est que pour cet ordinateur.",
    cure: "Employez 127.0.0.1.",
  },
  PVE_NOT_OURS: {
    what: "Les numéros de VM de la maquette sont pris par des machines qui ne portent pas la marque de ce plan ; rien n'est touché.",
    cure: "Suivez « précision » : rendez son nom d'avant au plan si elles sont à cette pile, sinon prenez d'autres numéros (maquette:vmidBase, maquette:copy).",
  },
  PVE_NOT_PERMITTED: {
    what: "Le jeton n'a pas le droit de faire cela.",
    cure: "Donnez à son utilisateur un rôle qui l'a, à l'endroit nommé (docs/own-proxmox.md) ; un jeton à privilèges séparés en a besoin aussi.",
  },
  PVE_NOT_PROXMOX: {
    what: "Ce qui répond à cette adresse n'est pas un Proxmox VE.",
    cure: "Vérifiez l'adresse et le port (8006), et qu'aucun mandataire ne s'interpose.",
  },
  PVE_NOT_TLS: {
    what: "Ce qui répond à cette adresse ne parle pas TLS.",
    cure: "Proxmox répond en https, sur le port 8006.",
  },
  PVE_NO_TOKEN_FILE: {
    what: "Le fichier du jeton d'API manque.",
    cure: "Lancez `maquette env` pour la pile : il écrit ce fichier.",
  },
  PVE_PORT_IN_USE: {
    what: "Le port est déjà pris.",
    cure: "Une autre maquette tourne : arrêtez-la, ou choisissez un autre port (0 en prend un libre).",
  },
  PVE_REFUSED: {
    what: "Proxmox refuse la connexion.",
    cure: "Vérifiez que le nœud est allumé et que l'adresse nomme son port (8006).",
  },
  PVE_RESET: {
    what: "La connexion à Proxmox a été rompue.",
    cure: "Recommencez ; si cela dure, lisez le journal de pveproxy sur le nœud.",
  },
  PVE_RIGHTS_MISSING: {
    what: "Il manque au jeton des droits sans lesquels la maquette ne peut être faite ; rien n'a été fait.",
    cure: "Donnez à son utilisateur un rôle qui les a (`pveum acl modify PATH --users USER --roles ROLE`, docs/own-proxmox.md) ; un jeton à privilèges séparés en a besoin aussi.",
  },
  PVE_STATE_DAMAGED: {
    what: "L'état du simulateur est abîmé ou d'une autre version.",
    cure: "Déplacez-le pour repartir d'une maquette vide.",
  },
  PVE_STATE_IN_USE: {
    what: "Une autre maquette travaille sur ce dossier d'état.",
    cure: "Arrêtez-la d'abord, ou choisissez un autre dossier.",
  },
  PVE_STATE_NOT_READABLE: {
    what: "L'état de la maquette ne peut être lu.",
    cure: "Vérifiez à qui est le fichier.",
  },
  PVE_STATE_NOT_WRITABLE: {
    what: "L'état de la maquette ne peut être écrit.",
    cure: "Vérifiez que le disque n'est ni plein ni en lecture seule, et que le dossier est à vous.",
  },
  PVE_TASK_DEADLINE: {
    what: "Une tâche de Proxmox n'a pas fini dans le délai.",
    cure: "Regardez-la sur le nœud : elle continue.",
  },
  PVE_TASK_FAILED: {
    what: "Une tâche de Proxmox a échoué.",
    cure: "Son journal, sur le nœud, dit tout.",
  },
  PVE_TIMEOUT: {
    what: "Proxmox n'a pas répondu à temps.",
    cure: "Vérifiez que le réseau y mène ; recommencez, ou laissez plus de temps.",
  },
  PVE_TOKEN_FORM: {
    what: "Le jeton d'API n'a pas la forme attendue.",
    cure: "Écrivez user@realm!id=secret, comme Proxmox l'affiche (par exemple root@pam!lab=…).",
  },
  PVE_TOKEN_REFUSED: {
    what: "Le jeton d'API est refusé.",
    cure: "Vérifiez user@realm!id=secret ; les jetons se font sous Datacenter, Permissions, API Tokens.",
  },
  PVE_UNEXPECTED_ANSWER: {
    what: "Proxmox a répondu quelque chose qui n'est pas compris.",
    cure: "maquette est écrit pour Proxmox VE 8.4 et 9 (`GET /version` dit la version) ; signalez la ligne de « détail ».",
  },
  PVE_UNKNOWN_HOST: {
    what: "Le nom de l'API ne se résout pas.",
    cure: "Vérifiez l'orthographe de l'adresse, ou donnez une adresse IP.",
  },
  PVE_UNREACHABLE: {
    what: "Proxmox ne peut être atteint.",
    cure: "Vérifiez qu'une route y mène et qu'un pare-feu laisse passer.",
  },
  PVE_UNTRUSTED: {
    what: "Le certificat de Proxmox n'est pas reconnu.",
    cure: "Donnez son autorité (ca), ou acceptez-le exprès (insecure).",
  },
  PVE_UPID: {
    what: "Ce n'est pas un numéro de tâche.",
    cure: "C'est un défaut de maquette : signalez-le.",
  },
};
