"""Runs this desk's softphone, and starts it again where it has no connection to the exchange. Written by maquette.

    softphone.py PORT COMMAND…    PORT: where the exchange takes TLS

A phone that is registered over TLS keeps its connection. baresip asks again by itself after 30 to 60 s, then after
twice that, and so on up to half an hour (libre's sipreg/reg.c): after an exchange that was away for a minute its phones
would be away for many. One that is started anew registers at once. Ends as the phone ends.
"""

import contextlib
import os
import subprocess
import sys
import time

# For how long a phone may be without a connection; twice that each time that a start did not help.
PATIENCE_SECONDS = 5
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


def wait(phone, port, patience):
    """Until the phone ends, or has been without a connection for so long; says whether it had one meanwhile."""
    had = False
    last = time.monotonic()
    while time.monotonic() - last < patience:
        with contextlib.suppress(subprocess.TimeoutExpired):
            phone.wait(LOOK_SECONDS)
            return had
        if is_connected(phone.pid, port):
            had, last, patience = True, time.monotonic(), PATIENCE_SECONDS
    return had


def stop(phone):
    phone.terminate()
    try:
        phone.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        phone.kill()
        phone.wait()


def main(port, command):
    patience = PATIENCE_SECONDS
    while True:
        phone = subprocess.Popen(command)
        had = wait(phone, port, patience)
        if phone.returncode is not None:
            return phone.returncode
        print("no connection to port %d: the softphone is started again" % port, flush=True)
        stop(phone)
        patience = PATIENCE_SECONDS if had else min(2 * patience, LONGEST_SECONDS)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2:]))
