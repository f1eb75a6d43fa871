import type { Entries } from "./entry.ts";

export const roles: Entries = {
  EBRIGADE_NO_GROUP: {
    what: "Ce groupe n'existe pas : personne n'entrerait dans eBrigade.",
    cure: "Nommez un groupe de people.yaml dans roles.yaml, settings.ebrigade.group.",
  },
  MAIL_ADDRESS_IS_A_LOGIN: {
    what: "La boîte d'une personne est l'identifiant d'une autre : aucune ne pourrait s'en servir pour entrer.",
    cure: "Choisissez une autre partie locale.",
  },
  MAIL_ALIAS_TAKEN: {
    what: "L'alias est déjà la boîte de quelqu'un.",
    cure: "Choisissez une autre partie locale.",
  },
  MAIL_ALIAS_UNKNOWN: {
    what: "Un destinataire de l'alias n'a pas de boîte.",
    cure: "Nommez un groupe de people.yaml, ou une personne qui y a une boîte.",
  },
  MAIL_MACHINE_TOO_SMALL: {
    what: "La machine de messagerie n'a pas assez de mémoire pour iRedMail.",
    cure: "Donnez-lui davantage de mémoire, ou écrivez `flavour: debian` dans roles.yaml.",
  },
  MAIL_NAME_TAKEN: {
    what: "Ce nom de machine est celui du web de la messagerie.",
    cure: "Donnez un autre nom à la machine.",
  },
  MAIL_NO_SCANNER: {
    what: "L'antivirus est celui d'iRedMail, et la variante est debian.",
    cure: "Prenez l'autre variante, ou retirez antivirus.",
  },
  MAIL_QUOTA_TOO_SMALL: {
    what: "Une boîte est plus petite que le plus grand message admis.",
    cure: "Augmentez quotaMiB, ou diminuez messageMiB.",
  },
  PBX_DESK_WITHOUT_HOST: {
    what: "Un bureau de la téléphonie n'est pas un poste du plan.",
    cure: "Nommez un poste (rôle workstation) de hosts.yaml.",
  },
  PBX_MEMBER_UNKNOWN: {
    what: "Un membre du groupe d'appel n'a pas de téléphone.",
    cure: "Nommez un groupe, un service ou une personne de people.yaml qui a un numéro, ou un bureau de settings.pbx.desks.",
  },
  PBX_NUMBER_TAKEN: {
    what: "Un numéro de téléphone est donné deux fois.",
    cure: "Choisissez un numéro libre pour l'un des deux.",
  },
  POWER_SERVER_TOO_LATE: {
    what: "La machine qui lit l'onduleur démarre après des machines à qui elle doit dire de s'arrêter : elle s'arrêterait avant elles.",
    cure: "Donnez-lui un start.order qui ne soit pas plus grand que les leurs.",
  },
  ROLE_CIRCLE: {
    what: "Des rôles s'attendent l'un l'autre.",
    cure: "Que l'un d'eux se passe de ce que l'autre donne (`after` dans son travail).",
  },
  ROLE_CLIENT_OUTSIDE: {
    what: "Un rôle donne du travail à une machine qui est au-delà des routeurs et ne peut l'atteindre.",
    cure: "Dans le rôle, que `clients` rende null pour les machines du dehors.",
  },
  ROLE_FILE_TWICE: {
    what: "Deux rôles écrivent le même fichier d'une machine.",
    cure: "Laissez ce fichier à l'un des deux.",
  },
  ROLE_NEED_REFUSED: {
    what: "Un rôle a besoin d'un flux que la table refuse.",
    cure: "Ajoutez une ligne à la table des flux ; `maquette explain` montre pourquoi elle refuse.",
  },
  ROLE_NEED_REFUSED_BY_HOST: {
    what: "Un rôle a besoin d'un service que le pare-feu de la machine voisine refuse.",
    cure: "Nommez ces services parmi les `neighbours` d'un rôle de la voisine, ou changez la machine de zone et ajoutez une ligne.",
  },
  ROLE_NEED_UNKNOWN_SERVICE: {
    what: "Un rôle a besoin d'un service que le plan ne nomme pas.",
    cure: "Ajoutez-le à services.yaml, comme dans le plan livré.",
  },
  ROLE_NO_SERVICE: {
    what: "Un rôle a besoin du port d'un service que le plan ne nomme pas.",
    cure: "Ajoutez-le à services.yaml, comme dans le plan livré.",
  },
  ROLE_NO_TEMPLATE: {
    what: "Un rôle remplit un gabarit qu'il ne déclare pas.",
    cure: "Ajoutez-le aux gabarits du rôle, dans son index.ts.",
  },
  ROLE_SECRET_IN_ARGV: {
    what: "Un rôle met un secret sur une ligne de commande.",
    cure: "Tout le monde pourrait le lire sur la machine : passez-le par `input`, ou dans un fichier.",
  },
  ROLE_SMALL_MACHINE: {
    what: "La machine est trop petite pour son rôle.",
    cure: "Donnez-lui au moins ce que demande le rôle, dans hosts.yaml.",
  },
  ROLE_TWO_STEPS: {
    what: "Un rôle a deux étapes du même nom.",
    cure: "Donnez à chacune le sien : échecs et relevés passent par lui.",
  },
  STEPS_NO_DOOR: {
    what: "Ce terminal ne dit pas par où l'on entre dans la machine.",
    cure: 'Lancez `eval "$(bin/maquette env)"` dans le dépôt, puis la même commande.',
  },
  STEP_CLOCK: {
    what: "L'horloge de la machine est fausse : ni certificats ni Kerberos n'y seraient crus.",
    cure: "`maquette ssh MACHINE -- chronyc tracking` dit à qui elle demande l'heure ; si c'est cet ordinateur qui a tort, réglez-le, puis relancez `maquette up`.",
  },
  STEP_CUT: {
    what: "La machine a été perdue pendant une étape.",
    cure: "Rien n'y est à moitié écrit. `maquette status` montre si elle tourne ; relancez ensuite `maquette up`, qui poursuit.",
  },
  STEP_DIGEST: {
    what: "Ce qui serait écrit sur la machine n'est pas ce que le programme a déclaré.",
    cure: "Un secret ou un certificat a changé entre-temps : relancez la même commande.",
  },
  STEP_FAILED: {
    what: "Une étape d'un rôle a échoué sur une machine.",
    cure: "Corrigez ce que nomme « détail », puis relancez `maquette up` : il poursuit à cette étape.",
  },
  STEP_GUEST_OFF: {
    what: "Une machine a perdu son courant pendant les étapes.",
    cure: "Relancez `maquette up` : il la démarre et poursuit ; `maquette logs MACHINE` dit peut-être pourquoi.",
  },
  STEP_HUNG: {
    what: "Une machine ne dit plus rien pendant une étape.",
    cure: "`maquette status` montre si elle tourne, `maquette console MACHINE --screen` ce qu'elle a affiché en dernier ; relancez ensuite `maquette up`, qui poursuit.",
  },
  STEP_NOT_BEGUN: {
    what: "Une machine n'a pas commencé ses étapes ; rien n'y a changé.",
    cure: "Lisez `maquette logs MACHINE`, puis relancez `maquette up`.",
  },
  STEP_NO_PYTHON: {
    what: "La machine ne peut exécuter d'étapes : python3 n'y est pas ou ne marche pas.",
    cure: "Les images de Debian l'ont ; là où il a été retiré, réinstallez python3-minimal.",
  },
  STEP_NO_ROOT: {
    what: "Sur la machine, le compte maquette ne peut devenir root.",
    cure: "Il en avait le droit au premier démarrage ; quelqu'un l'a retiré (/etc/sudoers.d).",
  },
  TEMPLATE_UNKNOWN_NAME: {
    what: "Un gabarit emploie un nom qui ne lui est pas donné.",
    cure: "Employez l'un des noms énumérés sous « précision » ; un secret a aussi un nom, dont le rôle donne la place.",
  },
  TEMPLATE_UNUSED_NAME: {
    what: "Un gabarit n'emploie pas des noms qui lui sont donnés.",
    cure: "Employez-les, ou cessez de les donner.",
  },
  WORKSTATION_GROUP_UNKNOWN: {
    what: "Ce groupe n'existe pas : personne n'ouvrirait de session par lui.",
    cure: "Nommez un groupe de people.yaml, ou laissez la liste vide pour tout le domaine.",
  },
  WORKSTATION_TOO_SMALL: {
    what: "Le poste n'a pas la mémoire ou le disque que demande Windows 10.",
    cure: "Donnez-lui davantage dans hosts.yaml.",
  },
};
