"""A trivial database by hand, and what breaks its chain of records."""

import os
import struct
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../../../templates/dc"))

from sound import DEAD, FREE, HEADER, HEADER_BYTES, RECORD, RECOVERY, USED, check, damage_of

BUCKETS = 3


def database(*records, recovery=0):
    header = HEADER.pack(b"TDB file\n".ljust(32, b"\0"), 0x2601196D, BUCKETS, 0, recovery, 0, 0, 0, 0)
    data = header.ljust(HEADER_BYTES, b"\0") + b"\0" * 4 * (BUCKETS + 1)
    for magic, body in records:
        data += RECORD.pack(0, len(body), 0, 0, 0, magic) + body
    return data


FIRST = HEADER_BYTES + 4 * (BUCKETS + 1)
WHOLE = database((USED, b"key and value" * 5), (FREE, b"\0" * 100), (DEAD, b"x" * 40), (USED, b"y" * 8))


class Sound(unittest.TestCase):
    def test_is_a_database_whose_records_reach_its_end(self):
        self.assertIsNone(damage_of(database()))
        self.assertIsNone(damage_of(WHOLE))

    def test_is_one_that_was_made_longer_and_not_written_yet(self):
        self.assertIsNone(damage_of(WHOLE + b"\0" * 4096))
        self.assertIsNone(damage_of(WHOLE + b"\x42" * 4096))

    def test_is_one_with_a_recovery_area_used_or_not(self):
        end = len(WHOLE)
        for magic in (RECOVERY, 0):
            data = database(recovery=end)[:FIRST] + WHOLE[FIRST:] + RECORD.pack(0, 64, 0, 0, 0, magic) + b"old data" * 8
            self.assertIsNone(damage_of(data))

    def test_is_none_that_was_written_over_or_cut(self):
        said = {
            "its beginning": (b"\x9c" * 4096 + WHOLE[4096:], "cut|begin"),
            "zeros in its header": (b"\0" * 64 + WHOLE[64:], "does not begin"),
            "a record in the middle": (WHOLE[: FIRST + 80] + b"\x9c" * 60 + WHOLE[FIRST + 140 :], "no record"),
            "half a header": (WHOLE[:100], "within its header"),
            "half a record": (WHOLE[:-4], "longer than it is"),
            "half of what says a record": (WHOLE + struct.pack("=II", 0, 8), "within a record"),
            "nothing": (b"", "within its header"),
        }
        for what, (data, words) in said.items():
            with self.subTest(what):
                self.assertRegex(str(damage_of(data)), words)

    def test_a_folder_that_lacks_a_part_of_the_directory_is_named(self):
        self.assertEqual(check("/nonexistent"), "a part of sam.ldb.d is gone")


if __name__ == "__main__":
    unittest.main()
