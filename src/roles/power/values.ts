import type { Host } from "../../plan/types.ts";
import type { WatchedValue } from "../role.ts";
import { variable } from "./places.ts";

/*
 * What the supervision is told of the UPS, and when that is a problem. A UPS that flaps is told once: mains are lost when
 * two looks in a row say so, and back when for two minutes none did.
 */

/** What a letter's subject says behind the supervision's own word. */
export const MAINS_LOST = "Secteur perdu : l'onduleur est sur batterie";
const BATTERY_LOW = "Batterie de l'onduleur faible : l'arrêt ordonné commence";

/** Two looks of the supervision. */
const LOST_LOOKS = 2;
const STEADY_SECONDS = 120;

/** NUT's words, several of which may stand side by side: `OB DISCHRG`. */
const says = (word: string): string => `"regexp","(^| )${word}( |$)"`;

export const valuesOf = (server: Host): readonly WatchedValue[] => [
  {
    host: server.id,
    key: variable("ups.status"),
    name: "Onduleur : état",
    kind: "text",
    problems: [
      {
        name: MAINS_LOST,
        isWrong: (item) => `count(${item},#${LOST_LOOKS},${says("OB")})=${LOST_LOOKS}`,
        isRight: (item) => `count(${item},${STEADY_SECONDS}s,${says("OB")})=0`,
      },
      { name: BATTERY_LOW, isWrong: (item) => `find(${item},#1,${says("LB")})=1` },
    ],
  },
  {
    host: server.id,
    key: variable("battery.charge"),
    name: "Onduleur : charge de la batterie",
    kind: "number",
    units: "%",
    problems: [],
  },
  {
    host: server.id,
    key: variable("battery.runtime"),
    name: "Onduleur : autonomie restante",
    kind: "number",
    units: "s",
    problems: [],
  },
];
