"""Stops the lab in its order on a battery that is low. Written by maquette.

    power_stop.py FILE    tells one place of the order after the other to stop, then stops this host

FILE is JSON: {port, user, password, stageSeconds, stages: [{name, hosts: {ADDRESS: NAME}}]}. A host that listens has
ended when it holds no connection to its place any more: its upsmon is the last of it to be stopped. Whatever fails,
this host stops, for its battery is at its end; who then still listens hears nothing any more, and stops by itself.
"""

import json
import socket
import subprocess
import sys
import time

LOOK_SECONDS = 0.25
ANSWER_SECONDS = 5


class Refused(Exception):
    """NUT's own word."""


class Nut:
    """upsd by its own protocol (RFC 9271): a line asked, a line or a list answered."""

    def __init__(self, asked):
        self.connection = socket.create_connection(("127.0.0.1", asked["port"]), timeout=ANSWER_SECONDS)
        self.lines = self.connection.makefile("r", encoding="utf-8", newline="\n")
        self.ask("USERNAME %s" % asked["user"])
        self.ask("PASSWORD %s" % asked["password"])

    def ask(self, line):
        self.connection.sendall((line + "\n").encode())
        answer = self.lines.readline()
        if not answer:
            raise Refused("upsd hung up")
        if answer.startswith("ERR"):
            raise Refused(answer.strip())
        return answer.strip()

    def listening(self, stage):
        """Addresses of those that are logged in to a place."""
        self.ask("LIST CLIENT %s" % stage)
        found = set()
        while True:
            answer = self.lines.readline()
            if not answer:
                raise Refused("upsd hung up")
            words = answer.split()
            if words[:2] == ["END", "LIST"]:
                return found
            if words[0] == "CLIENT":
                found.add(words[-1])


def say(words):
    print(words, flush=True)


def names(stage, addresses):
    return ", ".join(sorted(stage["hosts"].get(address, address) for address in addresses))


def stopped(nut, stage, seconds):
    """Tells a place to stop, and waits until all of it have."""
    began = time.monotonic()
    there = nut.listening(stage["name"])
    deaf = set(stage["hosts"]) - there
    if deaf:
        say("%s: does not listen: %s" % (stage["name"], names(stage, deaf)))
    nut.ask("FSD %s" % stage["name"])
    say("%s: told to stop: %s" % (stage["name"], names(stage, there) or "nobody"))
    while there and time.monotonic() - began < seconds:
        time.sleep(LOOK_SECONDS)
        there = nut.listening(stage["name"])
    took = time.monotonic() - began
    if there:
        say("%s: still at it after %.1f s: %s" % (stage["name"], took, names(stage, there)))
    else:
        say("%s: stopped within %.1f s" % (stage["name"], took))


def main(argv):
    try:
        with open(argv[1]) as file:
            asked = json.load(file)
        nut = Nut(asked)
        for stage in asked["stages"]:
            stopped(nut, stage, asked["stageSeconds"])
    except (OSError, ValueError, LookupError, Refused) as error:
        say("not in order any more: %s: %s" % (type(error).__name__, error))
    say("{{stops}}")
    return subprocess.run(["/usr/bin/systemctl", "--no-block", "poweroff"], check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv))
