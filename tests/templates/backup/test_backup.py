import contextlib
import datetime
import io
import json
import os
import stat
import tempfile
import time
import unittest
from unittest import mock

import backup

# Stands for restic: a snapshot is a file, which holds the key that it was made with.
RESTIC = """#!/usr/bin/env python3
import json, os, subprocess, sys
argv = sys.argv[1:]
repository, key = argv[1], open(argv[3]).read()
assert "--retry-lock=15m" in argv
words = [word for word in argv[4:] if word not in ("--no-cache", "--quiet", "--retry-lock=15m")]
os.makedirs(repository, exist_ok=True)
with open(repository + "/../calls", "a") as calls:
    calls.write(" ".join(words) + "\\n")
config = repository + "/config"
if words[0] == "init":
    open(config, "w").write(key)
    sys.exit(0)
if not os.path.exists(config):
    sys.exit(10)
if open(config).read() != key:
    sys.stderr.write("Fatal: wrong password or no key found\\n")
    sys.exit(12)
if os.path.exists(repository + "/full"):
    sys.stderr.write("write %s/data/7b: no space left on device\\n" % repository)
    sys.exit(1)
if words[:2] == ["key", "passwd"]:
    open(config, "w").write(open(words[3]).read())
elif words[0] == "snapshots":
    hours = [("old", "09", "first"), ("new", "11", "second"), ("mid", "10", "first")]
    print(json.dumps([{"id": i, "time": "2026-11-30T%s:00:00.5+00:00" % h, "tags": [t]} for i, h, t in hours]))
elif words[0] == "dump":
    print("archive " + words[1])
elif words[0] == "backup":
    done = subprocess.run(words[words.index("--") + 1:], capture_output=True)
    if done.returncode != 0:
        sys.stderr.write(done.stderr.decode())
        sys.stderr.write("Fatal: unable to save snapshot: command failed\\n")
        sys.exit(1)
    open("%s/%s" % (repository, words[words.index("--host") + 1]), "wb").write(done.stdout)
    summary = {"message_type": "summary", "total_bytes_processed": len(done.stdout), "data_added": 3}
    print(json.dumps({**summary, "snapshot_id": "5eed"}))
"""
# Stands for ssh and the host behind it: `-F FILE ADDRESS WORDS`.
SSH = """#!/bin/sh
if test -e "$(dirname "$0")/silent"; then
  echo "ssh: connect to host $3 port 22: Connection timed out" >&2
  exit 255
fi
test "$4" = about && { echo '{"instance": "first"}'; exit 0; }
echo "data of $5"
"""


class AtAKeeper(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.state = self.folder + "/state"
        os.makedirs(self.state + "/asked")
        os.makedirs(self.state + "/repository")
        for name, text in (("restic", RESTIC), ("ssh", SSH)):
            self.write(name, text)
            os.chmod(self.folder + "/" + name, stat.S_IRWXU)
        self.write("key", "first\n")
        self.told = {
            "repository": self.state + "/repository",
            "key": self.folder + "/key",
            "ssh": "/nowhere",
            "state": self.state,
            "everySeconds": 3600,
            "keep": {"last": 2, "daily": 1},
            "sets": [{"host": host, "role": host, "address": "192.0.2.1"} for host in ("mail", "pbx")],
        }
        self.backups = backup.Backups(self.told, self.folder + "/restic", self.folder + "/ssh")

    def write(self, name, text):
        with open(os.path.join(self.folder, name), "w") as file:
            file.write(text)

    def run_once(self):
        with contextlib.redirect_stdout(io.StringIO()) as said:
            self.backups.run()
        return said.getvalue()

    def known(self, name):
        return self.backups.status()["sets"][name]

    def aged(self, seconds):
        """As if all that is known had been so much earlier."""
        known = self.backups.status()
        at = backup.text_of(backup.now() - datetime.timedelta(seconds=seconds))
        for one in known["sets"].values():
            one["tried"] = at
            if one["ok"]:
                one["ok"]["at"] = at
        self.backups.keep_status(known)

    def has(self, name):
        return os.path.exists(self.state + "/" + name)

    def calls(self):
        with open(self.state + "/calls") as file:
            return file.read().splitlines()


class Repository(AtAKeeper):
    def test_is_made_once_and_is_the_keys_of_now(self):
        self.assertFalse(self.backups.opened())
        self.backups.open()
        self.assertTrue(self.backups.opened())
        self.assertEqual(os.stat(self.state + "/key.opens").st_mode & 0o777, 0o600)

    def test_gets_another_key_where_the_one_before_opens_it(self):
        self.backups.open()
        self.write("key", "second\n")
        self.assertFalse(self.backups.opened())
        self.backups.open()
        self.assertTrue(self.backups.opened())
        self.run_once()
        self.assertIsNone(self.known("mail/mail")["error"])

    def test_of_another_secret_is_refused_in_words_and_left_as_it_is(self):
        self.backups.open()
        os.remove(self.state + "/key.opens")
        self.write("key", "of another lab\n")
        with self.assertRaisesRegex(backup.Failed, "does not open the repository .* nothing is lost"):
            self.backups.open()
        self.run_once()
        self.assertIn("does not open the repository", self.known("mail/mail")["error"])
        with open(self.state + "/repository/config") as config:
            self.assertEqual(config.read(), "first\n")


class Taking(AtAKeeper):
    def setUp(self):
        super().setUp()
        self.backups.open()

    def test_takes_what_was_never_taken_and_nothing_until_it_is_due(self):
        said = self.run_once()
        self.assertIn("mail/mail: 0.0 MiB", said)
        self.assertEqual(self.known("pbx/pbx")["ok"]["instance"], "first")
        self.assertTrue(self.has("done"))
        self.assertFalse(self.has("failed"))
        self.assertEqual(self.run_once(), "")
        self.aged(3601)
        self.assertIn("pbx/pbx", self.run_once())

    def test_takes_what_is_asked_for_whenever_that_is(self):
        self.run_once()
        for name in ("pbx@pbx", "nobody@nothing"):
            self.write("state/asked/" + name, "")
        said = self.run_once()
        self.assertIn("pbx/pbx", said)
        self.assertNotIn("mail/mail", said)
        self.assertEqual(os.listdir(self.state + "/asked"), [])

    def test_a_host_that_does_not_answer_keeps_nobody_else_and_what_was_had_of_it(self):
        self.run_once()
        before = self.known("mail/mail")["ok"]["snapshot"]
        os.remove(self.state + "/done")
        self.aged(3600 * 2)
        self.write("silent", "")
        said = self.run_once()
        self.assertIn("mail/mail: FAILED: mail does not answer: ssh: connect", said)
        self.assertIn("pbx/pbx: FAILED", said)
        self.assertEqual(self.known("mail/mail")["ok"]["snapshot"], before)
        # One failure may be a host that boots; two are told.
        self.assertFalse(self.has("failed"))
        # Not each minute.
        self.assertEqual(self.run_once(), "")
        self.aged(3600 * 2)
        self.run_once()
        self.assertTrue(self.has("failed"))
        self.assertFalse(self.has("done"))
        os.remove(self.folder + "/silent")
        self.aged(3600 * 2)
        self.run_once()
        self.assertFalse(self.has("failed"))
        self.assertTrue(self.has("done"))

    def test_a_full_disk_is_told_in_words_and_nothing_is_begun_when_it_is_known(self):
        self.run_once()
        self.write("state/repository/full", "")
        self.aged(3600)
        self.run_once()
        self.assertRegex(self.known("mail/mail")["error"], r"is full .* what was taken before is as it was")
        self.aged(3600)
        before = [call for call in self.calls() if call.startswith("backup")]
        with mock.patch.object(self.backups, "free", return_value=backup.RESERVE_BYTES - 1):
            self.run_once()
        self.assertEqual([call for call in self.calls() if call.startswith("backup")], before)
        self.assertIn("is full", self.known("mail/mail")["error"])
        self.assertIsNotNone(self.known("mail/mail")["ok"])

    def test_a_disk_that_fills_meanwhile_ends_the_one_that_is_taken(self):
        self.write("ssh", SSH.replace('echo "data', 'sleep 5; echo "data'))
        room = iter([backup.RESERVE_BYTES])
        began = time.monotonic()
        with mock.patch.object(self.backups, "free", side_effect=lambda: next(room, backup.LEAST_BYTES - 1)):
            self.run_once()
        self.assertLess(time.monotonic() - began, 5)
        self.assertIn("is full", self.known("mail/mail")["error"])

    def test_drops_and_checks_once_a_day(self):
        self.run_once()
        calls = self.calls()
        self.assertIn("forget --group-by host,paths --keep-last 2 --keep-daily 1 --prune", calls)
        self.assertIn("check --read-data-subset=10%", calls)
        self.aged(3600)
        self.run_once()
        self.assertEqual(len([call for call in self.calls() if call.startswith("forget")]), 1)

    def test_status_of_sets_that_have_left_the_plan_is_gone_and_a_damaged_one_is_none(self):
        self.run_once()
        self.told["sets"].pop()
        left = backup.Backups(self.told, self.folder + "/restic", self.folder + "/ssh")
        self.assertEqual(list(left.status()["sets"]), ["mail/mail"])
        self.write("state/status.json", "{")
        self.assertIsNone(self.known("mail/mail")["ok"])

    def test_asking_is_in_vain_where_nothing_sees_it_and_that_is_said_at_once(self):
        with contextlib.redirect_stdout(io.StringIO()) as said:
            with mock.patch.object(backup, "sees_what_is_asked", return_value=False):
                self.assertFalse(self.backups.ask(["mail/mail"], 600))
        self.assertIn("maquette-backup.path does not run", said.getvalue())
        self.assertEqual(os.listdir(self.state + "/asked"), [])

    @mock.patch.object(backup, "sees_what_is_asked", lambda: True)
    def test_asking_ends_when_each_was_tried_and_says_so_of_who_is_not(self):
        with contextlib.redirect_stdout(io.StringIO()) as said:
            self.assertFalse(self.backups.ask(["mail/mail"], 0))
        self.assertIn("nobody took it", said.getvalue())
        # Only its own: what waits for a program's end sleeps too.
        with contextlib.redirect_stdout(io.StringIO()) as said, mock.patch.object(backup, "time") as clock:
            clock.monotonic.side_effect = time.monotonic
            clock.sleep.side_effect = lambda _: self.run_once()
            self.assertTrue(self.backups.ask(["mail/mail"], 60))
        self.assertIn("mail/mail: 0.0 MiB", said.getvalue())


class Having(AtAKeeper):
    def test_the_last_one_is_first_each_with_the_guest_that_it_was(self):
        self.backups.open()
        found = self.backups.had("mail/mail")
        self.assertEqual(
            [(one["id"], one["instance"]) for one in found], [("new", "second"), ("mid", "first"), ("old", "first")]
        )

    def test_one_that_is_not_there_is_refused(self):
        self.backups.open()
        with self.assertRaisesRegex(backup.Failed, "no such backup"):
            self.backups.get("mail/mail", "other")
        self.assertEqual(self.backups.get("mail/mail", "old"), 0)
        self.assertIn("dump old /mail.tar", self.calls())


class Words(AtAKeeper):
    def test_of_a_host_that_failed_are_its_own(self):
        said = "pg_dump ended with 1: no such database\nFatal: unable to save snapshot: exit status 1\n"
        self.assertEqual(self.backups.why(1, said), "pg_dump ended with 1: no such database")
        self.assertEqual(self.backups.why(3, ""), "exit 3")

    def test_a_set_that_is_unknown_is_answered_with_those_that_are(self):
        with (
            mock.patch.object(backup, "read", return_value=self.told),
            contextlib.redirect_stderr(io.StringIO()) as said,
        ):
            self.assertEqual(backup.main(["now", "mail/pbx"]), backup.USAGE)
        self.assertIn("mail/mail, pbx/pbx", said.getvalue())

    def test_status_is_json(self):
        with mock.patch.object(backup, "read", side_effect=[self.told, {}]):
            with contextlib.redirect_stdout(io.StringIO()) as said:
                self.assertEqual(backup.main(["status"]), 0)
        self.assertEqual(list(json.loads(said.getvalue())["sets"]), ["mail/mail", "pbx/pbx"])


if __name__ == "__main__":
    unittest.main()
