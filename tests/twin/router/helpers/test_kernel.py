import unittest

from kernel import batch
from netlink import NLA_F_NESTED, attribute, attributes, messages

MAC = bytes.fromhex("00005e000101")


class Batches(unittest.TestCase):
    def test_hold_every_change_between_begin_and_end(self):
        found = list(messages(batch([(True, "vtnet0", MAC), (False, "vtnet1", MAC)])))
        self.assertEqual([(kind, sequence) for kind, sequence, _ in found], [(16, 0), (2572, 1), (2574, 2), (17, 0)])

    def test_name_table_set_and_address(self):
        _, (_, _, body), _ = messages(batch([(True, "vtnet0", MAC)]))
        parts = dict(attributes(body[4:]))
        self.assertEqual((parts[1], parts[2]), (b"maquette_carp\0", b"vtnet0\0"))
        self.assertIn(attribute(1, MAC), parts[3])


class Attributes(unittest.TestCase):
    def test_are_filled_up_to_four_bytes_and_read_without(self):
        data = attribute(2, b"abcde") + attribute(3 | NLA_F_NESTED, b"")
        self.assertEqual(len(data), 16)
        self.assertEqual(list(attributes(data)), [(2, b"abcde"), (3, b"")])

    def test_what_is_cut_ends_them(self):
        self.assertEqual(list(attributes(b"\0\0\0\0")), [])
        self.assertEqual(list(messages(b"\0" * 16)), [])


if __name__ == "__main__":
    unittest.main()
