"""One attempt to come in by the VPN, as a road warrior makes it, and what opens by it.

`{profile, remote, login, password, rightful, patience, wait, asked: [{name, address, port}],
resolvers: [{name, address}], question}` with `remote` null for the profile's own, `rightful` null or the account's
password, and times in seconds →
`{result, said, isGreeted, routes, before: {NAME: ANSWER}, after: {NAME: ANSWER}, rightful}`

`result` is `up`, `refused`, or `shut`: a gateway that has said nothing of the account within the patience, and has
greeted where it has shown its own certificate. `before` is asked without the tunnel, `after` by it. `rightful` is what
was said to the rightful password, tried afterwards: so asking often locks nobody out. An answer is `open`, `refused`
(somebody said that nobody listens: the way there is open), `silent` or `unreachable`.

What is asked by it goes into the tunnel whatever was routed there: who wants more than was pushed writes routes of
his own.
"""

import errno
import json
import os
import select
import socket
import sys
import tempfile
import threading
import time

from names import question_of
from tunnel import Client

SO_BINDTODEVICE = 25
# After which a resolver is asked again: a datagram may be lost, above all before the tunnel's other end is ready.
AGAIN = 0.5


class Asker:
    """TCP ports and resolvers, all at once; by a device of its own where one is named."""

    def __init__(self, asked, device=None):
        self.asked = asked
        self.device = device
        self.answers = {}
        self.waiting = {}
        self.poll = select.poll()

    def settle(self, fd, result):
        name, s, _ = self.waiting.pop(fd)
        self.poll.unregister(fd)
        s.close()
        self.answers[name] = result

    def failed(self, fd, code):
        self.settle(fd, "refused" if code == errno.ECONNREFUSED else "unreachable")

    def ask(self, name, address, port, question=None):
        s = socket.socket(socket.AF_INET, socket.SOCK_STREAM if question is None else socket.SOCK_DGRAM)
        s.setblocking(False)
        if self.device:
            s.setsockopt(socket.SOL_SOCKET, SO_BINDTODEVICE, self.device.encode() + b"\0")
        self.waiting[s.fileno()] = (name, s, question)
        self.poll.register(s.fileno(), select.POLLOUT if question is None else select.POLLIN)
        code = s.connect_ex((address, port))
        if code not in (0, errno.EINPROGRESS):
            self.failed(s.fileno(), code)
        elif question is not None:
            try:
                s.send(question)
            except OSError as error:
                self.failed(s.fileno(), error.errno)

    def ask_again(self):
        for fd, (_, s, question) in list(self.waiting.items()):
            if question is not None:
                try:
                    s.send(question)
                except OSError as error:
                    self.failed(fd, error.errno)

    def look(self, fd):
        _, s, question = self.waiting[fd]
        code = s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            self.failed(fd, code)
        elif question is None:
            self.settle(fd, "open")
        else:
            try:
                said = s.recv(4096)
            except OSError as error:
                self.failed(fd, error.errno)
                return
            # The same question's, without an error, with an answer in it.
            self.settle(fd, "open" if said[:2] == question[:2] and said[3] & 15 == 0 and said[7] else "refused")

    def run(self):
        for target in self.asked["asked"]:
            self.ask(target["name"], target["address"], target["port"])
        for target in self.asked["resolvers"]:
            self.ask(target["name"], target["address"], 53, question_of(self.asked["question"], os.urandom(2)))
        end = time.monotonic() + self.asked["wait"]
        is_over = False
        while self.waiting and not is_over:
            left = max(0, end - time.monotonic())
            events = self.poll.poll(min(left, AGAIN) * 1000)
            for fd, _ in events:
                if fd in self.waiting:
                    self.look(fd)
            if not events:
                self.ask_again()
            # What came in time is heard, also where this program was held up until after that.
            is_over = left == 0 and not events
        for fd in list(self.waiting):
            self.settle(fd, "silent")
        return self.answers


def said_to_rightful(asked):
    if asked["rightful"] is None:
        return ""
    with tempfile.TemporaryDirectory(dir="/run") as folder:
        client = Client({**asked, "password": asked["rightful"]}, folder)
        try:
            result, said, _ = client.outcome()
        finally:
            client.end()
    return said or result


def attempt(asked):
    with tempfile.TemporaryDirectory(dir="/run") as folder:
        client, before = Client(asked, folder), Asker(asked)
        # At once: no route of this machine leads into the tunnel.
        without = threading.Thread(target=before.run)
        without.start()
        try:
            result, said, routes = client.outcome()
            after = Asker(asked, client.device).run() if result == "up" else {}
        finally:
            client.end()
            without.join()
    return {
        # Who says nothing to the one says nothing to the other.
        "rightful": "" if result == "shut" else said_to_rightful(asked),
        **{"result": result, "said": said, "isGreeted": client.is_greeted, "routes": routes},
        **{"before": before.answers, "after": after},
    }


if __name__ == "__main__":
    print(json.dumps(attempt(json.load(sys.stdin))))
