import plistlib
import unittest

import configured
import names


class Names(unittest.TestCase):
    def test_of_an_answer_the_first_address_counts_whatever_stands_before_it(self):
        question = names.question_of("webmail.cod.test", b"\1\2")
        alias = b"\xc0\x0c" + b"\0\5\0\1" + b"\0\0\0\1" + b"\0\2" + b"\xc0\x14"
        address = b"\4mail\xc0\x14" + b"\0\1\0\1" + b"\0\0\0\1" + b"\0\4" + bytes([10, 20, 20, 14])
        self.assertEqual(names.address_in(question[:6] + b"\0\2" + question[8:] + alias + address), "10.20.20.14")

    def test_an_answer_without_an_address_has_none(self):
        self.assertIsNone(names.address_in(names.question_of("webmail.cod.test", b"\1\2")))


class Told(unittest.TestCase):
    def test_thunderbird_reads_servers_and_puts_the_address_in(self):
        text = """<clientConfig><emailProvider id="x"><incomingServer type="imap"><hostname>mail.cod.test</hostname>
            <port>993</port><socketType>SSL</socketType><username>%EMAILADDRESS%</username></incomingServer>
            </emailProvider></clientConfig>"""
        self.assertEqual(
            configured.read_by_thunderbird(text, "a@cod.test"),
            [{"kind": "imap", "server": "mail.cod.test", "port": 993, "tls": "SSL", "login": "a@cod.test"}],
        )

    def test_outlook_reads_its_own_schema_and_a_refusal_is_none(self):
        space = configured.OUTLOOK % ("response", "a")
        text = """<Autodiscover><Response xmlns="%s"><Account><Action>settings</Action><Protocol><Type>IMAP</Type>
            <Server>mail.cod.test</Server><Port>993</Port><LoginName>a@cod.test</LoginName><SSL>%s</SSL></Protocol>
            </Account></Response></Autodiscover>"""
        read = configured.read_by_outlook(text % (space, "on"))
        self.assertEqual([(one["kind"], one["port"], one["tls"]) for one in read], [("imap", 993, "SSL")])
        self.assertEqual(configured.read_by_outlook(text % (space, "off"))[0]["tls"], "none")
        with self.assertRaises(ValueError):
            configured.read_by_outlook("<Autodiscover><Response><Error/></Response></Autodiscover>")

    def test_a_profile_of_apples_has_no_password(self):
        account = {"PayloadType": "com.apple.mail.managed", "OutgoingPasswordSameAsIncomingPassword": True}
        for side, port in (("Incoming", 993), ("Outgoing", 465)):
            account[side + "MailServerHostName"] = "mail.cod.test"
            account[side + "MailServerPortNumber"] = port
            account[side + "MailServerUseSSL"] = True
            account[side + "MailServerUsername"] = "a@cod.test"

        def written(account):
            return plistlib.dumps({"PayloadContent": [account]}).decode()

        read = configured.read_by_apple(written(account))
        self.assertEqual([(one["kind"], one["port"], one["login"]) for one in read][1], ("smtp", 465, "a@cod.test"))
        with self.assertRaises(ValueError):
            configured.read_by_apple(written({**account, "IncomingPassword": "x"}))


if __name__ == "__main__":
    unittest.main()
