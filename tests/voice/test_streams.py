"""What a stream tells of itself."""

import unittest

from streams import MS, Stream


def stream(*packets):
    """Of `(number, delay in ms)`, sent every 20 ms."""
    s = Stream()
    for number, delay in packets:
        sent = number * 20 * MS
        s.take(number, sent, sent + int(delay * MS))
    return s


class StreamTest(unittest.TestCase):
    def test_none_came(self):
        told = Stream().told(80 * MS)
        self.assertEqual(told["received"], 0)
        self.assertIsNone(told["delayMs"])
        self.assertIsNone(told["jitterMs"])

    def test_same_delay_is_no_jitter(self):
        told = stream(*((n, 30) for n in range(50))).told(80 * MS)
        self.assertEqual((told["received"], told["late"], told["jitterMs"]), (50, 0, 0))
        self.assertEqual(told["delayMs"], {"least": 30, "mean": 30, "most": 30})

    def test_jitter_is_a_sixteenth_of_each_difference(self):
        """RFC 3550 section 6.4.1: J = J + (|D| - J) / 16."""
        told = stream((0, 10), (1, 26)).told(80 * MS)
        self.assertAlmostEqual(told["jitterMs"], 1.0)
        told = stream((0, 10), (1, 26), (2, 26)).told(80 * MS)
        self.assertAlmostEqual(told["jitterMs"], 1.0 - 1.0 / 16)
        self.assertAlmostEqual(told["jitterMostMs"], 1.0)

    def test_too_late_to_be_played(self):
        told = stream((0, 10), (1, 89.9), (2, 90.1)).told(80 * MS)
        self.assertEqual(told["late"], 1)

    def test_twice_is_one(self):
        told = stream((0, 10), (1, 10), (1, 12)).told(80 * MS)
        self.assertEqual((told["received"], told["duplicates"]), (2, 1))


if __name__ == "__main__":
    unittest.main()
