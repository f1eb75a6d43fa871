import socket
import threading
import unittest

from ask import Asker


def a_target(port, **more):
    return {"name": "x", "protocol": "tcp", "address": "127.0.0.1", "port": port, **more}


def listening(said=None, answer=None):
    """A server on loopback for one client."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve():
        peer, _ = server.accept()
        with peer:
            if answer is not None:
                peer.recv(1024)
            peer.sendall(said or answer or b"")
            peer.recv(1)

    threading.Thread(target=serve, daemon=True).start()
    return server


def asked(*targets, seconds=60.0):
    asker = Asker()
    for target in targets:
        asker.ask(target)
    asker.run(seconds)
    return [(a["result"], a["said"]) for a in asker.answers]


class Answers(unittest.TestCase):
    def test_a_port_that_takes_connections_is_open(self):
        with listening() as server:
            self.assertEqual(asked(a_target(server.getsockname()[1])), [("open", "")])

    def test_a_greeting_must_be_the_one(self):
        for greeting, result in (("SSH-2.0-", "open"), ("220 ", "refused")):
            with listening(b"SSH-2.0-OpenSSH\r\nmore") as server:
                target = a_target(server.getsockname()[1], greeting=greeting)
                self.assertEqual(asked(target), [(result, "SSH-2.0-OpenSSH")])

    def test_what_has_come_is_heard_though_the_time_is_over(self):
        with socket.create_server(("127.0.0.1", 0)) as server:
            target = a_target(server.getsockname()[1], greeting="220 ")
            asker = Asker()
            asker.ask(target)
            with server.accept()[0] as peer:
                peer.sendall(b"220 here\r\n")
                asker.run(-1)
        self.assertEqual([a["result"] for a in asker.answers], ["open"])

    def test_nobody_there_is_refused(self):
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
        self.assertEqual(asked(a_target(port), a_target(port, protocol="udp")), [("refused", "ECONNREFUSED")] * 2)

    def test_one_that_says_nothing_is_silent_whether_connected_or_not(self):
        quiet = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        quiet.bind(("127.0.0.1", 0))
        with quiet, socket.create_server(("127.0.0.1", 0)) as server:
            udp = a_target(quiet.getsockname()[1], protocol="udp")
            tcp = a_target(server.getsockname()[1], greeting="220 ")
            self.assertEqual(asked(udp, tcp, seconds=0.1), [("silent", ""), ("silent", "connected")])
            self.assertTrue(quiet.recv(1024).startswith(b"OPTIONS sip:probe@127.0.0.1 SIP/2.0\r\n"))


if __name__ == "__main__":
    unittest.main()
