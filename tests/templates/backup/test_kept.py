import contextlib
import io
import json
import os
import sqlite3
import subprocess
import sys
import tarfile
import tempfile
import unittest
from unittest import mock

import kept

KNOWN = {"mail": {}}


class Asked(unittest.TestCase):
    def test_two_words_are_answered_and_nothing_that_looks_like_them(self):
        self.assertEqual(kept.allowed(["about"], KNOWN), ["about"])
        self.assertEqual(kept.allowed(["take", "mail"], KNOWN), ["take", "mail"])
        for said in (
            "",
            "id",
            "take",
            "take pbx",
            "take mail x",
            "take  mail",
            "take mail; id",
            "about mail",
            "put mail",
        ):
            self.assertIsNone(kept.allowed(said.split(" "), KNOWN), said)

    def test_what_is_refused_is_never_run(self):
        with (
            mock.patch.dict(os.environ, {"SSH_ORIGINAL_COMMAND": "take mail; id"}),
            mock.patch.object(kept, "sets", return_value=KNOWN),
            mock.patch.object(kept.syslog, "syslog") as told,
            mock.patch.object(kept.subprocess, "run") as run,
            contextlib.redirect_stderr(io.StringIO()) as said,
        ):
            self.assertEqual(kept.asked(), kept.USAGE)
        run.assert_not_called()
        told.assert_called_once()
        self.assertTrue(said.getvalue().startswith("refused"))

    def test_what_is_allowed_is_asked_of_root_word_for_word(self):
        with (
            mock.patch.dict(os.environ, {"SSH_ORIGINAL_COMMAND": "take mail"}),
            mock.patch.object(kept, "sets", return_value=KNOWN),
            mock.patch.object(kept.subprocess, "run") as run,
        ):
            run.return_value.returncode = 3
            self.assertEqual(kept.asked(), 3)
        self.assertEqual(run.call_args.args[0][-2:], ["take", "mail"])


class WithASet(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        for name in ("boxes", "boxes/cur"):
            os.mkdir(os.path.join(self.folder, name))
        self.write("boxes/cur/1", "a letter")
        self.write("boxes/index.cache", "made anew")
        self.database = self.folder + "/settings.db"
        with contextlib.closing(sqlite3.connect(self.database)) as database, database:
            database.execute("CREATE TABLE t (a)")
            database.execute("INSERT INTO t VALUES (7)")
        os.chmod(self.database, 0o640)
        self.set = {
            "paths": [self.folder + "/boxes", self.folder + "/nowhere"],
            "except": ["index*"],
            "sqlite": [self.database, self.folder + "/none.db"],
            "dump": [[sys.executable, "-c", "open('made', 'w').write('dumped')"]],
        }
        for name, value in (("FOLDER", self.folder + "/own"), ("MARKER", self.folder + "/marker")):
            patch = mock.patch.object(kept, name, value)
            patch.start()
            self.addCleanup(patch.stop)
        patch = mock.patch.object(kept, "sets", return_value={"mail": self.set})
        patch.start()
        self.addCleanup(patch.stop)

    def write(self, name, text):
        with open(os.path.join(self.folder, name), "w") as file:
            file.write(text)

    def taken(self):
        """The archive, by what it would have written to standard output."""
        real = subprocess.run
        archive = self.folder + "/archive.tar"

        def run(argv, **how):
            if argv[0] != "tar":
                return real(argv, **how)
            return real([archive.join(("--file=", "")) if word == "--file=-" else word for word in argv], **how)

        with mock.patch.object(kept.subprocess, "run", run):
            code = kept.main(["take", "mail"])
        return code, archive


class Taken(WithASet):
    def test_has_the_files_the_marker_the_databases_and_what_was_dumped(self):
        self.write("marker", "17.5")
        code, archive = self.taken()
        self.assertEqual(code, 0)
        own = self.folder.lstrip("/")
        with tarfile.open(archive) as found:
            names = found.getnames()
            self.assertIn(own + "/boxes/cur/1", names)
            self.assertIn(own + "/marker", names)
            self.assertIn("maquette-kept/made", names)
            self.assertNotIn(own + "/boxes/index.cache", names)
            copy = found.getmember("maquette-kept/" + own + "/settings.db")
            self.assertEqual(copy.mode & 0o777, 0o640)
            self.write("copy.db", "")
            with open(self.folder + "/copy.db", "wb") as file:
                file.write(found.extractfile(copy).read())
        with contextlib.closing(sqlite3.connect(self.folder + "/copy.db")) as database:
            self.assertEqual(database.execute("SELECT a FROM t").fetchall(), [(7,)])

    def test_is_the_same_bytes_when_nothing_has_changed(self):
        def content():
            with open(self.taken()[1], "rb") as file:
                return file.read()

        self.set["dump"], self.set["sqlite"] = [], []
        first = content()
        os.utime(self.folder + "/boxes/cur/1", ns=(1, os.stat(self.folder + "/boxes/cur/1").st_mtime_ns))
        with tarfile.open(fileobj=io.BytesIO(first)) as one, tarfile.open(fileobj=io.BytesIO(content())) as two:
            ours = [[m.get_info() for m in t if not m.name.startswith("maquette-kept")] for t in (one, two)]
            self.assertEqual(ours[0], ours[1])

    def test_a_dump_that_fails_is_no_archive_and_says_why(self):
        self.set["dump"] = [[sys.executable, "-c", "import sys; print('no such database'); sys.exit(3)"]]
        with contextlib.redirect_stderr(io.StringIO()) as said:
            code, archive = self.taken()
        self.assertEqual(code, 1)
        self.assertIn("ended with 3: no such database", said.getvalue())
        self.assertFalse(os.path.exists(archive))

    def test_leaves_nothing_and_sweeps_what_a_killed_one_left(self):
        os.makedirs(self.folder + "/own/taking-old/maquette-kept")
        self.taken()
        self.assertEqual(os.listdir(self.folder + "/own"), ["lock"])

    def test_one_waits_for_another_and_then_says_who_is_at_work(self):
        with kept.alone(), mock.patch.object(kept, "PATIENCE_SECONDS", 0):
            with contextlib.redirect_stderr(io.StringIO()) as said:
                self.assertEqual(kept.main(["take", "mail"]), 1)
        self.assertIn("another backup of this host", said.getvalue())


class PutBack(WithASet):
    """An archive that was taken, put back where something else is by now."""

    def setUp(self):
        super().setUp()
        self.set.update({"units": ["dovecot"], "load": [[sys.executable, "-c", "open('/dev/null', 'w')"]]})
        code, self.archive = self.taken()
        self.assertEqual(code, 0)
        # Since then: a letter was deleted, another one came.
        os.remove(self.folder + "/boxes/cur/1")
        self.write("boxes/cur/2", "a later letter")
        self.calls = []

    def put(self, archive=None):
        real = subprocess.run

        def run(argv, **how):
            self.calls.append(argv)
            if argv[0] == "systemctl":
                return subprocess.CompletedProcess(argv, 0, b"", b"")
            return real(argv, **how)

        with (
            open(archive or self.archive, "rb") as stream,
            mock.patch.object(kept.subprocess, "run", run),
            mock.patch.object(kept.sys, "stdin", mock.Mock(buffer=stream)),
            contextlib.redirect_stdout(io.StringIO()) as said,
            contextlib.redirect_stderr(io.StringIO()) as wrong,
        ):
            code = kept.main(["put", "mail"])
        return code, said.getvalue() or wrong.getvalue()

    def boxes(self):
        return sorted(os.listdir(self.folder + "/boxes/cur"))

    def test_what_was_deleted_is_back_and_what_came_since_lies_aside(self):
        code, said = self.put()
        self.assertEqual(code, 0, said)
        self.assertEqual(self.boxes(), ["1"])
        aside = json.loads(said)["aside"]
        self.assertEqual(os.listdir(aside + self.folder + "/boxes/cur"), ["2"])
        units = [argv[1:] for argv in self.calls if argv[0] == "systemctl"]
        self.assertEqual(units, [["stop", "dovecot"], ["start", "dovecot"]])
        with contextlib.closing(sqlite3.connect(self.database)) as database:
            self.assertEqual(database.execute("SELECT a FROM t").fetchall(), [(7,)])

    def test_an_archive_that_is_not_whole_touches_nothing(self):
        with open(self.archive, "rb") as source, open(self.folder + "/half.tar", "wb") as target:
            target.write(source.read(1300))
        code, said = self.put(self.folder + "/half.tar")
        self.assertEqual(code, 1)
        self.assertIn("nothing was touched", said)
        self.assertEqual(self.boxes(), ["2"])
        self.assertEqual([argv for argv in self.calls if argv[0] == "systemctl"], [])

    def test_what_cannot_be_taken_in_is_undone_and_what_was_stopped_runs_again(self):
        self.set["load"] = [[sys.executable, "-c", "import sys; print('no such role'); sys.exit(2)"]]
        code, said = self.put()
        self.assertEqual(code, 1)
        self.assertIn("ended with 2: no such role", said)
        self.assertEqual(self.boxes(), ["2"])
        self.assertEqual(self.calls[-1], ["systemctl", "start", "dovecot"])

    def test_is_there_where_nothing_was_and_gone_again_where_it_fails(self):
        kept.shutil.rmtree(self.folder + "/boxes")
        self.set["load"] = [[sys.executable, "-c", "import sys; sys.exit(2)"]]
        self.assertEqual(self.put()[0], 1)
        self.assertFalse(os.path.exists(self.folder + "/boxes"))
        self.set["load"] = []
        self.assertEqual(self.put()[0], 0)
        self.assertEqual(self.boxes(), ["1"])


class Words(unittest.TestCase):
    def test_about_tells_which_guest_this_is(self):
        with tempfile.TemporaryDirectory() as folder:
            with open(folder + "/instance", "w") as file:
                file.write("abc\n")
            with (
                mock.patch.object(kept, "INSTANCE", folder + "/instance"),
                contextlib.redirect_stdout(io.StringIO()) as said,
            ):
                self.assertEqual(kept.main(["about"]), 0)
        self.assertEqual(json.loads(said.getvalue()), {"instance": "abc"})

    def test_a_set_that_is_none_fails(self):
        with (
            mock.patch.object(kept, "sets", return_value={}),
            contextlib.redirect_stderr(io.StringIO()) as said,
            mock.patch.object(kept, "alone", contextlib.nullcontext),
        ):
            self.assertEqual(kept.main(["take", "mail"]), 1)
        self.assertIn("KeyError", said.getvalue())


if __name__ == "__main__":
    unittest.main()
