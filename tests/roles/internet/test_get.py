import socket
import threading
import unittest

from get import status_line


class Pages(unittest.TestCase):
    def test_the_status_line_is_the_first(self):
        with socket.create_server(("127.0.0.1", 0)) as server:

            def serve():
                peer, _ = server.accept()
                with peer:
                    peer.recv(1024)
                    peer.sendall(b"HTTP/1.1 200 OK\r\nServer: x\r\n\r\n")

            threading.Thread(target=serve, daemon=True).start()
            self.assertEqual(status_line("127.0.0.1", server.getsockname()[1], 5), "HTTP/1.1 200 OK")


if __name__ == "__main__":
    unittest.main()
