import base64
import hashlib
import json
import os
import tempfile
import unittest
from unittest import mock

import iredmail

ASKED = {"release": "1", "admin": "a"}
CONTENT = {"iRedMail-1.tar.gz": b"release", "part-2.tar.gz": b"part"}


class Folder(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        at = self.folder.name
        for name, path in (("FILES", at), ("WORK", at + "/work"), ("DONE", at + "/done.json")):
            patched = mock.patch.object(iredmail, name, path)
            patched.start()
            self.addCleanup(patched.stop)

    def write(self, path, text):
        path = os.path.join(self.folder.name, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as f:
            f.write(text)


class Archives(Folder):
    def asked(self):
        return {"files": {name: hashlib.sha256(content).hexdigest() for name, content in CONTENT.items()}}

    def test_are_read_when_each_is_what_it_should_be(self):
        for name, content in CONTENT.items():
            self.write(name + ".base64", base64.b64encode(content).decode() + "\n")
        self.assertEqual(iredmail.opened(self.asked()), CONTENT)

    def test_one_that_was_cut_is_named_and_nothing_is_touched(self):
        for name, content in CONTENT.items():
            self.write(name + ".base64", base64.b64encode(content[:-1]).decode() + "\n")
        with self.assertRaisesRegex(iredmail.Failed, "iRedMail-1.tar.gz is another file"):
            iredmail.opened(self.asked())
        self.assertFalse(os.path.exists(iredmail.WORK))


class Check(Folder):
    def ended(self, asked):
        with self.assertRaises(SystemExit) as end:
            iredmail.check(asked)
        return str(end.exception.code)

    def test_holds_for_what_was_kept_and_for_nothing_else(self):
        self.assertIn("not installed", self.ended(ASKED))
        iredmail.keep(ASKED)
        self.assertIsNone(iredmail.check(ASKED))
        self.assertIn("not installed", self.ended({**ASKED, "release": "2"}))
        self.assertIn("password", self.ended({**ASKED, "admin": "b"}))

    def test_does_not_hold_while_an_installation_is_open(self):
        iredmail.keep(ASKED)
        os.mkdir(iredmail.WORK)
        self.assertIn("begun", self.ended(ASKED))


class Installer(Folder):
    def test_is_given_every_password_in_a_file_of_roots_that_ends_as_it_wants(self):
        root = self.folder.name
        passwords = {name: "p%d" % n for n, name in enumerate(iredmail.PASSWORDS)}
        iredmail.configure(root, {"suffix": "dc=a", "domain": "a"}, passwords)
        path = root + "/config"
        self.assertEqual(os.stat(path).st_mode & 0o777, 0o600)
        with open(path) as f:
            lines = f.read().splitlines()
        self.assertEqual(lines[-1], "#EOF")
        for name, password in passwords.items():
            self.assertIn("export %s='%s'" % (name, password), lines)
        for name in ("USE_FAIL2BAN", "USE_NETDATA", "USE_ROUNDCUBE", "USE_SOGO"):
            self.assertIn("export %s='NO'" % name, lines)

    def test_is_at_its_end_when_it_says_so(self):
        root = self.folder.name
        self.assertFalse(iredmail.is_complete(root))
        self.write("runtime/install.status", 'export status_cleanup_feedback="DONE"\n')
        self.assertFalse(iredmail.is_complete(root))
        self.write("runtime/install.status", 'export status_cleanup="DONE"\n')
        self.assertTrue(iredmail.is_complete(root))

    def test_tells_why_it_failed_without_a_password(self):
        self.write("work/said", "* - Password: hunter2\nE: Unable to locate package x\n")
        said = iredmail.last_words(self.folder.name)
        self.assertIn("Unable to locate", said)
        self.assertNotIn("hunter2", said)

    def test_what_is_kept_has_no_password(self):
        iredmail.keep({"release": "1", "admin": "digest", "password": "hunter2"})
        with open(iredmail.DONE) as f:
            self.assertEqual(json.load(f), {"release": "1", "admin": "digest"})


if __name__ == "__main__":
    unittest.main()
