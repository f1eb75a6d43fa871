import json
import socket
import threading
import unittest

from baresip import Console, Ended


def frame(message):
    text = json.dumps(message).encode()
    return b"%d:%s," % (len(text), text)


class Speaks(unittest.TestCase):
    def setUp(self):
        server = socket.create_server(("127.0.0.1", 0))
        self.console = Console(server.getsockname()[1])
        self.phone, _ = server.accept()
        self.phone.settimeout(5)
        for closed in (server, self.console, self.phone):
            self.addCleanup(closed.close)

    def test_what_it_is_told_is_a_netstring(self):
        self.console.tell("dial", "sip:1@h")
        asked = {"command": "dial", "params": "sip:1@h", "token": "t"}
        self.assertEqual(self.phone.recv(4096), frame(asked))

    def test_two_messages_may_come_at_once_and_one_in_pieces(self):
        first, second = frame({"type": "A", "param": "1:x,"}), frame({"type": "B"})
        self.phone.sendall(first + second[:4])
        self.assertEqual(self.console.said(5), [{"type": "A", "param": "1:x,"}])
        self.phone.sendall(second[4:])
        self.assertEqual(self.console.said(5), [{"type": "B"}])

    def test_silence_is_nothing_and_an_end_is_an_error(self):
        self.assertEqual(self.console.said(0.01), [])
        self.phone.close()
        self.assertRaises(Ended, self.console.said, 5)

    def test_closed_while_somebody_listens_it_has_ended(self):
        ended = []

        def listen():
            try:
                while True:
                    self.console.said(0.01)
            except Ended as error:
                ended.append(error)

        listening = threading.Thread(target=listen)
        listening.start()
        self.console.close()
        listening.join(5)
        self.assertEqual(len(ended), 1)


if __name__ == "__main__":
    unittest.main()
