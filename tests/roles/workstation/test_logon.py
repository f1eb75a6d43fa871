import os
import tempfile
import unittest
from unittest import mock

import logon

# As login(1): asks for a password at its terminal, hangs up where told so, says what became of it.
LOGIN = """#!/usr/bin/env python3
import getpass, os, sys, time
password = getpass.getpass("Password: ")
if password == "refused":
    print("\\r\\nLogin incorrect")
    input("pc1 login: ")
elif password == "stranger":
    print("\\r\\nPermission denied")
elif password == "silent":
    time.sleep(30)
else:
    os.chdir(os.environ["HOME_FOR_TEST"])
    os.execvp("sh", ["sh", "-i"])
"""


class Attempts(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.home = os.path.join(folder.name, "home")
        os.mkdir(self.home, 0o700)
        program = os.path.join(folder.name, "login")
        with open(os.open(program, os.O_WRONLY | os.O_CREAT, 0o755), "w") as file:
            file.write(LOGIN)
        # Debian's root has a prompt that ends in "# " and everybody else's ends in "$ ".
        environment = {"HOME_FOR_TEST": self.home, "PS1": "$ ", "PATH": os.environ["PATH"]}
        started = mock.patch("os.execve", lambda _, argv, __: os.execve_(program, argv, environment))
        os.execve_ = os.execve
        self.addCleanup(delattr, os, "execve_")
        started.start()
        self.addCleanup(started.stop)

    def test_who_is_in_says_where_and_with_which_rights(self):
        found = logon.attempt("claire", "right", 10)
        self.assertEqual((found["result"], found["home"], found["mode"]), ("in", os.path.realpath(self.home), "700"))
        self.assertEqual(found["uid"], str(os.getuid()))

    def test_a_wrong_password_is_told_from_a_right_that_is_lacking(self):
        self.assertEqual(logon.attempt("claire", "refused", 10)["result"], "wrong")
        self.assertEqual(logon.attempt("claire", "stranger", 10)["result"], "no right")

    def test_silence_is_no_answer_and_nothing_remains_of_it(self):
        found = logon.attempt("claire", "silent", 1)
        self.assertEqual(found["result"], "nothing")
        self.assertNotIn("silent", found["said"])
        with self.assertRaises(ChildProcessError):
            os.waitpid(-1, os.WNOHANG)


if __name__ == "__main__":
    unittest.main()
