import type { Entries } from "./entry.ts";

export const engine: Entries = {
  ARTEFACT_DIGEST: {
    what: "Le fichier téléchargé n'est pas celui qui est attendu (SHA-256 différent) ; il n'a pas été gardé.",
    cure: "Quelqu'un a pu le modifier en chemin, ou un miroir a une autre version : trouvez la cause avant de continuer.",
  },
  ARTEFACT_DOWNLOAD: {
    what: "Le téléchargement d'un fichier publié par un tiers a échoué.",
    cure: "Déposez le fichier dans le dossier que nomme maquette:artefacts, ou ouvrez l'accès : HTTPS_PROXY nomme un mandataire, MAQUETTE_ARTEFACT_MIRROR une copie (docs/artefacts.md).",
  },
  ARTEFACT_INTERRUPTED: {
    what: "Le téléchargement d'un fichier publié par un tiers a été interrompu.",
    cure: "Relancez la même commande.",
  },
  ARTEFACT_MIRROR: {
    what: "MAQUETTE_ARTEFACT_MIRROR n'est pas une adresse utilisable.",
    cure: "Donnez l'adresse https d'un dossier, ou retirez la variable ; docs/artefacts.md dit ce qui s'y trouve.",
  },
  ARTEFACT_NOT_HAD: {
    what: "Le plan exige les fichiers d'un tiers qui ne sont pas là ; rien n'a été commencé.",
    cure: "Déposez-les dans le dossier que nomme maquette:artefacts (docs/artefacts.md), ou laissez la variante en auto dans roles.yaml.",
  },
  ARTEFACT_PROXY: {
    what: "Le mandataire HTTP que nomme l'environnement n'est pas une adresse utilisable.",
    cure: "Corrigez HTTPS_PROXY (http://hôte:port), ou retirez-la.",
  },
  ENGINE_ARCHIVE: {
    what: "L'archive du moteur ne se décompresse pas, bien qu'elle soit celle qui est publiée.",
    cure: "Signalez-le ; en attendant, MAQUETTE_ENGINE=build construit le moteur.",
  },
  ENGINE_BUILD: {
    what: "La construction du moteur par Go a échoué.",
    cure: "Vérifiez que le mandataire de modules Go est joignable (`go env GOPROXY`) et que 6 Go de disque sont libres ; la même commande reprend ensuite où elle s'était arrêtée.",
  },
  ENGINE_DEADLINE: {
    what: "Pulumi n'a pas fini dans le délai.",
    cure: "Relancez la même commande : elle remet en ordre ce qui était en cours.",
  },
  ENGINE_DIGEST: {
    what: "Le moteur téléchargé n'est pas celui qui est publié (SHA-256 différent) ; il n'a pas été décompressé.",
    cure: "Quelqu'un a pu le modifier en chemin, ou un miroir a une autre version : trouvez la cause. MAQUETTE_ENGINE=build le construit à partir de modules figés.",
  },
  ENGINE_DOWNLOAD: {
    what: "Le téléchargement du moteur a échoué.",
    cure: "Ouvrez l'accès à github.com (HTTPS_PROXY nomme un mandataire, MAQUETTE_ENGINE_MIRROR une copie : docs/engine.md), ou installez Go ou Pulumi.",
  },
  ENGINE_EVENTS: {
    what: "Le journal d'événements de Pulumi ne se lit pas.",
    cure: "Le disque est peut-être plein : libérez de la place, puis relancez la même commande.",
  },
  ENGINE_INTERRUPTED: {
    what: "Pulumi, ou le téléchargement du moteur, a été interrompu.",
    cure: "Relancez la même commande : elle remet en ordre ce qui était en cours.",
  },
  ENGINE_MIRROR: {
    what: "MAQUETTE_ENGINE_MIRROR n'est pas une adresse utilisable.",
    cure: "Donnez l'adresse https d'un dossier, ou retirez la variable ; docs/engine.md dit ce qui s'y trouve.",
  },
  ENGINE_NOT_ON_PATH: {
    what: "Aucun Pulumi qui convienne n'est dans le PATH.",
    cure: "Installez Pulumi (pulumi.com/docs/install), ou retirez MAQUETTE_ENGINE.",
  },
  ENGINE_NO_GO: {
    what: "Il n'y a pas de Go, ou il est trop ancien pour construire le moteur.",
    cure: "Installez Go (go.dev/doc/install) ou Pulumi (pulumi.com/docs/install), ou ouvrez l'accès à github.com ; puis relancez la même commande.",
  },
  ENGINE_NO_PROGRAM: {
    what: "Un programme du moteur ne démarre pas.",
    cure: "Lancez `maquette doctor`.",
  },
  ENGINE_NO_RELEASE: {
    what: "Le moteur n'est pas publié pour ce système ou ce processeur.",
    cure: "Installez Go pour le construire (go.dev/doc/install), mettez Pulumi dans le PATH (pulumi.com/docs/install), ou, sous Windows, travaillez dans WSL.",
  },
  ENGINE_NO_TOKENS: {
    what: "Le paquet du fournisseur Proxmox installé est abîmé : il ne contient aucune ressource.",
    cure: "Lancez `npm ci`, puis recommencez.",
  },
  ENGINE_PROXY: {
    what: "Le mandataire HTTP que nomme l'environnement n'est pas une adresse utilisable.",
    cure: "Corrigez HTTPS_PROXY (http://hôte:port), ou retirez-la.",
  },
  ENGINE_RUN_FAILED: {
    what: "Pulumi a échoué.",
    cure: "Corrigez ce qui est nommé, puis relancez la même commande : elle reprend où elle s'était arrêtée.",
  },
  ENGINE_SCHEMA: {
    what: "Le pont vers le fournisseur Proxmox n'a pas pu écrire son schéma.",
    cure: "C'est un défaut de maquette envers le paquet installé : lancez `npm ci`, puis recommencez.",
  },
  ENGINE_SOURCE: {
    what: "MAQUETTE_ENGINE a une valeur inconnue.",
    cure: "Écrivez path, download ou build, ou retirez la variable pour essayer les trois dans cet ordre.",
  },
  ENGINE_UNAVAILABLE: {
    what: "Le moteur de Pulumi ne peut être obtenu : ni téléchargé, ni construit.",
    cure: "Ouvrez l'accès à github.com (HTTPS_PROXY, MAQUETTE_ENGINE_MIRROR : docs/engine.md), installez Go (go.dev/doc/install), ou mettez Pulumi dans le PATH (pulumi.com/docs/install).",
  },
  STATE_DAMAGED: {
    what: "L'état de Pulumi ne se lit pas.",
    cure: "Lancez `maquette up` ou `maquette destroy` : ils remettent sa dernière copie entière.",
  },
  STATE_LOCKED: {
    what: "Une autre exécution travaille sur cette pile.",
    cure: "Attendez qu'elle finisse, puis relancez ; si elle est perdue pour de bon, `pulumi cancel` lève son verrou.",
  },
  STATE_LOST: {
    what: "Des machines de cette pile existent que l'état de Pulumi ne connaît pas : il est perdu ou plus ancien qu'elles.",
    cure: "Remettez l'état depuis une sauvegarde, ou supprimez ces machines à la main et relancez `maquette up`.",
  },
  STATE_NOT_REWRITTEN: {
    what: "Pulumi ne laisse pas corriger son état.",
    cure: "Relancez la même commande ; si cela persiste, `pulumi stack export` montre ce qu'il contient.",
  },
  STATE_NO_EXPORT: {
    what: "Pulumi ne peut lire l'état de la pile.",
    cure: "Vérifiez le dépôt d'état, puis relancez la même commande.",
  },
  STATE_NO_REFRESH: {
    what: "La relecture par Pulumi de ce qui existe a échoué.",
    cure: "Corrigez ce qui est nommé, puis relancez la même commande.",
  },
};
