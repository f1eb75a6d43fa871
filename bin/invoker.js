import { userInfo } from "node:os";

/**
 * Under sudo, becomes the user who typed it: state, secrets and packages are theirs, and nothing here needs root.
 * (The guest driver that will need it starts its own part as root.)
 */
export function becomeInvoker() {
  const { SUDO_UID, SUDO_GID, SUDO_USER } = process.env;
  if (process.getuid?.() !== 0 || !SUDO_UID || !SUDO_GID || SUDO_UID === "0") return;
  if (SUDO_USER) process.initgroups(SUDO_USER, Number(SUDO_GID));
  process.setgid(Number(SUDO_GID));
  process.setuid(Number(SUDO_UID));
  // By the system's own look-up: a user of a directory is not in /etc/passwd.
  process.env.HOME = userInfo().homedir;
  // What root's session had under these names is not the user's.
  for (const name of ["XDG_STATE_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"])
    Reflect.deleteProperty(process.env, name);
}
