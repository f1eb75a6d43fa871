import type { Plan } from "../../plan/types.ts";
import type { Measured } from "../role.ts";
import { controllersOf } from "./directory.ts";
import REPLICATION_AGE from "./replication_age.py";

/** Each looks every twenty seconds whether another has something new (templates/dc/smb.conf); a busy one is late. */
const LATE_SECONDS = 120;

/** How long ago each controller last had everything of the others. A lone one has nobody to have it of. */
export function replicationOf(plan: Plan): readonly Measured[] {
  const controllers = controllersOf(plan);
  if (controllers.length < 2) return [];
  return controllers.map(({ id }) => ({
    host: id,
    word: "replication",
    name: "Retard de la réplication de l'annuaire",
    program: REPLICATION_AGE,
    input: "{}",
    unit: "s",
    everySeconds: 30,
    deadlineSeconds: 20,
    problems: [
      {
        name: "L'annuaire n'est plus répliqué",
        isWrong: (item) => `min(${item},#2)>${LATE_SECONDS}`,
        unless: controllers.filter((peer) => peer.id !== id).map((peer) => ({ host: peer.id, service: "ldaps" })),
        unlessSilent: controllers.filter((peer) => peer.id !== id).map((peer) => peer.id),
      },
    ],
  }));
}
