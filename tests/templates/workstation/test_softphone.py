import contextlib
import io
import os
import socket
import subprocess
import sys
import tempfile
import threading
import unittest
from unittest import mock

import softphone

# Says in a line of a file that it was started, connects, and does not again when it has lost that: as baresip.
PHONE = """
import os, socket, sys, time
port, log, how = int(sys.argv[1]), sys.argv[2], sys.argv[3]
with open(log, "a") as file:
    file.write("%d\\n" % os.getpid())
if how == "ends":
    sys.exit(7)
link = socket.create_connection(("127.0.0.1", port))
while link.recv(1):
    pass
link.close()
time.sleep(60)
"""


class Keeping(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.log = os.path.join(self.folder.name, "started")
        self.exchange = socket.create_server(("127.0.0.1", 0))
        self.exchange.settimeout(30)
        self.addCleanup(self.exchange.close)
        self.place = self.exchange.getsockname()
        self.port = self.place[1]
        # Who knocks here is the phone.
        knocked = mock.patch.object(softphone, "takes_connections", lambda _: self.is_there)
        self.is_there = True
        knocked.start()
        self.addCleanup(knocked.stop)
        for name, seconds in {"PATIENCE_SECONDS": 0.3, "LONGEST_SECONDS": 0.6, "LOOK_SECONDS": 0.05}.items():
            patched = mock.patch.object(softphone, name, seconds)
            patched.start()
            self.addCleanup(patched.stop)

    def command(self, how):
        return [sys.executable, "-c", PHONE, str(self.port), self.log, how]

    def started(self):
        with open(self.log) as file:
            return [int(line) for line in file]

    def phone(self, how):
        process = subprocess.Popen(self.command(how))
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def test_a_phone_that_lost_its_connection_is_given_up_and_one_that_has_it_is_not(self):
        phone = self.phone("stays")
        link, _ = self.exchange.accept()
        self.assertTrue(softphone.is_connected(phone.pid, self.port))
        # Somebody else's connection is not this phone's.
        self.assertFalse(softphone.is_connected(os.getpid(), self.port))
        looks = threading.Semaphore(0)
        real = softphone.is_connected

        def looked(*asked):
            looks.release()
            return real(*asked)

        had = []
        with mock.patch.object(softphone, "is_connected", looked):
            waiting = threading.Thread(target=lambda: had.append(softphone.wait(phone, self.place, 0.3)))
            waiting.start()
            for _ in range(20):
                self.assertTrue(looks.acquire(timeout=30))
            self.assertTrue(waiting.is_alive())
            link.close()
            waiting.join(30)
        self.assertEqual(had, [True])
        self.assertIsNone(phone.returncode)

    def test_it_is_started_again_and_has_a_connection_again(self):
        links = []

        def connected(*_):
            # The first phone's is closed as soon as it stands, as by an exchange that is killed; the second's stays.
            link, _ = self.exchange.accept()
            links.append(link)
            if len(links) == 1:
                link.close()

        real = softphone.wait

        def watched(phone, exchange, patience):
            connected()
            if len(links) == 2:
                self.assertTrue(softphone.is_connected(phone.pid, exchange[1]))
                phone.terminate()
            return real(phone, exchange, patience)

        said = io.StringIO()
        with mock.patch.object(softphone, "wait", watched), contextlib.redirect_stdout(said):
            self.assertEqual(softphone.main(self.place, self.command("stays")), -15)
        for link in links:
            link.close()
        self.assertEqual(len(self.started()), 2)
        self.assertIn("is started again", said.getvalue())

    def test_while_the_exchange_is_away_the_phone_is_left_alone_and_when_it_is_back_no_more(self):
        self.is_there = False
        phone = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        self.addCleanup(phone.wait)
        self.addCleanup(phone.kill)
        asked = threading.Semaphore(0)

        def knock(_):
            asked.release()
            return self.is_there

        had = []
        with mock.patch.object(softphone, "takes_connections", knock):
            waiting = threading.Thread(target=lambda: had.append(softphone.wait(phone, self.place, 0.1)))
            waiting.start()
            for _ in range(5):
                self.assertTrue(asked.acquire(timeout=30))
            self.assertTrue(waiting.is_alive())
            self.is_there = True
            waiting.join(30)
        self.assertEqual(had, [False])

    def test_it_ends_as_its_phone_ends(self):
        # On a busy machine it takes its time to begin, too.
        self.is_there = False
        self.assertEqual(softphone.main(self.place, self.command("ends")), 7)
        self.assertEqual(len(self.started()), 1)

    def test_it_waits_longer_each_time_that_a_start_did_not_help_and_not_for_ever(self):
        waited = []

        def wait(phone, _, patience):
            waited.append(patience)
            if len(waited) == 4:
                phone.kill()
                phone.wait()
            # The third one was connected for a while.
            return len(waited) == 3

        with mock.patch.object(softphone, "wait", wait), contextlib.redirect_stdout(io.StringIO()):
            softphone.main(self.place, [sys.executable, "-c", "import time; time.sleep(60)"])
        self.assertEqual(waited, [0.3, 0.6, 0.6, 0.3])


class Knocking(unittest.TestCase):
    def test_an_exchange_is_there_while_it_takes_connections(self):
        with socket.create_server(("127.0.0.1", 0)) as exchange:
            place = exchange.getsockname()
            self.assertTrue(softphone.takes_connections(place))
        self.assertFalse(softphone.takes_connections(place))
        self.assertFalse(softphone.takes_connections(("nobody.invalid", 5061)))


if __name__ == "__main__":
    unittest.main()
