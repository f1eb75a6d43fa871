import type { Progress } from "../load/run.ts";

/** What is printed for people, in both languages; what a fault or a finding is, is in `french/`; logs stay in English. */
const english = {
  guest: "guest",
  role: "role",
  node: "node",
  vmId: "VM id",
  address: "address",
  state: "state",
  memory: "memory",
  upToDate: "Nothing to change: the lab is as the plan says.",
  ready: (n: number, seconds: string) => `${n} guests run, after ${seconds} s.`,
  next: "What to do next",
  nextStatus: "see the guests again",
  nextSsh: "a shell on a guest; console, logs, capture, door: docs/door.md",
  nextVerify: "the flow matrix, measured with packets through both routers",
  nextDrill: "kill the active router with sessions open",
  nextPulumi: "use plain pulumi commands in this shell: pulumi preview, up, refresh, destroy",
  nextDestroy: "delete the lab; the next up makes the same one",
  nextPlan: "change the lab, then maquette up",
  guestUp: (host: string, left: number) => `${host} is up${left > 0 ? `, ${left} to go` : ""}`,
  failedUnits: (host: string, units: string) => `${host}: failed units: ${units}; see \`maquette logs ${host}\``,
  askingHosts: "asking the hosts what they have",
  asked: (answered: number, total: number, seconds: number, left: number | null) =>
    `${answered} of ${total} answered, ${seconds} s${left === null ? "" : `, some ${left} s left`}`,
  loadNever: "measured by `maquette load`: not yet",
  loadMeasured: (at: string, changed: string) =>
    `measured by \`maquette load\` on ${at}; ${changed === "" ? "the plan has not changed since" : `the plan has changed since: ${changed}`}`,
  loading: ({ fault, step, done, of, seconds }: Progress) =>
    `${fault === null ? "without a fault" : `with a fault (${fault})`}, ${seconds} s: ${{ begins: "telephones register", works: `${done} of ${of} done`, broken: `${done} of ${of} done, broken now`, boxes: "looking into the boxes" }[step]}`,
  artefactMissing: (name: string, hosts: string, why: string, standsIn: string, notShown: string) =>
    `${name} is not here${why === "" ? "" : ` (${why})`}; in its place on ${hosts}: ${standsIn}. Not shown: ${notShown}. \`maquette doctor\` says how to get it.`,
  artefactInstalled: (name: string, hosts: string) => `${name} is here, and is what ${hosts} gets.`,
  startingOff: (hosts: string) => `starting what is off: ${hosts}`,
  mending: (router: string, why: string) => `${router}: ${why}; loading its file anew`,
  givingBack: (by: string, what: string) =>
    `\`maquette ${by}\` was killed and left this without power or cable; giving it back: ${what}`,
  toGiveBack: (by: string, what: string) =>
    `\`maquette ${by}\` was killed and left this without power or cable: ${what}. \`maquette up\` gives it back.`,
  isOff: (hosts: string) => `Off: ${hosts}. \`maquette up\` starts them.`,
  noChangeOnRecord: "Nothing to change in what is on record.",
  notAsked: (why: string) => `Hosts not asked: ${why}.`,
  putRight: (n: number) =>
    `${n === 1 ? "One thing is" : `${n} things are`} not as the last up left it on the hosts (above): \`maquette up\` puts it right.`,
  nothingReplaces: (host: string) => `--replace ${host}: nothing here replaces it, so it stays.`,
  drifted: (host: string, role: string, step: string | null, what: string) =>
    step === null ? `${host}: ${what}` : `${host}, role ${role}, "${step}": ${what}`,
  backupHeader: ["set", "taken", "size", "why not since"],
  backupNever: "never",
  restored: (set: string, of: string, files: number, lost: number) =>
    `${set}: ${files} files as of ${of}; what was written in the ${lost} s after that is not in it.`,
  putAside: (host: string, folder: string) => `What was there lies on ${host} in ${folder}.`,
  restoredIn: (host: string, seconds: string) => `${host} is back, after ${seconds} s.`,
  routersElect: "the routers elect a master",
  containers:
    "Guests are systemd containers on this machine, in namespaces of their own; what that cannot show is in docs/twin.md.",
  guestsOnly: "Guests only: no role was applied, nothing was done inside them (--guests-only).",
  noStartup: "Guests start with their node in the order of their ids: the token may not set another (Sys.Modify on /).",
  memoryOnly:
    "Guests live in memory: the API, its state and every resource are real, but nothing boots. No service answers and no packet crosses a router here.",
  confirm: (what: string) => `Delete ${what}? Type yes: `,
  confirmName: (stack: string, url: string) => `This deletes the lab on ${url}. Type the stack's name, ${stack}: `,
  destroyed: "The lab is gone. Its secret stays: the next up makes the same one.",
  notConfirmed: "Not confirmed: nothing was deleted.",
  planGood: (hosts: number, flows: number) => `The plan is sound: ${hosts} hosts, ${flows} flows.`,
  proven: (routers: string, byPfsense: number, ms: number) =>
    `Proven: ${routers} let through what the flow table says, no more and no less (${byPfsense} rows are pfSense's own; ${ms} ms).`,
  provenBefore: "The same files were proven before; --fresh proves them again.",
  found: (errors: number, warnings: number) => `${errors} faults, ${warnings} warnings.`,
  upRefuses: (fault: string) => `An up refuses this: ${fault}`,
  noLab: "There is no lab yet.",
  missing: "missing",
  secret: "secret",
  rotated: "rotated",
  hosts: "hosts",
  rotatedNow: (label: string, epoch: number, hosts: string) =>
    `${label} is another one now (rotation ${epoch}).${hosts === "" ? "" : ` \`maquette up\` brings it to ${hosts}.`}`,
  revokedNow: (label: string, n: number) =>
    `${label} is revoked (${n === 1 ? "one certificate" : `${n} certificates`}). \`maquette up\` brings the list to the hosts, and a new one where the plan still asks for it.`,
  revokedWithHost: (label: string) => `${label} is revoked: no host of the plan asks for it any more.`,
  ofNobody: (isRevoked: boolean): string => (isRevoked ? "(no host; revoked)" : "(no host)"),
  wasRevoked: (label: string) => `${label} was revoked already.`,
  profileWritten: (login: string, file: string) =>
    `The VPN profile of ${login} is in ${file}, for this user alone. The password is the account's, and is not in it.`,
  snapshotting: (n: number, name: string) => `taking ${name} of ${n} guests; all but the routers stand still meanwhile`,
  snapshotTaken: (name: string, n: number, seconds: string, still: string) =>
    `Snapshot ${name}: ${n} guests as of one moment, ${seconds} s (they stood still for ${still} s). Back to it: maquette reset ${name}`,
  snapshotDeleted: (name: string) => `The snapshot ${name} is deleted.`,
  noSnapshot: "There is no snapshot yet; maquette snapshot takes one.",
  snapshotHeader: ["snapshot", "taken (UTC)", "guests", "plan"],
  samePlan: "as now",
  otherPlan: (files: string) => `other: ${files}`,
  confirmReset: (stack: string, name: string) =>
    `This discards whatever the guests of ${stack} did since ${name}. Type the stack's name, ${stack}: `,
  notReset: "Not confirmed: nothing was reset.",
  resetting: (n: number, name: string) => `taking ${n} guests back to ${name}`,
  rolledBack: (left: number) => (left > 0 ? `guests go back, ${left} to go` : "all guests are back; starting them"),
  wasReset: (n: number, name: string, date: string, seconds: string) =>
    `${n} guests are as they were at ${name} (${date} UTC), after ${seconds} s.`,
  planChangedSince: (files: string) =>
    `The plan has changed since (${files}): maquette preview shows what an up would do.`,
  initUnsound: (folder: string) =>
    `With these values the plan would not be sound (above, by the place where each would stand): nothing was written to ${folder}.`,
  imported: (added: number, changed: number, unchanged: number, isDry: boolean) =>
    `${added} added, ${changed} changed, ${unchanged} as they were.${isDry ? " Nothing was written (--dry-run)." : added + changed > 0 ? " `maquette up` brings them to the directory." : ""}`,
  notImported: "Nothing was written.",
  initDone: (folder: string, hosts: number, rows: number, isProven: boolean) =>
    `${folder} is a plan of your own: ${hosts} hosts, ${rows} rows, ${isProven ? "sound, its policy proven" : "which `maquette check` does not find good (above)"}. Its people are invented: replace them in people.yaml.`,
  initNext: (folder: string, stack: string) =>
    `Next: set maquette:plan in Pulumi.${stack}.yaml to ${folder}, then maquette up; maquette check --plan ${folder} judges each change.`,
};

export type Words = typeof english;

const french: Words = {
  guest: "machine",
  role: "rôle",
  node: "nœud",
  vmId: "id VM",
  address: "adresse",
  state: "état",
  memory: "mémoire",
  upToDate: "Rien à changer : la maquette est conforme au plan.",
  ready: (n, seconds) => `${n} machines tournent, après ${seconds} s.`,
  next: "Et maintenant",
  nextStatus: "revoir les machines",
  nextSsh: "un shell sur une machine ; console, logs, capture, door : docs/door.md",
  nextVerify: "la matrice des flux, mesurée par des paquets à travers les deux routeurs",
  nextDrill: "tuer le routeur actif, sessions ouvertes",
  nextPulumi: "utiliser pulumi tel quel dans ce terminal : pulumi preview, up, refresh, destroy",
  nextDestroy: "supprimer la maquette ; le prochain up refait la même",
  nextPlan: "modifier la maquette, puis maquette up",
  guestUp: (host, left) => `${host} a démarré${left > 0 ? `, il en reste ${left}` : ""}`,
  failedUnits: (host, units) => `${host} : unités en échec : ${units} ; voir \`maquette logs ${host}\``,
  askingHosts: "les machines disent ce qu'elles ont",
  asked: (answered, total, seconds, left) =>
    `${answered} sur ${total} ont répondu, ${seconds} s${left === null ? "" : `, encore ${left} s environ`}`,
  loadNever: "mesuré par `maquette load` : pas encore",
  loadMeasured: (at, changed) =>
    `mesuré par \`maquette load\` le ${at} ; ${changed === "" ? "le plan n'a pas changé depuis" : `le plan a changé depuis : ${changed}`}`,
  loading: ({ fault, step, done, of, seconds }) =>
    `${fault === null ? "sans panne" : `avec panne (${fault})`}, ${seconds} s : ${{ begins: "les téléphones s'enregistrent", works: `${done} sur ${of} faites`, broken: `${done} sur ${of} faites, en panne à présent`, boxes: "les boîtes sont relues" }[step]}`,
  artefactMissing: (name, hosts, why, standsIn, notShown) =>
    `${name} n'est pas là${why === "" ? "" : ` (${why})`} ; à sa place sur ${hosts} : ${standsIn}. Non montré : ${notShown}. \`maquette doctor\` dit comment l'obtenir.`,
  artefactInstalled: (name, hosts) => `${name} est là, et c'est ce que reçoit ${hosts}.`,
  mending: (router, why) => `${router} : ${why} ; son fichier est rechargé`,
  givingBack: (by, what) =>
    `\`maquette ${by}\` a été tué et a laissé ceci sans courant ou sans câble ; remise en place : ${what}`,
  toGiveBack: (by, what) =>
    `\`maquette ${by}\` a été tué et a laissé ceci sans courant ou sans câble : ${what}. \`maquette up\` le remet en place.`,
  startingOff: (hosts) => `démarrage de ce qui est éteint : ${hosts}`,
  isOff: (hosts) => `Éteints : ${hosts}. \`maquette up\` les démarre.`,
  noChangeOnRecord: "Rien à changer d'après ce qui est enregistré.",
  notAsked: (why) => `Machines non interrogées : ${why}.`,
  putRight: (n) =>
    `${n === 1 ? "Une chose n'est" : `${n} choses ne sont`} plus telle que le dernier up l'avait laissée sur les machines (ci-dessus) : \`maquette up\` la remet en ordre.`,
  nothingReplaces: (host) => `--replace ${host} : rien ici ne la remplace, elle reste.`,
  drifted: (host, role, step, what) =>
    step === null ? `${host} : ${what}` : `${host}, rôle ${role}, « ${step} » : ${what}`,
  backupHeader: ["jeu", "pris le", "taille", "pourquoi pas depuis"],
  backupNever: "jamais",
  restored: (set: string, of: string, files: number, lost: number) =>
    `${set} : ${files} fichiers, tels qu'au ${of} ; ce qui fut écrit dans les ${lost} s d'après n'y est pas.`,
  putAside: (host: string, folder: string) => `Ce qui s'y trouvait est sur ${host} dans ${folder}.`,
  restoredIn: (host: string, seconds: string) => `${host} est de retour, après ${seconds} s.`,
  routersElect: "les routeurs élisent un maître",
  containers:
    "Les machines sont des conteneurs systemd de cet ordinateur, dans leurs propres espaces de noms ; ce que cela ne montre pas est dans docs/twin.md.",
  guestsOnly: "Machines seules : aucun rôle n'a été appliqué, rien n'a été fait à l'intérieur (--guests-only).",
  noStartup:
    "Les machines démarrent avec leur nœud dans l'ordre de leurs numéros : le jeton ne peut en fixer un autre (Sys.Modify sur /).",
  memoryOnly:
    "Les machines vivent en mémoire : l'API, son état et toutes les ressources sont réels, mais rien ne démarre. Aucun service ne répond et aucun paquet ne traverse un routeur ici.",
  confirm: (what) => `Supprimer ${what} ? Tapez oui : `,
  confirmName: (stack, url) => `Ceci supprime la maquette sur ${url}. Tapez le nom de la pile, ${stack} : `,
  destroyed: "La maquette est supprimée. Son secret reste : le prochain up refait la même.",
  notConfirmed: "Pas de confirmation : rien n'a été supprimé.",
  planGood: (hosts, flows) => `Le plan est sain : ${hosts} machines, ${flows} flux.`,
  proven: (routers, byPfsense, ms) =>
    `Prouvé : ${routers} laissent passer ce que dit la table des flux, ni plus ni moins (${byPfsense} lignes sont de pfSense ; ${ms} ms).`,
  provenBefore: "Les mêmes fichiers ont déjà été prouvés ; --fresh les prouve à nouveau.",
  found: (errors, warnings) =>
    `${errors} faute${errors < 2 ? "" : "s"}, ${warnings} avertissement${warnings < 2 ? "" : "s"}.`,
  upRefuses: (fault) => `Un up refuse ceci : ${fault}`,
  noLab: "Il n'y a pas encore de maquette.",
  missing: "absente",
  secret: "secret",
  rotated: "rotations",
  hosts: "machines",
  rotatedNow: (label, epoch, hosts) =>
    `${label} a changé (rotation ${epoch}).${hosts === "" ? "" : ` \`maquette up\` le porte sur ${hosts}.`}`,
  revokedNow: (label, n) =>
    `${label} est révoqué (${n === 1 ? "un certificat" : `${n} certificats`}). \`maquette up\` porte la liste aux machines, et un nouveau certificat là où le plan en demande encore un.`,
  revokedWithHost: (label) => `${label} est révoqué : plus aucune machine du plan ne le demande.`,
  ofNobody: (isRevoked) => (isRevoked ? "(aucune machine ; révoqué)" : "(aucune machine)"),
  wasRevoked: (label) => `${label} était déjà révoqué.`,
  profileWritten: (login, file) =>
    `Le profil VPN de ${login} est dans ${file}, pour ce seul utilisateur. Le mot de passe est celui du compte, et n'y est pas.`,
  snapshotting: (n, name) =>
    `instantané ${name} de ${n} machines ; toutes sauf les routeurs sont figées pendant ce temps`,
  snapshotTaken: (name, n, seconds, still) =>
    `Instantané ${name} : ${n} machines au même instant, ${seconds} s (figées ${still} s). Pour y revenir : maquette reset ${name}`,
  snapshotDeleted: (name) => `L'instantané ${name} est supprimé.`,
  noSnapshot: "Il n'y a pas encore d'instantané ; maquette snapshot en prend un.",
  snapshotHeader: ["instantané", "pris (UTC)", "machines", "plan"],
  samePlan: "le même",
  otherPlan: (files) => `autre : ${files}`,
  confirmReset: (stack, name) =>
    `Ceci abandonne tout ce que les machines de ${stack} ont fait depuis ${name}. Tapez le nom de la pile, ${stack} : `,
  notReset: "Pas de confirmation : rien n'a été remis.",
  resetting: (n, name) => `retour de ${n} machines à ${name}`,
  rolledBack: (left) =>
    left > 0 ? `les machines reviennent, il en reste ${left}` : "toutes les machines sont revenues ; démarrage",
  wasReset: (n, name, date, seconds) => `${n} machines sont comme à ${name} (${date} UTC), après ${seconds} s.`,
  planChangedSince: (files) => `Le plan a changé depuis (${files}) : maquette preview montre ce que ferait un up.`,
  initUnsound: (folder) =>
    `Avec ces valeurs le plan ne serait pas cohérent (ci-dessus, à la place de chacune) : rien n'est écrit dans ${folder}.`,
  imported: (added, changed, unchanged, isDry) => {
    const many = (n: number, word: string): string => `${n} ${word}${n < 2 ? "" : "s"}`;
    const then = isDry
      ? " Rien n'a été écrit (--dry-run)."
      : added + changed > 0
        ? " `maquette up` les porte dans l'annuaire."
        : "";
    return `${many(added, "ajoutée")}, ${many(changed, "modifiée")}, ${many(unchanged, "inchangée")}.${then}`;
  },
  notImported: "Rien n'a été écrit.",
  initDone: (folder, hosts, rows, isProven) =>
    `${folder} est un plan à vous : ${hosts} machines, ${rows} lignes, ${isProven ? "cohérent, sa politique prouvée" : "que `maquette check` n'accepte pas (ci-dessus)"}. Ses personnes sont inventées : remplacez-les dans people.yaml.`,
  initNext: (folder, stack) =>
    `Ensuite : dans Pulumi.${stack}.yaml donnez ${folder} à maquette:plan, puis maquette up ; maquette check --plan ${folder} juge chaque changement.`,
};

export type Language = "en" | "fr";

export const isLanguage = (value: unknown): value is Language => value === "en" || value === "fr";

export const wordsOf = (language: Language): Words => (language === "fr" ? french : english);
