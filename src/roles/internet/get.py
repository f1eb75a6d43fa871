"""The status line of a web server's answer. `{address, port, timeout}` → the line

By hand: Debian's least Python has no http module.
"""

import json
import socket
import sys


def status_line(address, port, timeout):
    with socket.create_connection((address, port), timeout=timeout) as s:
        s.sendall(("GET / HTTP/1.0\r\nHost: %s\r\n\r\n" % address).encode())
        with s.makefile("rb") as answer:
            return answer.readline(200).decode("latin-1").strip()


if __name__ == "__main__":
    asked = json.load(sys.stdin)
    print(status_line(asked["address"], asked["port"], asked["timeout"]))
