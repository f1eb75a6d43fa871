import json
import unittest

import webmail


def row(uid, subject):
    return 'this.add_message_row(%d,%s,{"seen":1},false);\n' % (uid, json.dumps({"subject": subject, "size": "1 Ko"}))


class Pages(unittest.TestCase):
    def test_a_form_sends_along_what_it_hides_and_nothing_else(self):
        text = """<input type="hidden" name="_token" value="a&amp;b"><input name="_user" type="text" value="x">
            <input value="login" name="_task" type="hidden">"""
        self.assertEqual(webmail.hidden(text), {"_token": "a&b", "_task": "login"})

    def test_subjects_are_read_as_they_are_shown(self):
        orders = "this.set_env({});\n" + row(7, "<span>L'&#339;uvre d&#039;été</span>") + row(5, "Recette")
        self.assertEqual(webmail.rows_in(orders), [("7", "L'œuvre d'été"), ("5", "Recette")])

    def test_only_what_this_seat_sent_is_taken_away(self):
        rows = [("9", "Recette, pc1 12"), ("8", "Recette, pc2 12"), ("7", "Bonjour"), ("6", "Recette, pc1 3")]
        self.assertEqual(webmail.of_ours(rows, {"subject": "Recette, pc1"}), ["9", "6"])


if __name__ == "__main__":
    unittest.main()
