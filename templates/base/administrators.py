"""Personal accounts of the plan's administrators on this host. Written by maquette.

    administrators.py check FILE  exit 1 and what differs from FILE
    administrators.py apply FILE  makes it so

FILE is JSON: full names by login. An account is made once and never deleted: who leaves is locked and expired, has no
key and no session any more, and keeps the home. No other account than those that were made here is ever changed.
"""

import json
import os
import subprocess
import sys

# Its members may become root (/etc/sudoers.d/61-maquette-administrators).
GROUP = "maquette-admins"
KEYS = "/etc/ssh/maquette-keys"
# How an account says that it was made here: the last field of its comment, written with the account itself.
MARK = ",,,,maquette"
# shadow(5): days since 1970, long past.
EXPIRED = "1"


class Stop(Exception):
    """Said in one line, without a trace."""


def needed(wanted, passwd, shadow, members, keys):
    """What differs, in words, each with the commands that make it so.

    passwd and shadow are lines by login, members the group's (None where there is no such group), keys the files of
    KEYS.
    """
    found = []
    for login in wanted:
        if login in passwd and not passwd[login][4].endswith(MARK):
            raise Stop("%s is there already and not of our making: give that person another login in the plan" % login)
    if wanted and members is None:
        found.append(("group " + GROUP, [["groupadd", "--system", GROUP]]))
    members = members or []
    for login, name in wanted.items():
        comment = name + MARK
        if login not in passwd:
            make = ["useradd", "--create-home", "--shell", "/bin/bash", "--user-group", "--comment", comment]
            found.append(("account %s is made" % login, [[*make, "--groups", GROUP, login]]))
            continue
        changes = {}
        if passwd[login][4] != comment:
            changes["name"] = ["--comment", comment]
        if login not in members:
            changes["right"] = ["--append", "--groups", GROUP]
        if shadow[login][7] != "":
            changes["no expiry"] = ["--expiredate", ""]
        if not is_locked(shadow[login]):
            changes["no password"] = ["--lock"]
        if changes:
            options = [o for part in changes.values() for o in part]
            found.append(("account %s: %s" % (login, ", ".join(changes)), [["usermod", *options, login]]))
    for name in keys:
        if name not in wanted:
            found.append(("keys of %s are no longer in the plan" % name, [["rm", "-f", KEYS + "/" + name]]))
    for login, line in passwd.items():
        if login in wanted or not line[4].endswith(MARK):
            continue
        if login in members or shadow[login][7] != EXPIRED or not is_locked(shadow[login]):
            end = [["usermod", "--lock", "--expiredate", EXPIRED, login]]
            if login in members:
                end.append(["gpasswd", "--delete", login, GROUP])
            end.append(["pkill", "--signal", "KILL", "--uid", line[2]])
            found.append(("account %s is no longer an administrator's: locked" % login, end))
    for login in members:
        if login not in wanted and not (login in passwd and passwd[login][4].endswith(MARK)):
            found.append(("%s is in %s beside the plan" % (login, GROUP), [["gpasswd", "--delete", login, GROUP]]))
    return found


def is_locked(line):
    """No password is ever right: shadow(5)."""
    return line[1][:1] in ("!", "*")


def lines(path):
    with open(path, encoding="utf-8", errors="surrogateescape") as file:
        return {fields[0]: fields for fields in (line.rstrip("\n").split(":") for line in file) if len(fields) > 3}


def here(wanted):
    group = lines("/etc/group").get(GROUP)
    members = None if group is None else [m for m in group[3].split(",") if m]
    keys = sorted(os.listdir(KEYS)) if os.path.isdir(KEYS) else []
    return needed(wanted, lines("/etc/passwd"), lines("/etc/shadow"), members, keys)


def run(command):
    ran = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    # pkill(1): 1 where nobody was there to be ended.
    if ran.returncode != 0 and not (command[0] == "pkill" and ran.returncode == 1):
        said = (ran.stderr or ran.stdout).strip()
        raise Stop("%s ended with %d: %s" % (" ".join(command[:1] + command[-1:]), ran.returncode, said))


def main(arguments):
    if len(arguments) != 2 or arguments[0] not in ("check", "apply"):
        sys.exit("usage: administrators.py check|apply FILE")
    with open(arguments[1], encoding="utf-8") as file:
        wanted = json.load(file)
    try:
        found = here(wanted)
        for said, commands in found:
            print(said)
            for command in commands if arguments[0] == "apply" else ():
                run(command)
    except Stop as stop:
        sys.exit(str(stop))
    return 1 if found and arguments[0] == "check" else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
