import os
import stat
import tempfile
import threading
import unittest
from unittest import mock

import trial

PROFILE = """client
remote 198.51.100.4 1194
remote 203.0.113.4 1194
auth-user-pass
<ca>
</ca>
"""
GREETED = "VERIFY OK: depth=0, CN=vpn.cod.test"


class Attempts(unittest.TestCase):
    """With a program in OpenVPN's place that says what it is told to, and keeps what it was given."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.profile = self.path("own.ovpn")
        with open(self.profile, "w") as f:
            f.write(PROFILE)
        self.addCleanup(mock.patch.stopall)
        mock.patch.dict(os.environ, {"PATH": "%s:%s" % (self.folder, os.environ["PATH"])}).start()

    def path(self, name):
        return os.path.join(self.folder, name)

    def openvpn(self, *lines, then="exec sleep 30"):
        program = self.path("openvpn")
        said = "".join("echo '%s'\n" % line for line in lines)
        kept = 'cat "$2" > %s; sed -n "s/^auth-user-pass //p" "$2" | xargs cat > %s\n' % (
            self.path("given"),
            self.path("password"),
        )
        with open(program, "w") as f:
            f.write("#!/bin/sh\n%s%s%s\n" % (kept, said, then))
        os.chmod(program, stat.S_IRWXU)

    def outcome(self, remote=None):
        asked = {"profile": self.profile, "remote": remote, "login": "claire", "password": "secret", "patience": 20}
        with tempfile.TemporaryDirectory() as folder:
            client = trial.Client(asked, folder)
            try:
                return (*client.outcome(), client.is_greeted)
            finally:
                client.end()

    def given(self, name="given"):
        with open(self.path(name)) as f:
            return f.read()

    def test_a_tunnel_that_is_up_has_the_routes_that_were_pushed(self):
        push = (
            "PUSH: Received control message: PUSH_REPLY,route 10.20.20.11 255.255.255.255,dhcp-option DNS 10.20.20.11"
        )
        self.openvpn(GREETED, push, "Initialization Sequence Completed")
        self.assertEqual(self.outcome(), ("up", "", ["10.20.20.11 255.255.255.255"], True))

    def test_a_refusal_is_told_with_what_the_gateway_said(self):
        self.openvpn(GREETED, "AUTH: Received control message: AUTH_FAILED,account or password refused")
        self.assertEqual(self.outcome()[:2], ("refused", "account or password refused"))

    def test_a_handshake_that_ends_after_the_greeting_is_told_from_a_gateway_that_is_silent(self):
        error = "TLS Error: TLS key negotiation failed to occur within 5 seconds"
        self.openvpn(GREETED, error)
        self.assertEqual(self.outcome(), ("shut", error, [], True))
        self.openvpn(error, then="exit 1")
        self.assertEqual(self.outcome(), ("shut", error, [], False))

    def test_one_access_alone_is_tried_where_one_is_named(self):
        self.openvpn("Initialization Sequence Completed")
        self.outcome("203.0.113.4")
        self.assertIn("remote 203.0.113.4 1194", self.given())
        self.assertNotIn("198.51.100.4", self.given())
        self.outcome()
        self.assertEqual(self.given().count("remote "), 2)

    def test_the_password_goes_by_a_file(self):
        self.openvpn("Initialization Sequence Completed")
        self.outcome()
        self.assertEqual(self.given("password"), "claire\nsecret\n")


class Questions(unittest.TestCase):
    def setUp(self):
        self.server = trial.socket.socket(trial.socket.AF_INET, trial.socket.SOCK_DGRAM)
        self.server.bind(("127.0.0.1", 0))
        self.addCleanup(self.server.close)

    def asked(self, wait=10):
        return {"asked": [], "resolvers": [], "question": "vpn.cod.test", "wait": wait}

    def ask(self, wait=10):
        asker = trial.Asker(self.asked(wait))
        question = trial.question_of("vpn.cod.test", b"ab")
        asker.ask("DNS", "127.0.0.1", self.server.getsockname()[1], question)
        return asker.run()

    def answering(self, answer, skip=0):
        def serve():
            for n in range(skip + 1):
                question, client = self.server.recvfrom(512)
                if n == skip:
                    self.server.sendto(answer(question), client)

        threading.Thread(target=serve, daemon=True).start()

    def test_a_resolver_is_open_when_it_has_answered_with_an_address(self):
        self.answering(lambda q: q[:2] + b"\x81\x80\0\1\0\1\0\0\0\0" + q[12:])
        self.assertEqual(self.ask(), {"DNS": "open"})

    def test_a_question_that_is_lost_is_asked_again(self):
        self.answering(lambda q: q[:2] + b"\x81\x80\0\1\0\1\0\0\0\0" + q[12:], skip=1)
        self.assertEqual(self.ask(), {"DNS": "open"})

    def test_an_answer_without_an_address_is_none_and_silence_is_silence(self):
        self.answering(lambda q: q[:2] + b"\x81\x83\0\1\0\0\0\0\0\0" + q[12:])
        self.assertEqual(self.ask(), {"DNS": "refused"})
        self.assertEqual(self.ask(wait=0), {"DNS": "silent"})

    def test_ports_are_open_or_refused(self):
        listener = trial.socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)
        gone = trial.socket.create_server(("127.0.0.1", 0))
        port = gone.getsockname()[1]
        gone.close()
        ends = {"there": listener.getsockname()[1], "gone": port}
        asked = [{"name": name, "address": "127.0.0.1", "port": p} for name, p in ends.items()]
        answers = trial.Asker({**self.asked(), "asked": asked}).run()
        self.assertEqual(answers, {"there": "open", "gone": "refused"})


if __name__ == "__main__":
    unittest.main()
