"""Waits until the capture holds each of the marks and has grown no more for a moment, ends it and hands it over.

`{pids, folder, marks: [hex], deadline, quiet}` → `{file: base64, states, missing, isWhole, said}`
"""

import base64
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time

# What every packet of ours bears (frame.ts), and so does its reply.
MARK = b"mqw1"


def read(path):
    try:
        with open(path, "rb") as f:
            return f.read()
    except OSError:
        return b""


def until_still(path, marks, deadline, quiet):
    """
    What is held then. Replies of the marked packets count; a busy network's other packets must not hold us for ever.
    """
    data, still = read(path), time.monotonic()
    while time.monotonic() < deadline:
        if all(m in data for m in marks) and time.monotonic() - still >= quiet:
            break
        time.sleep(0.02)
        held = read(path)
        if held.count(MARK) != data.count(MARK):
            still = time.monotonic()
        data = held
    return data


def is_read_to_its_end(path, deadline):
    """
    Does the capture hold all that the kernel has captured until now? What comes in that order is written in it, however
    late: so what we now send ourselves by loopback is behind all of it.
    """
    own = os.urandom(16)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        while time.monotonic() < deadline:
            # Discard (RFC 863), or nobody.
            s.sendto(own, ("127.0.0.1", 9))
            again = time.monotonic() + 0.5
            while time.monotonic() < again:
                if own in read(path):
                    return True
                time.sleep(0.02)
    return False


def signal_all(pids, number):
    """To whole sessions: timeout(1) and what it runs. Whether any is left."""
    left = False
    for pid in pids:
        try:
            os.killpg(pid, number)
            left = True
        except ProcessLookupError:
            pass
    return left


def work(asked):
    folder, pids = asked["folder"], asked["pids"]
    marks = [bytes.fromhex(m) for m in asked["marks"]]
    data = until_still(folder + "/file", marks, time.monotonic() + asked["deadline"], asked["quiet"])
    missing = sum(1 for m in marks if m not in data)
    is_whole = is_read_to_its_end(folder + "/file", time.monotonic() + min(10, asked["deadline"]))
    # What is open since before: protocols without ports have one connection for all.
    listing = ["conntrack", "-L", "-o", "extended"]
    known = subprocess.run(listing, capture_output=True, text=True, timeout=10, check=False).stdout
    signal_all(pids, signal.SIGINT)
    end = time.monotonic() + 5
    while signal_all(pids, 0):
        if time.monotonic() > end:
            signal_all(pids, signal.SIGKILL)
        time.sleep(0.01)
    data = read(folder + "/file")
    with open(folder + "/said") as f:
        said = f.read()
    with open(folder + "/states") as f:
        states = f.read() + known
    shutil.rmtree(folder, ignore_errors=True)
    return {
        "file": base64.b64encode(data).decode(),
        "states": states,
        "missing": missing,
        "isWhole": is_whole,
        "said": said,
    }


if __name__ == "__main__":
    print(json.dumps(work(json.load(sys.stdin))))
