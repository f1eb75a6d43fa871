import io
import os
import stat
import tempfile
import unittest
from unittest import mock

import machine

# As MIT's tool: asks for a password at its terminal, and writes what it was told.
KTUTIL = """#!/usr/bin/env python3
import getpass, sys
said = []
while True:
    words = input("ktutil:  ").split()
    if words[0] == "addent":
        said.append(" ".join(words[1:]) + " " + getpass.getpass("Password for %s: " % words[3]))
    elif words[0] == "wkt":
        with open(words[1], "w") as file:
            file.write("\\n".join(said))
    else:
        sys.exit(0)
"""
KINIT = """#!/bin/sh
# A key alone is asked for with -k; a password comes by standard input.
[ "$1" = -k ] || read -r password
[ "$1" = -k ] || [ "$password" = right ] || { echo "kinit: Password incorrect while asking" >&2; exit 1; }
"""
KVNO = """#!/bin/sh
[ "$1" = -q ] || echo "$1: kvno = 7"
"""


class Joining(unittest.TestCase):
    """With programs in the place of Kerberos' own."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.keytab = os.path.join(folder.name, "krb5.keytab")
        for name, text in {"ktutil": KTUTIL, "kinit": KINIT, "kvno": KVNO}.items():
            path = os.path.join(folder.name, name)
            with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o755), "w") as file:
                file.write(text)
        path = folder.name + ":" + os.environ["PATH"]
        for patch in (
            mock.patch.dict(os.environ, PATH=path),
            mock.patch.object(machine, "KEYTAB", self.keytab),
            mock.patch.object(machine, "PATIENCE_SECONDS", 0),
        ):
            patch.start()
            self.addCleanup(patch.stop)

    def run_with(self, verb, password=""):
        with mock.patch("sys.stdin", io.StringIO(password)):
            machine.main([verb, "COD.TEST", "PC1$", "pc1.cod.test"])

    def test_writes_both_names_under_the_domain_s_number_of_the_password(self):
        self.run_with("join", "right")
        with open(self.keytab) as file:
            lines = file.read().split("\n")
        for line, principal in zip(lines, ("PC1$@COD.TEST", "host/pc1.cod.test@COD.TEST"), strict=True):
            expected = "-password -p %s -k 7 -e aes256-cts-hmac-sha1-96 -s COD.TESThostpc1.cod.test right"
            self.assertEqual(line, expected % principal)
        self.assertEqual(stat.S_IMODE(os.stat(self.keytab).st_mode), 0o600)

    def test_a_password_that_the_domain_does_not_take_leaves_the_key_as_it_was(self):
        with open(self.keytab, "w") as file:
            file.write("before")
        with self.assertRaisesRegex(SystemExit, "the domain does not take this machine's password: .*incorrect"):
            self.run_with("join", "wrong")
        with open(self.keytab) as file:
            self.assertEqual(file.read(), "before")

    def test_without_a_key_it_is_no_member_and_says_so(self):
        with self.assertRaisesRegex(SystemExit, "this machine has no key"):
            self.run_with("check")
        self.run_with("join", "right")
        self.run_with("check")

    def test_a_key_that_the_domain_does_not_know_is_none(self):
        self.run_with("join", "right")
        with open(os.path.join(os.path.dirname(self.keytab), "kvno"), "w") as file:
            file.write("#!/bin/sh\necho 'kvno: Bad integrity check' >&2\nexit 1\n")
        with self.assertRaisesRegex(SystemExit, "Bad integrity check"):
            self.run_with("check")

    def test_says_how_it_is_used(self):
        with self.assertRaisesRegex(SystemExit, "usage"):
            machine.main(["leave"])


if __name__ == "__main__":
    unittest.main()
