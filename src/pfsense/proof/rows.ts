import { formatPacket } from "../../policy/engine/index.ts";
import type { Intent } from "../../policy/intent.ts";
import type { Scene, SceneVerdicts } from "./scene.ts";
import type { ProofRow, VerdictKind, Witness } from "./types.ts";

interface Judged {
  readonly scene: Scene;
  readonly byIngress: SceneVerdicts;
}

/** The rows of the table with what was found about them everywhere, then what pfSense does by itself. */
export function rowsOfProof(intent: Intent, judged: readonly Judged[]): readonly ProofRow[] {
  return [...planRows(intent, judged), ...ownRows(judged)];
}

function planRows(intent: Intent, judged: readonly Judged[]): readonly ProofRow[] {
  return intent.space.plan.flows.map((flow): ProofRow => {
    const rules = new Set<string>();
    const at = new Set<string>();
    const witnesses: Witness[] = [];
    const logs = new Set<string>();
    const verdicts = new Set<VerdictKind>(["proven"]);
    for (const { scene, byIngress } of judged) {
      for (const [ingress, found] of byIngress) {
        for (const share of found.shares.filter((s) => s.flow === flow)) {
          verdicts.add(share.verdict);
          at.add(`${scene.ways.router.id}/${ingress}`);
          const list = scene.lists.get(ingress);
          for (const id of share.rules) {
            const source = list?.sources.get(id);
            if (source?.by === "user" && source.isLogged !== flow.isLogged) {
              logs.add(`rule ${id} of ${scene.ways.router.id} ${source.isLogged ? "logs" : "does not log"}`);
            }
          }
          for (const id of share.rules) rules.add(`${scene.ways.router.id}/${ingress}/${id}`);
          if (share.witness) witnesses.push(share.witness);
        }
        // A deny row fails where something passes that the table gives to no other row.
        if (flow.action === "deny" && found.undecided.length > 0) verdicts.add("undecided");
      }
    }
    const verdict = verdicts.has("refuted") ? "refuted" : verdicts.has("undecided") ? "undecided" : "proven";
    const { id, action, description } = flow;
    const common = { id, by: "plan" as const, action, description, rules: [...rules], at: [...at], example: null };
    return { ...common, verdict, witnesses, logs: [...logs] };
  });
}

function ownRows(judged: readonly Judged[]): readonly ProofRow[] {
  const rows = new Map<string, ProofRow & { at: string[] }>();
  for (const { scene, byIngress } of judged) {
    for (const [ingress, found] of byIngress) {
      for (const doing of found.own) {
        const place = `${scene.ways.router.id}/${ingress}`;
        const known = rows.get(doing.rule);
        if (known) {
          if (!known.at.includes(place)) known.at.push(place);
          continue;
        }
        const source = scene.ways.ruleset.rules.find((r) => r.id === doing.rule);
        rows.set(doing.rule, {
          id: doing.rule,
          by: "pfsense",
          verdict: "proven",
          action: doing.action === "pass" ? "allow" : "deny",
          description: source?.description ?? "",
          rules: [doing.rule],
          at: [place],
          example: formatPacket(doing.example),
          witnesses: [],
          logs: [],
        });
      }
    }
  }
  return [...rows.values()];
}
