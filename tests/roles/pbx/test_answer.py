import contextlib
import io
import itertools
import json
import socket
import threading
import time
import unittest
from unittest import mock

import answer
from baresip import Console

OURS = {"event": True, "type": "CALL_INCOMING", "id": "a1", "peeruri": "sip:302@10.0.0.1"}
OTHERS = {"event": True, "type": "CALL_INCOMING", "id": "b2", "peeruri": "sip:105@10.0.0.1"}


def frame(message):
    text = json.dumps(message).encode()
    return b"%d:%s," % (len(text), text)


class Phone:
    """What a softphone says over its port, and what it was told."""

    def __init__(self, *states):
        self.states = list(states)
        self.told = []
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        with contextlib.suppress(OSError):
            while True:
                link, _ = self.server.accept()
                data = link.recv(4096)
                self.told.append(json.loads(data.split(b":", 1)[1][:-1])["command"])
                state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
                # An event may come before what was asked for.
                link.sendall(frame({"event": True, "type": "REGISTERING"}))
                if state is not None:
                    link.sendall(
                        frame({"response": True, "ok": True, "data": "0 - <sip:p@h> \x1b[32m%s\x1b[;m h" % state})
                    )

    def close(self):
        self.server.close()


class Registered(unittest.TestCase):
    def asked(self, *states):
        phone = Phone(*states)
        self.addCleanup(phone.close)
        patched = mock.patch.object(answer, "PORT", phone.port)
        patched.start()
        self.addCleanup(patched.stop)
        return phone

    def passing(self):
        """A clock by which each look takes a tenth of a second: however busy the machine is, it is looked often enough.

        Often enough also for words that come in pieces, each of which is a look.
        """
        looks = itertools.count()
        still = mock.patch.object(answer.time, "sleep")
        still.start()
        self.addCleanup(still.stop)
        return mock.patch.object(answer.time, "monotonic", lambda: next(looks) / 10)

    def test_a_phone_that_is_not_yet_registered_is_waited_for(self):
        phone = self.asked("zzz", "ERR", "OK ")
        answer.registered().close()
        self.assertEqual(phone.told, ["reginfo"] * 3)

    def test_one_that_stays_without_is_named(self):
        self.asked("ERR")
        with self.passing(), self.assertRaisesRegex(SystemExit, "not registered with the exchange"):
            answer.registered()

    def test_so_is_one_that_does_not_run(self):
        self.asked("OK ").close()
        with socket.create_server(("127.0.0.1", 0)) as gone:
            port = gone.getsockname()[1]
        refused = self.assertRaisesRegex(SystemExit, "does not run")
        with self.passing(), mock.patch.object(answer, "PORT", port), refused:
            answer.registered()


class Answering(unittest.TestCase):
    def test_it_takes_the_call_that_it_waits_for_by_its_id_and_stays_until_that_ends(self):
        with socket.create_server(("127.0.0.1", 0)) as server:
            here = Console(server.getsockname()[1])
            phone, _ = server.accept()
        with contextlib.closing(here), phone:
            closed = [{"event": True, "type": "CALL_CLOSED", "id": call} for call in ("b2", "a1")]
            phone.sendall(b"".join(frame(m) for m in (OTHERS, OURS, OTHERS, *closed)))
            began = time.monotonic()
            answer.answer(here, {"from": "302", "seconds": 60})
            self.assertLess(time.monotonic() - began, 30)
            phone.settimeout(5)
            told = io.BytesIO(phone.recv(4096)).read()
            self.assertEqual(told.count(b"accept"), 1)
            self.assertIn(b'"params": "a1"', told)


if __name__ == "__main__":
    unittest.main()
