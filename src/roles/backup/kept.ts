import { formatAddress } from "../../core/ip.ts";
import { secret } from "../../core/secret-place.ts";
import type { ClientContext, ClientWork } from "../role.ts";
import { parsesAsPython } from "../service.ts";
import { KEPT_PROGRAM, keeperOf, USER } from "./places.ts";

/*
 * What a host has whose data are taken: a program that archives the sets that its roles declare (`kept` of what they
 * ask), and an account in which the backup host's key runs that program and nothing else.
 */

const KEYS = "/etc/maquette/kept.keys";
const SSHD = "/etc/ssh/sshd_config.d/20-maquette-backup.conf";
const SUDOERS = "/etc/sudoers.d/62-maquette-backup";
const USERS = "/etc/sysusers.d/maquette-kept.conf";
const SETS = "/etc/maquette/kept.json";

export function keptClients({ plan, host, asked, fill }: ClientContext): ClientWork | null {
  const keeper = keeperOf(plan);
  const sets = asked.kept.filter((set) => set.host === host.id);
  if (keeper === undefined || sets.length === 0) return null;
  const address = keeper.nics[0]!.address;
  const words = ["about", ...sets.map((set) => `take ${set.role}`)];
  const declared = sets.map(({ role, paths, except = [], sqlite = [], dump = [], units = [], load = [] }) => [
    role,
    { paths, except, sqlite, dump, units, load },
  ]);
  return {
    // What stays in one zone no router sees; from another one a row of the table lets it in.
    doors: keeper !== host && keeper.nics[0]!.zone === host.nics[0]!.zone ? [address] : [],
    steps: [
      {
        kind: "files",
        name: "what is kept of it",
        files: {
          [USERS]: { content: fill("kept_sysusers.conf", { user: USER }) },
          [KEPT_PROGRAM]: { content: fill("kept.py", {}), mode: "0755" },
          [SETS]: { content: `${JSON.stringify(Object.fromEntries(declared), null, 2)}\n` },
          [SUDOERS]: {
            content: fill("kept_sudoers", {
              user: USER,
              commands: words.map((word) => `/usr/bin/python3 -I ${KEPT_PROGRAM} ${word}`).join(", "),
            }),
            mode: "0440",
          },
        },
        check: [parsesAsPython(KEPT_PROGRAM), { argv: ["visudo", "-cqf", `new:${SUDOERS}`] }],
        reload: [{ argv: ["systemd-sysusers", USERS] }],
        probe: { argv: ["getent", "passwd", USER] },
      },
      {
        kind: "files",
        name: "the backup's way in",
        files: {
          [KEYS]: {
            content: [`restrict,from="${formatAddress(address)}" `, secret("ssh-public", "backup"), "\n"],
            mode: "0644",
          },
          [SSHD]: {
            content: fill("kept_sshd.conf", {
              user: USER,
              address: formatAddress(address),
              keys: KEYS,
              program: KEPT_PROGRAM,
            }),
            mode: "0600",
          },
        },
        verify: [{ argv: ["sshd", "-t"] }],
        reload: [{ argv: ["systemctl", "reload-or-restart", "ssh"] }],
        probe: { argv: ["sh", "-c", "ssh-keyscan -T 5 -t ed25519 127.0.0.1 2>/dev/null | grep -q ed25519"] },
      },
    ],
  };
}
