"""Answers the next call of this desk's softphone, as somebody who sits there would. `{from, seconds}`

Over the loopback port of the phone that runs here (ctrl_tcp). Ends as soon as that is registered and it listens, and
answers in a process of its own; one at a time, because the phone hears one only. What the far end says is given back:
there is no sound card here, and the phone's loudspeaker is its microphone.
"""

import contextlib
import fcntl
import json
import os
import sys
import time

from baresip import Console, Ended, takes_registration

PORT = 4444
LOCK = "/run/maquette-answer.lock"
# A phone that lost its exchange is back within seconds once that is.
REGISTER_SECONDS = 12


def lock(seconds):
    held = os.open(LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    end = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() > end:
                sys.exit("another call is being answered here")
            time.sleep(0.05)


def said(console, end):
    """What the phone says until then; ends early when it closes."""
    with contextlib.suppress(Ended):
        while (left := end - time.monotonic()) > 0:
            yield from console.said(left)


def registered():
    """A connection to the phone, once the exchange has taken its registration: who is called before hears no phone."""
    end = time.monotonic() + REGISTER_SECONDS
    problem = "the softphone says nothing of its registration"
    while time.monotonic() < end:
        try:
            console = Console(PORT)
            console.tell("reginfo")
            answer = next((a for a in said(console, min(end, time.monotonic() + 1)) if a.get("response")), None)
            if answer is not None:
                if takes_registration(answer):
                    return console
                problem = "the softphone is not registered with the exchange"
            console.close()
        except OSError as error:
            problem = "the softphone does not run: %s" % error
        time.sleep(0.1)
    sys.exit(problem)


def answer(console, asked):
    # Others may ring meanwhile, as every phone of a group does, and stop ringing: that is not the end of this one.
    answered = None
    for event in said(console, time.monotonic() + asked["seconds"]):
        kind, call = event.get("type"), event.get("id", "")
        if answered is None and kind == "CALL_INCOMING" and "sip:%s@" % asked["from"] in event.get("peeruri", ""):
            # By its id: without one it is whichever rang last.
            console.tell("accept", call)
            answered = call
        elif kind == "CALL_CLOSED" and call == answered:
            return


def main():
    asked = json.load(sys.stdin)
    lock(asked["seconds"])
    console = registered()
    if os.fork():
        return
    os.setsid()
    null = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(null, fd)
    try:
        answer(console, asked)
    finally:
        os._exit(0)


if __name__ == "__main__":
    main()
