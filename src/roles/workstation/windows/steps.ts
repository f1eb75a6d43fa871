import { secret } from "../../../core/secret-place.ts";
import { fqdnOf, hostsOf, portOf } from "../../../plan/query.ts";
import type { Host, Plan } from "../../../plan/types.ts";
import { linphone, thunderbird } from "../../artefacts.ts";
import type { Artefact } from "../../../core/artefact.ts";
import { machinePassword } from "../../dc/accounts.ts";
import { deskAt } from "../../pbx/numbers.ts";
import { SIPS } from "../../pbx/softphone.ts";
import type { ArtefactUse, Command, Need, RoleContext, Step } from "../../role.ts";
import { asJson, thunderbirdPolicies } from "../desktop.ts";
import type { Settings } from "../settings.ts";

/*
 * What a workstation with Windows gets, by PowerShell over SSH (provision/steps/windows): the lab's authority, membership of
 * the domain, Thunderbird, the softphone, a drive. Rendered and checked here; no Windows has run it.
 */

export const WINDOWS_TEMPLATES = [
  ...["windows_authority.ps1", "windows_drive.ps1", "windows_install.ps1", "windows_member.ps1", "linphonerc"],
];

const FOLDER = "C:/ProgramData/maquette";
const PROGRAMS = ["authority", "drive", "install", "member"] as const;
type Program = (typeof PROGRAMS)[number];

const AUTHORITY = `${FOLDER}/ca.crt`;
const THUNDERBIRD = "C:/Program Files/Mozilla Thunderbird";
const LINPHONE = "C:/Program Files/Linphone";
/** What each account begins with: Windows copies it at somebody's first logon. */
const NEW_ACCOUNTS = "C:/Users/Default/AppData/Local";

/** As steps write a path there. */
const stepPath = (path: string): string => `/${path}`;
/** As Windows does. */
const native = (path: string): string => path.replaceAll("/", "\\");
const file = (program: Program): string => `${FOLDER}/${program}.ps1`;

const POWERSHELL = ["powershell.exe", "-NoProfile", "-NonInteractive", "-ExecutionPolicy", "Bypass"];

const runs = (program: Program, ...words: readonly string[]): Command["argv"] => [
  ...POWERSHELL,
  ...["-File", native(file(program))],
  ...words,
];

/** Of PowerShell, whether what is about to take its place can be read. */
const parses = (program: Program): Command => ({
  argv: [...POWERSHELL, "-Command", PARSES, `new:${stepPath(file(program))}`],
});
const PARSES =
  "& { param($p) $t = $null; $e = $null; [void][Management.Automation.Language.Parser]::ParseFile($p, [ref]$t, [ref]$e); exit $e.Count }";

export const isWindows = (plan: Plan, host: Host): boolean => plan.images.get(host.image)!.os === "windows";

/** At its first start (answer.ts): a feature on demand. */
export const fetchesOpenSsh: Need = {
  what: "fetches OpenSSH from Windows Update",
  services: ["http", "https"],
  to: { kind: "internet" },
};

export const windowsHosts = (plan: Plan): readonly Host[] =>
  hostsOf(plan, "workstation").filter((h) => isWindows(plan, h));

export function windowsSteps({ plan, host, fill }: RoleContext, { windows }: Settings): readonly Step[] {
  const domain = plan.domain.name;
  const share = windows.drive ?? "none";
  return [
    {
      kind: "files",
      name: "programs",
      files: Object.fromEntries(
        PROGRAMS.map((name) => [stepPath(file(name)), { content: fill(`windows_${name}.ps1`, {}) }] as const),
      ),
      check: PROGRAMS.map(parses),
    },
    {
      kind: "files",
      name: "lab's authority",
      files: { [stepPath(AUTHORITY)]: { content: [secret("vault-certificate", "ca"), "\n"], mode: "0644" } },
      reload: [{ argv: runs("authority", "add", native(AUTHORITY)) }],
      probe: { argv: runs("authority", "check", native(AUTHORITY)) },
    },
    {
      kind: "command",
      name: "member of the domain",
      unless: { argv: runs("member", "check", domain) },
      run: { argv: runs("member", "join", domain), input: [machinePassword(host), "\n"] },
      deadlineSeconds: 120,
    },
    ...installed(plan, thunderbird, `${THUNDERBIRD}/thunderbird.exe`),
    {
      kind: "files",
      name: "mail program",
      files: {
        [stepPath(`${THUNDERBIRD}/distribution/policies.json`)]: { content: asJson(thunderbirdPolicies("system")) },
      },
    },
    ...phone({ plan, host, fill }),
    {
      kind: "command",
      name: "drive of people",
      unless: { argv: runs("drive", "check", share) },
      run: { argv: runs("drive", "set", share) },
    },
  ];
}

/** Where its installer is had, and nothing where not. */
function installed(plan: Plan, { id, name }: Artefact, program: string): readonly Step[] {
  if (!plan.artefacts.includes(id)) return [];
  const installer = `${FOLDER}/files/${id}.base64`;
  return [
    {
      kind: "files",
      name: `${name}'s installer`,
      files: { [stepPath(installer)]: { content: [secret("artefact", id), "\n"] } },
    },
    {
      kind: "command",
      name: `${name}, installed`,
      unless: { argv: runs("install", "check", native(program)) },
      run: { argv: runs("install", "install", native(program), native(installer)) },
      deadlineSeconds: 600,
    },
  ];
}

/** The desk's account, for whoever sits there: as on Debian it is nobody's own. */
function phone({ plan, host, fill }: Pick<RoleContext, "plan" | "host" | "fill">): readonly Step[] {
  const desk = deskAt(plan, host);
  const [server] = hostsOf(plan, "pbx");
  if (desk === undefined || server === undefined) return [];
  return [
    ...installed(plan, linphone, `${LINPHONE}/bin/linphone.exe`),
    {
      kind: "files",
      name: "softphone",
      files: {
        [stepPath(`${NEW_ACCOUNTS}/linphone/linphonerc`)]: {
          content: fill("linphonerc", {
            authority: native(AUTHORITY),
            server: fqdnOf(plan, server),
            port: String(portOf(plan, "sip-tls", "tcp") ?? SIPS),
            name: desk.name,
            account: desk.account,
            password: secret("password", desk.secret),
          }),
          // Every account of this host begins with it.
          mode: "0644",
        },
      },
    },
  ];
}

/** Both by their publishers' installers: neither is in a feature of Windows. */
export const windowsArtefacts = (plan: Plan): readonly ArtefactUse[] => {
  const hosts = windowsHosts(plan).map((host) => host.id);
  if (hosts.length === 0) return [];
  return [
    {
      name: "Thunderbird",
      artefacts: [thunderbird],
      hosts,
      standsIn: { en: "the webmail in the browser of Windows", fr: "le webmail dans le navigateur de Windows" },
      notShown: { en: "a mail program on Windows", fr: "un logiciel de messagerie sous Windows" },
      isServed: true,
      isInstalled: true,
    },
    {
      name: "Linphone",
      artefacts: [linphone],
      hosts,
      standsIn: { en: "nothing", fr: "rien" },
      notShown: { en: "a softphone on Windows", fr: "un téléphone logiciel sous Windows" },
      isServed: false,
      isInstalled: true,
    },
  ];
};
