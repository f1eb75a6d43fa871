import { formatAddress } from "../../core/ip.ts";
import type { Host, Plan } from "../../plan/types.ts";
import type { Probe } from "../role.ts";
import { ACCEPTANCE, serviceAccount, type ServiceAccount } from "./accounts.ts";
import { fqdnOf, seatOf } from "../../plan/query.ts";
import { controllersOf } from "./directory.ts";

type Said = Parameters<Probe["judge"]>[0];

/** An exit code that is one of those wanted, and what the command said first. */
const exits =
  (...codes: readonly number[]) =>
  ({ exitCode, stdout, stderr }: Said): ReturnType<Probe["judge"]> => ({
    isGood: codes.includes(exitCode),
    seen: `exit ${exitCode}${firstLine(stdout, stderr)}`,
  });

function firstLine(...texts: readonly string[]): string {
  const line = texts.flatMap((t) => t.split("\n")).find((l) => l.trim() !== "");
  return line === undefined ? "" : `: ${line.trim().slice(0, 120)}`;
}

/** LDAP result codes, which OpenLDAP's tools exit with (RFC 4511 §4.1.9). */
const STRONGER_AUTH_REQUIRED = 8;
const INVALID_CREDENTIALS = 49;

/**
 * What the domain owes its users, asked from a workstation, of each controller alone: one that works hides no other
 * that does not. As the acceptance account: people choose their own passwords. None is ever in an argument.
 */
export function probes(plan: Plan): readonly Probe[] {
  const seat = seatOf(plan);
  const account = serviceAccount(plan, ACCEPTANCE);
  const controllers = controllersOf(plan);
  const [first] = controllers;
  if (seat === undefined || first === undefined) return [];
  return [
    ...controllers.flatMap((dc) => [
      found(plan, seat, dc),
      logon(plan, seat, dc, account),
      bind(plan, seat, dc, account),
      plainBind(plan, seat, dc, account),
    ]),
    wrongPassword(plan, seat, first, account),
    ...between(controllers),
  ];
}

const runs = (dc: Host): Probe["dependsOn"] => ({ host: dc.id, units: ["samba-ad-dc"] });

function found(plan: Plan, seat: Host, dc: Host): Probe {
  const name = `_ldap._tcp.dc._msdcs.${plan.domain.name}`;
  const all = controllersOf(plan).map((h) => fqdnOf(plan, h));
  return {
    id: `dc-found-${dc.id}`,
    needs: ["N7", "O2"],
    from: seat.id,
    title: {
      en: `${dc.id} tells a workstation where the domain's controllers are`,
      fr: `${dc.id} indique à un poste où sont les contrôleurs du domaine`,
    },
    expected: all.join(", "),
    run: { argv: ["host", "-W", "5", "-t", "SRV", name, formatAddress(dc.nics[0]!.address)] },
    judge: ({ exitCode, stdout }) => {
      const seen = all.filter((fqdn) => stdout.toLowerCase().includes(` ${fqdn.toLowerCase()}.`));
      return { isGood: exitCode === 0 && seen.length === all.length, seen: seen.join(", ") || `exit ${exitCode}` };
    },
    dependsOn: runs(dc),
  };
}

function logon(plan: Plan, seat: Host, dc: Host, account: ServiceAccount): Probe {
  // With this controller as the only one, for the library would go on to the next; and SSSD would name it another
  // (sssd_krb5_locator_plugin(8)).
  const script = [
    "f=$(mktemp) || exit 99",
    "trap 'rm -f \"$f\"' EXIT",
    `printf '[libdefaults]\\ndefault_realm = %s\\n[realms]\\n%s = {\\nkdc = %s\\n}\\n' "$1" "$1" "$2" > "$f"`,
    'SSSD_KRB5_LOCATOR_DISABLE=1 KRB5_CONFIG="$f" KRB5CCNAME=MEMORY: timeout 15 kinit "$3@$1"',
  ].join("\n");
  return {
    id: `dc-logon-${dc.id}`,
    needs: ["N7", "O2", "O9"],
    from: seat.id,
    title: {
      en: `The acceptance account ${account.login} logs on at ${dc.id} from a workstation (Kerberos)`,
      fr: `Le compte de recette ${account.login} s'authentifie auprès de ${dc.id} depuis un poste (Kerberos)`,
    },
    expected: `exit 0, a ticket for ${account.login}`,
    run: {
      argv: ["sh", "-c", script, "logon", plan.domain.realm, formatAddress(dc.nics[0]!.address), account.login],
      input: [account.password, "\n"],
    },
    judge: exits(0),
    dependsOn: runs(dc),
  };
}

/**
 * A simple bind as the account; the password is the whole of standard input, which it opens by name: a pipe, since that of a
 * console is a socket.
 */
const simpleBind = (url: string, account: ServiceAccount): readonly string[] => [
  ...["sh", "-c", 'cat | "$@"', "bind", "ldapwhoami", "-x", "-o", "nettimeout=10", "-H", url],
  ...["-D", account.userPrincipalName, "-y", "/dev/stdin"],
];

function bind(plan: Plan, seat: Host, dc: Host, account: ServiceAccount): Probe {
  return {
    id: `dc-ldaps-${dc.id}`,
    needs: ["N7", "O2", "O9"],
    from: seat.id,
    title: {
      en: `The acceptance account ${account.login} binds to ${dc.id} over LDAPS, whose certificate the lab's CA vouches for`,
      fr: `Le compte de recette ${account.login} s'authentifie sur ${dc.id} en LDAPS, certificat garanti par l'autorité de la maquette`,
    },
    expected: `${plan.domain.netbios}\\${account.login}`,
    run: { argv: simpleBind(`ldaps://${fqdnOf(plan, dc)}`, account), input: [account.password] },
    judge: (said) => ({
      isGood: said.exitCode === 0 && said.stdout.toLowerCase().includes(`\\${account.login.toLowerCase()}`),
      seen: exits(0)(said).seen,
    }),
    dependsOn: runs(dc),
  };
}

function plainBind(plan: Plan, seat: Host, dc: Host, account: ServiceAccount): Probe {
  return {
    id: `dc-no-plain-ldap-${dc.id}`,
    needs: ["N7", "O9"],
    from: seat.id,
    title: {
      en: `${dc.id} refuses a password that crosses the network in clear (LDAP on 389)`,
      fr: `${dc.id} refuse un mot de passe transmis en clair (LDAP sur 389)`,
    },
    expected: `exit ${STRONGER_AUTH_REQUIRED}, strong(er) authentication required`,
    // Nobody's password: it is refused before it is looked at, and this one does cross in clear.
    run: { argv: simpleBind(`ldap://${fqdnOf(plan, dc)}`, account), input: "none" },
    judge: exits(STRONGER_AUTH_REQUIRED),
    dependsOn: runs(dc),
  };
}

function wrongPassword(plan: Plan, seat: Host, first: Host, account: ServiceAccount): Probe {
  const wrong = simpleBind(`ldaps://${fqdnOf(plan, first)}`, account);
  // The right one after it, so that asking often locks nobody out.
  const script = 'printf %s not-the-password | "$@"; refused=$?; "$@" >/dev/null || exit 98; exit $refused';
  return {
    id: "dc-wrong-password",
    needs: ["N7", "O9"],
    from: seat.id,
    title: {
      en: `A wrong password for ${account.login} is refused`,
      fr: `Un mauvais mot de passe pour ${account.login} est refusé`,
    },
    expected: `exit ${INVALID_CREDENTIALS}, invalid credentials`,
    run: { argv: ["sh", "-c", script, "wrong", ...wrong], input: [account.password] },
    judge: exits(INVALID_CREDENTIALS),
    dependsOn: runs(first),
  };
}

/** Between the controllers: each direction of replication, SYSVOL, time. */
function between(controllers: readonly Host[]): readonly Probe[] {
  const domain = (verb: string): Probe["run"] => ({
    argv: ["python3", "/usr/local/lib/maquette/domain.py", verb, "/etc/maquette/domain.json"],
  });
  const [first, second] = controllers;
  if (first === undefined || second === undefined) return [];
  return [
    {
      id: "dc-replication",
      needs: ["O2"],
      from: first.id,
      title: {
        en: `What is written on ${first.id} is read on ${second.id}`,
        fr: `Ce qui est écrit sur ${first.id} se lit sur ${second.id}`,
      },
      expected: "within 30 s",
      run: domain("roundtrip"),
      judge: exits(0),
      deadlineSeconds: 50,
      isWaiting: true,
      dependsOn: runs(second),
    },
    {
      id: "dc-sysvol",
      needs: ["O2"],
      from: second.id,
      title: {
        en: "Group policies are the same on both controllers (SYSVOL)",
        fr: "Les stratégies de groupe sont identiques sur les deux contrôleurs (SYSVOL)",
      },
      expected: "no file and no right differs",
      run: { argv: ["python3", "/usr/local/lib/maquette/sysvol.py", "check"] },
      judge: exits(0),
      dependsOn: runs(first),
    },
    {
      id: "dc-signed-time",
      needs: ["N7", "O9"],
      from: second.id,
      title: {
        en: `${first.id} signs the time that it gives to members of the domain`,
        fr: `${first.id} signe l'heure qu'il donne aux membres du domaine`,
      },
      expected: "a signature that the domain's own key verifies",
      run: domain("signed-time"),
      judge: exits(0),
      dependsOn: { host: first.id, units: ["chrony"] },
    },
  ];
}
