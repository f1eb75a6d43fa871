import unittest

from ask_domain import as_req, error_in, integer, quoted, srv_question, tlv


class Messages(unittest.TestCase):
    def test_lengths_are_written_as_der_has_them(self):
        self.assertEqual(tlv(0x30, bytes(127))[:2], b"\x30\x7f")
        self.assertEqual(tlv(0x30, bytes(128))[:3], b"\x30\x81\x80")
        self.assertEqual(tlv(0x30, bytes(256))[:4], b"\x30\x82\x01\x00")

    def test_integers_are_never_negative(self):
        self.assertEqual((integer(0), integer(127), integer(128)), (b"\2\1\0", b"\2\1\x7f", b"\2\2\0\x80"))

    def test_an_as_req_is_one_value_that_names_account_and_realm(self):
        message = as_req("COD.TEST", "svc-accept", 12345)
        self.assertEqual(message[:2], b"\x6a\x81")
        self.assertEqual(message[2], len(message) - 3)
        for part in (b"svc-accept", b"krbtgt", b"COD.TEST", b"\xa7\x04\x02\x02\x30\x39"):
            self.assertIn(part, message)

    def test_a_demand_for_a_proof_is_told_from_anything_else(self):
        head, code = b"\0\0\0\x20\x7e\x1e\x30\x1c", b"\xa6\x03\x02\x01"
        self.assertEqual(error_in(head + code + b"\x19"), 25)
        self.assertEqual(error_in(head + code + b"\x06"), 6)
        self.assertIsNone(error_in(b"\0\0\0\x20\x6b" + code + b"\x19"))
        self.assertIsNone(error_in(b""))

    def test_the_domains_controllers_are_asked_for_by_srv(self):
        asked = srv_question(b"ab", "cod.test")
        self.assertEqual(asked[:2], b"ab")
        self.assertTrue(asked.endswith(b"\x05_ldap\x04_tcp\x03cod\x04test\0\0\x21\0\1"))

    def test_curl_reads_what_was_quoted(self):
        self.assertEqual(quoted('a"b\\c'), '"a\\"b\\\\c"')


if __name__ == "__main__":
    unittest.main()
