import type { Entries } from "./entry.ts";

export const imported: Entries = {
  IMPORT_ADDRESS_STANDS_IN: {
    what: "Une interface reçoit son adresse d'ailleurs (DHCP, PPPoE) ; une adresse de documentation en tient lieu.",
    cure: "Donnez la vraie par --addresses, ou remplacez-la dans addressing.yaml si elle est fixe.",
  },
  IMPORT_ASSUMED: {
    what: "Le plan demande quelque chose que le fichier ne dit pas ; une valeur a été supposée.",
    cure: "Relisez la valeur dans les documents écrits et corrigez-la.",
  },
  IMPORT_BRIDGE: {
    what: "Un pont : ses membres ne font pas des zones à part.",
    cure: "Décidez dans addressing.yaml si les membres sont une zone ou plusieurs.",
  },
  IMPORT_DHCP: {
    what: "Un serveur DHCP, ou une partie de ses réglages, n'a pas de place dans le plan.",
    cure: "Gardez ce réglage sur pfSense, ou renoncez-y.",
  },
  IMPORT_DISABLED: {
    what: "Une règle désactivée est laissée de côté.",
    cure: "Rien à faire, sauf si vous vouliez la garder : ajoutez alors une ligne à flows.yaml.",
  },
  IMPORT_FILTER_OFF: {
    what: "Le filtrage des paquets est coupé dans ce fichier.",
    cure: "Le plan filtre : relisez la table des flux avant de la mettre en service.",
  },
  IMPORT_FORWARD: {
    what: "Une redirection de port que le plan ne sait pas dire.",
    cure: "Écrivez-la comme un forward simple dans flows.yaml, ou gardez-la hors du plan.",
  },
  IMPORT_GATEWAY: {
    what: "Une règle choisit la passerelle de ses paquets (routage par politique).",
    cure: "Le plan ne choisit pas d'accès par règle : décidez si la règle vaut sans cela.",
  },
  IMPORT_GATEWAY_ADDRESS: {
    what: "Une passerelle n'est pas dans le réseau de son interface.",
    cure: "Corrigez la passerelle dans pfSense, ou dans addressing.yaml après l'import.",
  },
  IMPORT_INTERFACE: {
    what: "Une interface dont on ne peut faire une zone : sans IPv4, tunnel, ou réseau qui en recouvre un autre.",
    cure: "Décidez dans addressing.yaml quelle zone la remplace.",
  },
  IMPORT_INTERFACE_DISABLED: {
    what: "Une interface désactivée est laissée de côté.",
    cure: "Rien à faire, sauf si vous vouliez la garder : activez-la, puis importez à nouveau.",
  },
  IMPORT_IPV6: {
    what: "Une règle, ou une partie d'une règle, porte sur IPv6.",
    cure: "Le plan est en IPv4 : gardez-la en tête, elle n'est pas reprise.",
  },
  IMPORT_MATCH: {
    what: "Une règle « match » ne décide rien ; elle n'est pas reprise.",
    cure: "Rien à faire pour la politique ; les files d'attente restent à régler sur pfSense.",
  },
  IMPORT_NAME: {
    what: "Un nom est écrit autrement dans le plan.",
    cure: "Vérifiez le nouveau nom dans les documents écrits.",
  },
  IMPORT_NOT_EMITTED: {
    what: "Du plan obtenu on ne peut écrire aucun config.xml.",
    cure: "Corrigez les documents selon « détail », puis lancez `maquette check`.",
  },
  IMPORT_NO_MATCH: {
    what: "Une règle que le premier paquet d'aucun flux ne rencontre.",
    cure: "Elle ne sert à rien telle quelle : supprimez-la ou corrigez-la sur pfSense.",
  },
  IMPORT_NO_ZONE: {
    what: "Aucune interface n'a pu devenir une zone : il n'y a rien à écrire.",
    cure: "Vérifiez que le fichier est complet et que ses interfaces sont activées, avec une adresse IPv4.",
  },
  IMPORT_ONE_TO_ONE: {
    what: "Une correspondance 1:1 ou une traduction de préfixe n'a pas de place dans le plan.",
    cure: "Remplacez-la par des redirections de ports, ou gardez-la hors du plan.",
  },
  IMPORT_OPTION: {
    what: "Des files, limites ou options d'état d'une règle ne sont pas reprises.",
    cure: "Décidez si la règle vaut sans elles.",
  },
  IMPORT_OUT: {
    what: "Une règle flottante en sortie s'applique à des paquets relayés.",
    cure: "Écrivez ce qu'elle refuse comme lignes de la table des flux.",
  },
  IMPORT_OUTBOUND: {
    what: "Une règle de NAT sortant s'ajoute à ce que le plan sous-entend.",
    cure: "Vérifiez si elle est encore utile ; le plan traduit vers chaque accès de lui-même.",
  },
  IMPORT_OUT_NOT_EMPTY: {
    what: "Le dossier de sortie n'est pas vide.",
    cure: "Donnez un dossier neuf ou vide : rien n'y est remplacé.",
  },
  IMPORT_PORTAL: {
    what: "Portail captif ou UPnP : le plan n'en connaît pas.",
    cure: "Gardez-le sur pfSense, ou renoncez-y.",
  },
  IMPORT_PROTOCOL: {
    what: "Un protocole que les services du plan ne savent pas dire.",
    cure: "Ajoutez à services.yaml le service le plus proche, ou gardez la règle hors du plan.",
  },
  IMPORT_REFLECTION: {
    what: "Des redirections de ports valent aussi de l'intérieur (réflexion).",
    cure: "Donnez aux utilisateurs du dedans le nom interne, et une ligne de flux vers la machine.",
  },
  IMPORT_REFUSED: {
    what: "Les documents obtenus ne font pas un plan.",
    cure: "Corrigez-les selon « détail », puis lancez `maquette check`.",
  },
  IMPORT_ROUTE: {
    what: "Une route statique ne mène pas derrière une zone du dedans.",
    cure: "Écrivez ce réseau comme pool dans addressing.yaml, s'il en est un.",
  },
  IMPORT_RULE_INTERFACE: {
    what: "Une règle sur ce qui n'est pas une zone : OpenVPN, IPsec, L2TP, interface sans IPv4.",
    cure: "Écrivez la ligne correspondante pour la zone ou le pool du VPN.",
  },
  IMPORT_SCHEDULE: {
    what: "Une règle ne vaut qu'à certaines heures.",
    cure: "Le plan ne connaît pas d'horaires : décidez si elle vaut toujours ou jamais.",
  },
  IMPORT_SECTION: {
    what: "Une partie du fichier n'a pas de place dans le plan : ce qui touche le routeur lui-même (comptes, certificats, services), ou ce qui n'est pas connu.",
    cure: "Vérifiez qu'il ne vous manque rien : le plan a ses propres réglages pour comptes, certificats et services.",
  },
  IMPORT_SHAPER: {
    what: "Files d'attente et limiteurs ne sont pas repris.",
    cure: "Réglez-les sur pfSense s'ils restent utiles.",
  },
  IMPORT_SOURCE: {
    what: "Une règle porte sur des sources qui ne sont pas de son interface.",
    cure: "Vérifiez l'interface de la règle : ces paquets n'y arrivent pas.",
  },
  IMPORT_SOURCE_PORT: {
    what: "Une règle regarde le port source.",
    cure: "La table des flux ne le regarde pas : décidez si la règle vaut sans lui.",
  },
  IMPORT_STATELESS: {
    what: "Une règle ne garde pas d'état : ses réponses demandent des règles à elles.",
    cure: "Le plan garde toujours l'état ; les règles de réponse deviennent inutiles.",
  },
  IMPORT_TAG: {
    what: "Une règle dépend d'une étiquette posée par une autre.",
    cure: "Écrivez-la par ses sources et destinations.",
  },
  IMPORT_TOO_MANY_HOSTS: {
    what: "Il y a plus de machines que le plan n'en numérote ; leurs adresses sont écrites à la place.",
    cure: "Regroupez-les en réseaux ou en pools.",
  },
  IMPORT_UNCERTAIN: {
    what: "Le fichier ne dit pas quels paquets la règle prend (nom DNS, table d'URL, DSCP, système).",
    cure: "Remplacez-le par des adresses fixes.",
  },
  IMPORT_VHID: {
    what: "Deux adresses partagées (CARP) ont le même identifiant.",
    cure: "Donnez à chacune le sien dans addressing.yaml.",
  },
  IMPORT_VIP: {
    what: "Une adresse virtuelle que le plan ne sait pas placer.",
    cure: "Décidez si elle est l'adresse partagée d'une zone, ou renoncez-y.",
  },
  IMPORT_VPN: {
    what: "Des serveurs OpenVPN, IPsec, L2TP ou PPPoE sont sur le routeur.",
    cure: "Dans le plan, le VPN est un rôle d'une machine : voyez docs/roles/vpn.md.",
  },
  IMPORT_WANS_DIFFER: {
    what: "Les accès ont des règles différentes, et la table des flux ne connaît qu'un Internet.",
    cure: "Décidez laquelle des deux politiques vaut pour tous.",
  },
};
