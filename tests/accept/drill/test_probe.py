import socket
import tempfile
import time
import unittest

from probe import Asker


class Probes(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.server = socket.create_server(("127.0.0.1", 0), backlog=0)

    def tearDown(self):
        self.server.close()
        self.folder.cleanup()

    def asker(self, address):
        paths = [{"address": address[0], "port": address[1]}]
        asker = Asker({"folder": self.folder.name, "every": 10, "timeout": 60_000, "paths": paths})
        self.addCleanup(asker.close)
        return asker

    def give_up(self, asker):
        asker.timeout = -1
        asker.give_up()

    def noted(self, asker):
        """`-` of a probe that nobody answered, `+` of one that was."""
        asker.log.flush()
        with open(self.folder.name + "/log") as f:
            lines = [line.split() for line in f]
        for _, _, sent, left, answered in lines:
            self.assertLessEqual(int(sent), int(left))
            self.assertTrue(answered == "-" or int(answered) >= int(left))
        return ["-" if line[4] == "-" else "+" for line in lines]

    def fill(self):
        """Nobody accepts: the kernel lets one wait, and hears no SYN beyond it."""
        self.addCleanup(socket.create_connection(self.server.getsockname()).close)

    def test_an_answer_that_came_while_the_prober_was_held_up_is_one(self):
        asker = self.asker(self.server.getsockname())
        asker.probe(0)
        self.give_up(asker)
        self.assertEqual((self.noted(asker), len(asker.probes)), (["+"], 0))

    def test_a_reset_is_an_answer(self):
        with socket.create_server(("127.0.0.1", 0)) as gone:
            address = gone.getsockname()
        asker = self.asker(address)
        asker.probe(0)
        self.give_up(asker)
        self.assertEqual(self.noted(asker), ["+"])

    def test_nobody_answers(self):
        self.fill()
        asker = self.asker(self.server.getsockname())
        asker.probe(0)
        asker.give_up()
        self.assertEqual(self.noted(asker), [])
        self.give_up(asker)
        self.assertEqual(self.noted(asker), ["-"])

    def test_no_route_is_no_answer(self):
        # Nobody opens a connection to everybody.
        asker = self.asker(("255.255.255.255", 9))
        asker.probe(0)
        self.assertEqual(self.noted(asker), ["-"])

    def test_which_of_two_syns_was_answered_is_not_known(self):
        self.fill()
        asker = self.asker(self.server.getsockname())
        asker.probe(0)
        # The kernel sends it again after a second.
        self.server.accept()[0].close()
        deadline = time.monotonic() + 60
        while asker.probes and time.monotonic() < deadline:
            asker.hear_until(time.monotonic() + 0.05)
        self.assertEqual((self.noted(asker), len(asker.probes)), ([], 0))


if __name__ == "__main__":
    unittest.main()
