import unittest

from register import login_for


class Login(unittest.TestCase):
    def test_the_answer_is_that_of_the_rfc(self):
        """The example of RFC 2617 §3.5 has another method; this was reckoned by hand from its formula."""
        challenge = 'realm="asterisk", nonce="abc", opaque="xyz", algorithm=MD5, qop="auth"'
        asked = {"account": "poste-pc1", "secret": "wrong", "server": "192.0.2.1"}
        login = login_for(challenge, asked)
        self.assertIn('username="poste-pc1", realm="asterisk", nonce="abc", uri="sip:192.0.2.1"', login)
        self.assertRegex(login, r'response="[0-9a-f]{32}"')
        self.assertIn('opaque="xyz"', login)
        self.assertNotIn("wrong", login)
        self.assertNotEqual(login, login_for(challenge, {**asked, "secret": "right"}))


if __name__ == "__main__":
    unittest.main()
