import os
import tempfile
import threading
import time
import unittest
from unittest import mock

from end_capture import is_read_to_its_end, until_still
from pace import paced
from send_frames import answered, question
from who_answers import work as who_answers

OWN, OTHER = bytes.fromhex("020000000001"), bytes.fromhex("020000000002")
SENDER, NEIGHBOUR = bytes([10, 0, 0, 2]), bytes([10, 0, 0, 1])


def reply(mac, address, operation=2):
    return OWN + mac + b"\x08\x06" + b"\0\1\x08\0\6\4" + bytes([0, operation]) + mac + address + OWN + SENDER


class Neighbours(unittest.TestCase):
    def test_are_asked_for_by_arp(self):
        frame = question(OWN, SENDER, NEIGHBOUR)
        self.assertEqual(len(frame), 42)
        self.assertEqual(
            (frame[12:14], frame[20:22], frame[28:32], frame[38:42]), (b"\x08\x06", b"\0\1", SENDER, NEIGHBOUR)
        )

    def test_only_the_neighbours_own_reply_counts(self):
        self.assertEqual(answered(reply(OTHER, NEIGHBOUR), NEIGHBOUR), OTHER)
        self.assertIsNone(answered(reply(OTHER, SENDER), NEIGHBOUR))
        self.assertIsNone(answered(reply(OTHER, NEIGHBOUR, 1), NEIGHBOUR))
        self.assertIsNone(answered(b"", NEIGHBOUR))


class Presence(unittest.TestCase):
    def test_nobody_is_there_behind_a_card_that_is_not(self):
        asked = [{"device": "none", "address": "10.0.0.1"}]
        self.assertEqual(who_answers({"asked": asked, "deadline": 5}), {"answered": []})


class Pace(unittest.TestCase):
    def test_is_kept(self):
        begun = time.monotonic()
        self.assertEqual(list(paced([1, 2, 3], 20, begun + 60)), [1, 2, 3])
        self.assertGreaterEqual(time.monotonic() - begun, 0.1)

    def test_what_would_come_after_the_deadline_does_not_come(self):
        self.now = 5.0
        with mock.patch("pace.time", monotonic=lambda: self.now, sleep=self.pass_by):
            self.assertEqual(list(paced(range(100), 10, 5.25)), [0, 1, 2])
            self.assertEqual(list(paced([1], 10, 5.0)), [])

    def pass_by(self, seconds):
        self.now += seconds


class Captures(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = os.path.join(folder.name, "file")

    def test_end_once_every_mark_is_held_and_nothing_of_ours_comes_any_more(self):
        def write():
            with open(self.path, "wb", buffering=0) as file:
                file.write(b"mqw1 a ")
                time.sleep(0.1)
                file.write(b"mqw1 b ")

        writer = threading.Thread(target=write)
        writer.start()
        self.assertEqual(until_still(self.path, [b" a ", b" b "], time.monotonic() + 20, 0.1), b"mqw1 a mqw1 b ")
        writer.join()

    def test_are_read_to_their_end_once_they_hold_what_was_sent_last(self):
        own = b"sixteen bytes of"
        with mock.patch("end_capture.os.urandom", lambda _: own):
            self.assertFalse(is_read_to_its_end(self.path, time.monotonic() + 0.1))
            with open(self.path, "wb") as file:
                file.write(b"before" + own)
            self.assertTrue(is_read_to_its_end(self.path, time.monotonic() + 60))

    def test_end_at_their_deadline_whatever_is_missing(self):
        self.assertEqual(until_still(self.path, [b"a"], time.monotonic() + 0.1, 0.0), b"")


if __name__ == "__main__":
    unittest.main()
