/** What `voice` prints for people, in both languages. */
const english = {
  title: (plan: string) => `Telephony of ${plan}: its load`,
  costs: "What one call costs in each direction, kbit/s (packets of 20 ms, SRTP)",
  costHeader: ["codec", "speech", "IP", "on a VLAN", "in the tunnel", "/s", "R", "MOS"],
  expected: (inside: number, playout: number, access: number) =>
    `R and MOS are what the E-model (ITU-T G.107) expects without loss at ${inside} ms from mouth to ear: a packet, the phone's buffer (${playout} ms), ${access} ms through an access. They are assumed, not measured. "no R": this codec is not on the narrowband scale.`,
  compared: "to compare with; the lab's phones do not use it",
  noRating: "no R",
  load: (calls: number, codec: string, scenario: string) => `${calls} calls of ${codec}, ${scenario}`,
  scenarios: {
    "desk-desk": "from desk to desk",
    "field-desk": "between the field and desks",
    "field-field": "between people in the field",
  },
  loadHeader: ["link", "way", "kbit/s", "packets/s", "plan's kbit/s", "alone", "when full"],
  ways: { up: "up", down: "down" },
  notSaid: "not said",
  limits:
    "alone, when full: how many calls fit, by arithmetic, with the link to themselves and while it is full of other traffic. VLANs have no rate in the plan. Way: up is towards the routers, or out of the lab; an access carries the tunnel's packets.",
  qos: (wan: string, kbps: number, share: number, percent: number) =>
    `${wan}, up: ${kbps} kbit/s leave at most; the queue for voice has ${share} kbit/s of them (${percent} %) when all is full.`,
  noQos: "The routers of this plan put nothing first.",
  noQosDown: "Down, the queue that fills is the operator's: nothing of the plan puts voice first there.",
  tunnelQos: "The whole tunnel is in the queue for voice: whatever else travellers send competes with their calls.",
  unknown: "MOS, measured: unknown. maquette voice --measure measures it.",
  measured: (wan: string, way: string) => `Measured: ${wan}, ${way}, full of other traffic`,
  measuredHeader: ["calls", "QoS", "loss %", "late %", "jitter", "delay", "R", "worst MOS", "by"],
  withQos: "with",
  withoutQos: "without",
  notFull: "not full",
  nothingCame: "none came",
  standsIn: "HTB for ALTQ, no netem",
  measuredHow: (host: string) =>
    `Real RTP between two network namespaces in ${host}, the link shaped to the plan's rates by the kernel and half as much again offered to it; jitter in ms by RFC 3550, of the worst call; delay in ms on average, one way, by one clock at both ends; R and MOS of the worst call, with the phone's buffer. HTB for ALTQ, no netem: the kernel's shaper stands in for pfSense's, and no delay of an access is added. "not full": other traffic did not fill the link, so nothing is said of it.`,
  heldUp: (ms: number) =>
    `The measuring program was held up for ${ms} ms in all; its callers were silent meanwhile, and nothing is counted for that time.`,
  upTo: (n: number, wan: string, way: string, qos: string) =>
    n === 0
      ? `No call is well on ${wan}, ${way}, ${qos}, while it is full.`
      : `Up to ${n} ${n === 1 ? "call" : "calls"} on ${wan}, ${way}, ${qos}, while it is full.`,
  thisQos: "with this QoS",
  noneQos: "without QoS",
  fails: (n: number, mos: string) => `With ${n} the worst has a MOS of ${mos}.`,
  allWell: "More were not measured.",
  noVerdict: "This codec has no R, so no number of calls is said to be well.",
  mosTitle: (wan: string, way: string) => `${wan}, ${way}, full of other traffic: MOS of the worst call, measured`,
  through: (calls: number, what: string) => `${calls} calls between guests of the lab; ${what}`,
  throughHeader: ["spoken by", "when", "loss %", "lost", "jitter", "delay", "R", "worst MOS"],
  phases: { before: "before", broken: "broken", after: "after" },
  throughHow: (seconds: number) =>
    `Real RTP by the lab's own routers. Of each phase the worst ${seconds} s: an outage is a burst of loss, and MOS is that of those seconds alone, by the E-model for loss at random. Jitter of the worst call and delay on average in ms, one way, by one clock at both ends. No link is shaped here, no netem delays.`,
  calls: "calls",
  chartTitle: (wan: string, way: string) => `${wan}, ${way}: load of calls in the tunnel`,
  rate: "access",
  usable: "leaves at most",
  share: "for voice when full",
};

const french: typeof english = {
  title: (plan) => `Téléphonie de ${plan} : sa charge`,
  costs: "Ce que coûte un appel dans chaque sens, kbit/s (paquets de 20 ms, SRTP)",
  costHeader: ["codec", "parole", "IP", "sur un VLAN", "dans le tunnel", "/s", "R", "MOS"],
  expected: (inside, playout, access) =>
    `R et MOS sont ce que le modèle E (UIT-T G.107) attend sans perte à ${inside} ms de la bouche à l'oreille : un paquet, le tampon du téléphone (${playout} ms), ${access} ms par un accès. Ils sont supposés, non mesurés. « sans R » : ce codec n'est pas sur l'échelle à bande étroite.`,
  compared: "pour comparer ; les téléphones de la maquette ne s'en servent pas",
  noRating: "sans R",
  load: (calls, codec, scenario) => `${calls} appels en ${codec}, ${scenario}`,
  scenarios: {
    "desk-desk": "de poste à poste",
    "field-desk": "entre le terrain et les postes",
    "field-field": "entre personnes sur le terrain",
  },
  loadHeader: ["lien", "sens", "kbit/s", "paquets/s", "kbit/s du plan", "seuls", "si plein"],
  ways: { up: "montant", down: "descendant" },
  notSaid: "non dit",
  limits:
    "seuls, si plein : combien d'appels tiennent, par le calcul, avec le lien pour eux seuls et quand il est plein d'autre trafic. Les VLAN n'ont pas de débit dans le plan. Sens : montant va vers les routeurs, ou sort de la maquette ; un accès porte les paquets du tunnel.",
  qos: (wan, kbps, share, percent) =>
    `${wan}, montant : ${kbps} kbit/s sortent au plus ; la file de la voix en a ${share} kbit/s (${percent} %) quand tout est plein.`,
  noQos: "Les routeurs de ce plan ne font rien passer d'abord.",
  noQosDown:
    "En descendant, la file qui se remplit est celle de l'opérateur : rien dans le plan n'y fait passer la voix d'abord.",
  tunnelQos:
    "Tout le tunnel est dans la file de la voix : ce que les nomades envoient d'autre le dispute à leurs appels.",
  unknown: "MOS mesuré : inconnu. maquette voice --measure le mesure.",
  measured: (wan, way) => `Mesuré : ${wan}, ${way}, plein d'autre trafic`,
  measuredHeader: ["appels", "QoS", "perte %", "tard %", "gigue", "délai", "R", "pire MOS", "par"],
  withQos: "avec",
  withoutQos: "sans",
  notFull: "non plein",
  nothingCame: "rien reçu",
  standsIn: "HTB au lieu d'ALTQ, sans netem",
  measuredHow: (host) =>
    `Du vrai RTP entre deux espaces de noms réseau dans ${host}, le lien réglé aux débits du plan par le noyau, à qui l'on offre moitié plus ; gigue en ms selon la RFC 3550, du pire appel ; délai moyen en ms, dans un sens, par une même horloge aux deux bouts ; R et MOS du pire appel, avec le tampon du téléphone. HTB au lieu d'ALTQ, sans netem : le noyau remplace la file d'attente de pfSense, et aucun délai d'accès n'est ajouté. « non plein » : l'autre trafic n'a pas rempli le lien, on n'en dit donc rien.`,
  heldUp: (ms) =>
    `Le programme de mesure fut retenu ${ms} ms en tout ; ses appelants se taisaient alors, et rien n'est compté pour ce temps.`,
  upTo: (n, wan, way, qos) =>
    n === 0
      ? `Aucun appel n'est bon sur ${wan}, ${way}, ${qos}, quand il est plein.`
      : `Jusqu'à ${n} ${n === 1 ? "appel" : "appels"} sur ${wan}, ${way}, ${qos}, quand il est plein.`,
  thisQos: "avec cette QoS",
  noneQos: "sans QoS",
  fails: (n, mos) => `À ${n}, le pire a un MOS de ${mos}.`,
  allWell: "Davantage n'a pas été mesuré.",
  noVerdict: "Ce codec n'a pas de R : d'aucun nombre d'appels on ne dit qu'il est bon.",
  mosTitle: (wan, way) => `${wan}, ${way}, plein d'autre trafic : MOS du pire appel, mesuré`,
  through: (calls, what) => `${calls} appels entre machines de la maquette ; ${what}`,
  throughHeader: ["parlé par", "quand", "perte %", "perdus", "gigue", "délai", "R", "pire MOS"],
  phases: { before: "avant", broken: "en panne", after: "après" },
  throughHow: (seconds) =>
    `Du vrai RTP par les routeurs mêmes de la maquette. De chaque phase, les ${seconds} pires secondes : une panne est une salve de pertes, et le MOS est celui de ces seules secondes, par le modèle E pour des pertes au hasard. Gigue du pire appel et délai moyen en ms, dans un sens, par une même horloge aux deux bouts. Aucun lien n'est réglé ici, pas de netem.`,
  calls: "appels",
  chartTitle: (wan, way) => `${wan}, ${way} : charge des appels dans le tunnel`,
  rate: "accès",
  usable: "sort au plus",
  share: "voix si plein",
};

export const words = { en: english, fr: french } as const;
export type VoiceWords = typeof english;
