import type { PowerDrillResult, PowerStep } from "./power.ts";

interface Words {
  readonly header: readonly string[];
  readonly steps: Readonly<Record<PowerStep, string>>;
  readonly yesNo: readonly [string, string];
  readonly good: (seconds: string) => string;
  readonly bad: string;
}

const powerWords: Readonly<Record<"en" | "fr", Words>> = {
  en: {
    header: ["", "as it must be", "after s", "seen"],
    steps: {
      ready: "everybody listens, on mains",
      flaps: "the UPS flaps ten times a minute",
      lost: "mains are lost",
      low: "the battery is low",
      order: "the order of stopping",
      routers: "the routers",
      back: "mains are back",
      accepted: "acceptance",
      clean: "how databases were closed",
      told: "what administrators were told",
    },
    yesNo: ["yes", "NO"],
    good: (seconds) => `A blackout: told, stopped in order, started and accepted without hands, in ${seconds} s.`,
    bad: "A blackout: not as it must be.",
  },
  fr: {
    header: ["", "comme il faut", "après s", "vu"],
    steps: {
      ready: "chacun écoute, sur secteur",
      flaps: "l'onduleur bascule dix fois par minute",
      lost: "le secteur est perdu",
      low: "la batterie est faible",
      order: "l'ordre d'arrêt",
      routers: "les routeurs",
      back: "le secteur revient",
      accepted: "la recette",
      clean: "la fermeture des bases de données",
      told: "ce que les administrateurs ont su",
    },
    yesNo: ["oui", "NON"],
    good: (seconds) =>
      `Une panne de secteur : annoncée, arrêt en ordre, redémarrage et recette sans intervention, en ${seconds} s.`,
    bad: "Une panne de secteur : pas comme il faut.",
  },
};

export function powerTableOf(
  { rows }: PowerDrillResult,
  language: "en" | "fr",
): { readonly header: readonly string[]; readonly rows: readonly (readonly string[])[] } {
  const { header, steps, yesNo } = powerWords[language];
  return {
    header,
    rows: rows.map((r) => [steps[r.step], yesNo[r.isGood ? 0 : 1], r.seconds.toFixed(1), r.seen]),
  };
}

export function powerSummaryOf({ rows, isGood }: PowerDrillResult, language: "en" | "fr"): string {
  const { good, bad } = powerWords[language];
  return isGood ? good(rows.reduce((sum, r) => sum + r.seconds, 0).toFixed(0)) : bad;
}
