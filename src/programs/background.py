"""A program that goes to the background: it says when it is ready, and ends when it is told to or after its limit.

Standard input is one JSON document, with `limit` and `patience` in seconds beside what the program itself asks for.
"""

import json
import os
import select
import signal
import sys
import time


class Background:
    def __init__(self, asked, ready):
        self.asked = asked
        self.limit = time.monotonic() + asked["limit"]
        self.is_stopped = False
        self._ready = ready
        signal.signal(signal.SIGTERM, self._stop)

    def _stop(self, *_):
        self.is_stopped = True

    def answer(self, **what):
        """What whoever started it hears, once."""
        os.write(self._ready, (json.dumps(what) + "\n").encode())

    def is_over(self):
        return self.is_stopped or time.monotonic() >= self.limit


def begin():
    """Returns in the background; in the foreground it hands on what that answers, and ends."""
    asked = json.load(sys.stdin)
    ready_read, ready_write = os.pipe()
    if os.fork() > 0:
        os.close(ready_write)
        print(heard(ready_read, asked["patience"]) or json.dumps({"failure": "it ended before it was ready"}))
        sys.exit(0)
    os.setsid()
    os.close(ready_read)
    nothing = os.open("/dev/null", os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    return Background(asked, ready_write)


def heard(pipe, patience):
    """A line; less where the other end closes or says nothing for that long."""
    text = b""
    while not text.endswith(b"\n"):
        if not select.select([pipe], [], [], patience)[0]:
            break
        part = os.read(pipe, 65536)
        if not part:
            break
        text += part
    return text.decode()


def now():
    """This guest's clock: monotonic, in microseconds."""
    return time.monotonic_ns() // 1000
