"""Where the routes lead, or by a tunnel: connections of a program that asks as a user's would.

`asked` has `wait` in seconds, and `tunnel`, by which all of it goes (what tunnel.py asks for), or null.
"""

import contextlib
import fcntl
import socket
import tempfile

from tunnel import Client

SO_BINDTODEVICE = 25


@contextlib.contextmanager
def way(asked):
    """The same with the `device` that leads to the server."""
    if asked["tunnel"] is None:
        yield {**asked, "device": None}
        return
    # The gateway ends a person's tunnel when the same person makes another.
    turn = open("/run/maquette-tunnel-" + asked["tunnel"]["login"], "w")
    with turn, tempfile.TemporaryDirectory(dir="/run") as folder:
        fcntl.flock(turn, fcntl.LOCK_EX)
        client = Client(asked["tunnel"], folder)
        try:
            result, said, _ = client.outcome()
            if result != "up":
                raise ConnectionError("no tunnel (%s): %s" % (result, said))
            yield {**asked, "device": client.device}
        finally:
            client.end()


def connected(asked, address, port):
    s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    s.settimeout(asked["wait"])
    try:
        if asked["device"]:
            s.setsockopt(socket.SOL_SOCKET, SO_BINDTODEVICE, asked["device"].encode() + b"\0")
        s.connect((address, port))
    except OSError:
        s.close()
        raise
    return s
