import { z } from "zod";
import { formatAddress, type Address } from "../../core/ip.ts";
import { jsonText } from "../../core/text.ts";
import { fqdnOf, isRouter, outsiderOf } from "../../plan/query.ts";
import type { Host, Plan, Service } from "../../plan/types.ts";
import { intentOf, type Intent } from "../../policy/intent.ts";
import { personPassword } from "../../roles/person.ts";
import { judged, pythonCommand } from "../../roles/program.ts";
import { askedIn } from "../../roles/registry.ts";
import type { Asked, Probe } from "../../roles/role.ts";
import LOGIN_FIRST from "./login_first.py";
import { passes } from "./reach.ts";

/*
 * The directory before any data (O9): from each zone, whatever the hosts of the lab give there is asked without a login,
 * with one of nobody, and as an account that is disabled. What routers let through must answer, and give nothing.
 */

/** How a service of the plan is spoken, of those that would give something to somebody. */
const KINDS: ReadonlyMap<Service["id"], string> = new Map([
  ...["http", "https"].map((id) => [id, "web"] as const),
  ["imaps", "imap"],
  ["managesieve", "sieve"],
  ...["submission", "submissions"].map((id) => [id, "submission"] as const),
  ["sip-tls", "sip"],
  ...["ldap", "ldaps"].map((id) => [id, "ldap"] as const),
]);
/** Of those, what begins with TLS. */
const TLS: ReadonlySet<Service["id"]> = new Set(["https", "imaps", "submissions", "sip-tls", "ldaps"]);
const WAIT_SECONDS = 8;
const DEADLINE_SECONDS = 60;
const NAMED = 3;

interface Target {
  readonly name: string;
  readonly kind: string;
  readonly address: Address;
  readonly port: number;
  readonly names: readonly string[];
  readonly isTls: boolean;
  /** The table lets it through: silence is a fault, and not only nothing given. */
  readonly mustAnswer: boolean;
}

export function loginFirstProbes(plan: Plan): readonly Probe[] {
  if (!plan.coverage.has("O9")) return [];
  const intent = intentOf(plan);
  const asked = askedIn(plan);
  const inside = sendersOf(plan).map((from) => ({ from, targets: targetsFrom(intent, asked, from), tries: true }));
  const outsider = outsiderOf(plan);
  // A stranger who guesses is soon heard no more, and others ask from there too.
  const outside = outsider === undefined ? [] : [{ from: outsider, targets: forwardedOf(plan, asked), tries: false }];
  return [...inside, ...outside].flatMap(({ from, targets, tries }) =>
    targets.length > 0 ? [probe(plan, asked, from, targets, tries)] : [],
  );
}

const answers = z.array(z.object({ name: z.string(), result: z.enum(["shut", "login", "data"]), said: z.string() }));

function probe(plan: Plan, asked: Asked, from: Host, targets: readonly Target[], tries: boolean): Probe {
  const closed = [...plan.probePeople.values()].find((p) => p.isDisabled && asked.people.includes(p.login));
  const must = new Set(targets.flatMap((t) => (t.mustAnswer ? [t.name] : [])));
  return {
    id: `login-first-${from.id}`,
    needs: ["O9"],
    from: from.id,
    title: tries
      ? {
          en: `Nothing gives anything to ${from.id} without a login, with a wrong one, or to an account that is closed`,
          fr: `Rien ne donne quoi que ce soit à ${from.id} sans connexion, avec une mauvaise, ou à un compte fermé`,
        }
      : {
          en: `What is led in from the Internet gives nothing to ${from.id} without a login`,
          fr: `Ce qui est publié sur Internet ne donne rien à ${from.id} sans connexion`,
        },
    expected: `${targets.length} services: a login is asked for, or nobody answers; ${must.size} must answer`,
    run: pythonCommand(
      LOGIN_FIRST,
      jsonText({
        wait: WAIT_SECONDS,
        domain: plan.domain.name,
        tries,
        closed:
          closed === undefined
            ? null
            : {
                login: closed.login,
                principal: `${closed.login}@${plan.domain.name}`,
                password: personPassword(closed),
              },
        targets: targets.map((t) => ({ ...t, address: formatAddress(t.address) })),
      }),
    ),
    judge: judged(answers, (all) => {
      const wrong = all.filter((a) => a.result === "data" || (a.result === "shut" && must.has(a.name)));
      const shut = all.filter((a) => a.result === "shut").length;
      return wrong.length > 0
        ? { isGood: false, seen: some(wrong.map((a) => `${a.name}: ${a.said}`)) }
        : {
            isGood: all.length === targets.length,
            seen: `${all.length - shut} give nothing without a login, ${shut} do not answer`,
          };
    }),
    deadlineSeconds: DEADLINE_SECONDS,
    isWaiting: true,
    dependsOn: null,
  };
}

const some = (words: readonly string[]): string =>
  words.length <= NAMED ? words.join("; ") : `${words.slice(0, NAMED).join("; ")} … (${words.length})`;

/** Of each zone the last of its hosts that have a system of their own to ask from: the first is where most is asked. */
function sendersOf(plan: Plan): readonly Host[] {
  const own = [...plan.hosts.values()].filter(
    (h) => !h.isOutside && !isRouter(h) && plan.images.get(h.image)!.os === "debian",
  );
  return [...new Map(own.map((h) => [h.nics[0]!.zone, h])).values()];
}

const portOf = (plan: Plan, service: Service["id"]): number | undefined =>
  plan.services.get(service)?.terms.flatMap((t) => (t.protocol === "tcp" ? t.ports : []))[0]?.lo;

/** What each host gives, as roles say it to whoever watches them. */
function givenBy(
  plan: Plan,
  asked: Asked,
): readonly (Omit<Target, "mustAnswer" | "address"> & { readonly host: Host })[] {
  return asked.watched.flatMap((given) => {
    const [host, kind, port] = [plan.hosts.get(given.host)!, KINDS.get(given.service), portOf(plan, given.service)];
    if (kind === undefined || port === undefined) return [];
    const also = asked.names.filter((n) => n.host === host.id).map((n) => `${n.name}.${plan.domain.name}`);
    return [
      {
        host,
        name: `${host.id} tcp/${port}`,
        kind,
        port,
        names: kind === "web" ? [fqdnOf(plan, host), ...also] : [fqdnOf(plan, host)],
        isTls: TLS.has(given.service),
      },
    ];
  });
}

function targetsFrom(intent: Intent, asked: Asked, sender: Host): readonly Target[] {
  const { plan } = intent.space;
  const zone = sender.nics[0]!.zone;
  const rules = intent.listAt(zone);
  return givenBy(plan, asked).flatMap(({ host, ...given }): readonly Target[] => {
    const { address } = host.nics[0]!;
    // What stays inside one zone no router sees: there the host's own firewall has the word.
    if (host === sender) return [];
    if (host.nics[0]!.zone === zone) return [{ ...given, address, mustAnswer: false }];
    return passes(rules, sender, { protocol: "tcp", address, port: given.port })
      ? [{ ...given, address, mustAnswer: true }]
      : [];
  });
}

/** What strangers are led to, at the shared address of each access. */
function forwardedOf(plan: Plan, asked: Asked): readonly Target[] {
  return plan.forwards.flatMap((forward) =>
    givenBy(plan, asked)
      .filter((g) => g.host.id === forward.host && g.port === portOf(plan, forward.service))
      .flatMap(({ kind, port, names, isTls }) =>
        forward.wans.flatMap((wan) => {
          const address = plan.zones.get(wan)?.vip?.address;
          return address === undefined
            ? []
            : [{ kind, port, names, isTls, name: `${wan} tcp/${port}`, address, mustAnswer: true }];
        }),
      ),
  );
}
