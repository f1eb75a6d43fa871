import type { Entries } from "./entry.ts";

export const stack: Entries = {
  DISK_BELOW_TEMPLATE: {
    what: "Une machine, clone du modèle de son rôle, ne peut avoir un disque plus petit que lui ; rien n'a été touché.",
    cure: "Donnez-lui au moins cette taille comme premier disque (disksGiB dans hosts.yaml).",
  },
  DISK_FULL: {
    what: "Le disque est plein.",
    cure: "Libérez de la place, puis relancez la même commande : elle reprend où elle s'était arrêtée.",
  },
  DISK_NOT_A_FOLDER: {
    what: "Autre chose qu'un dossier se trouve à cet endroit.",
    cure: "Déplacez-le, ou choisissez d'autres dossiers par XDG_STATE_HOME, XDG_DATA_HOME et XDG_CACHE_HOME.",
  },
  DISK_NO_RIGHTS: {
    what: "Vous n'avez pas le droit d'écrire à cet endroit.",
    cure: "Devenez propriétaire du dossier (chown), ou choisissez-en d'autres par XDG_STATE_HOME, XDG_DATA_HOME et XDG_CACHE_HOME.",
  },
  DISK_READ_ONLY: {
    what: "Le disque est en lecture seule.",
    cure: "`findmnt -T CHEMIN` montre comment il est monté, dmesg pourquoi ; remontez-le (mount -o remount,rw) ou choisissez d'autres dossiers par XDG_STATE_HOME, XDG_DATA_HOME et XDG_CACHE_HOME.",
  },
  EPOCHS_DAMAGED: {
    what: "Le fichier qui compte les rotations des secrets est abîmé.",
    cure: "Remettez-le depuis votre sauvegarde : sans lui, tout secret renouvelé redeviendrait le premier.",
  },
  LOCK_HELD: {
    what: "Un autre maquette à vous travaille sur la même chose.",
    cure: "Attendez qu'il finisse, puis relancez la même commande.",
  },
  SEED_DIGEST: {
    what: "Le disque de premier démarrage n'est pas celui que le programme a déclaré.",
    cure: "Programme et fournisseur partent d'états différents du dépôt ou du secret : relancez la même commande.",
  },
  STACK_BAD_TOKEN: {
    what: "Le jeton de la pile n'a pas la forme user@realm!name=UUID.",
    cure: "Donnez-le à nouveau ; Proxmox en montre les deux parties quand il le crée.",
  },
  STACK_COPY: {
    what: "Cette copie de la maquette n'a pas de place.",
    cure: "Changez maquette:copy, maquette:vmidBase ou maquette:operator de la pile.",
  },
  STACK_IMAGE_ABSENT: {
    what: "Une image n'est pas là où la pile le dit ; rien n'a été fait.",
    cure: "Suivez « précision » : apportez l'image, ou corrigez maquette:images.",
  },
  STACK_LAB_IS_EMBEDDED: {
    what: "L'environnement nomme un autre Proxmox que celui où vit cette pile.",
    cure: "Retirez PROXMOX_VE_ENDPOINT, ou lancez la commande nommée sous « précision ».",
  },
  STACK_NOT_MADE: {
    what: "Pulumi ne peut créer la pile.",
    cure: "Vérifiez le dépôt d'état et ses droits ; `maquette doctor` dit ce qui est en usage.",
  },
  STACK_NO_ENDPOINT: {
    what: "La pile ne nomme aucune API de Proxmox VE.",
    cure: "Donnez-la par `pulumi config set maquette:endpoint` ; docs/own-proxmox.md dit la suite.",
  },
  STACK_NO_ENVIRONMENT: {
    what: "Ce terminal ne dit pas où est l'API de Proxmox VE.",
    cure: "Lancez la commande nommée sous « précision » dans le dépôt, puis la même commande.",
  },
  STACK_NO_IMAGE: {
    what: "L'image ne peut être téléchargée librement, et la pile ne dit pas où elle est.",
    cure: "Donnez-la par maquette:images : un modèle à vous, ou un volume ; docs/own-proxmox.md fait le modèle.",
  },
  STACK_NO_OPERATOR: {
    what: "La pile ne dit pas comment entrer dans les machines : elles démarreraient et resteraient vides.",
    cure: "Donnez au bastion une adresse de votre réseau (maquette:operator, docs/own-proxmox.md), ou faites les machines seules par --guests-only.",
  },
  STACK_NO_TOKEN: {
    what: "La pile n'a pas de jeton d'API.",
    cure: "Donnez-le par `pulumi config set --secret maquette:apiToken` ; docs/own-proxmox.md fait le jeton.",
  },
  STACK_OTHER_ENVIRONMENT: {
    what: "Ce terminal est réglé pour une autre pile.",
    cure: "Lancez la commande nommée sous « précision » dans le dépôt, puis la même commande.",
  },
  STACK_SECRET_DAMAGED: {
    what: "Le fichier du secret de la pile est abîmé.",
    cure: "Remettez-le depuis votre sauvegarde ; ou, après `maquette destroy`, supprimez-le pour une maquette neuve (tous les mots de passe et clés changent).",
  },
  STACK_SETTINGS: {
    what: "Les réglages de la pile ne se lisent pas ou ont une valeur qui n'est pas admise.",
    cure: "Corrigez Pulumi.PILE.yaml selon « détail », ou restaurez-le par git.",
  },
  STACK_UNKNOWN: {
    what: "Cette pile n'a jamais été réglée.",
    cure: "docs/own-proxmox.md règle une pile pour votre Proxmox ; la maquette embarquée est --stack lab.",
  },
  VAULT_DAMAGED: {
    what: "Un fichier du coffre est abîmé.",
    cure: "Remettez-le depuis votre sauvegarde, ou suivez « précision ».",
  },
  VAULT_NO_CERTIFICATE: {
    what: "Le coffre n'a pas de certificat de ce nom.",
    cure: "`maquette up` fait ceux que demande le plan ; `maquette secret --list` les nomme.",
  },
};
