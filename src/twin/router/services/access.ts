import { DEFAULT_SUITE, releaseOf } from "../../../core/debian.ts";
import { CIPHERS, MACS, opensshOf } from "../../../core/openssh.ts";
import type { PfUser } from "../../../pfsense/model/system.ts";
import { gap } from "./types.ts";
import type { ConfigFile, Gap, Service, ServiceInput } from "./types.ts";

/** An account of the file. */
export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly home: string;
  /** crypt(3) text for shadow(5); `*` opens nothing. */
  readonly hash: string;
  readonly keys: string;
  readonly hasShell: boolean;
}

/** Debian's release that the stand-in runs on (`ROUTER_SUITE` of images/catalogue.ts). */
const ROUTER_RELEASE = releaseOf(DEFAULT_SUITE);
/** The first uid that pfSense gives; below it are the system's own, of which only `admin` is a person's. */
const FIRST_UID = 2000;
const USER = /^[a-z_][a-z\d_.-]{0,31}$/i;

/**
 * `system/user`: `admin` is uid 0 beside root, others their own; a shell is for who has the privilege
 * (`local_user_set`, etc/inc/auth.inc).
 */
export function accounts({ config }: ServiceInput): {
  readonly accounts: readonly Account[];
  readonly gaps: readonly Gap[];
} {
  const gaps: Gap[] = [];
  const made = config.system.users.flatMap((u): readonly Account[] => {
    const uid = u.name === "admin" ? 0 : Number(u.uid);
    if (!USER.test(u.name) || u.name === "root" || !(uid === 0 || uid >= FIRST_UID)) {
      gaps.push(gap(`system.user ${u.name}`, "its name or uid is none that this system can have: no account"));
      return [];
    }
    if (u.isDisabled) return [];
    const hasShell = uid === 0 || u.privileges.some((p) => p === "user-shell-access" || p === "page-all");
    return [
      { name: u.name, uid, home: uid === 0 ? "/root" : `/home/${u.name}`, hash: hashOf(u), keys: keysOf(u), hasShell },
    ];
  });
  if (config.system.authServers.length > 0) {
    gaps.push(
      gap("system.authserver", "accounts of LDAP and RADIUS servers do not exist here: only those of the file do"),
    );
  }
  if (config.system.groups.some((g) => g.scope === "remote")) {
    gaps.push(gap("system.group", "groups of a directory give no rights here"));
  }
  return { accounts: made, gaps };
}

/** libxcrypt reads bcrypt and SHA-512 as they stand; anything else opens nothing. */
const hashOf = (u: PfUser): string =>
  /^\$(2[aby]\$\d\d\$[./A-Za-z\d]{53}|6\$\S{1,200})$/.test(u.passwordHash ?? "") ? u.passwordHash! : "*";

const keysOf = (u: PfUser): string =>
  Buffer.from(u.authorizedKeys ?? "", "base64")
    .toString("utf8")
    .split(/\r?\n/)
    .filter((l) => l.trim() !== "")
    .map((l) => `${l.trim()}\n`)
    .join("");

/** `system/ssh`: `sshdkeyonly` absent asks for a password or a key, `enabled` for a key, `both` for both. */
export function ssh({ config }: ServiceInput): Service {
  const { isEnabled, port, keyOnly } = config.system.ssh;
  const isPasswordRead = keyOnly !== "enabled";
  const lines = [
    "# Written from config.xml by the router's firmware; changes are lost.",
    `Port ${/^\d{1,5}$/.test(port ?? "") ? port! : "22"}`,
    "PermitRootLogin yes",
    "PubkeyAuthentication yes",
    "AuthorizedKeysFile /etc/ssh/authorized_keys/%u",
    `PasswordAuthentication ${isPasswordRead ? "yes" : "no"}`,
    "KbdInteractiveAuthentication no",
    ...(keyOnly === "both" ? ["AuthenticationMethods publickey,password"] : []),
    "UseDNS no",
    "X11Forwarding no",
    "# As the lab's hosts have it; pfSense's own list is another.",
    `KexAlgorithms ${opensshOf(ROUTER_RELEASE).keyExchanges.join(",")}`,
    `Ciphers ${CIPHERS.join(",")}`,
    `MACs ${MACS.join(",")}`,
    "",
  ];
  const file: ConfigFile = { path: "/etc/ssh/sshd_config.d/10-maquette.conf", text: lines.join("\n"), mode: 0o644 };
  return {
    name: "SSH",
    unit: "ssh.service",
    isWanted: isEnabled,
    // The console's own way in uses the same file, so it stands even where the network has none.
    files: [file],
    check: ["sshd", "-t"],
    onChange: "reload",
    gaps: [],
  };
}
