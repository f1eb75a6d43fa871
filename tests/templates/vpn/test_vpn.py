import contextlib
import io
import os
import socket
import tempfile
import threading
import unittest
from unittest import mock

import vpn

NAMES = (
    "Common Name,Real Address,Virtual Address,Virtual IPv6 Address,Bytes Received,Bytes Sent,Connected Since,"
    "Connected Since (time_t),Username,Client ID,Peer ID,Data Channel Cipher"
)
KARIM = "CLIENT_LIST,karim.haddad,192.0.2.10:2,10.20.51.3,,1,1,now,1,karim.haddad,4,1,AES-256-GCM\n"
STATUS = f"""TITLE,OpenVPN 2.6.14
HEADER,CLIENT_LIST,{NAMES}
CLIENT_LIST,claire.morel,192.0.2.10:1,10.20.51.2,,1,1,now,1,claire.morel,3,0,AES-256-GCM
{KARIM}CLIENT_LIST,julie.petit,192.0.2.10:3,,,1,1,now,1,julie.petit,5,2,
CLIENT_LIST,UNDEF,192.0.2.10:4,,,1,1,now,1,UNDEF,6,3,
HEADER,ROUTING_TABLE,Virtual Address,Common Name,Real Address,Last Ref,Last Ref (time_t)
GLOBAL_STATS,Max bcast/mcast queue length,0
END
"""


class Directory:
    """Of those who have a right; None is one that nobody reaches."""

    def __init__(self, allowed):
        self.allowed = allowed

    def __call__(self, _wanted):
        if self.allowed is None:
            raise vpn.Unreachable("dc1: no way; dc2: no way")
        return self

    def must_have_right(self, login):
        if login not in self.allowed:
            raise vpn.Refused("the account is disabled", vpn.NOT_YOU)


class Password(unittest.TestCase):
    def test_an_empty_password_is_refused_before_anybody_is_asked(self):
        for state in ("", "Initial"):
            with self.assertRaisesRegex(vpn.Refused, "an empty password"):
                vpn.asked_password("", state)
        self.assertEqual(vpn.asked_password("secret", ""), "secret")

    def test_of_a_good_token_the_right_alone_is_asked(self):
        self.assertIsNone(vpn.asked_password("SESS_ID_AT_x", "Authenticated"))

    def test_a_token_that_is_not_good_is_refused(self):
        for state in ("Expired", "Invalid", "AuthenticatedEmptyUser", "ExpiredEmptyUser"):
            with self.assertRaises(vpn.Refused):
                vpn.asked_password("SESS_ID_AT_x", state)


class Asked(unittest.TestCase):
    """What OpenVPN asks, and what the client hears of the answer."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.reason, self.verdict = (os.path.join(folder.name, n) for n in ("r", "v"))

    def verify(self, common_name, login, password, judge=None):
        environment = {
            "common_name": common_name,
            "untrusted_ip": "192.0.2.10",
            "auth_failed_reason_file": self.reason,
            "auth_control_file": self.verdict,
        }
        said = io.StringIO()
        typed = mock.patch.object(vpn.sys, "stdin", io.StringIO("%s\n%s\n" % (login, password)))
        asked = mock.patch.object(vpn, "judge", judge or mock.Mock(side_effect=AssertionError("nobody is asked")))
        with mock.patch.dict(os.environ, environment), contextlib.redirect_stderr(said), typed, asked:
            self.assertEqual(vpn.verify({}), 0)
        return self.found(self.verdict), self.found(self.reason), said.getvalue()

    def found(self, path):
        if not os.path.exists(path):
            return None
        with open(path) as f:
            return f.read()

    def test_somebodys_profile_is_of_no_use_with_another_account(self):
        verdict, heard, said = self.verify("claire.morel", "karim.haddad", "right")
        self.assertEqual((verdict, heard), (vpn.BAD, vpn.NOT_YOURS))
        self.assertIn("karim.haddad from 192.0.2.10 is refused: the certificate is claire.morel's", said)
        self.assertNotIn("right", said.replace("without the right", ""))

    def test_an_empty_password_is_refused_before_the_directory_is_asked(self):
        verdict, heard, said = self.verify("claire.morel", "Claire.Morel", "")
        self.assertEqual((verdict, heard), (vpn.BAD, vpn.NOT_YOU))
        self.assertIn("an empty password", said)

    def test_whoever_the_directory_knows_is_in_and_nothing_is_said(self):
        judge = mock.Mock()
        self.assertEqual(self.verify("claire.morel", "claire.morel", "right", judge), (vpn.GOOD, None, ""))
        judge.assert_called_once_with({}, "claire.morel", "right")

    def test_a_directory_that_cannot_be_asked_and_a_fault_of_ours_let_nobody_in(self):
        for fault in (vpn.Unreachable("dc1: no way"), KeyError("servers")):
            with mock.patch.object(vpn, "AGAIN", 0.1):
                verdict, heard, said = self.verify(
                    "claire.morel", "claire.morel", "right", mock.Mock(side_effect=fault)
                )
            self.assertEqual((verdict, heard), (vpn.BAD, vpn.UNREACHABLE))
            self.assertIn("is refused: ", said)

    def test_a_directory_that_is_late_is_asked_again_and_one_that_refuses_is_not(self):
        late = mock.Mock(side_effect=[vpn.Unreachable("dc1: timed out"), None])
        self.assertEqual(self.verify("claire.morel", "claire.morel", "right", late)[0], vpn.GOOD)
        refusing = mock.Mock(side_effect=vpn.Refused("wrong password", vpn.NOT_YOU))
        self.assertEqual(self.verify("claire.morel", "claire.morel", "right", refusing)[0], vpn.BAD)
        refusing.assert_called_once()

    def test_a_client_whose_certificate_is_not_its_accounts_is_disconnected(self):
        with contextlib.redirect_stderr(io.StringIO()):
            for common_name, code in (("karim.haddad", vpn.NO), ("", vpn.NO), ("claire.morel", vpn.YES)):
                environment = {"common_name": common_name, "username": "claire.morel"}
                with mock.patch.dict(os.environ, {**environment, "client_connect_deferred_file": self.verdict}):
                    self.assertEqual(vpn.connect({}), code)
                    self.assertEqual(self.found(self.verdict), vpn.GOOD if code == vpn.YES else None)


class Sessions(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = os.path.join(folder.name, "console")
        self.commands = []

    def openvpn(self):
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(self.path)
        listener.listen()
        self.addCleanup(listener.close)

        def serve():
            console, _ = listener.accept()
            with console, console.makefile("r") as lines:
                console.sendall(b">INFO:OpenVPN Management Interface Version 5\r\n")
                for line in lines:
                    self.commands.append(line.strip())
                    # One that was ended lingers for a while.
                    status = STATUS if self.commands.count("status 2") < 3 else STATUS.replace(KARIM, "")
                    answer = status if line.startswith("status") else "SUCCESS: client-kill command succeeded\n"
                    console.sendall(answer.replace("\n", "\r\n").encode())

        threading.Thread(target=serve, daemon=True).start()

    def judged(self, command, allowed):
        out, err = io.StringIO(), io.StringIO()
        with (
            mock.patch.object(vpn, "Directory", Directory(allowed)),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            code = command({"management": self.path})
        return code, out.getvalue() + err.getvalue()

    def test_who_is_in_without_the_right_is_named(self):
        self.openvpn()
        code, said = self.judged(vpn.check, {"claire.morel"})
        self.assertEqual(code, vpn.NO)
        self.assertEqual(said, "karim.haddad is in without the right to be: the account is disabled\n")

    def test_their_sessions_end_and_nobody_elses(self):
        self.openvpn()
        code, said = self.judged(vpn.expel, {"claire.morel"})
        self.assertEqual((code, self.commands), (vpn.YES, ["status 2", "client-kill 4", "status 2", "status 2"]))
        self.assertIn("karim.haddad is put out: the account is disabled", said)

    def test_where_the_directory_is_silent_nobody_is_put_out(self):
        self.openvpn()
        code, said = self.judged(vpn.expel, None)
        self.assertEqual((code, self.commands), (vpn.YES, ["status 2"]))
        self.assertIn("sessions are not judged: dc1: no way", said)

    def test_a_gateway_that_does_not_run_has_nobody_in(self):
        self.assertEqual(self.judged(vpn.check, None), (vpn.YES, ""))
        self.assertEqual(self.judged(vpn.who, None), (vpn.YES, ""))

    def test_who_is_in_is_told_with_the_moment_and_without_those_who_wait(self):
        self.openvpn()
        code, said = self.judged(vpn.who, None)
        self.assertEqual((code, said), (vpn.YES, "claire.morel since now\nkarim.haddad since now\n"))


if __name__ == "__main__":
    unittest.main()
