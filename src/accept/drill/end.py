"""Ends a program that is in the background, and waits until it is gone. `{pid, deadline}` → `{}`"""

import json
import os
import signal
import sys
import time


def end(pid, seconds):
    deadline = time.monotonic() + seconds
    number = signal.SIGTERM
    while is_running(pid):
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return
        number = 0 if time.monotonic() < deadline else signal.SIGKILL
        time.sleep(0.02)


def is_running(pid):
    """One that its parent has not looked at yet (Z in proc(5)) has ended."""
    try:
        with open("/proc/%d/stat" % pid) as f:
            return f.read().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


if __name__ == "__main__":
    asked = json.load(sys.stdin)
    end(asked["pid"], asked["deadline"])
    print("{}")
