import json
import os
import socket
import subprocess
import sys
import tempfile
import unittest

import agentx
import pfmib
from agentx import COUNTER64, GAUGE, INTEGER, OCTETS
from pfmib import ROOT, Blocked, dropped_of, values_of
from test_agentx import asked, bindings

DEVICE = "vtnet0"


def element(device, family, packets, size):
    return {"elem": {"val": {"concat": [device, family]}, "counter": {"packets": packets, "bytes": size}}}


def counters(seen=10, passed=7):
    sets = {"in_seen": seen, "in_passed": passed, "out_seen": 4, "out_passed": 4}
    return {
        "nftables": [
            {"counter": {"name": "match", "packets": 12, "bytes": 0}},
            *(
                {"set": {"name": name, "elem": [element(DEVICE, "ipv4", n, 100 * n), element(DEVICE, "ipv6", 0, 0)]}}
                for name, n in sets.items()
            ),
        ]
    }


def rule(chain, *expressions, comment=None):
    return {"rule": {"chain": chain, "expr": list(expressions), **({"comment": comment} if comment else {})}}


def goto(target, device=None, key="iifname"):
    met = [{"match": {"op": "==", "left": {"meta": {"key": key}}, "right": device}}] if device else []
    return [*met, {"goto": {"target": target}}]


RULES = {
    "nftables": [
        {"chain": {"name": "filter_in", "policy": "drop"}},
        rule("filter_in", {"counter": {}}, comment="no state"),
        rule("filter_in", *goto("in_wan", "vtnet0")),
        rule("filter_out", *goto("out_wan", "vtnet0", "oifname")),
        rule("in_wan", *goto("in_wan_1")),
        rule("in_wan", {"drop": None}, comment="1700000001"),
        rule("in_wan", {"drop": None}, comment="no-rule"),
        rule("in_wan_1", {"accept": None}, comment="1700000002"),
        rule("out_wan", {"accept": None}, comment="1700000001"),
        rule("nat_out", {"masquerade": None}, comment="no rule of the filter"),
    ]
}
STAT = "entries  searched found new invalid drop\n00000005  0 0 0 0 0000000a\n00000005  0 0 0 0 00000001\n"
FACTS = {"rules": RULES, "counters": counters(), "states": "5\n", "limit": "262144\n", "stat": STAT}


def of(facts, blocked=None):
    return {name[len(ROOT) :]: value for name, value in values_of(facts, blocked or Blocked()).items()}


class Values(unittest.TestCase):
    def test_are_those_that_the_kernel_counts(self):
        found = of(FACTS)
        self.assertEqual(found[(1, 1, 0)], (INTEGER, pfmib.TRUE))
        self.assertEqual(found[(2, 1, 0)], (COUNTER64, 12))
        self.assertEqual(found[(2, 6, 0)], (COUNTER64, 11))
        self.assertEqual(found[(3, 1, 0)], (GAUGE, 5))
        self.assertEqual(found[(5, 1, 0)], (GAUGE, 262144))

    def test_of_an_interface_are_its_packets_and_bytes_by_fate(self):
        found = of(FACTS)
        self.assertEqual(found[(8, 1, 0)], (INTEGER, 1))
        self.assertEqual(found[(8, 2, 1, 2, 1)], (OCTETS, b"vtnet0"))
        columns = {7: 700, 8: 300, 9: 400, 10: 0, 11: 7, 12: 3, 13: 4, 14: 0}
        self.assertEqual({c: found[(8, 2, 1, c, 1)][1] for c in columns}, columns)
        self.assertEqual([found[(8, 2, 1, c, 1)][1] for c in range(15, 23)], [0] * 8)

    def test_of_rules_are_the_names_that_the_file_gave_them_each_once(self):
        found = of(FACTS)
        self.assertEqual(found[(11, 1, 0)], (INTEGER, 2))
        self.assertEqual(found[(8, 2, 1, 6, 1)], (GAUGE, 2))

    def test_what_the_kernel_does_not_tell_is_absent(self):
        found = of({"rules": None, "counters": None, "states": None, "limit": None, "stat": None})
        self.assertEqual(found, {(1, 1, 0): (INTEGER, pfmib.FALSE), (8, 1, 0): (INTEGER, 0)})
        self.assertIsNone(dropped_of("entries new\n0 0\n"))
        for reason in (2, 3, 4, 5):
            self.assertNotIn((2, reason, 0), of(FACTS))

    def test_without_a_filter_that_drops_it_does_not_run(self):
        off = {"nftables": [{"chain": {"name": "filter_in", "policy": "accept"}}]}
        self.assertEqual(of({**FACTS, "rules": off})[(1, 1, 0)], (INTEGER, pfmib.FALSE))

    def test_blocked_packets_never_grow_fewer(self):
        blocked = Blocked()
        self.assertEqual(of(FACTS, blocked)[(8, 2, 1, 12, 1)], (COUNTER64, 3))
        # Of a packet the second counter was read, and the first one not yet.
        later = {**FACTS, "counters": counters(seen=20, passed=18)}
        self.assertEqual(of(later, blocked)[(8, 2, 1, 12, 1)], (COUNTER64, 3))


NFT = """#!/usr/bin/python3
import json, sys
print(json.dumps(%r[sys.argv[-1]]))
"""


class Daemon(unittest.TestCase):
    """pfmibd.py before a master of AgentX; nft is a stand-in."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = os.path.join(folder.name, "master")
        nft = os.path.join(folder.name, "nft")
        with open(nft, "w", encoding="utf-8") as file:
            file.write(NFT % {"maquette": RULES, "maquette_pf": counters()})
        os.chmod(nft, 0o700)
        program = os.path.join(os.path.dirname(pfmib.__file__), "pfmibd.py")
        self.daemon = subprocess.Popen(
            [sys.executable, "-B", program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PATH": "%s:%s" % (folder.name, os.environ["PATH"])},
        )
        self.addCleanup(self.end)

    def end(self):
        self.daemon.stdin.close()
        self.assertEqual(self.daemon.wait(10), 0)
        self.daemon.stdout.close()

    def listen(self):
        server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        server.bind(self.path)
        server.listen()
        self.addCleanup(server.close)
        server.settimeout(10)
        return server

    def configure(self, path):
        self.daemon.stdin.write(json.dumps({"op": "configure", "socket": path}).encode() + b"\n")
        self.daemon.stdin.flush()

    def joined(self, server):
        """A session that the subagent has opened and registered itself in."""
        master, _ = server.accept()
        self.addCleanup(master.close)
        master.settimeout(10)
        frames = agentx.Frames()
        self.assertEqual(self.next(master, frames)[0], agentx.OPEN)
        master.sendall(agentx.packet(agentx.RESPONSE, 42, 0, 1, agentx.answer([])))
        kind, session, _, number, payload = self.next(master, frames)
        self.assertEqual((kind, session, agentx.read_name(payload, 4)[0]), (agentx.REGISTER, 42, ROOT))
        master.sendall(agentx.packet(agentx.RESPONSE, 42, 0, number, agentx.answer([])))
        return master, frames

    def next(self, master, frames):
        while True:
            for found in frames.feed(master.recv(65536)):
                return found

    def test_opens_registers_and_answers(self):
        server = self.listen()
        self.configure(self.path)
        master, frames = self.joined(server)
        name = (*ROOT, 2, 1, 0)
        master.sendall(agentx.packet(agentx.GET, 42, 7, 9, asked((name, False, ()))))
        kind, session, transaction, number, payload = self.next(master, frames)
        self.assertEqual((kind, session, transaction, number), (agentx.RESPONSE, 42, 7, 9))
        self.assertEqual(bindings(payload), (0, [(name, COUNTER64, 12)]))

    def test_comes_back_when_snmpd_does(self):
        self.configure(self.path)
        server = self.listen()
        master, _ = self.joined(server)
        master.close()
        self.joined(server)


if __name__ == "__main__":
    unittest.main()
