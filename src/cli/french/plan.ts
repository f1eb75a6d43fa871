import type { Entries } from "./entry.ts";

export const plan: Entries = {
  IMAGE_RELEASE_ENDED: {
    what: "Cette version de Debian ne reçoit plus de correctifs de sécurité.",
    cure: "Prenez une version plus récente ; une machine qui doit rester ne doit être joignable que du moins de monde possible (maquette:archive nomme un miroir à part).",
  },
  IMAGE_RELEASE_LONG_TERM: {
    what: "Cette version de Debian n'a plus que le support à long terme.",
    cure: "Prévoyez la version suivante ; tous les paquets n'ont pas ce support (debian-security-support dit lesquels).",
  },
  IMAGE_RELEASE_UNKNOWN: {
    what: "Ni le nom du fichier ni l'adresse de l'image ne dit la version de Debian.",
    cure: "Nommez le fichier comme Debian : debian-13-… ou debian-trixie-….",
  },
  IMAGE_RELEASE_UNRELEASED: {
    what: "Cette version de Debian n'est pas encore publiée : ses paquets changent et les correctifs y tardent.",
    cure: "Prenez une version publiée si le rôle le permet ; la page du rôle dit pourquoi quand il ne le permet pas.",
  },
  PLAN_ADDRESS_DUPLICATE: {
    what: "Deux choses ont la même adresse.",
    cure: "Donnez-en une libre à l'une des deux.",
  },
  PLAN_ADDRESS_OUTSIDE_ZONE: {
    what: "L'adresse d'une machine n'est pas dans le réseau de sa zone.",
    cure: "Donnez-lui une adresse de ce réseau.",
  },
  PLAN_ADDRESS_RESERVED: {
    what: "Une adresse est celle du réseau même ou de diffusion.",
    cure: "Donnez-en une autre.",
  },
  PLAN_AMBIGUOUS_ENDPOINT: {
    what: "Un bout de flux porte un nom qui désigne deux choses.",
    cure: "Renommez l'une des deux, ou nommez le bout autrement.",
  },
  PLAN_BACK_DOOR: {
    what: "Une machine qui n'est pas un routeur relie deux zones en contournant le pare-feu.",
    cure: "Ne lui laissez qu'une carte : ce qu'il lui faut ailleurs est une ligne de la table des flux.",
  },
  PLAN_BAD_ADDRESS: {
    what: "Ce texte n'est pas une adresse IP.",
    cure: "Écrivez par exemple 10.20.20.11.",
  },
  PLAN_BAD_DATE: {
    what: "Ce texte n'est pas une date du calendrier.",
    cure: "Écrivez AAAA-MM-JJ.",
  },
  PLAN_BAD_NAME: {
    what: "Un nom n'est pas fait de minuscules, de chiffres et de tirets (pour une ligne : F et des chiffres).",
    cure: "Corrigez-le.",
  },
  PLAN_BAD_NETWORK: {
    what: "Ce texte n'est pas un réseau en notation CIDR.",
    cure: "Écrivez par exemple 10.20.20.0/24.",
  },
  PLAN_BAD_PORT: {
    what: "Ce n'est pas un port ni une plage de ports.",
    cure: "Écrivez un nombre de 1 à 65535, ou deux reliés par un tiret.",
  },
  PLAN_BAD_SSH_KEY: {
    what: "Ce texte n'est pas une clé SSH publique, ou elle n'est pas de celles qu'acceptent les machines.",
    cure: "Donnez le contenu d'un fichier .pub, ed25519 de préférence.",
  },
  PLAN_BAD_VALUE: {
    what: "La valeur n'est pas de celles que cette clé admet.",
    cure: "Corrigez-la : « détail » et « précision », docs/plan.md et le schéma disent ce qui est admis.",
  },
  PLAN_CERTIFICATE_LONG: {
    what: "Des certificats vivraient plus longtemps que certains clients ne l'acceptent.",
    cure: "Raccourcissez leur durée.",
  },
  PLAN_COPY_ADDRESS: {
    what: "Dans cette copie, une adresse côté opérateur sort de son réseau ou rencontre sa passerelle.",
    cure: "Commencez plus bas, ou prenez un réseau plus large (maquette:operator).",
  },
  PLAN_COPY_NUMBER: {
    what: "Le nombre de copies, ou le numéro de celle-ci, n'est pas admis.",
    cure: "Écrivez de 1 à 100 copies, et un numéro entier à partir de 0, inférieur à leur nombre (maquette:copy).",
  },
  PLAN_COPY_STRIDE: {
    what: "Les copies se recouvriraient : le pas entre deux copies est trop petit.",
    cure: "Agrandissez le pas, espacez les adresses, ou admettez moins de copies.",
  },
  PLAN_COPY_VLAN: {
    what: "Le VLAN d'une copie dépasse 4094.",
    cure: "Prenez un numéro de copie plus petit, ou des VLAN plus bas.",
  },
  PLAN_COPY_VMID: {
    what: "Le numéro de VM d'une copie sort de ce que Proxmox admet.",
    cure: "Changez maquette:vmidBase ou maquette:copy.",
  },
  PLAN_DHCP_OUTSIDE_SUBNET: {
    what: "Une plage DHCP n'est pas dans le réseau de sa zone.",
    cure: "Donnez des bornes de ce réseau.",
  },
  PLAN_DHCP_TAKES_ADDRESS: {
    what: "Une plage DHCP contient une adresse fixe.",
    cure: "Réduisez la plage, ou déplacez l'adresse.",
  },
  PLAN_DIRECTORY_MISSING: {
    what: "Le dossier du plan n'existe pas, ou n'en est pas un.",
    cure: "Vérifiez --plan, ou maquette:plan de la pile.",
  },
  PLAN_DOCUMENT_EMPTY: {
    what: "Un document est vide.",
    cure: "Remplissez-le, ou repartez de celui du plan livré.",
  },
  PLAN_EXTENSION_DUPLICATE: {
    what: "Deux personnes ont le même numéro de poste.",
    cure: "Donnez à chacune le sien.",
  },
  PLAN_FILE_IS_NONE: {
    what: "Un document est un tube, une socket, un périphérique, ou un lien qui sort du dossier du plan.",
    cure: "Mettez un vrai fichier à cette place.",
  },
  PLAN_FILE_MISSING: {
    what: "L'un des documents manque au dossier.",
    cure: "Ajoutez-le ; le plan livré (stacks/lab) les a tous.",
  },
  PLAN_FILE_NOT_UTF8: {
    what: "Un document n'est pas en UTF-8.",
    cure: "Enregistrez-le en UTF-8.",
  },
  PLAN_FILE_TOO_LARGE: {
    what: "Un document dépasse un Mio.",
    cure: "Vérifiez que c'est le bon fichier.",
  },
  PLAN_FILE_UNKNOWN: {
    what: "Un fichier YAML du dossier n'est pas un document du plan.",
    cure: "Corrigez son nom, ou sortez-le du dossier.",
  },
  PLAN_FILE_UNREADABLE: {
    what: "Un document existe mais ne se lit pas.",
    cure: "Vérifiez ses droits.",
  },
  PLAN_FLOW_DUPLICATE: {
    what: "Deux lignes ont le même numéro.",
    cure: "Donnez à l'une un numéro libre.",
  },
  PLAN_FLOW_FAMILY: {
    what: "Les bouts d'une ligne n'ont aucune famille d'adresses en commun.",
    cure: "Nommez des bouts tous en IPv4.",
  },
  PLAN_FORWARD_CLASH: {
    what: "Deux redirections prennent le même port du même accès.",
    cure: "Changez le port de l'une.",
  },
  PLAN_FORWARD_NOT_WAN: {
    what: "Une redirection part d'une zone qui n'est pas un accès.",
    cure: "Nommez une zone `kind: wan`.",
  },
  PLAN_FORWARD_SERVICE: {
    what: "Une redirection porte sur un service sans ports.",
    cure: "Nommez un service TCP ou UDP.",
  },
  PLAN_FORWARD_TARGET: {
    what: "Une redirection mène à une machine du dehors ou à un routeur.",
    cure: "Nommez une machine du dedans.",
  },
  PLAN_FORWARD_WITHOUT_FLOW: {
    what: "Aucune ligne ne laisse entrer ce qu'amène une redirection.",
    cure: "Ajoutez la ligne à la table des flux, ou retirez la redirection.",
  },
  PLAN_GATEWAY_NOT_VIP: {
    what: "La passerelle d'une zone du dedans n'est pas son adresse partagée : une bascule isolerait ses machines.",
    cure: "Donnez l'adresse partagée (vip) comme passerelle.",
  },
  PLAN_GATEWAY_OUTSIDE_SUBNET: {
    what: "La passerelle d'une zone n'est pas dans son réseau.",
    cure: "Donnez une adresse de ce réseau.",
  },
  PLAN_GRANT_NOBODY: {
    what: "Personne ne tient ce droit, ou ceux qui le tiennent n'ont pas de boîte pour les alertes.",
    cure: "Écrivez ce droit (grants) sur un groupe, mettez-y quelqu'un, ou donnez-lui une boîte.",
  },
  PLAN_HIDDEN_CHARACTER: {
    what: "Un caractère ne se voit pas, ou change l'ordre de ce qui se voit.",
    cure: "Retirez-le ; tapez le texte à nouveau plutôt que de le coller.",
  },
  PLAN_HOST_BITS: {
    what: "L'adresse d'un réseau n'est pas celle du réseau même.",
    cure: "Écrivez l'adresse du réseau, indiquée sous « précision ».",
  },
  PLAN_IMAGE_MISMATCH: {
    what: "Un routeur n'est pas un pfSense, ou une autre machine en est un.",
    cure: "Donnez à chaque machine l'image de son rôle.",
  },
  PLAN_MAILBOX_DUPLICATE: {
    what: "Deux personnes ont la même boîte.",
    cure: "Donnez à chacune la sienne.",
  },
  PLAN_MISSING_KEY: {
    what: "Une clé obligatoire manque.",
    cure: "Ajoutez-la ; docs/plan.md dit ce qu'elle prend.",
  },
  PLAN_NAME_TOO_LONG: {
    what: "Le nom ou la fonction d'une personne est plus long que l'annuaire n'en tient.",
    cure: "Raccourcissez-le.",
  },
  PLAN_NEED_UNCOVERED: {
    what: "Un besoin ou un objectif n'a ni réponse dans le plan, ni raison de n'en pas avoir.",
    cure: "Nommez dans coverage.yaml ce qui y répond, ou la raison.",
  },
  PLAN_NEED_UNKNOWN: {
    what: "Ce numéro n'est pas celui d'un besoin ou d'un objectif.",
    cure: "Écrivez N1 à N13 ou O1 à O9.",
  },
  PLAN_NESTED_GROUP: {
    what: "Un groupe de bouts contient un groupe.",
    cure: "Nommez-en directement les membres.",
  },
  PLAN_NETWORK_SMALL: {
    what: "Le réseau donné est trop petit pour ceux du plan.",
    cure: "Donnez-en un plus grand, comme l'indique « précision ».",
  },
  PLAN_NIC_REPEATED: {
    what: "Une machine a deux cartes dans la même zone.",
    cure: "N'en gardez qu'une ; d'autres adresses s'écrivent comme alias.",
  },
  PLAN_NUMBER_DUPLICATE: {
    what: "Deux machines ont le même numéro.",
    cure: "Donnez un numéro libre à celle qui est nouvelle.",
  },
  PLAN_OUTLIVES_AUTHORITY: {
    what: "Ce que signe l'autorité vivrait plus longtemps qu'elle.",
    cure: "Raccourcissez les certificats, ou allongez l'autorité.",
  },
  PLAN_PAIR_ALONE: {
    what: "Une paire n'a qu'un membre.",
    cure: "Écrivez le même mot (apartAs) à l'autre machine de la paire, ou retirez-le.",
  },
  PLAN_PAIR_ON_ONE_NODE: {
    what: "Une paire qui doit être séparée partage un nœud alors qu'il y en a plusieurs.",
    cure: "Placez l'une des deux machines sur un autre nœud.",
  },
  PLAN_POOL_GATEWAY: {
    what: "Un pool est atteint par une machine qui n'est pas une machine du dedans à une seule patte.",
    cure: "Nommez-en une qui le soit.",
  },
  PLAN_PORTS_MISSING: {
    what: "TCP ou UDP sans ports.",
    cure: "Nommez les ports.",
  },
  PLAN_PORTS_NOT_ALLOWED: {
    what: "Des ports sur un protocole qui n'en a pas.",
    cure: "Retirez-les, ou écrivez tcp ou udp.",
  },
  PLAN_RANGE_REVERSED: {
    what: "Une plage finit avant de commencer.",
    cure: "Échangez ses bornes.",
  },
  PLAN_REFUSED: {
    what: "Le plan est refusé : il a des fautes, ou les fichiers des routeurs ne sont pas prouvés.",
    cure: "`maquette check` dit la même chose sans maquette : corrigez le plan, puis recommencez.",
  },
  PLAN_REPEATED: {
    what: "Le même nom figure deux fois dans une liste.",
    cure: "N'en gardez qu'un.",
  },
  PLAN_ROLE_WITHOUT_HOST: {
    what: "Moins de machines jouent un rôle que le plan n'en demande.",
    cure: "Donnez le rôle à une machine de plus dans hosts.yaml.",
  },
  PLAN_ROUTERS_DIFFER: {
    what: "Les cartes des routeurs ne sont pas dans les mêmes zones, dans le même ordre.",
    cure: "Rangez-les à l'identique.",
  },
  PLAN_ROUTER_BESIDE: {
    what: "Un routeur joue un autre rôle à côté.",
    cure: "Confiez cet autre rôle à une autre machine.",
  },
  PLAN_ROUTER_LEG: {
    what: "Il manque aux routeurs une patte dans une zone qu'ils servent, ou ils en ont une de trop.",
    cure: "Donnez une patte dans chaque zone servie, et dans aucune autre.",
  },
  PLAN_SSH_KEY_DUPLICATE: {
    what: "Une clé SSH figure deux fois : on ne saurait pas qui s'en est servi.",
    cure: "Donnez à chacun la sienne.",
  },
  PLAN_TERM_KEY: {
    what: "Un terme de service a une clé que son protocole ne connaît pas, ou n'a pas celle qu'il lui faut.",
    cure: "Corrigez-le selon docs/plan.md.",
  },
  PLAN_UNKNOWN_COVER: {
    what: "Ce qui répondrait à un besoin n'est pas dans le plan.",
    cure: "Corrigez le nom dans coverage.yaml.",
  },
  PLAN_UNKNOWN_DEPARTMENT: {
    what: "Ce service de l'organisation n'existe pas.",
    cure: "Corrigez le nom, ou déclarez-le dans people.yaml.",
  },
  PLAN_UNKNOWN_ENDPOINT: {
    what: "Ce nom n'est pas un bout de flux : ni zone, ni machine, ni pool, ni groupe.",
    cure: "Corrigez-le, ou déclarez ce qu'il nomme.",
  },
  PLAN_UNKNOWN_FLOW: {
    what: "Cette ligne n'est pas dans la table des flux.",
    cure: "Corrigez le numéro.",
  },
  PLAN_UNKNOWN_GROUP: {
    what: "Ce groupe de personnes n'existe pas.",
    cure: "Corrigez le nom, ou déclarez-le dans people.yaml.",
  },
  PLAN_UNKNOWN_HOST: {
    what: "Cette machine n'existe pas.",
    cure: "Corrigez le nom, ou ajoutez-la à hosts.yaml.",
  },
  PLAN_UNKNOWN_IMAGE: {
    what: "Cette image n'existe pas.",
    cure: "Corrigez le nom, ou déclarez-la dans hosts.yaml.",
  },
  PLAN_UNKNOWN_KEY: {
    what: "Le document ne connaît pas cette clé.",
    cure: "Corrigez-la, ou retirez-la ; « précision » nomme la plus proche, s'il y en a une.",
  },
  PLAN_UNKNOWN_ROLE: {
    what: "Ce rôle n'existe pas.",
    cure: "Corrigez le nom ; les rôles sont dans docs/roles.",
  },
  PLAN_UNKNOWN_SERVICE: {
    what: "Ce service n'existe pas.",
    cure: "Corrigez le nom, ou ajoutez-le à services.yaml.",
  },
  PLAN_UNKNOWN_SWITCH: {
    what: "Cet interrupteur n'existe pas.",
    cure: "Corrigez le nom, ou ajoutez-le à switches dans flows.yaml.",
  },
  PLAN_UNKNOWN_ZONE: {
    what: "Cette zone n'existe pas.",
    cure: "Corrigez le nom, ou ajoutez-la à addressing.yaml.",
  },
  PLAN_UNUSED: {
    what: "Une image, un service, un groupe de bouts ou les réglages d'un rôle ne servent à rien.",
    cure: "Retirez-les, ou employez-les.",
  },
  PLAN_VHID_DUPLICATE: {
    what: "Deux adresses partagées ont le même identifiant CARP.",
    cure: "Donnez à chacune le sien.",
  },
  PLAN_VIP_OUTSIDE_SUBNET: {
    what: "Une adresse partagée n'est pas dans le réseau de sa zone.",
    cure: "Donnez-en une de ce réseau.",
  },
  PLAN_VLAN_DUPLICATE: {
    what: "Deux zones ont le même VLAN.",
    cure: "Donnez à chacune le sien.",
  },
  PLAN_WAN_MONITOR_SHARED: {
    what: "Deux accès sont surveillés par la même adresse, qui n'est routée que par l'un d'eux.",
    cure: "Donnez à chacun une adresse à surveiller à lui.",
  },
  PLAN_WAN_TIER_DUPLICATE: {
    what: "Deux accès ont le même rang de préférence.",
    cure: "Donnez à chacun le sien.",
  },
  PLAN_WRONG_TYPE: {
    what: "La valeur n'est pas du type que demande la clé.",
    cure: "Corrigez-la : « détail » et « précision » disent ce qui est attendu.",
  },
  PLAN_YAML_ALIASES: {
    what: "Les alias YAML du document se multiplient au-delà du raisonnable.",
    cure: "Écrivez les valeurs sans alias.",
  },
  PLAN_YAML_DUPLICATE_KEY: {
    what: "Une clé figure deux fois.",
    cure: "N'en gardez qu'une.",
  },
  PLAN_YAML_KEY: {
    what: "Une clé n'est pas un simple mot.",
    cure: "Écrivez un mot, entre guillemets s'il le faut.",
  },
  PLAN_YAML_SYNTAX: {
    what: "Le texte n'est pas du YAML.",
    cure: "Corrigez à la ligne nommée : indentation, guillemets, deux-points.",
  },
  PLAN_ZONE_EXCESS: {
    what: "Une zone a ce que son genre ne peut avoir.",
    cure: "Retirez la clé nommée, ou changez le genre (kind).",
  },
  PLAN_ZONE_INCOMPLETE: {
    what: "Il manque à une zone ce que demande son genre.",
    cure: "Ajoutez la clé nommée.",
  },
  PLAN_ZONE_OVERLAP: {
    what: "Deux zones ou pools partagent des adresses.",
    cure: "Séparez leurs réseaux.",
  },
};
