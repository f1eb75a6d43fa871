import socket
import unittest

from foundations import archive, names, wrong


class Foundations(unittest.TestCase):
    def test_what_is_not_so_is_said_and_the_rest_is_asked_all_the_same(self):
        def no():
            raise OSError("refused")

        asked = []
        self.assertEqual(wrong([("names", no), ("time", lambda: asked.append(1))]), ["names: refused"])
        self.assertEqual(asked, [1])

    def test_a_name_that_nobody_has_is_an_error_of_the_system(self):
        with self.assertRaises(OSError):
            names("no-such-host.invalid")
        names("localhost")

    def test_no_archive_is_nothing_to_ask(self):
        archive(None)

    def test_where_nobody_answers_on_either_port_the_way_counts_by_the_refusal(self):
        # Loopback answers with a reset.
        with socket.socket() as s:
            s.bind(("127.66.0.9", 0))
            archive("127.66.0.9")


if __name__ == "__main__":
    unittest.main()
