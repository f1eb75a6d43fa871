import { ROOT_MADE_OF, rootFolder, type ReleaseRoot } from "../../core/debian.ts";
import { secret } from "../../core/secret-place.ts";
import { jsonText } from "../../core/text.ts";
import { fqdnOf } from "../../plan/query.ts";
import type { Host, Person, Plan } from "../../plan/types.ts";
import { ebrigade as files } from "../artefacts.ts";
import type { Command, KeptSet, Step } from "../role.ts";
import { dropIn, parsesAsPython, restart, running } from "../service.ts";
import type { Settings } from "./settings.ts";
import type { Context } from "./steps.ts";

/*
 * eBrigade itself, where its zip is had: its files and its database on the host's own release, its PHP in a root of the one
 * that still has it, confined by systemd; and who is in it.
 */

const PHP = "7.4";

/** What eBrigade asks for: it runs on no later PHP, and Debian has none of its own in a later release. */
export const ROOT: ReleaseRoot = {
  suite: "bullseye",
  packages: ["cli", "fpm", "mysql", "gd", "mbstring", "zip", "xml", "curl"].map((part) => `php${PHP}-${part}`),
};

export const PACKAGES: readonly string[] = ["mariadb-server", "mmdebstrap", "python3", "python3-pymysql"];

export const TEMPLATES = [
  ...[
    "root.sh",
    "ebrigade.py",
    "sysusers.conf",
    "tmpfiles.conf",
    "mariadb.cnf",
    "confined.conf",
    "ebrigade-php.service",
  ],
  ...["ebrigade-run.service", "ebrigade-daily.timer", "fpm.conf", "cli.ini", "sql.php", "install.php", "gate.php"],
  "application.conf",
] as const;

export const PHP_UNIT = "ebrigade-php";
export const DATABASE_UNIT = "mariadb";
const INSTALLER_UNIT = "ebrigade-install";

export const FOLDER = "/srv/ebrigade";
const SETTINGS = "/etc/maquette/ebrigade-php";
const DATA = "/var/lib/ebrigade";
export const PICTURES = `${DATA}/pictures`;
export const PHP_SOCKET = "/run/ebrigade/php.sock";
const ZIP = "/var/lib/maquette/ebrigade.zip.base64";
const PROGRAM = "/usr/local/lib/maquette/ebrigade.py";
const ROOT_PROGRAM = "/usr/local/lib/maquette/root.sh";
const [DATABASE, USER] = ["ebrigade", "ebrigade"] as const;
/** Label of the password of eBrigade's first account, which no page of it is open for. */
const ADMIN = "ebrigade-admin";
/** Its installer's "without a configuration": sections and grades are the plan's. */
const ORGANISATION = 0;
const WORKERS = 12;

/** Of what it does at night; the rest of its crontab sends letters, and the DMZ sends none. */
const DAILY = { database_maintenance: "04:40", astreintes_updates: "05:10" } as const;

/** What groups of its own let people do: their numbers in its tables. */
const RIGHTS = { public: 0, administrator: 4, nobody: -1 } as const;
const NO_GRADE = "-";

/** Pages that set it up, mend it, or know people by another password than the directory's. */
export const SHUT: readonly string[] = [
  ...["configuration_db", "wizard", "login", "identification", "lost_password", "send_id", "change_password"],
  ...["save_password", "phpinfo", "upgrade", "update_app", "update_page", "download_[a-z]+", "install_addon"],
  ...["addons(_save)?", "buildsql", "buildzipcode", "backup", "restore", "debug_data", "decrypt", "import_api"],
  ...["database_maintenance", "reminder", "mailer", "astreintes_updates", "push_monitor", "config", "fonctions.*"],
];

export const isHad = (plan: Plan): boolean => files.every(({ id }) => plan.artefacts.includes(id));

export const kept: Omit<KeptSet, "host" | "role"> = {
  paths: [`${DATA}/files`, PICTURES],
  dump: [[PROGRAM, "dump"]],
  units: [PHP_UNIT],
  load: [[PROGRAM, "load"]],
};

/** Before Apache hands out a byte of it: everything, its installer done and shut. */
export function application(context: Context): readonly Step[] {
  const { plan, host, fill, settings } = context;
  const program = (...argv: string[]): Command => ({ argv: [PROGRAM, ...argv] });
  const people = jsonText(wantedOf(plan, host, settings));
  const common = { program: FOLDER, settings: SETTINGS, data: DATA, user: USER };
  const confined = fill("confined.conf", { ...common, root: rootFolder(ROOT.suite) });
  const packages = ROOT.packages.join(" ");
  const unit = (name: string): string => `/etc/systemd/system/${name}`;
  const run = (what: string, script: string) => ({
    content: fill("ebrigade-run.service", {
      what,
      script,
      program: FOLDER,
      settings: SETTINGS,
      version: PHP,
      confined,
    }),
  });
  const services = {
    [unit(`${PHP_UNIT}.service`)]: {
      content: fill("ebrigade-php.service", {
        ...{ version: PHP, suite: ROOT.suite, packages, settings: SETTINGS },
        confined,
      }),
    },
    [unit(`${INSTALLER_UNIT}.service`)]: run("its installer", `${SETTINGS}/install.php`),
    ...Object.fromEntries(
      Object.entries(DAILY).flatMap(([what, at]) => [
        [unit(`ebrigade-${what}.service`), run(what, `${FOLDER}/${what}.php`)],
        [unit(`ebrigade-${what}.timer`), { content: fill("ebrigade-daily.timer", { what, at }) }],
      ]),
    ),
  };
  const timers = Object.keys(DAILY).map((what) => `ebrigade-${what}.timer`);
  return [
    {
      kind: "files",
      name: "eBrigade's zip, and who installs it",
      files: {
        [ZIP]: { content: [secret("artefact", files[0]!.id), "\n"], mode: "0600" },
        [PROGRAM]: {
          content: fill("ebrigade.py", {
            ...{ file: ZIP, program: FOLDER, php: PHP, database: DATABASE, user: USER },
            installer: `${INSTALLER_UNIT}.service`,
          }),
          mode: "0755",
        },
        [ROOT_PROGRAM]: {
          content: fill("root.sh", {
            ...{ suite: ROOT.suite, packages, root: rootFolder(ROOT.suite), made: ROOT_MADE_OF },
          }),
          mode: "0755",
        },
      },
      check: [parsesAsPython(PROGRAM), { argv: ["sh", "-n", `new:${ROOT_PROGRAM}`] }],
    },
    {
      kind: "command",
      name: `PHP ${PHP} in a root of Debian ${ROOT.suite}`,
      unless: { argv: [ROOT_PROGRAM, "check"] },
      run: { argv: [ROOT_PROGRAM, "make"] },
      deadlineSeconds: 900,
    },
    {
      kind: "command",
      name: "eBrigade unpacked",
      unless: program("files", "check"),
      run: program("files", "unpack"),
      deadlineSeconds: 300,
    },
    {
      kind: "files",
      name: "database server",
      files: {
        "/etc/mysql/mariadb.conf.d/60-maquette.cnf": { content: fill("mariadb.cnf", {}) },
        [dropIn(DATABASE_UNIT)]: { content: fill("base/restart.conf", {}) },
      },
      reload: restart(DATABASE_UNIT),
      probe: { argv: ["mariadb-admin", "ping"] },
    },
    running(DATABASE_UNIT),
    {
      kind: "files",
      name: "eBrigade's account and folders",
      files: {
        "/etc/sysusers.d/maquette-ebrigade.conf": { content: fill("sysusers.conf", { user: USER }) },
        "/etc/tmpfiles.d/maquette-ebrigade.conf": { content: fill("tmpfiles.conf", { data: DATA, user: USER }) },
      },
      reload: [
        { argv: ["systemd-sysusers", "/etc/sysusers.d/maquette-ebrigade.conf"] },
        { argv: ["systemd-tmpfiles", "--create", "/etc/tmpfiles.d/maquette-ebrigade.conf"] },
      ],
      probe: { argv: ["test", "-d", `${DATA}/sessions`] },
    },
    {
      kind: "files",
      name: "eBrigade's settings, and its units",
      files: {
        [`${FOLDER}/conf/sql.php`]: { content: fill("sql.php", { database: DATABASE, user: USER }) },
        [`${SETTINGS}/gate.php`]: { content: fill("gate.php", { database: DATABASE, user: USER }) },
        [`${SETTINGS}/install.php`]: {
          content: fill("install.php", { program: FOLDER, organisation: String(ORGANISATION) }),
        },
        [`${SETTINGS}/cli.ini`]: { content: fill("cli.ini", { timezone: plan.domain.timezone }) },
        [`${SETTINGS}/fpm.conf`]: {
          content: fill("fpm.conf", {
            ...{ socket: PHP_SOCKET, workers: String(WORKERS), gate: `${SETTINGS}/gate.php`, data: DATA },
            timezone: plan.domain.timezone,
          }),
        },
        ...services,
      },
      // systemd-analyze would look for PHP on the host.
      check: ["gate.php", "install.php"].map((name) => ({
        argv: ["sh", "-c", 'chroot "$1" php -l <"$2"', "sh", rootFolder(ROOT.suite), `new:${SETTINGS}/${name}`],
      })),
      reload: restart(PHP_UNIT),
      probe: { argv: ["test", "-S", PHP_SOCKET] },
    },
    {
      kind: "command",
      name: "eBrigade installed",
      unless: program("database", "check"),
      run: program("database", "make"),
      deadlineSeconds: 900,
    },
    {
      kind: "command",
      name: "settings and people",
      unless: { ...program("people", "check"), input: people },
      run: { ...program("people", "keep"), input: people },
    },
    running(PHP_UNIT),
    { kind: "units", name: "what it does each day", units: timers, state: "running" },
  ];
}

/** What eBrigade is to have in its tables. */
function wantedOf(plan: Plan, host: Host, { group, administrators, grades }: Settings): object {
  const isIn = (person: Person, of: string | null): boolean => of !== null && person.groups.includes(of);
  // Of acceptance's people those that come in; whoever does not is nobody's colleague.
  const everybody = [
    ...plan.people.values(),
    ...[...plan.probePeople.values()].filter((p) => !p.isDisabled && isIn(p, group)),
  ];
  const rightsOf = (person: Person): number => {
    if (person.isDisabled || !isIn(person, group)) return RIGHTS.nobody;
    return isIn(person, administrators) ? RIGHTS.administrator : RIGHTS.public;
  };
  return {
    settings: {
      encryption_method: "bcrypt",
      // It would tell its publisher who uses it.
      ameliorations: "0",
      filesdir: `${DATA}/files`,
      cisname: plan.domain.netbios,
      organisation_name: plan.domain.name,
      cisurl: `https://${fqdnOf(plan, host)}`,
      admin_email: `postmaster@${plan.domain.name}`,
      timezone: plan.domain.timezone,
      // The DMZ sends no letter.
      mail_allowed: "0",
      // The backup host has it.
      auto_backup: "0",
      grades: grades.length > 0 ? "1" : "0",
      geolocalize_enabled: "0",
      import_api: "0",
      webservice_key: "",
      whatsapp: "0",
      error_reporting: "0",
    },
    admin: secret("bcrypt", ADMIN),
    root: { code: plan.domain.name.slice(0, 25), name: plan.domain.name },
    sections: [...plan.departments.values()].map(({ id, name }) => ({ code: sectionOf(id), name })),
    grades: grades.map(({ code, name }, n) => ({ code, name, level: grades.length - n })),
    people: everybody.map((person) => ({
      login: person.login,
      givenName: person.givenName,
      surname: person.surname,
      title: person.title,
      mail: person.mailbox,
      section: sectionOf(person.department),
      grade: grades.find((g) => isIn(person, g.group))?.code ?? NO_GRADE,
      rights: rightsOf(person),
    })),
  };
}

const sectionOf = (department: string): string => department.toUpperCase().slice(0, 25);
