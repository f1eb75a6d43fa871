import type { Entries } from "./entry.ts";

export const commands: Entries = {
  BACKUP_FAILED: {
    what: "La remise des données sauvegardées a échoué en chemin.",
    cure: "Corrigez ce qui est nommé, puis relancez : ce qui n'a pas été remis en entier est resté tel quel.",
  },
  BACKUP_LIVES: {
    what: "La machine vit et tient ses données : une remise mettrait de côté ce qu'elle a reçu depuis.",
    cure: "Si c'est bien ce que vous voulez, confirmez : `maquette restore MACHINE --confirm MACHINE`.",
  },
  BACKUP_NONE: {
    what: "Il n'y a pas de sauvegarde de ce jeu, ou aucune d'aussi ancienne.",
    cure: "`maquette backup --list` dit ce qu'il y a ; `maquette backup` en prend une maintenant.",
  },
  BACKUP_NOTHING_KEPT: {
    what: "Cette machine ne tient rien qu'une sauvegarde garde : `maquette up` la refait entière.",
    cure: "Choisissez l'une des machines dont les données sont sauvegardées.",
  },
  BACKUP_NOT_PUT_BACK: {
    what: "Les données de ce jeu ne se remettent pas par cette commande.",
    cure: "Suivez le chemin indiqué sous « précision ».",
  },
  BACKUP_NO_HOST: {
    what: "Aucune machine du plan ne joue le rôle backup : personne ne prend de sauvegardes.",
    cure: "Ajoutez-en une à hosts.yaml, comme dans le plan livré.",
  },
  BACKUP_NO_PLAN: {
    what: "Le plan a des fautes : on ne sait pas ce que tient une machine.",
    cure: "`maquette check` les énumère ; corrigez-les d'abord.",
  },
  BACKUP_NO_STATUS: {
    what: "La machine de sauvegarde ne dit pas ce qu'elle a.",
    cure: "Lancez `maquette up` : il remet en ordre le programme de sauvegarde.",
  },
  CLI_BINARY_TO_TERMINAL: {
    what: "Une capture est binaire, et la sortie standard est un terminal.",
    cure: "Dirigez-la ailleurs : `maquette capture HOST | wireshark -k -i -`, ou `> FILE.pcap`.",
  },
  CLI_CANNOT_WRITE: {
    what: "Le dossier de sortie ne peut être écrit.",
    cure: "Donnez à --out un dossier où vous avez le droit d'écrire, sur un disque qui n'est pas plein.",
  },
  CLI_DEFECT: {
    what: "Une erreur imprévue a arrêté la commande : c'est un défaut de maquette.",
    cure: "Signalez-le avec les lignes ci-dessus.",
  },
  CLI_FILE_TOO_LARGE: {
    what: "Le fichier, ou l'une de ses lignes, est trop grand pour être ce qui est demandé.",
    cure: "Vérifiez que c'est le bon fichier.",
  },
  CLI_INTERRUPTED: {
    what: "La commande a été interrompue ; ce qui était fait est enregistré, ce qui était cassé pour une mesure a été remis.",
    cure: "Relancez-la ; après un up interrompu, `maquette up` poursuit et `maquette destroy` défait.",
  },
  CLI_NOTHING_SENT: {
    what: "On ne sait pas ici ce que la machine a reçu, ou elle n'a encore rien reçu.",
    cure: "Lancez `maquette up` ; sans --sent, la commande montre ce que la machine recevra.",
  },
  CLI_NOT_CONFIRMED: {
    what: "Il n'y a pas de terminal où demander confirmation.",
    cure: "Ajoutez l'option de confirmation : --yes pour la maquette embarquée, --confirm PILE ailleurs.",
  },
  CLI_NO_FILE: {
    what: "Le fichier nommé ne peut être lu.",
    cure: "Vérifiez son nom et vos droits.",
  },
  CLI_NO_PLAN: {
    what: "Le dossier ne contient aucun document d'un plan.",
    cure: "Donnez le dossier d'un plan par --plan.",
  },
  CLI_NO_SUCH_REF: {
    what: "Ce n'est ni un dossier ni une référence git du dépôt.",
    cure: "Donnez le dossier d'un plan, ou une branche, une étiquette ou un commit.",
  },
  CLI_PLAN_UNSOUND: {
    what: "Un plan fautif n'a pas de sens à comparer.",
    cure: "Corrigez les fautes ci-dessus, ou comparez des états sains.",
  },
  CLI_UNKNOWN_COMMAND: {
    what: "Cette commande n'existe pas.",
    cure: "`maquette help` énumère les commandes.",
  },
  CLI_UNKNOWN_FILE: {
    what: "La machine ne reçoit pas de fichier de ce nom.",
    cure: "Choisissez l'un des fichiers nommés sous « précision ».",
  },
  CLI_UNKNOWN_HOST: {
    what: "Ce nom n'est pas celui d'une machine du plan.",
    cure: "Vérifiez le nom dans hosts.yaml ; `maquette status` énumère les machines.",
  },
  CLI_USAGE: {
    what: "La ligne de commande n'est pas comprise : option, valeur ou argument de trop, en moins, ou hors de ce qui est admis.",
    cure: "Corrigez-la selon « précision » ; `maquette help COMMANDE` dit ce que prend une commande.",
  },
  INIT_FOLDER: {
    what: "Le dossier du nouveau plan ne peut être écrit.",
    cure: "Donnez un autre dossier.",
  },
  INIT_MODEL: {
    what: "Le plan qui sert de modèle a des fautes.",
    cure: "`maquette check` les énumère ; corrigez-les d'abord.",
  },
  INIT_NOT_EMPTY: {
    what: "Le dossier n'est pas vide.",
    cure: "Donnez un dossier qui n'existe pas encore : rien n'est remplacé.",
  },
  PEOPLE_CELLS: {
    what: "Une ligne du tableau n'a pas autant de cases que de colonnes.",
    cure: "Mettez entre guillemets ce qui contient une virgule ou un point-virgule.",
  },
  PEOPLE_CHANGED: {
    what: "people.yaml a été modifié entre-temps.",
    cure: "Relancez la même commande.",
  },
  PEOPLE_COLUMN_TWICE: {
    what: "Une colonne figure deux fois.",
    cure: "N'en gardez qu'une.",
  },
  PEOPLE_NO_COLUMN: {
    what: "Une colonne nécessaire manque au tableau.",
    cure: "Ajoutez-la ; son nom français convient.",
  },
  PEOPLE_NO_NUMBER: {
    what: "Ce n'est pas un numéro de poste.",
    cure: "N'écrivez que ses chiffres.",
  },
  PEOPLE_NO_TABLE: {
    what: "Le fichier n'est pas un tableau CSV lisible.",
    cure: "Enregistrez-le en CSV : une ligne d'en-têtes, puis une ligne par personne.",
  },
  PEOPLE_NO_VALUE: {
    what: "Une case nécessaire est vide.",
    cure: "Remplissez-la.",
  },
  PEOPLE_NO_YES: {
    what: "La case ne dit ni oui ni non.",
    cure: "Écrivez oui, ou laissez-la vide.",
  },
  PEOPLE_OTHER_DOMAIN: {
    what: "L'adresse n'est pas du domaine.",
    cure: "N'écrivez que la partie avant l'arobase.",
  },
  PEOPLE_REMARK: {
    what: "La personne porte dans people.yaml un commentaire que l'import perdrait.",
    cure: "Modifiez-la à la main, ou placez le commentaire au-dessus d'elle.",
  },
  PEOPLE_TWICE: {
    what: "Un identifiant figure deux fois dans le tableau.",
    cure: "Donnez à chacun le sien.",
  },
  PEOPLE_UNKNOWN_COLUMN: {
    what: "Cette colonne n'est pas connue.",
    cure: "Corrigez son nom ou retirez-la ; docs/plan.md les énumère.",
  },
  SECRET_AMBIGUOUS: {
    what: "Ce début de nom désigne plusieurs secrets.",
    cure: "Écrivez le nom entier.",
  },
  SECRET_NOT_IN_JSON: {
    what: "Un secret n'est pas écrit en JSON : de tels documents se gardent.",
    cure: "`maquette secret NOM` l'affiche sur un terminal ; avec --stdout, dans un tube.",
  },
  SECRET_NOT_REVOKED: {
    what: "Ceci ne se révoque pas : l'autorité même, ou ce qui n'est pas un certificat.",
    cure: "Un mot de passe se renouvelle par --rotate ; une autre autorité demande `maquette destroy`, la suppression du coffre, puis `maquette up`.",
  },
  SECRET_NOT_ROTATED: {
    what: "Ce secret est du coffre, qui le renouvelle de lui-même.",
    cure: "Un certificat se termine avant l'heure par --revoke ; pour la liste de révocation il n'y a rien à faire.",
  },
  SECRET_NO_PLAN: {
    what: "Le plan a des fautes : on ne sait pas quels secrets il demande.",
    cure: "`maquette check` les énumère ; corrigez-les d'abord.",
  },
  SECRET_NO_TERMINAL: {
    what: "Un secret ne s'affiche pas où personne ne regarde : la sortie n'est pas un terminal.",
    cure: "Ajoutez --stdout si c'est bien un fichier ou un tube que vous voulez.",
  },
  SECRET_SEEDED: {
    what: "Ce secret est arrivé aux machines à leur premier démarrage, et rien ne leur en apporte un autre : le renouveler enfermerait tout le monde dehors.",
    cure: "Pour en changer : `maquette destroy`, supprimez le secret de la pile, `maquette up` ; tous les secrets seront neufs.",
  },
  SECRET_UNKNOWN: {
    what: "Le plan ne demande pas de secret de ce nom.",
    cure: "`maquette secret --list` les nomme tous.",
  },
  VPN_NO_GATEWAY: {
    what: "Aucune machine du plan ne joue le rôle vpn, ou ses services ne nomment pas de port pour openvpn.",
    cure: "Ajoutez la machine à hosts.yaml et le service à services.yaml, comme dans le plan livré.",
  },
  VPN_NO_PLAN: {
    what: "Le plan a des fautes : on ne sait pas qui peut entrer.",
    cure: "`maquette check` les énumère ; corrigez-les d'abord.",
  },
  VPN_NO_RIGHT: {
    what: "Cette personne n'a pas droit au VPN.",
    cure: "Ajoutez-la au groupe qui donne ce droit dans people.yaml, puis lancez `maquette up`.",
  },
  VPN_UNKNOWN_PERSON: {
    what: "Le plan ne connaît personne de cet identifiant.",
    cure: "Les personnes sont dans people.yaml, par identifiant.",
  },
};
