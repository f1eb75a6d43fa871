"""Runs this desk's softphone, and starts it again where the exchange is there and it has no connection to it.

    softphone.py SERVER PORT COMMAND…    where the exchange takes TLS

A phone that is registered over TLS keeps its connection. baresip asks again by itself after 30 to 60 s, then after
twice that, and so on up to half an hour (libre's sipreg/reg.c): after an exchange that was away for a minute its phones
would be away for many, and who calls them meanwhile hears the voicemail. One that is started anew registers at once.
Ends as the phone ends. Written by maquette.
"""

import contextlib
import os
import socket
import subprocess
import sys
import time

# For how long a phone may be without a connection to an exchange that takes them; twice that each time that a start did
# not help.
PATIENCE_SECONDS = 2
LONGEST_SECONDS = 10
LOOK_SECONDS = 1
STOP_SECONDS = 3
ESTABLISHED = "01"


def sockets_of(pid):
    """Inodes of a process' sockets; none of one that has ended."""
    found = set()
    with contextlib.suppress(OSError):
        for fd in os.listdir("/proc/%d/fd" % pid):
            with contextlib.suppress(OSError):
                link = os.readlink("/proc/%d/fd/%s" % (pid, fd))
                if link.startswith("socket:["):
                    found.add(link[len("socket:[") : -1])
    return found


def is_connected(pid, port):
    """Whether a process has a connection over IPv4 to that port of somebody (proc(5): /proc/net/tcp)."""
    own = sockets_of(pid)
    with open("/proc/net/tcp") as table:
        next(table)
        for line in table:
            _, _, remote, state, *rest = line.split()
            if state == ESTABLISHED and int(remote.rpartition(":")[2], 16) == port and rest[5] in own:
                return True
    return False


def takes_connections(exchange):
    with contextlib.suppress(OSError), socket.create_connection(exchange, timeout=1):
        return True
    return False


def wait(phone, exchange, patience):
    """Until the phone ends, or has been without a connection for so long that it could have; says whether it had one.

    Nobody gains by a start while the exchange is away: as soon as it is back, and not some seconds later.
    """
    had = False
    last = time.monotonic()
    while time.monotonic() - last < patience or not takes_connections(exchange):
        with contextlib.suppress(subprocess.TimeoutExpired):
            phone.wait(LOOK_SECONDS)
            return had
        if is_connected(phone.pid, exchange[1]):
            had, last, patience = True, time.monotonic(), PATIENCE_SECONDS
    return had


def stop(phone):
    phone.terminate()
    try:
        phone.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        phone.kill()
        phone.wait()


def main(exchange, command):
    patience = PATIENCE_SECONDS
    while True:
        phone = subprocess.Popen(command)
        had = wait(phone, exchange, patience)
        if phone.returncode is not None:
            return phone.returncode
        print("no connection to %s, port %d: the softphone is started again" % exchange, flush=True)
        stop(phone)
        patience = PATIENCE_SECONDS if had else min(2 * patience, LONGEST_SECONDS)


if __name__ == "__main__":
    sys.exit(main((sys.argv[1], int(sys.argv[2])), sys.argv[3:]))
