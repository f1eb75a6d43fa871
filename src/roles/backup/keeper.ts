import { formatAddress } from "../../core/ip.ts";
import { secret } from "../../core/secret-place.ts";
import { compose } from "../../core/text.ts";
import type { Plan } from "../../plan/types.ts";
import type { Asked, KeptSet, Need, RoleContext, Step } from "../role.ts";
import { parsesAsPython } from "../service.ts";
import type { Settled } from "../settings.ts";
import { asKeeper, PROGRAM, STATE, UNITS, USER } from "./places.ts";
import type { settings, Settings } from "./settings.ts";

/* The host that takes the data of the others: who logs in where, a repository, and when. */

const FOLDER = "/etc/maquette/backup";
const [KEY, SSH_KEY] = [`${FOLDER}/repository.key`, `${FOLDER}/ssh.key`];
export const SSH = `${FOLDER}/ssh_config`;
const KNOWN = `${FOLDER}/known_hosts`;
const TOLD = `${FOLDER}/backup.json`;
const REPOSITORY = `${STATE}/repository`;
/** Of the key that encrypts what is kept: the stack's secret derives it, so that it is had where the lab is lost. */
const REPOSITORY_KEY = "backup/repository";

const unit = (name: string): string => `/etc/systemd/system/${name}`;

/** What `templates/backup/backup.py` is told. */
const toldOf = (plan: Plan, kept: readonly KeptSet[], { everyMinutes, keep }: Settings): object => ({
  repository: REPOSITORY,
  key: KEY,
  ssh: SSH,
  state: STATE,
  everySeconds: everyMinutes * 60,
  keep,
  sets: kept.map(({ host, role }) => ({
    host,
    role,
    address: formatAddress(plan.hosts.get(host)!.nics[0]!.address),
  })),
});

export function keeping({
  plan,
  fill,
  asked,
  settings: told,
}: RoleContext & Settled<typeof settings>): readonly Step[] {
  const hosts = [...new Set(asked.kept.map((set) => set.host))].map((id) => plan.hosts.get(id)!);
  const known = hosts.flatMap((host) => [
    `${formatAddress(host.nics[0]!.address)} `,
    secret("ssh-public", `host/${host.id}`),
    "\n",
  ]);
  // Who reads them cannot write them.
  const own = { owner: `root:${USER}`, mode: "0640" } as const;
  const names = ["maquette-backup.service", ...UNITS] as const;
  return [
    {
      kind: "files",
      name: "place for backups",
      files: {
        "/etc/sysusers.d/maquette-backup.conf": { content: fill("backup_sysusers.conf", { user: USER, state: STATE }) },
        "/etc/tmpfiles.d/maquette-backup.conf": {
          content: fill("backup_tmpfiles.conf", { user: USER, state: STATE, repository: REPOSITORY }),
        },
      },
      reload: [
        { argv: ["systemd-sysusers", "/etc/sysusers.d/maquette-backup.conf"] },
        { argv: ["systemd-tmpfiles", "--create", "/etc/tmpfiles.d/maquette-backup.conf"] },
      ],
      probe: { argv: ["test", "-d", REPOSITORY] },
    },
    {
      kind: "files",
      name: "what is taken, and how",
      files: {
        [PROGRAM]: { content: fill("backup.py", {}), mode: "0755" },
        [TOLD]: { content: `${JSON.stringify(toldOf(plan, asked.kept, told), null, 2)}\n` },
        [KEY]: { content: [secret("password", REPOSITORY_KEY), "\n"], ...own },
        [SSH_KEY]: { content: [secret("ssh-private", "backup")], ...own },
        [KNOWN]: { content: compose(...known), mode: "0644" },
        [SSH]: { content: fill("ssh_config", { user: USER, key: SSH_KEY, known: KNOWN }) },
        [unit("maquette-backup.service")]: {
          content: fill("maquette-backup.service", { user: USER, program: PROGRAM, state: STATE }),
        },
        [unit("maquette-backup.timer")]: { content: fill("maquette-backup.timer", {}) },
        [unit("maquette-backup.path")]: { content: fill("maquette-backup.path", { state: STATE }) },
      },
      check: [
        parsesAsPython(PROGRAM),
        { argv: ["runuser", "-u", USER, "--", "ssh-keygen", "-y", "-P", "", "-f", `new:${SSH_KEY}`] },
      ],
      verify: [{ argv: ["systemd-analyze", "verify", "--man=no", ...names.map(unit)] }],
      reload: [{ argv: ["systemctl", "daemon-reload"] }],
    },
    {
      kind: "command",
      name: "repository",
      unless: { argv: asKeeper("opened") },
      run: { argv: asKeeper("open") },
      deadlineSeconds: 120,
    },
    // The first one is taken soon after: an `up` does not wait for it.
    { kind: "units", name: "backups are taken", units: UNITS, state: "running" },
  ];
}

/** The way to each whose data are taken. */
export const reached = ({ kept }: Asked): readonly Need[] =>
  [...new Set(kept.map((set) => set.host))].map((host) => ({
    what: `takes the data of ${host}`,
    services: ["ssh"],
    to: { kind: "host", host },
  }));
