import unittest
from unittest import mock

import vip
from carp import Advert
from vip import BACKUP, INIT, MASTER, Vip

ADDRESS = "198.51.100.4"


class Card:
    def __init__(self):
        self.is_up = True
        self.sent = []

    def send(self, frame):
        self.sent.append("advert" if frame[12:14] == b"\x08\x00" else "arp")
        return True


class Node:
    def __init__(self):
        self.cards = {"vtnet0": Card()}
        self.told = 0
        self.changes = []

    def demotion(self):
        return self.told

    def changed(self, host, before, reason):
        self.changes.append((before, host.state, reason))


class States(unittest.TestCase):
    def setUp(self):
        self.now = 1000.0
        self.events = []
        for patch in (
            mock.patch.object(vip.time, "monotonic", lambda: self.now),
            mock.patch.object(vip, "tell", lambda **event: self.events.append(event)),
        ):
            patch.start()
            self.addCleanup(patch.stop)
        self.node = Node()
        self.host = self.make()
        self.host.link()

    def make(self, **more):
        spec = {"id": "wan/1", "device": "vtnet0", "vhid": 1, "advbase": 1, "advskew": 100, "password": "secret"}
        return Vip({**spec, "addresses": [ADDRESS], "source": "198.51.100.2", **more}, self.node)

    def hear(self, skew, base=1, password="secret"):  # noqa: S107 - a test's
        advert = Advert(1, password, [ADDRESS], "198.51.100.3")
        self.host.hear(advert.frame(base, skew, 7)[34:], "198.51.100.3")

    def be_master(self):
        self.host.tick()
        self.node.changes.clear()

    def test_with_a_link_it_waits_three_adverts_and_its_skew(self):
        self.assertEqual(self.host.state, BACKUP)
        self.assertEqual(self.host.deadline, 1000 + 3 + 100 / 256)

    def test_nobody_heard_it_is_master_and_its_arp_leaves_before_the_advert(self):
        self.host.tick()
        self.assertEqual(self.host.state, MASTER)
        self.assertEqual(self.node.cards["vtnet0"].sent, ["arp", "advert"])
        self.assertEqual(self.host.deadline, 1000 + 1 + 100 / 256)

    def test_a_master_of_more_right_is_waited_for_anew(self):
        self.now = 1002
        self.hear(0)
        self.assertEqual(self.host.state, BACKUP)
        self.assertEqual(self.host.deadline, 1002 + 3 + 100 / 256)

    def test_a_slower_master_is_preempted(self):
        self.hear(101)
        self.assertEqual(self.node.changes[-1], (BACKUP, MASTER, "preempting a slower master"))

    def test_demoted_it_preempts_nobody_and_says_so_in_its_adverts(self):
        self.node.told = 240
        self.hear(101)
        self.assertEqual((self.host.state, self.host.skew()), (BACKUP, 240))

    def test_a_master_gives_way_to_as_much_right_as_its_own_and_to_no_less(self):
        self.be_master()
        self.hear(101)
        self.assertEqual(self.host.state, MASTER)
        self.hear(100)
        self.assertEqual(self.host.state, BACKUP)

    def test_another_password_is_refused_counted_and_told_once_a_minute(self):
        for _ in range(3):
            self.hear(0, password="another")  # noqa: S106 - a test's
        self.assertEqual(self.host.counts["badAuth"], 3)
        self.assertEqual([e["event"] for e in self.events], ["refused"])
        self.now += 61
        self.hear(0, password="another")  # noqa: S106 - a test's
        self.assertEqual(self.events[-1]["count"], 4)
        self.assertFalse(self.host.has_heard)

    def test_what_is_cut_or_damaged_counts_for_itself(self):
        frame = Advert(1, "secret", [ADDRESS], "198.51.100.3").frame(1, 0, 7)[34:]
        self.host.hear(frame[:20], "198.51.100.3")
        self.host.hear(frame[:-1] + b"\0", "198.51.100.3")
        self.assertEqual((self.host.counts["badLength"], self.host.counts["badChecksum"]), (1, 1))

    def test_without_a_link_it_is_out_and_that_is_said_once_each_way(self):
        self.be_master()
        self.node.cards["vtnet0"].is_up = False
        self.assertEqual([self.host.link(), self.host.link()], [True, False])
        self.assertEqual((self.host.state, self.host.deadline), (INIT, None))
        self.node.cards["vtnet0"].is_up = True
        self.assertEqual([self.host.link(), self.host.link()], [True, False])
        self.assertEqual(self.host.state, BACKUP)

    def test_counters_go_on_from_what_was_heard(self):
        self.hear(0)
        self.host.tick()
        self.assertEqual(self.host.counter, 8)


if __name__ == "__main__":
    unittest.main()
