import contextlib
import io
import json
import socket
import tempfile
import threading
import unittest
from unittest import mock

import stop

RIGHT = "right"


class Upsd:
    """Speaks as upsd does. Hosts of a place leave it once it was told to stop, but for those that stay."""

    def __init__(self, places, stay=()):
        self.places, self.stay = {name: set(found) for name, found in places.items()}, set(stay)
        self.told = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        connection, _ = self.listener.accept()
        with connection, connection.makefile("r") as lines:
            for line in lines:
                connection.sendall(self.answer(line.split()).encode())

    def answer(self, words):
        if words[0] == "PASSWORD":
            return "OK\n" if words[1] == RIGHT else "ERR ACCESS-DENIED\n"
        if words[0] == "FSD":
            self.told.append(words[1])
            self.places[words[1]] &= self.stay
            return "OK FSD-SET\n"
        if words[:2] == ["LIST", "CLIENT"]:
            rows = ["CLIENT %s %s\n" % (words[2], address) for address in sorted(self.places[words[2]])]
            return "BEGIN LIST CLIENT %s\n%sEND LIST CLIENT %s\n" % (words[2], "".join(rows), words[2])
        return "OK\n"


STAGES = [
    {"name": "order7", "hosts": {"10.0.0.1": "pc1", "10.0.0.2": "pc2"}},
    {"name": "order4", "hosts": {"10.0.0.3": "dc1"}},
]


class Stop(unittest.TestCase):
    def stopped(self, upsd, word=RIGHT):
        asked = {"port": upsd.port, "user": "maquette", "password": word, "stageSeconds": 0.3, "stages": STAGES}
        said = io.StringIO()
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump(asked, file)
            file.flush()
            with mock.patch.object(stop.subprocess, "run") as run, contextlib.redirect_stdout(said):
                run.return_value.returncode = 0
                self.assertEqual(stop.main(["stop", file.name]), 0)
        # Whatever happened, the host itself stops, and last.
        self.assertEqual(run.call_args.args[0], ["/usr/bin/systemctl", "--no-block", "poweroff"])
        return said.getvalue()

    def test_one_place_after_the_other(self):
        upsd = Upsd({"order7": ["10.0.0.1", "10.0.0.2"], "order4": ["10.0.0.3"]})
        said = self.stopped(upsd)
        self.assertEqual(upsd.told, ["order7", "order4"])
        self.assertRegex(said, r"order7: told to stop: pc1, pc2\norder7: stopped within [\d.]+ s\norder4: told")

    def test_one_that_does_not_end_keeps_the_others_no_longer_than_said(self):
        upsd = Upsd({"order7": ["10.0.0.1", "10.0.0.2"], "order4": ["10.0.0.3"]}, stay=["10.0.0.2"])
        self.assertRegex(self.stopped(upsd), r"order7: still at it after [\d.]+ s: pc2\n")
        self.assertEqual(upsd.told, ["order7", "order4"])

    def test_one_that_does_not_listen_is_named(self):
        upsd = Upsd({"order7": ["10.0.0.1"], "order4": []})
        said = self.stopped(upsd)
        self.assertIn("order7: does not listen: pc2\n", said)
        self.assertIn("order4: told to stop: nobody\n", said)

    def test_without_the_right_nobody_is_told_and_the_host_stops(self):
        upsd = Upsd({"order7": ["10.0.0.1"], "order4": []})
        self.assertIn("not in order any more: Refused: ERR ACCESS-DENIED", self.stopped(upsd, "wrong"))
        self.assertEqual(upsd.told, [])


if __name__ == "__main__":
    unittest.main()
