import sys
import types
import unittest

# Of libmilter's own module what the program names; a letter is judged without it.
milter = types.ModuleType("Milter")
milter.Base, milter.CONTINUE, milter.REJECT = object, "continue", "reject"
sys.modules["Milter"] = milter

import own_name  # noqa: E402 - after what stands in for libmilter


class Letters(unittest.TestCase):
    def judged(self, sender, *headers):
        own, replies = own_name.Own(), []
        own.setreply = lambda *words: replies.append(words)
        own.envfrom(sender)
        for name, value in headers:
            own.header(name, value)
        return own.eoh() == "continue", replies

    def test_in_the_own_name_pass_however_it_is_written(self):
        for line in ("a@cod.test", "<A@COD.TEST>", '"Claire, préfète" <a@cod.test>', "=?utf-8?q?=C3=A9?= <a@cod.test>"):
            self.assertEqual(self.judged("<a@cod.test>", ("From", line)), (True, []), line)
        self.assertTrue(self.judged("<A@cod.test>", ("to", "b@cod.test"), ("from", "a@cod.test"))[0])

    def test_in_anothers_name_or_in_nobodys_are_refused(self):
        for headers in (
            [("From", "b@cod.test")],
            [("From", "a@cod.test <b@cod.test>")],
            [("From", "a@cod.test, b@cod.test")],
            [("From", "a@cod.test"), ("FROM", "b@cod.test")],
            [("From", "a@cod.test"), ("Sender", "b@cod.test")],
            [("From", "nobody in particular")],
            [("To", "b@cod.test")],
        ):
            self.assertEqual(
                self.judged("<a@cod.test>", *headers),
                (False, [("550", "5.7.1", "From: must be the own address")]),
                headers,
            )

    def test_of_one_connection_are_judged_each_by_itself(self):
        own = own_name.Own()
        own.setreply = lambda *_: None
        own.envfrom("<a@cod.test>")
        own.header("From", "b@cod.test")
        self.assertEqual(own.eoh(), "reject")
        own.envfrom("<b@cod.test>")
        own.header("From", "b@cod.test")
        self.assertEqual(own.eoh(), "continue")


if __name__ == "__main__":
    unittest.main()
