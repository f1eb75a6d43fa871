import struct
import unittest

from filterlog import line

PREFIX = "1700000001,vtnet0,block,in"


def ip(protocol, payload, fragment=0x4000):
    head = struct.pack(
        "!BBHHHBBH4B4B", 0x45, 0, 20 + len(payload), 7, fragment, 64, protocol, 0, 10, 0, 0, 1, 10, 0, 0, 2
    )
    return head + payload


class Lines(unittest.TestCase):
    def test_of_tcp_say_ports_flags_and_sequence(self):
        tcp = struct.pack("!HHIIBBHHH", 40000, 443, 12, 0, 5 << 4, 0x02, 1024, 0, 0)
        self.assertEqual(
            line(PREFIX, ip(6, tcp)),
            ",,,1700000001,vtnet0,match,block,in,4,0x0,,64,7,0,DF,6,tcp,40,10.0.0.1,10.0.0.2,40000,443,0,S,12,,1024,,",
        )

    def test_of_udp_say_ports_and_length(self):
        self.assertTrue(line(PREFIX, ip(17, struct.pack("!HHHH", 53, 1053, 11, 0) + b"abc")).endswith(",53,1053,3"))

    def test_of_echoes_say_their_number(self):
        self.assertTrue(line(PREFIX, ip(1, struct.pack("!BBHHH", 8, 0, 0, 5, 6))).endswith(",request,5,6"))
        self.assertTrue(line(PREFIX, ip(1, struct.pack("!BBHHH", 3, 1, 0, 0, 0))).endswith(",type3,1"))

    def test_of_a_later_fragment_have_no_ports(self):
        self.assertTrue(line(PREFIX, ip(17, b"12345678", 3)).endswith(",24,none,17,udp,28,10.0.0.1,10.0.0.2"))

    def test_of_ipv6_and_of_what_is_no_packet(self):
        head = struct.pack("!IHBB", 0x60000000, 8, 17, 63) + bytes(15) + b"\1" + bytes(15) + b"\2"
        said = line(PREFIX, head + struct.pack("!HHHH", 1, 2, 8, 0))
        self.assertIn(",in,6,0x00,0x00000,63,udp,17,48,::1,::2,1,2,0", said)
        self.assertIsNone(line(PREFIX, b""))
        self.assertIsNone(line(PREFIX, b"\x45" + bytes(10)))

    def test_a_rejection_is_logged_as_a_block(self):
        self.assertIn(",match,block,", line("1,vtnet0,reject,in", ip(6, b"")))


if __name__ == "__main__":
    unittest.main()
