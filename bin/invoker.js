import { fork } from "node:child_process";
import { userInfo } from "node:os";
import { fileURLToPath } from "node:url";
import * as direct from "./rooter.js";

/** Whether root was borrowed by a user with sudo. */
export const isBorrowed = () => {
  const { SUDO_UID, SUDO_GID } = process.env;
  return process.getuid?.() === 0 && Boolean(SUDO_UID) && Boolean(SUDO_GID) && SUDO_UID !== "0";
};

/**
 * Under sudo, becomes the user who typed it: state, secrets and packages are theirs. What needs root stays with a
 * small process of its own.
 * @returns {{ startRoom: typeof direct.startRoom, install: typeof direct.install } | undefined} how to do the things
 *   that need root; undefined when there is no root
 */
export function becomeInvoker({ keepsRoot = false } = {}) {
  if (process.getuid?.() !== 0) return undefined;
  if (!isBorrowed()) return direct;
  const rooter = keepsRoot ? rooterProcess() : undefined;
  const { SUDO_UID, SUDO_GID, SUDO_USER } = process.env;
  if (SUDO_USER) process.initgroups(SUDO_USER, Number(SUDO_GID));
  process.setgid(Number(SUDO_GID));
  process.setuid(Number(SUDO_UID));
  // By the system's own look-up: a user of a directory is not in /etc/passwd.
  process.env.HOME = userInfo().homedir;
  // What root's session had under these names is not the user's.
  for (const name of ["XDG_STATE_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"])
    Reflect.deleteProperty(process.env, name);
  return rooter;
}

function rooterProcess() {
  const child = fork(fileURLToPath(new URL("rooter.js", import.meta.url)), [], { stdio: "inherit" });
  const waiting = new Map();
  let next = 1;
  child.on("message", ({ id, answer }) => {
    waiting.get(id)?.(answer);
    waiting.delete(id);
    // Nothing asked: it must not keep the command alive.
    if (waiting.size === 0) {
      child.unref();
      child.channel?.unref();
    }
  });
  child.unref();
  child.channel?.unref();
  const ask = (name) => (wanted) =>
    new Promise((resolve) => {
      const id = next++;
      waiting.set(id, resolve);
      child.ref();
      child.channel?.ref();
      child.send({ id, name, wanted }, (error) => {
        if (error) resolve({ kind: "failed", message: error.message });
      });
    });
  return { startRoom: ask("startRoom"), install: ask("install") };
}
