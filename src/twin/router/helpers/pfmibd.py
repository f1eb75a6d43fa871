#!/usr/bin/python3
"""Serves PF's own MIB (pfmib.py) as a subagent of snmpd (agentx.py).

Reads one JSON object a line on standard input and ends with it. Without a socket it serves nothing:

  {"op": "configure", "socket": "/run/agentx/master"}

snmpd comes and goes; where it is away it is looked for again.
"""

import selectors
import socket
import subprocess
import time

import agentx
from agentx import Broken, Frames, Tree, packet
from lines import Lines, tell
from pfmib import ROOT, Blocked, parsed, values_of

TABLES = {"rules": "maquette", "counters": "maquette_pf"}
FILES = {
    "states": "/proc/sys/net/netfilter/nf_conntrack_count",
    "limit": "/proc/sys/net/netfilter/nf_conntrack_max",
    "stat": "/proc/net/stat/nf_conntrack",
}
# A walk asks a hundred times: it is answered from what one moment had.
KEPT_SECONDS = 2
# How often snmpd is looked for, and how long it waits for an answer.
LOOK_SECONDS = 1
ANSWER_SECONDS = 3


def text_of(path):
    try:
        with open(path, encoding="ascii") as file:
            return file.read()
    except OSError:
        return None


def listed(table):
    done = subprocess.run(["nft", "-j", "list", "table", "inet", table], capture_output=True, text=True, check=False)
    return parsed(done.stdout) if done.returncode == 0 else None


class Subagent:
    def __init__(self):
        self.selector = selectors.DefaultSelector()
        self.lines = Lines(self.selector, self.on_message)
        self.path = self.master = self.session = None
        self.blocked = Blocked()
        self.tree, self.read_at = None, 0.0

    def run(self):
        tell(event="ready")
        while not self.lines.is_ended:
            if self.path and not self.master:
                self.connect()
            waiting = self.path and not self.master
            for key, _ in self.selector.select(LOOK_SECONDS if waiting else None):
                key.data()

    def on_message(self, message):
        self.leave()
        self.path = message["socket"]
        tell(event="configured", socket=self.path)

    def connect(self):
        master = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            master.connect(self.path)
            master.sendall(packet(agentx.OPEN, 0, 0, 1, agentx.opened("PF's MIB", ANSWER_SECONDS)))
        except OSError:
            # snmpd does not run, or not yet.
            master.close()
            return
        self.master, self.frames, self.session = master, Frames(), None
        self.selector.register(master, selectors.EVENT_READ, self.read)

    def leave(self):
        if self.master:
            self.selector.unregister(self.master)
            self.master.close()
            self.master = None

    def read(self):
        if not self.master:
            # Left, since this was seen to be readable.
            return
        try:
            data = self.master.recv(65536)
            for kind, session, transaction, number, payload in self.frames.feed(data):
                self.on_packet(kind, session, transaction, number, payload)
        except (OSError, Broken) as error:
            tell(event="failure", what="snmpd: %s" % error)
            data = b""
        if not data:
            self.leave()

    def on_packet(self, kind, session, transaction, number, payload):
        if kind == agentx.RESPONSE:
            self.on_response(session, payload)
        elif kind != agentx.CLEAN_UP:
            answer = self.now().respond(kind, payload)
            self.master.sendall(packet(agentx.RESPONSE, session, transaction, number, answer))

    def on_response(self, session, payload):
        """To what was opened, then to what was registered."""
        error = int.from_bytes(payload[4:6], "big")
        if error:
            tell(event="failure", what="snmpd takes no subagent: error %d" % error)
            self.leave()
        elif self.session is None:
            self.session = session
            self.master.sendall(packet(agentx.REGISTER, session, 0, 2, agentx.registered(ROOT)))

    def now(self):
        if not self.tree or time.monotonic() - self.read_at > KEPT_SECONDS:
            facts = {name: listed(table) for name, table in TABLES.items()}
            facts.update({name: text_of(path) for name, path in FILES.items()})
            self.tree, self.read_at = Tree(values_of(facts, self.blocked)), time.monotonic()
        return self.tree


if __name__ == "__main__":
    Subagent().run()
