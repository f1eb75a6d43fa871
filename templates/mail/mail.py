#!/usr/bin/python3 -I
"""Who is at the mail server, and whether the directory answers it. Written by maquette.

mail.py answers    exit 1 and why, unless the directory answers Postfix
mail.py check      exit 1 and who reads mail without an account that is enabled
mail.py expel      ends their sessions
"""

import json
import subprocess
import sys

PEOPLE = "ldap:/etc/postfix/maquette/people.cf"
DOMAIN = "{{domain}}"


class Unreachable(Exception):
    pass


def is_somebody(address):
    """Whether the directory has an enabled account with this address."""
    ran = subprocess.run(
        ["/usr/sbin/postmap", "-q", address, PEOPLE], capture_output=True, text=True, check=False, timeout=30
    )
    # Not found is silent (postmap(1)); whatever kept it from looking is not.
    if ran.returncode != 0 and ran.stderr.strip():
        raise Unreachable(ran.stderr.strip().splitlines()[-1])
    return ran.returncode == 0


def readers():
    """Everybody who has a session open."""
    ran = subprocess.run(
        ["/usr/bin/doveadm", "-f", "json", "who"], capture_output=True, text=True, check=False, timeout=30
    )
    if ran.returncode != 0:
        # Dovecot does not run: nobody reads.
        return []
    return sorted({row["username"] for row in json.loads(ran.stdout or "[]") if row["username"]})


def gone():
    return [reader for reader in readers() if not is_somebody(reader)]


def answers():
    is_somebody("nobody@" + DOMAIN)


def check():
    found = gone()
    if found:
        sys.exit("without an account that is enabled: " + ", ".join(found))


def expel():
    for reader in gone():
        subprocess.run(["/usr/bin/doveadm", "kick", reader], check=True, timeout=30)
        print("maquette: %s is put out" % reader)


COMMANDS = {"answers": answers, "check": check, "expel": expel}


def main(arguments):
    if len(arguments) != 1 or arguments[0] not in COMMANDS:
        sys.exit("usage: mail.py " + "|".join(COMMANDS))
    try:
        COMMANDS[arguments[0]]()
    except Unreachable as why:
        # Nobody's right is taken away by that, and nobody new comes in.
        if arguments[0] == "answers":
            sys.exit(str(why))
        print("the directory cannot be asked: %s" % why, file=sys.stderr)


if __name__ == "__main__":
    main(sys.argv[1:])
