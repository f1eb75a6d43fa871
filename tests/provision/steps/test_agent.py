import grp
import hashlib
import os
import pwd
import tempfile
import unittest
from unittest import mock

import agent

OWNER = "%s:%s" % (pwd.getpwuid(os.getuid()).pw_name, grp.getgrgid(os.getgid()).gr_name)


class Files(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        # The machine that runs the tests has a manager of its own, which is none of theirs.
        self.ran = []
        really = agent.run

        def run(command, seconds, argv=None):
            words = argv or command["argv"]
            self.ran.append(words)
            if words[0] == "systemctl":
                return {"argv": words, "exit": 0, "said": "", "late": False}
            return really(command, seconds, argv)

        for patch in (
            mock.patch.object(agent, "STATE", self.at("state")),
            mock.patch.object(agent, "run", run),
        ):
            patch.start()
            self.addCleanup(patch.stop)
        self.state = agent.State("role")

    def at(self, name):
        return os.path.join(self.folder, name)

    def step(self, files, **more):
        made = {
            self.at(name): {
                "content": content,
                "digest": hashlib.sha256(content.encode()).hexdigest(),
                "mode": "0640",
                "owner": OWNER,
            }
            for name, content in files.items()
        }
        none = {"absent": [], "check": [], "verify": [], "reload": []}
        return {"kind": "files", "name": "step", "key": repr(files), "files": made, **none, **more}

    def read(self, name):
        with open(self.at(name)) as file:
            return file.read()

    def all(self):
        return sorted(n for _, _, names in os.walk(self.folder) for n in names if n != "role.json")

    def test_are_written_once_with_their_mode_in_folders_that_are_made(self):
        step = self.step({"a/b/x": "new\n"})
        self.assertTrue(agent.apply_files(step, self.state))
        self.assertEqual(self.read("a/b/x"), "new\n")
        self.assertEqual(os.stat(self.at("a/b/x")).st_mode & 0o777, 0o640)
        self.assertFalse(agent.apply_files(step, self.state))
        self.assertEqual(self.all(), ["x"])

    def test_that_their_checker_refuses_leave_nothing_not_even_a_folder(self):
        step = self.step({"a/x": "bad\n"}, check=[{"argv": ["grep", "-q", "good", "new:" + self.at("a/x")]}])
        with self.assertRaises(agent.Failed) as failure:
            agent.apply_files(step, self.state)
        self.assertEqual(failure.exception.facts["what"], "the checker refuses it")
        self.assertEqual(failure.exception.facts["argv"][-1], self.at("a/.x.maquette-new"))
        self.assertEqual(os.listdir(self.folder), [])

    def test_whose_loading_fails_give_their_places_back(self):
        with open(self.at("x"), "w") as file:
            file.write("before\n")
        with open(self.at("gone"), "w") as file:
            file.write("to go\n")
        step = self.step({"x": "new\n", "y": "new\n"}, absent=[self.at("gone")], reload=[{"argv": ["false"]}])
        with self.assertRaises(agent.Failed) as failure:
            agent.apply_files(step, self.state)
        self.assertRegex(
            failure.exception.facts["back"], "^the files before are back, but loading them again failed too"
        )
        self.assertEqual((self.read("x"), self.read("gone"), self.all()), ("before\n", "to go\n", ["gone", "x"]))

    def test_that_are_no_files_are_refused_by_name(self):
        os.mkdir(self.at("x"))
        with self.assertRaisesRegex(agent.Failed, "x is no file"):
            agent.apply_files(self.step({"x": "new\n"}), self.state)

    def test_that_were_not_loaded_are_loaded_though_nothing_differs(self):
        agent.apply_files(self.step({"x": "new\n"}), self.state)
        step = self.step({"x": "new\n"}, reload=[{"argv": ["true"]}], key="another")
        self.assertTrue(agent.apply_files(step, self.state))
        self.assertIn(["true"], self.ran)

    def test_what_differs_is_shown_and_what_is_equal_is_not(self):
        agent.apply_files(self.step({"x": "one\n"}), self.state)
        wrong = agent.check_files(self.step({"x": "two\n", "y": "two\n"}), self.state)["wrong"]
        self.assertEqual((wrong[self.at("x")]["content"], wrong[self.at("y")]), ("one\n", None))


class Commands(unittest.TestCase):
    def setUp(self):
        # By the clock: a deadline that a busy machine stretches would outlast what is started here.
        patch = mock.patch.object(agent, "load_now", lambda: 0.0)
        patch.start()
        self.addCleanup(patch.stop)

    def test_are_ended_at_their_deadline_with_what_they_started(self):
        result = agent.run({"argv": ["sh", "-c", "echo said; sleep 60 & sleep 60"]}, 2)
        self.assertEqual((result["late"]["seconds"], result["said"]), (2, "said"))

    def test_that_end_say_how_and_keep_their_last_lines(self):
        result = agent.run({"argv": ["sh", "-c", "seq 100000; exit 3"]}, 60)
        self.assertEqual((result["exit"], result["late"]), (3, None))
        self.assertEqual(result["said"].split("\n"), [str(n) for n in range(99989, 100001)])

    def test_whose_child_holds_their_output_are_ended_with_it_and_not_waited_for_for_ever(self):
        result = agent.run({"argv": ["sh", "-c", "setsid sleep 20 & echo said"]}, 2)
        self.assertEqual((result["late"]["seconds"], result["said"]), (2, "said"))

    def test_that_are_not_there_are_said(self):
        self.assertEqual(agent.run({"argv": ["/no/such/program"]}, 5)["exit"], 127)

    def test_get_their_input(self):
        self.assertEqual(agent.run({"argv": ["cat"], "input": "é\n"}, 5)["said"], "é")


class Deadlines(unittest.TestCase):
    """The clock and the load are given: what is judged is what they make of a deadline."""

    def setUp(self):
        self.now, self.load, self.events = 0.0, 0.0, []
        for patch in (
            mock.patch.object(agent.time, "monotonic", lambda: self.now),
            mock.patch.object(agent, "load_now", lambda: self.load),
            mock.patch.object(agent.os, "cpu_count", lambda: 2),
            mock.patch.object(agent, "say", lambda **event: self.events.append(event["event"])),
        ):
            patch.start()
            self.addCleanup(patch.stop)

    def ends(self, patience, progress_until=0):
        """When it is over, looked at each second."""
        while not patience.is_over():
            self.now += 1
            if self.now <= progress_until:
                patience.progress()
        return self.now

    def test_pass_by_the_clock_on_a_quiet_machine(self):
        self.load = 1.5
        self.assertEqual(self.ends(agent.Patience(60)), 60)

    def test_pass_by_the_share_of_a_processor_on_a_busy_one(self):
        self.load = 8.0
        patience = agent.Patience(60)
        self.assertEqual(self.ends(patience), 240)
        self.assertEqual(patience.facts(), {"seconds": 60, "took": 240, "load": 8.0, "processors": 2})

    def test_begin_anew_with_a_sign_of_progress(self):
        self.assertEqual(self.ends(agent.Patience(60), progress_until=100), 160)

    def test_end_at_a_quarter_of_an_hour_whatever_comes(self):
        self.load = 1000.0
        self.assertEqual(self.ends(agent.Patience(60)), 900)
        self.now, self.load = 0.0, 0.0
        self.assertEqual(self.ends(agent.Patience(60), progress_until=5000), 900)

    def test_say_meanwhile_that_somebody_is_there(self):
        self.ends(agent.Patience(60))
        self.assertEqual(self.events, ["wait"] * 12)


if __name__ == "__main__":
    unittest.main()
