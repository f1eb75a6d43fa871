import type { SshKeyType } from "../../core/ssh-key.ts";
import type { Host, Person, Plan } from "../../plan/types.ts";
import { fullName } from "../../plan/query.ts";
import type { RoleContext, Step } from "../role.ts";

const PROGRAM = "/usr/local/lib/maquette/administrators.py";
const WANTED = "/etc/maquette/administrators.json";
const SUDOERS = "/etc/sudoers.d/61-maquette-administrators";
/** Root's, a file each: nobody keeps a key that the plan has taken away. `%u` is sshd's word for the login. */
const keysFile = (login: string): string => `/etc/ssh/maquette-keys/${login}`;

/** A name as the comment of an account: passwd(5), a colon ends the field; by custom a comma ends the name. */
export const gecosOf = (person: Parameters<typeof fullName>[0]): string => fullName(person).replace(/[:,]/g, " ");

/** Who has an account of their own on a host: the plan's administrators that have SSH keys. */
const administratorsOf = (plan: Plan, host: Host): readonly Person[] =>
  host.isOutside ? [] : [...plan.people.values()].filter((p) => p.isAdmin && p.sshKeys.length > 0);

/** Their keys, their right to become root, their accounts; and the end of those that the plan has no more. */
export function administrators({ plan, host, fill }: RoleContext): readonly Step[] {
  // Scenery is outside: nobody administers it.
  if (host.isOutside) return [];
  const people = administratorsOf(plan, host);
  const keys = people.map(
    (p) => [keysFile(p.login), p.sshKeys.map((k) => `${k.type} ${k.blob} ${p.login}\n`)] as const,
  );
  const names = people.map((p) => [p.login, gecosOf(p)] as const);
  const program = (verb: string): { readonly argv: readonly string[] } => ({
    argv: ["python3", PROGRAM, verb, WANTED],
  });
  return [
    {
      kind: "files",
      name: "administrators",
      files: {
        [PROGRAM]: { content: fill("administrators.py", {}) },
        [WANTED]: { content: `${JSON.stringify(Object.fromEntries(names), null, 2)}\n` },
        [SUDOERS]: { content: fill("sudoers-administrators", {}), mode: "0440" },
        ...Object.fromEntries(keys.map(([path, lines]) => [path, { content: lines.join("") }])),
      },
      check: [
        { argv: ["visudo", "-cqf", `new:${SUDOERS}`] },
        ...keys.map(([path]) => ({ argv: ["ssh-keygen", "-l", "-f", `new:${path}`] })),
      ],
    },
    { kind: "command", name: "administrators' accounts", unless: program("check"), run: program("apply") },
  ];
}

/** What sshd calls the signatures of each type of key. */
const SIGNATURES: Readonly<Record<SshKeyType, readonly string[]>> = {
  "ssh-ed25519": ["ssh-ed25519"],
  "sk-ssh-ed25519@openssh.com": ["sk-ssh-ed25519@openssh.com"],
  "ecdsa-sha2-nistp256": ["ecdsa-sha2-nistp256"],
  "ecdsa-sha2-nistp384": ["ecdsa-sha2-nistp384"],
  "ecdsa-sha2-nistp521": ["ecdsa-sha2-nistp521"],
  "ssh-rsa": ["rsa-sha2-512", "rsa-sha2-256"],
};

/** What sshd is told of them: who may log in beside the provisioner, by which keys, and where those stand. */
export function sshdWords(plan: Plan, host: Host): { users: string; algorithms: string; administrators: string } {
  const people = administratorsOf(plan, host);
  const logins = people.map((p) => p.login);
  // What is best, and beside it what some administrator has: no other algorithm is open for nobody.
  const best: readonly SshKeyType[] = ["ssh-ed25519", "sk-ssh-ed25519@openssh.com"];
  const types = [...best, ...people.flatMap((p) => p.sshKeys.map((k) => k.type))];
  return {
    users: logins.map((login) => ` ${login}`).join(""),
    algorithms: [...new Set(types.flatMap((type) => SIGNATURES[type]))].join(","),
    administrators:
      logins.length === 0 ? "" : `Match User ${logins.join(",")}\n  AuthorizedKeysFile ${keysFile("%u")}\n`,
  };
}
