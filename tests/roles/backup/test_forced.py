import subprocess
import unittest
from unittest import mock

import forced

ASKED = {"ssh": "/config", "user": "keeper", "address": "192.0.2.1"}


class How(unittest.TestCase):
    def how(self, code, stdout="", stderr=""):
        done = subprocess.CompletedProcess([], code, stdout, stderr)
        with mock.patch.object(forced.subprocess, "run", return_value=done):
            return forced.how(ASKED, ["id"])

    def test_refused_is_the_programs_own_word_and_nothing_beside_it(self):
        self.assertEqual(self.how(64, "", "refused: this key\n"), "refused")
        self.assertEqual(self.how(64, "uid=0", "refused: this key\n"), "refused: this key")
        self.assertEqual(self.how(0, "uid=0"), "answered")
        self.assertEqual(self.how(255, "", "Permission denied (publickey)."), "Permission denied (publickey).")
        self.assertEqual(self.how(3), "exit 3")


if __name__ == "__main__":
    unittest.main()
