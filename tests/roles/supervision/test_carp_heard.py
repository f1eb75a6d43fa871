import socket
import struct
import unittest

from carp_heard import BOTH, NOBODY, PRIMARY, SECONDARY, USURPED, advertiser, judged

ASKED = {"own": "10.0.0.9", "vhid": 20, "primary": "10.0.0.2", "secondary": "10.0.0.3"}


def packet(source="10.0.0.2", protocol=112, to="224.0.0.18", advert=0x21, vhid=20):
    head = struct.pack("!BBHHHBBH", 0x45, 0, 56, 0, 0, 255, protocol, 0)
    return head + socket.inet_aton(source) + socket.inet_aton(to) + bytes([advert, vhid]) + bytes(34)


class Adverts(unittest.TestCase):
    def test_are_their_sender_s(self):
        self.assertEqual(advertiser(packet(), 20), "10.0.0.2")

    def test_of_other_hosts_protocols_and_groups_are_none(self):
        for other in (packet(vhid=21), packet(protocol=17), packet(to="224.0.0.1"), packet(advert=0x31), b"", b"\x45"):
            self.assertIsNone(advertiser(other, 20))


class Leaders(unittest.TestCase):
    def judge(self, *heard, there=False):
        return judged(set(heard), ASKED, lambda: there)

    def test_are_told_by_whose_adverts_came(self):
        self.assertEqual(self.judge(), NOBODY)
        self.assertEqual(self.judge(None, "10.0.0.2"), PRIMARY)
        self.assertEqual(self.judge("10.0.0.2", "10.0.0.3"), BOTH)

    def test_that_are_second_are_so_by_right_while_the_first_is_away(self):
        self.assertEqual(self.judge("10.0.0.3", there=False), SECONDARY)
        self.assertEqual(self.judge("10.0.0.3", there=True), USURPED)


if __name__ == "__main__":
    unittest.main()
