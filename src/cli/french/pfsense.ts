import type { Entries } from "./entry.ts";

export const pfsense: Entries = {
  PFSENSE_ADDRESS_UNKNOWN: {
    what: "L'adresse de l'interface n'est pas dans le fichier (DHCP, PPPoE, tunnel).",
    cure: "Donnez-la par --addresses ; sans elle, les règles qui en dépendent restent incertaines.",
  },
  PFSENSE_ALIAS_ENTRY: {
    what: "Un alias contient une entrée qui n'est ni une adresse ni un port.",
    cure: "Écrivez une adresse, un réseau, ou un port de 1 à 65535 ; sinon pf peut refuser toutes les règles.",
  },
  PFSENSE_ALIAS_NAME: {
    what: "Un alias porte le nom d'une interface.",
    cure: "Renommez l'alias.",
  },
  PFSENSE_ALIAS_TWICE: {
    what: "Un alias est défini deux fois.",
    cure: "N'en gardez qu'un : pfSense prend la dernière définition.",
  },
  PFSENSE_ALIAS_UNUSED: {
    what: "Aucune règle ne se sert de cet alias.",
    cure: "Supprimez-le s'il ne sert plus.",
  },
  PFSENSE_CAPTIVE_PORTAL: {
    what: "Le fichier ne dit pas si un client du portail captif est connecté.",
    cure: "Les réponses sont celles d'un client connecté, et sont marquées incertaines.",
  },
  PFSENSE_EMIT_DEVICES: {
    what: "Moins de cartes sont nommées que le routeur n'en a, ou l'une l'est deux fois.",
    cure: "Nommez chaque carte une fois, dans l'ordre des pattes du routeur.",
  },
  PFSENSE_EMIT_GATEWAY: {
    what: "Un accès à adresse partagée n'a pas de passerelle.",
    cure: "Donnez-lui une passerelle dans addressing.yaml.",
  },
  PFSENSE_EMIT_IPV6: {
    what: "Une adresse du plan est en IPv6, que les routeurs bloquent entièrement.",
    cure: "Remplacez-la par une adresse IPv4.",
  },
  PFSENSE_EMIT_LABEL: {
    what: "La description d'une ligne finit par une barre oblique inverse : pf refuserait toutes les règles.",
    cure: "Terminez-la autrement ; un point derrière suffit.",
  },
  PFSENSE_EMIT_NAMES: {
    what: "Deux zones donneraient le même nom à leurs interfaces.",
    cure: "Renommez l'une des deux.",
  },
  PFSENSE_EMIT_NEED: {
    what: "Un service du routeur a besoin d'un flux qu'aucune ligne n'autorise.",
    cure: "Ajoutez la ligne à la table des flux, sinon le service échouera sans bruit.",
  },
  PFSENSE_EMIT_NOT_ROUTER: {
    what: "Cette machine n'est pas un routeur du plan.",
    cure: "Nommez l'un des routeurs de hosts.yaml.",
  },
  PFSENSE_EMIT_NO_WAN: {
    what: "Les routeurs n'ont aucune patte sur un accès.",
    cure: "Donnez-leur une carte dans une zone `kind: wan`.",
  },
  PFSENSE_EMIT_ORDER: {
    what: "Une ligne de la table des flux vient après une ligne d'une section suivante.",
    cure: "Rangez les lignes dans l'ordre des sections.",
  },
  PFSENSE_EMIT_ROUTERS: {
    what: "Le plan n'a ni deux routeurs, ni le routeur unique d'un site.",
    cure: "Donnez le rôle de routeur à deux machines.",
  },
  PFSENSE_EMIT_SYNC: {
    what: "Les routeurs n'ont pas exactement une patte dans une zone de synchronisation.",
    cure: "Donnez-leur une seule carte dans une zone `kind: sync`.",
  },
  PFSENSE_ENCRYPTED: {
    what: "Le fichier est une sauvegarde chiffrée.",
    cure: "Exportez-le à nouveau sans chiffrement (Diagnostics, Backup & Restore).",
  },
  PFSENSE_FILTER_OFF: {
    what: "Le filtrage des paquets est coupé.",
    cure: "Réactivez-le sur pfSense ; les réponses données sont celles des règles comme s'il était actif.",
  },
  PFSENSE_FLAG_FALSE: {
    what: "Un drapeau a une valeur qui dit non, mais sa présence seule vaut oui.",
    cure: "Pour le couper, retirez l'élément.",
  },
  PFSENSE_GATEWAY_ADDRESS: {
    what: "La passerelle n'est pas une adresse.",
    cure: "Corrigez-la sur pfSense (System, Routing).",
  },
  PFSENSE_INTERFACE_ADDRESS: {
    what: "L'adresse ou la longueur de préfixe d'une interface n'est pas utilisable.",
    cure: "Corrigez-la sur pfSense (Interfaces).",
  },
  PFSENSE_MORE_FINDINGS: {
    what: "D'autres constats du même genre ne sont pas montrés.",
    cure: "Corrigez les premiers, puis relisez le fichier.",
  },
  PFSENSE_NAME: {
    what: "Un nom n'est pas de ceux que pfSense accepte.",
    cure: "N'employez que lettres, chiffres et _, sans chiffre au début.",
  },
  PFSENSE_NAT_NEXT_LOST: {
    what: "La description d'une règle de NAT finit par une barre oblique inverse et avale la traduction suivante.",
    cure: "Terminez-la autrement.",
  },
  PFSENSE_NAT_PORT_LOST: {
    what: "Le port d'une traduction n'est ni un port ni un alias : il est ignoré.",
    cure: "Écrivez un port, une plage ou un alias.",
  },
  PFSENSE_NAT_REFUSED: {
    what: "Une traduction telle qu'elle est écrite ferait refuser toutes les règles par pf.",
    cure: "Corrigez-la selon « détail » : pf garde sinon le dernier jeu valable.",
  },
  PFSENSE_NAT_SKIPPED: {
    what: "pfSense laisse cette traduction de côté.",
    cure: "Corrigez l'interface, l'adresse ou le préfixe nommé, ou supprimez-la.",
  },
  PFSENSE_NAT_TARGET_LOST: {
    what: "L'adresse de traduction ne se lit pas : celle de l'interface en tient lieu.",
    cure: "Écrivez une adresse avec sa longueur, un alias, ou rien.",
  },
  PFSENSE_NO_INTERFACES: {
    what: "Le fichier n'a aucune interface.",
    cure: "Exportez la configuration entière (Diagnostics, Backup & Restore).",
  },
  PFSENSE_NO_INTERFACE_ENABLED: {
    what: "Aucune interface n'est activée : rien ne passe.",
    cure: "Activez celles qui doivent l'être (<enable/>).",
  },
  PFSENSE_PACKAGE_RULES: {
    what: "Un paquet installé ajoute des règles à lui.",
    cure: "Elles ne sont pas dans le fichier : regardez-les sur le pfSense même.",
  },
  PFSENSE_ROOT: {
    what: "Le fichier n'est pas une configuration de pfSense.",
    cure: "Donnez le config.xml d'un pfSense ; OPNsense et m0n0wall n'en sont pas.",
  },
  PFSENSE_ROUTE_NETWORK: {
    what: "Le réseau d'une route statique n'en est pas un.",
    cure: "Écrivez un réseau avec sa longueur de préfixe.",
  },
  PFSENSE_RULES_STOP: {
    what: "Un élément est vide là où pfSense attend des éléments : aucune règle du fichier n'est chargée.",
    cure: "Écrivez ce qui est voulu, par exemple <any></any>, ou retirez l'élément.",
  },
  PFSENSE_RULE_GATEWAY: {
    what: "La passerelle d'une règle n'est pas dans le fichier.",
    cure: "Corrigez la règle ou définissez la passerelle.",
  },
  PFSENSE_RULE_INTERFACE: {
    what: "L'interface d'une règle n'existe pas ou n'est pas activée : pfSense laisse la règle de côté.",
    cure: "Corrigez l'interface ou supprimez la règle.",
  },
  PFSENSE_RULE_OPEN: {
    what: "Une règle laisse tout passer, de partout vers partout.",
    cure: "Restreignez-la aux sources, destinations et services utiles.",
  },
  PFSENSE_RULE_PORT_LOST: {
    what: "Une règle a un port mais pas de protocole : le port est ignoré.",
    cure: "Donnez-lui le protocole TCP, UDP ou les deux.",
  },
  PFSENSE_RULE_REDUNDANT: {
    what: "Une règle ne change le sort d'aucun paquet.",
    cure: "Supprimez-la si elle ne documente rien.",
  },
  PFSENSE_RULE_REFUSED: {
    what: "Une règle telle qu'elle est écrite ferait refuser tout le jeu par pf, qui garde le précédent.",
    cure: "Corrigez-la selon « détail ».",
  },
  PFSENSE_RULE_SCHEDULE: {
    what: "Une règle ne vaut que pendant son horaire.",
    cure: "Donnez l'heure par --now ; sans elle, les réponses qui en dépendent sont incertaines.",
  },
  PFSENSE_RULE_SHADOWED: {
    what: "Des règles précédentes prennent tous les paquets de celle-ci.",
    cure: "Placez-la plus haut, ou supprimez-la.",
  },
  PFSENSE_RULE_SKIPPED: {
    what: "pfSense laisse cette règle de côté.",
    cure: "Corrigez ce que nomme « détail », ou supprimez la règle.",
  },
  PFSENSE_RULE_TOO_WIDE: {
    what: "Les alias d'une règle se multiplient en trop de combinaisons.",
    cure: "Nommez des réseaux plutôt que beaucoup de machines ; en attendant ses réponses sont incertaines.",
  },
  PFSENSE_RULE_TRACKER: {
    what: "Une règle n'a pas d'identifiant (tracker).",
    cure: "Rien à faire : pfSense en donne un au prochain enregistrement.",
  },
  PFSENSE_RULE_TYPE: {
    what: "Le type d'une règle est inconnu : elle laisse passer.",
    cure: "Écrivez pass, block ou reject.",
  },
  PFSENSE_SECOND_LINE: {
    what: "La deuxième ligne du fichier n'est pas exactement <pfsense>.",
    cure: "La restauration par l'interface web marche ; pour un support d'installation, écrivez <pfsense> seul en ligne 2.",
  },
  PFSENSE_TFTP_PROXY: {
    what: "Le mandataire TFTP ajoute des règles quand il travaille.",
    cure: "Elles ne sont pas dans le fichier : tenez-en compte, ou coupez-le.",
  },
  PFSENSE_UNKNOWN: {
    what: "Un élément du fichier n'est pas connu.",
    cure: "Il n'entre dans aucune réponse ; vérifiez qu'il ne touche pas au filtrage.",
  },
  PFSENSE_VERSION: {
    what: "La version du fichier manque ou ne se lit pas.",
    cure: "Exportez-le à nouveau de pfSense.",
  },
  PFSENSE_VERSION_NEW: {
    what: "Le fichier est d'un pfSense plus récent que ceux qui sont connus.",
    cure: "Vérifiez les réponses sur le pfSense même.",
  },
  PFSENSE_VERSION_OLD: {
    what: "Le fichier est d'un pfSense très ancien.",
    cure: "Mettez pfSense à jour, puis exportez à nouveau.",
  },
  PFSENSE_VIP_ADDRESS: {
    what: "Une adresse virtuelle n'est pas une adresse.",
    cure: "Corrigez-la sur pfSense (Firewall, Virtual IPs).",
  },
  PFSENSE_XML_ATTRIBUTE: {
    what: "Un élément porte un attribut, que pfSense ne lit pas.",
    cure: "Écrivez-le comme élément, ou retirez-le.",
  },
  PFSENSE_XML_DEPTH: {
    what: "Les éléments sont imbriqués trop profondément pour une configuration de pfSense.",
    cure: "Vérifiez que c'est le bon fichier.",
  },
  PFSENSE_XML_DOCTYPE: {
    what: "Le fichier a un DOCTYPE, qui n'est jamais lu.",
    cure: "Retirez-le, ou exportez à nouveau de pfSense.",
  },
  PFSENSE_XML_ELEMENTS: {
    what: "Le fichier a trop d'éléments pour une configuration de pfSense.",
    cure: "Vérifiez que c'est le bon fichier.",
  },
  PFSENSE_XML_EMPTY: {
    what: "Le fichier est vide.",
    cure: "Exportez-le à nouveau (Diagnostics, Backup & Restore).",
  },
  PFSENSE_XML_ENCODING: {
    what: "Le fichier déclare un autre codage que UTF-8.",
    cure: "Convertissez-le en UTF-8 et ne déclarez rien.",
  },
  PFSENSE_XML_ENTITY: {
    what: "Le fichier emploie une entité que XML ne connaît pas.",
    cure: "Écrivez le caractère lui-même.",
  },
  PFSENSE_XML_MALFORMED: {
    what: "Le fichier n'est pas du XML bien formé.",
    cure: "Corrigez à la ligne nommée, ou exportez à nouveau.",
  },
  PFSENSE_XML_MIXED: {
    what: "Du texte se trouve à côté d'éléments.",
    cure: "Retirez ce texte, ou mettez-le dans un élément.",
  },
  PFSENSE_XML_REPEATED: {
    what: "Un élément est répété alors que pfSense n'en tient pas de liste : le fichier serait refusé.",
    cure: "N'en gardez qu'un.",
  },
  PFSENSE_XML_TOO_LARGE: {
    what: "Le fichier est trop grand.",
    cure: "32 Mio au plus sont lus : retirez-en les données RRD, ou vérifiez que c'est le bon fichier.",
  },
  PFSENSE_XML_TRUNCATED: {
    what: "Le fichier est coupé.",
    cure: "Copiez-le ou téléchargez-le à nouveau.",
  },
  PFSENSE_XML_UTF16: {
    what: "Le fichier est en UTF-16 ou UTF-32.",
    cure: "Enregistrez-le en UTF-8.",
  },
  PFSENSE_XML_UTF8: {
    what: "Le fichier n'est pas en UTF-8 à cet endroit.",
    cure: "Convertissez-le en UTF-8.",
  },
};
