import type { Entries } from "./entry.ts";

export const policy: Entries = {
  NFT_NOT_A_RULESET: {
    what: "Ce n'est pas une sortie de nft.",
    cure: "Donnez la sortie de `nft -j list ruleset`.",
  },
  POLICY_ANY_ANY: {
    what: "Une ligne autorise tout vers tout.",
    cure: "Nommez la source, la destination et le service.",
  },
  POLICY_ANY_PORT: {
    what: "Une ligne autorise tous les ports de TCP ou d'UDP.",
    cure: "Nommez les ports utiles.",
  },
  POLICY_ANY_SERVICE: {
    what: "Une ligne autorise tous les protocoles.",
    cure: "Nommez les services utiles.",
  },
  POLICY_DESCRIPTION: {
    what: "La description d'une ligne ne dit rien.",
    cure: "Dites à quoi sert le flux, et à qui.",
  },
  POLICY_DUPLICATE: {
    what: "Une ligne dit la même chose qu'une ligne précédente.",
    cure: "Supprimez l'une des deux.",
  },
  POLICY_EXCEPTION_UNUSED: {
    what: "Un invariant nomme une exception dont il n'a pas besoin.",
    cure: "Retirez-la.",
  },
  POLICY_FINAL_DENY_MISSING: {
    what: "La table ne finit pas par le refus de tout.",
    cure: "Ajoutez ce refus en dernière ligne.",
  },
  POLICY_FINAL_DENY_UNLOGGED: {
    what: "Le refus final n'est pas journalisé.",
    cure: "Journalisez-le (`log: true`).",
  },
  POLICY_INVARIANT_BROKEN: {
    what: "La table des flux enfreint un invariant.",
    cure: "Corrigez la ligne nommée, ou l'invariant s'il ne vaut plus.",
  },
  POLICY_INVARIANT_EMPTY: {
    what: "Un invariant ne parle d'aucun paquet qu'un routeur voit.",
    cure: "Corrigez ses bouts, ou retirez-le.",
  },
  POLICY_NOISE_LOGGED: {
    what: "Une ligne de la section 5 journalise ce qu'elle doit tenir hors du journal.",
    cure: "Retirez-en la journalisation.",
  },
  POLICY_NOT_LOGGED: {
    what: "Une ligne d'une section que l'ANSSI veut journalisée ne l'est pas.",
    cure: "Journalisez-la (`log: true`).",
  },
  POLICY_OUTSIDE_PLAN: {
    what: "Un réseau privé que nomme une ligne n'est dans aucune zone ni aucun pool.",
    cure: "Corrigez l'adresse, ou déclarez ce réseau.",
  },
  POLICY_PARTLY_UNENFORCEABLE: {
    what: "Une ligne relie, entre autres, deux bouts d'une même zone, qu'aucun routeur ne sépare.",
    cure: "Retirez cette paire, ou séparez les zones.",
  },
  POLICY_PROOF_CONFIG_MISSING: {
    what: "La configuration d'un routeur n'a pas été donnée.",
    cure: "Écrivez-la à partir du plan, ou nommez le fichier à juger.",
  },
  POLICY_PROOF_EXCESS: {
    what: "Un routeur laisse passer ce qu'aucune ligne n'autorise.",
    cure: "Resserrez la règle du fichier, écrivez la ligne qui est voulue, ou livrez le fichier du plan par `maquette up`.",
  },
  POLICY_PROOF_FORWARD: {
    what: "Les redirections du plan et celles du fichier diffèrent.",
    cure: "Alignez l'un sur l'autre.",
  },
  POLICY_PROOF_INTERFACE: {
    what: "Une patte du plan et les interfaces du fichier ne correspondent pas.",
    cure: "Corrigez l'interface ou son adresse dans le fichier.",
  },
  POLICY_PROOF_INVARIANT: {
    what: "Ce que contient réellement un fichier enfreint un invariant.",
    cure: "Corrigez la règle nommée du fichier.",
  },
  POLICY_PROOF_LOG: {
    what: "Une règle ne journalise pas comme sa ligne le dit.",
    cure: "Alignez la règle sur la ligne.",
  },
  POLICY_PROOF_MISSING: {
    what: "Les paquets d'une ligne ne sont pas traités comme elle le dit.",
    cure: "Ajoutez ou corrigez la règle dans le fichier, ou livrez celui du plan par `maquette up`.",
  },
  POLICY_PROOF_NAT_SOURCE: {
    what: "La traduction des adresses sources du fichier n'est pas celle du plan.",
    cure: "Corrigez le NAT sortant du fichier.",
  },
  POLICY_PROOF_ROUTERS_DIFFER: {
    what: "Les deux routeurs ne traitent pas les paquets de la même façon.",
    cure: "Alignez leurs fichiers : une bascule changerait la politique.",
  },
  POLICY_PROOF_SPOOF: {
    what: "Un routeur laisse entrer une source qui n'est pas de l'interface d'entrée.",
    cure: "Resserrez la règle, ou écrivez la ligne qui est voulue.",
  },
  POLICY_PROOF_UNDECIDED: {
    what: "Une partie de la preuve s'est terminée sans réponse.",
    cure: "Simplifiez ce que nomme « détail » (alias, horaires, noms), puis recommencez.",
  },
  POLICY_PROTECTION_MISSING: {
    what: "La section 3 ne refuse pas tout le reste vers les routeurs.",
    cure: "Ajoutez ce refus à la fin de la section 3.",
  },
  POLICY_QUESTION_FAMILY: {
    what: "Les deux bouts de la question ne sont pas de la même famille d'adresses.",
    cure: "Posez-la avec deux bouts de la même famille.",
  },
  POLICY_QUESTION_NAME: {
    what: "Ce nom n'est ni machine, ni zone, ni pool, ni adresse.",
    cure: "Vérifiez-le dans le plan, ou donnez une adresse.",
  },
  POLICY_QUESTION_SERVICE: {
    what: "Ce n'est ni un service du plan, ni un protocole avec un port.",
    cure: "Écrivez un service de services.yaml, ou par exemple tcp/443.",
  },
  POLICY_REDUNDANT: {
    what: "Sans cette ligne, tout paquet aurait le même sort : des lignes suivantes la répètent.",
    cure: "Supprimez-la, ou celles qui la répètent.",
  },
  POLICY_SECTION_CONTENT: {
    what: "Une ligne n'est pas de celles que contient sa section.",
    cure: "Placez-la dans la section qui convient.",
  },
  POLICY_SECTION_ORDER: {
    what: "Une ligne vient après une ligne d'une section suivante.",
    cure: "Rangez les lignes dans l'ordre des sections.",
  },
  POLICY_SHADOWED: {
    what: "Aucun paquet n'atteint cette ligne, et des lignes précédentes en décident autrement.",
    cure: "Placez-la plus haut, ou restreignez celles qui la couvrent.",
  },
  POLICY_SHADOWED_SAME: {
    what: "Aucun paquet n'atteint cette ligne ; des lignes précédentes font la même chose.",
    cure: "Supprimez-la.",
  },
  POLICY_SUPERNET: {
    what: "Un réseau que nomme une ligne déborde sur des zones ou pools qui ne sont pas les siens.",
    cure: "Nommez la zone, ou un réseau plus petit.",
  },
  POLICY_UNDECIDED: {
    what: "Une question sur la table s'est terminée sans réponse.",
    cure: "Simplifiez les lignes nommées, puis recommencez.",
  },
  POLICY_UNENFORCEABLE: {
    what: "Une ligne ne relie que des bouts qu'aucun routeur ne sépare.",
    cure: "Supprimez-la, ou placez les bouts dans des zones différentes.",
  },
  POLICY_UNUSED_POOL: {
    what: "Aucune ligne ne nomme ce pool d'adresses.",
    cure: "Ajoutez la ligne qui manque, ou retirez le pool.",
  },
  POLICY_WAIVER_CODE: {
    what: "Une dérogation nomme un code qu'aucune dérogation ne peut accepter.",
    cure: "Corrigez la faute elle-même, ou le code nommé.",
  },
  POLICY_WAIVER_EXPIRED: {
    what: "Une dérogation est périmée : ce qu'elle acceptait est de nouveau signalé.",
    cure: "Corrigez la cause, ou prolongez-la avec une raison.",
  },
  POLICY_WAIVER_UNUSED: {
    what: "Une dérogation n'accepte rien.",
    cure: "Retirez-la.",
  },
};
