"""What is told of a call, by when its packets passed; and what the kernel is asked for."""

import struct
import threading
import unittest

from wire import Wire, filter_of, longest_gap

MS = 1000


def heard(*packets):
    """A wire without a socket, which has seen `(port of ours, came in, at in ms)`."""
    wire = Wire.__new__(Wire)
    wire.lo, wire.hi, wire.times, wire.lock = 21000, 21038, {}, threading.Lock()
    for port, is_in, at in packets:
        wire.take(packet(*((4000, port) if is_in else (port, 4000))), not is_in, at * MS)
    return wire


def packet(source, destination, kind=9, version=2):
    head = bytes([0x45, *[0] * 8, 17, *[0] * 10])
    return head + struct.pack("!HHHH", source, destination, 0, 0) + bytes([version << 6, kind, 0, 0])


class WireTest(unittest.TestCase):
    def test_longest_gap_counts_both_ends(self):
        self.assertEqual(longest_gap([], 0, 5000 * MS), 5000)
        self.assertEqual(longest_gap([4000 * MS, 4020 * MS], 0, 4100 * MS), 4000)
        self.assertEqual(longest_gap([20 * MS, 40 * MS], 0, 9000 * MS), 8960)

    def test_call_is_told_by_direction(self):
        wire = heard(*((21000, True, n * 20) for n in range(100)), *((21000, False, n * 40) for n in range(50)))
        said = wire.call(0, 2000 * MS, [])
        self.assertEqual(said, {"in": {"packets": 100, "gapMs": 20}, "out": {"packets": 50, "gapMs": 40}})

    def test_two_calls_at_once_have_a_port_each(self):
        wire = heard(*((21000, True, n * 20) for n in range(100)), *((21002, True, n * 40) for n in range(50)))
        taken = []
        first, second = (wire.call(0, 2000 * MS, taken)["in"]["packets"] for _ in range(2))
        self.assertEqual((first, second), (100, 50))
        self.assertEqual(wire.call(0, 2000 * MS, taken)["in"]["packets"], 0)

    def test_what_is_no_voice_is_not_taken(self):
        wire = heard()
        wire.take(packet(4000, 21000, kind=200), False, 1)
        wire.take(packet(4000, 21000, version=0), False, 1)
        wire.take(packet(4000, 5000), False, 1)
        wire.take(b"\x60" + bytes(60), False, 1)
        self.assertEqual(wire.times, {})

    def test_filter_jumps_stay_within_it(self):
        lines = filter_of(21000, 21038)
        for at, (code, yes, no, _) in enumerate(lines):
            if code & 7 == 5:
                self.assertLess(max(at + 1 + yes, at + 1 + no), len(lines))
        self.assertEqual([code for code, *_ in lines[-2:]], [6, 6])


if __name__ == "__main__":
    unittest.main()
