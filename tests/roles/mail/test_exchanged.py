import unittest
from unittest import mock

import exchanged

ASKED = {"person": {"login": "l", "password": "p", "address": "l@test"}, "seconds": 0.3}


class Server:
    """Mail that delivers what is sent, or does not."""

    def __init__(self, delivers=True):
        self.delivers, self.box, self.gone, self.flagged = delivers, {}, [], set()

    def outgoing(self, _asked):
        server = mock.MagicMock()
        inside = server.secured.return_value.__enter__.return_value
        inside.send_message.side_effect = self.take
        return server

    def take(self, message):
        self.sent = message
        if self.delivers:
            self.box[str(len(self.box) + 1)] = message[exchanged.HEADER]

    def imap(self, _asked):
        box = mock.MagicMock()
        box.uid.side_effect = self.uid
        box.expunge.side_effect = lambda: [self.box.pop(uid) for uid in self.flagged]
        return box

    def uid(self, verb, *what):
        if verb == "SEARCH":
            token = what[-1].strip('"')
            return "OK", [" ".join(uid for uid, one in self.box.items() if token in one).encode()]
        self.flagged.add(what[0].decode())
        return "OK", [None]


class Exchanged(unittest.TestCase):
    def exchange(self, server):
        with mock.patch.multiple(exchanged, Outgoing=server.outgoing, Box=server.imap):
            return exchanged.exchange(ASKED)

    def test_a_letter_is_read_and_taken_away_with_what_was_left_before(self):
        server = Server()
        server.box["9"] = "of a run before"
        self.assertLess(self.exchange(server), 1)
        self.assertEqual(server.box, {})
        self.assertEqual((server.sent["From"], server.sent["To"]), ("l@test", "l@test"))

    def test_one_that_does_not_come_is_said(self):
        with self.assertRaisesRegex(TimeoutError, "not in the box"):
            self.exchange(Server(delivers=False))


if __name__ == "__main__":
    unittest.main()
