import hmac
import struct
import unittest

from carp import HEADER, Advert, advert_in, arp, hmac_sha1, request_in
from checksum import checksum

COUNTER = 0x0102030405060708


def an_advert(password="secret", addresses=("198.51.100.4", "192.0.2.9")):  # noqa: S107 - a test's
    return Advert(1, password, addresses, "198.51.100.2")


class Adverts(unittest.TestCase):
    def test_are_read_again_whole_and_from_who_sent_them(self):
        source, carp = advert_in(an_advert().frame(1, 100, COUNTER))
        self.assertEqual(source, "198.51.100.2")
        self.assertEqual(checksum(carp), 0)
        first, vhid, skew, length, _, base, _, high, low, _ = HEADER.unpack(carp)
        self.assertEqual((first, vhid, skew, length, base), (0x21, 1, 100, 7, 1))
        self.assertEqual(high << 32 | low, COUNTER)

    def test_are_signed_over_version_type_vhid_sorted_addresses_and_counter(self):
        signed = bytes([2, 1, 1, 192, 0, 2, 9, 198, 51, 100, 4]) + struct.pack("!Q", COUNTER)
        self.assertEqual(an_advert().digest(COUNTER), hmac.new(b"secret", signed, "sha1").digest())

    def test_of_another_order_of_addresses_are_the_same(self):
        turned = an_advert(addresses=("192.0.2.9", "198.51.100.4"))
        self.assertEqual(turned.digest(COUNTER), an_advert().digest(COUNTER))

    def test_count_nineteen_characters_of_a_password(self):
        self.assertEqual(an_advert("p" * 19).digest(1), an_advert("p" * 30).digest(1))
        self.assertNotEqual(an_advert("p" * 18).digest(1), an_advert("p" * 19).digest(1))

    def test_leave_by_the_virtual_mac_to_the_group_with_ttl_255(self):
        frame = an_advert().frame(1, 0, COUNTER)
        self.assertEqual(frame[:14].hex(":"), "01:00:5e:00:00:12:00:00:5e:00:01:01:08:00")
        self.assertEqual((frame[22], frame[23]), (255, 112))
        self.assertEqual(checksum(frame[14:34]), 0)

    def test_that_are_none_are_none(self):
        frame = bytearray(an_advert().frame(1, 0, COUNTER))
        self.assertIsNone(advert_in(b""))
        self.assertIsNone(advert_in(bytes(frame[:30])))
        for at, byte in ((23, 6), (33, 19)):
            other = bytearray(frame)
            other[at] = byte
            self.assertIsNone(advert_in(bytes(other)))

    def test_that_are_cut_come_as_they_are(self):
        _, carp = advert_in(an_advert().frame(1, 0, COUNTER)[:50])
        self.assertEqual(len(carp), 16)


class Arp(unittest.TestCase):
    def test_is_announced_for_each_address(self):
        first, second = an_advert().announcements()
        self.assertEqual(first[:6], b"\xff" * 6)
        self.assertEqual((first[28:32], second[28:32]), (bytes([192, 0, 2, 9]), bytes([198, 51, 100, 4])))
        self.assertEqual(first[28:32], first[38:42])

    def test_is_answered_to_who_asked(self):
        sender, asked = bytes(range(10)), bytes([192, 0, 2, 9])
        frame = arp(b"\xff" * 6, sender[:6], 1, sender + b"\0" * 6 + asked)
        self.assertEqual(request_in(frame), (sender, asked))
        reply = an_advert().reply(sender, asked)
        self.assertEqual(reply[:6], sender[:6])
        self.assertEqual(reply[20:22], b"\0\2")
        self.assertEqual(reply[22:42], an_advert().mac + asked + sender)
        self.assertIsNone(request_in(reply))
        self.assertIsNone(request_in(frame[:41]))


class Digests(unittest.TestCase):
    def test_are_those_of_rfc_2202(self):
        self.assertEqual(hmac_sha1(b"\x0b" * 20, b"Hi There").hex(), "b617318655057264e28bc0b6fb378c8ef146be00")

    def test_sums_are_those_of_rfc_1071(self):
        self.assertEqual(checksum(bytes.fromhex("0001f203f4f5f6f7")), 0x220D)
        self.assertEqual(checksum(b"\1"), checksum(b"\1\0"))


if __name__ == "__main__":
    unittest.main()
