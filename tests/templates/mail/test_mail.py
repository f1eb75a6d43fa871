import contextlib
import io
import json
import subprocess
import unittest
from unittest import mock

import mail


def ran(code, stdout="", stderr=""):
    return subprocess.CompletedProcess([], code, stdout, stderr)


class Host:
    """Whom the directory knows; what `doveadm who` says; who was put out."""

    def __init__(self, known, reading, fault=""):
        self.known, self.reading, self.fault, self.out = known, reading, fault, []

    def run(self, argv, **_):
        if argv[0].endswith("postmap"):
            if self.fault:
                return ran(1, stderr="x\n%s\n" % self.fault)
            return ran(0, argv[2]) if argv[2] in self.known else ran(1)
        if "who" in argv:
            if self.reading is None:
                return ran(75, stderr="no socket")
            return ran(0, json.dumps([{"username": name} for name in self.reading]))
        self.out.append(argv[2])
        return ran(0)


def asked(host, verb):
    said = io.StringIO()
    with mock.patch.object(subprocess, "run", host.run), contextlib.redirect_stderr(said):
        try:
            with contextlib.redirect_stdout(said):
                mail.main([verb])
        except SystemExit as end:
            return str(end.code)
    return said.getvalue() or "good"


class Sessions(unittest.TestCase):
    def test_of_whom_the_directory_knows_stay(self):
        host = Host(["a@x", "b@x"], ["b@x", "a@x", "a@x"])
        self.assertEqual(asked(host, "check"), "good")
        self.assertEqual(asked(host, "expel"), "good")
        self.assertEqual(host.out, [])

    def test_of_whom_it_does_not_know_are_named_and_ended(self):
        host = Host(["a@x"], ["a@x", "gone@x", "gone@x"])
        self.assertIn("gone@x", asked(host, "check"))
        self.assertIn("gone@x is put out", asked(host, "expel"))
        self.assertEqual(host.out, ["gone@x"])

    def test_stay_while_nobody_can_be_asked(self):
        host = Host([], ["a@x"], fault="warning: cannot connect")
        self.assertIn("cannot connect", asked(host, "expel"))
        self.assertEqual(host.out, [])
        self.assertEqual(asked(host, "answers"), "warning: cannot connect")

    def test_are_none_where_dovecot_does_not_run(self):
        self.assertEqual(asked(Host([], None), "check"), "good")

    def test_an_answer_is_an_answer_also_where_nobody_has_the_address(self):
        self.assertEqual(asked(Host([], []), "answers"), "good")


if __name__ == "__main__":
    unittest.main()
