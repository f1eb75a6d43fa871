import copy
import email
import email.policy
import unittest

import letter
import post
import words


def sent():
    return letter.letter({"sender": {"address": "a@cod.test"}, "to": "b@cod.test"}, "0123")


def by_the_way(message):
    """As a server hands it over: bytes, with the network's line ends."""
    return email.message_from_bytes(message.as_bytes(policy=email.policy.SMTP), policy=email.policy.default)


class Letter(unittest.TestCase):
    def test_that_came_as_it_was_sent_differs_in_nothing(self):
        message = sent()
        self.assertEqual(letter.differences(message, by_the_way(message)), [])
        self.assertIn("é", message["Subject"] + letter.TEXT)
        self.assertEqual(letter.attached(by_the_way(message))[0][0], letter.FILE)

    def test_with_another_subject_text_or_attachment_is_told(self):
        message = sent()
        other = copy.deepcopy(message)
        other.replace_header("Subject", "Recette")
        self.assertEqual(letter.differences(message, by_the_way(other)), ["the subject is 'Recette'"])
        self.assertEqual(letter.differences(message, by_the_way(sent())), ["the attachment is another"])
        bare = copy.deepcopy(message)
        bare.clear_content()
        bare.set_content("Autre chose\n")
        self.assertEqual(
            letter.differences(message, by_the_way(bare)), ["the text is another", "the attachment is another"]
        )


class Answers(unittest.TestCase):
    def test_of_a_server_are_one_line(self):
        import smtplib

        error = smtplib.SMTPAuthenticationError(535, b"5.7.8 Error:\nauthentication failed")
        self.assertEqual(words.last_words(error), "5.7.8 Error: authentication failed")
        self.assertEqual(words.last_words(TimeoutError("timed out")), "timed out")

    def test_hold_the_letter_wherever_it_stands_among_what_others_did(self):
        class Box:
            def uid(self, *_):
                return "OK", [b"4 (UID 7 FLAGS (\\Deleted))", (b"3 (UID 6 RFC822 {3}", b"abc"), b")"]

        self.assertEqual(post.whole(Box(), b"6"), b"abc")


if __name__ == "__main__":
    unittest.main()
