import base64
import http.server
import socket
import threading
import unittest
from unittest import mock

import login_first

CLOSED = {"login": "fermee", "principal": "fermee@cod.test", "password": "right"}
ASKED = {"wait": 5, "domain": "cod.test", "tries": True, "closed": CLOSED}


def target(kind, port):
    return {"name": kind, "kind": kind, "address": "127.0.0.1", "port": port, "names": ["web.test"], "isTls": False}


class Pages(http.server.BaseHTTPRequestHandler):
    """`/` answers as the class says: `(status, headers, text)`, with a login that `lets_in` another."""

    says, lets_in = (401, {"WWW-Authenticate": "Basic realm=x"}, b""), ()

    def do_GET(self):
        word = self.headers.get("Authorization", "").removeprefix("Basic ")
        login = base64.b64decode(word).decode().split(":")[0]
        status, headers, text = (200, {}, b"yours") if login in self.lets_in else self.says
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


class Web(unittest.TestCase):
    def found(self, lets_in=(), **more):
        handler = type("Own", (Pages,), {"lets_in": lets_in, **more})
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        found = login_first.one(ASKED, target("web", server.server_address[1]))
        return found["result"], found["said"]

    def test_that_asks_for_a_login_and_takes_none_of_those_gives_nothing(self):
        self.assertEqual(self.found(), ("login", "HTTP 401"))
        form = b'<form><input name="p" type="password"></form>'
        self.assertEqual(self.found(says=(200, {}, form)), ("login", "a login page"))
        self.assertEqual(
            self.found(says=(301, {"Location": "https://web.test/"}, b"")), ("login", "leads to https://web.test")
        )
        self.assertEqual(self.found(says=(404, {}, b"no")), ("login", "no page"))

    def test_a_page_is_data_and_so_is_whoever_comes_in(self):
        result, said = self.found(says=(200, {}, b"<h1>people</h1>"))
        self.assertEqual(result, "data")
        self.assertIn("15 bytes without a login", said)
        self.assertEqual(self.found(lets_in=["fermee"]), ("data", "HTTP 200 to fermee"))
        self.assertEqual(self.found(lets_in=[login_first.NOBODY[0]])[0], "data")

    def test_nobody_who_answers_is_shut(self):
        with socket.create_server(("127.0.0.1", 0)) as gone:
            port = gone.getsockname()[1]
        self.assertEqual(login_first.one(ASKED, target("web", port))["result"], "shut")


class Spoken(unittest.TestCase):
    def found(self, kind, *answers):
        """Of a server that says one thing after the other, each once it was asked; what begins with > at once."""
        server = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(server.close)
        left = list(answers)

        def serve():
            while left:
                client, _ = server.accept()
                with client:
                    while left:
                        if left[0].startswith(b">"):
                            client.sendall(left.pop(0)[1:])
                        elif client.recv(4096):
                            client.sendall(left.pop(0))
                        else:
                            break

        threading.Thread(target=serve, daemon=True).start()
        found = login_first.one(ASKED, target(kind, server.getsockname()[1]))
        return found["result"], found["said"]

    def test_an_exchange_asks_who_it_is_and_connects_nobody(self):
        refused = b"SIP/2.0 401 Unauthorized\r\n\r\n"
        self.assertEqual(self.found("sip", refused, refused), ("login", "SIP 401 and 401"))
        self.assertEqual(self.found("sip", refused, b"SIP/2.0 100 Trying\r\n\r\n")[0], "data")

    def test_a_letter_is_taken_of_whoever_is_logged_on_and_nobody_logs_on_in_the_middle_of_one(self):
        hello = b"250-mail\r\n250 AUTH PLAIN\r\n"
        begun = (b">220 mail\r\n", hello, b"250 sender\r\n")
        # Told to begin anew before the login, and at the end.
        refused = (b"554 refused\r\n", b"250 anew\r\n", b"535 no\r\n", b"221 bye\r\n")
        with mock.patch.object(login_first.smtplib.SMTP, "starttls"):
            self.assertEqual(self.found("submission", *begun, *refused)[0], "login")
            self.assertEqual(self.found("submission", *begun, b"250 recipient\r\n", b"221 bye\r\n")[0], "data")
            let_in = (*refused[:2], b"235 welcome\r\n", b"221 bye\r\n")
            self.assertEqual(self.found("submission", *begun, *let_in), ("data", "let fermee in"))

    def test_rules_are_for_whoever_is_logged_on(self):
        self.assertEqual(self.found("sieve", b'>"SIEVE" "x"\r\nOK\r\n', b"NO\r\n")[0], "login")
        self.assertEqual(self.found("sieve", b'>"SIEVE" "x"\r\nOK\r\n', b'"rules"\r\nOK\r\n')[0], "data")

    def test_a_directory_shows_no_entry_and_binds_nobody_who_is_disabled(self):
        def message(tag, *parts):
            return login_first.tlv(0x30, login_first.tlv(0x02, b"\1"), login_first.tlv(tag, *parts))

        def result(code):
            return login_first.tlv(0x0A, bytes([code])), login_first.tlv(0x04), login_first.tlv(0x04)

        entry = message(0x64, login_first.tlv(0x04, b"CN=x"), login_first.tlv(0x30))
        none, refused, bound = message(0x65, *result(1)), message(0x61, *result(49)), message(0x61, *result(0))
        self.assertEqual(self.found("ldap", none, refused)[0], "login")
        self.assertEqual(self.found("ldap", entry + none), ("data", "entries without a login"))
        self.assertEqual(self.found("ldap", none, bound), ("data", "let fermee@cod.test in"))


if __name__ == "__main__":
    unittest.main()
