import { fqdnOf, hostsOf } from "../../plan/query.ts";
import type { Host, Plan } from "../../plan/types.ts";
import { baseDn, groupUnit, machineLogin, machinePassword } from "../dc/accounts.ts";
import { controllersOf } from "../dc/directory.ts";
import type { Command, RoleContext, Step } from "../role.ts";
import { parsesAsPython } from "../service.ts";
import type { Settings } from "./settings.ts";

/* A member of the domain: its machine account's key, SSSD, and homes for the people of the directory. */

/** What a member needs beside Kerberos' own tools. GSSAPI is only recommended, and without it SSSD has no way to bind. */
export const MEMBER_PACKAGES = ["krb5-user", "sssd-ad", "libnss-sss", "libpam-sss", "libsasl2-modules-gssapi-mit"];
export const MEMBER_TEMPLATES = ["krb5.conf", "machine.py", "sssd.conf", "home.pam"];

export const MEMBER_UNIT = "sssd.service";

const PROGRAM = "/usr/local/lib/maquette/machine.py";
const PAM = "/usr/share/pam-configs/maquette-home";

/** Of the 2²² numbers of a guest (docs/decisions/012): above a person's of the machine and below Samba's groups on a controller. */
const IDS = { from: 1_000_000, to: 3_000_000, end: 2 ** 22 - 1 } as const;

/** Those for whom a controller has an account that it makes before they come. */
const isMember = (plan: Plan, host: Host): boolean => controllersOf(plan).length > 0 && !host.isOutside;

/** Whom it asks, before it can be a member. */
export const memberAfter = (plan: Plan): readonly Host["id"][] => controllersOf(plan).map((dc) => dc.id);

export function memberSteps({ plan, host, fill }: RoleContext, settings: Settings): readonly Step[] {
  if (!isMember(plan, host)) return [];
  const { realm, name: dnsDomain } = plan.domain;
  const machine = (verb: string): Command["argv"] => [
    ...["python3", "-I", PROGRAM, verb, realm],
    ...[machineLogin(host), fqdnOf(plan, host)],
  ];
  return [
    {
      kind: "files",
      name: "programs",
      files: { [PROGRAM]: { content: fill("machine.py", {}) } },
      check: [parsesAsPython(PROGRAM)],
    },
    {
      kind: "command",
      name: "member of the domain",
      unless: { argv: machine("check") },
      run: { argv: machine("join"), input: [machinePassword(host)] },
      deadlineSeconds: 90,
    },
    {
      // sssd.conf names what runs; these would start the same a second time, and fail.
      kind: "units",
      name: "SSSD starts its parts itself",
      units: ["nss", "pac", "pam", "pam-priv"].map((part) => `sssd-${part}.socket`),
      state: "masked",
    },
    {
      kind: "command",
      name: "no failure of before",
      unless: { argv: ["sh", "-c", "! systemctl is-failed -q 'sssd-*.socket'"] },
      run: { argv: ["systemctl", "reset-failed", "sssd-*.socket"] },
    },
    {
      kind: "files",
      name: "people of the directory",
      files: {
        "/etc/sssd/sssd.conf": {
          content: fill("sssd.conf", {
            realm,
            dnsDomain,
            name: fqdnOf(plan, host),
            account: machineLogin(host),
            controllers: controllersOf(plan)
              .map((dc) => fqdnOf(plan, dc))
              .join(", "),
            access: accessLine(plan, settings),
            idsFrom: String(IDS.from),
            idsTo: String(IDS.to),
            idsEnd: String(IDS.end),
          }),
          // Its unit gives it to its group at each start.
          mode: "0640",
        },
      },
      reload: [{ argv: ["systemctl", "restart", MEMBER_UNIT] }],
      // Somebody whom every domain has.
      probe: { argv: ["getent", "passwd", "administrator"] },
    },
    { kind: "units", name: "SSSD, running", units: [MEMBER_UNIT], state: "running" },
    {
      kind: "files",
      name: "homes",
      files: { [PAM]: { content: fill("home.pam", {}) } },
      reload: [{ argv: ["pam-auth-update", "--package", "--enable", "maquette-home"] }],
      probe: { argv: ["grep", "-q", "pam_mkhomedir.so umask=0077", "/etc/pam.d/common-session"] },
    },
  ];
}

function accessLine(plan: Plan, { logon }: Settings): string {
  const all = logon.map((group) => `(memberOf=CN=${group},${groupUnit(plan)},${baseDn(plan)})`);
  return all.length === 0 ? "" : `ad_access_filter = (|${all.join("")})`;
}

/** Workstations of the plan that are members. */
export const memberHosts = (plan: Plan): readonly Host[] =>
  hostsOf(plan, "workstation").filter((host) => isMember(plan, host));
