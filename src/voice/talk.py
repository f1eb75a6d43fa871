"""One end of calls between two guests, in the background, until it is ended.

`{address, port, peer, calls, packetMs, bytes, windowMs, playoutMs, folder, limit, patience}` → `{pid}`; `peer` is
`[ADDRESS, PORT]`, or null for whoever is heard first. The folder then holds `state`, `{windows}`: how many windows of
time have begun in which this end heard something of every call; and at the end `told`,
`{sent: {KEY: N}, came: {KEY: TOLD}, heldUpMs}` with KEY `CALL/WINDOW`, windows by the clock that both guests share.
"""

import json
import os
import select
import sys
import time

from background import begin
from streams import MS, End, open_end


def write(folder, name, what):
    with open("%s/%s.new" % (folder, name), "w") as file:
        json.dump(what, file)
    os.rename("%s/%s.new" % (folder, name), "%s/%s" % (folder, name))


def first_heard(sock, is_over):
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    while not is_over():
        if poll.poll(200):
            return sock.recvfrom(2048)[1]
    return None


class Watched:
    """Ends the talk when it is told to, and says meanwhile how it goes."""

    def __init__(self, talker, background, folder):
        self.talker, self.background, self.folder = talker, background, folder
        self.said = 0.0

    def is_over(self):
        now = time.monotonic()
        if now - self.said >= 0.5:
            self.said = now
            windows = {}
            for _, window in self.talker.streams:
                windows[window] = windows.get(window, 0) + 1
            write(self.folder, "state", {"windows": sum(n == self.talker.calls for n in windows.values())})
        return self.background.is_over()


def main():
    background = begin()
    asked, folder = background.asked, background.asked["folder"]
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
        sock = open_end(asked["address"], asked["port"], 0)
    except OSError as error:
        background.answer(failure="calls cannot begin at port %d: %s" % (asked["port"], error))
        sys.exit(0)
    background.answer(pid=os.getpid())
    peer = asked["peer"] or first_heard(sock, background.is_over)
    if peer is None:
        return
    talker = End(sock, tuple(peer), asked)
    talker.run(time.monotonic_ns(), asked["limit"], Watched(talker, background, folder).is_over)
    # What is on its way when the other end stops too.
    talker.hear_until(time.monotonic_ns() + 500 * MS)
    playout = asked["playoutMs"] * MS
    came = {"%d/%d" % key: stream.told(playout) for key, stream in talker.streams.items()}
    sent = {"%d/%d" % key: n for key, n in talker.sent.items()}
    write(folder, "told", {"sent": sent, "came": came, "heldUpMs": talker.held_up / MS})


if __name__ == "__main__":
    main()
