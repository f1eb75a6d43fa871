"""Asks on each path of a drill, every few milliseconds.

A SYN from a new port, to which an answer of either kind is the path's; and one open session, which sends as often and
hears its own words. Times are this guest's, monotonic, in microseconds.

`{paths: [{address, port}], every, timeout, folder, limit, patience}` → `{pid}`; the folder then holds `log`, a line for
each event, and `state`, for whoever waits:
  p PATH SENT LEFT ANSWERED|- a probe, which the kernel sent between SENT and LEFT
  s PATH SEQUENCE SENT        the session's message
  e PATH SEQUENCE HEARD       its echo
  x PATH TIME WHY             the session ended
"""

import errno
import json
import os
import select
import socket
import struct
import sys
import time

from background import begin, now

# TCP_INFO (tcp(7)) is a struct tcp_info of linux/tcp.h: the state first, and here how often something was sent again.
RETRANSMITS = struct.Struct("=I")
RETRANSMITS_AT = 100
SYN_SENT = 2
# Its number, and when it was said.
MESSAGE = struct.Struct("!QQ")


class Asker:
    def __init__(self, asked):
        self.folder = asked["folder"]
        self.every, self.timeout = asked["every"] / 1000, asked["timeout"] / 1000
        self.paths = [(p["address"], p["port"]) for p in asked["paths"]]
        self.poll = select.epoll()
        os.makedirs(self.folder, mode=0o700, exist_ok=True)
        self.log = open(self.folder + "/log", "w", buffering=1 << 20)
        # Of each path; None once it has ended.
        self.sessions = []
        self.of_session = {}
        self.rest = [b""] * len(self.paths)
        # When the last message was said that was heard again. Not when something was heard: after an outage TCP repeats
        # what is oldest first, and to hear that is no sign that what is said now comes through.
        self.heard = [0] * len(self.paths)
        # By descriptor: path, before and after it was sent, socket. In the order in which they were sent.
        self.probes = {}
        # When the last probe was sent that was answered.
        self.up = [0] * len(self.paths)
        self.sequence = 0

    def open_sessions(self, seconds):
        """What is wrong, if anything."""
        for path, address in enumerate(self.paths):
            try:
                s = socket.create_connection(address, timeout=seconds)
            except OSError as error:
                return "no session to %s port %d: %s" % (*address, error)
            s.setblocking(False)
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.poll.register(s, select.EPOLLIN)
            self.sessions.append(s)
            self.of_session[s.fileno()] = path
        return None

    def tell(self):
        self.log.flush()
        state = {"now": now(), "answered": self.up, "heard": self.heard}
        state["open"] = [s is not None for s in self.sessions]
        with open(self.folder + "/state.new", "w") as f:
            json.dump(state, f)
        os.rename(self.folder + "/state.new", self.folder + "/state")

    def run(self, background):
        tick, told = time.monotonic(), 0.0
        while not background.is_stopped and tick < background.limit:
            tick = max(tick + self.every, time.monotonic() - self.every)
            for path in range(len(self.paths)):
                self.probe(path)
                self.say(path)
            self.hear_until(tick)
            self.give_up()
            if time.monotonic() - told >= 0.1:
                told = time.monotonic()
                self.tell()

    def close(self):
        for s in self.sessions:
            if s is not None:
                s.close()
        self.log.close()

    # Probes

    def probe(self, path):
        s = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        sent = now()
        code = s.connect_ex(self.paths[path])
        left = now()
        if code not in (0, errno.EINPROGRESS, errno.ECONNREFUSED):
            # No route, no neighbour: as good as no answer.
            self.note(path, sent, left, None)
            s.close()
            return
        self.probes[s.fileno()] = (path, sent, left, s)
        if code == errno.EINPROGRESS:
            self.poll.register(s, select.EPOLLOUT)
        else:
            self.settle(s.fileno())

    def give_up(self):
        """Before the kernel sends a SYN again (tcp(7): after a second), so that an answer is that probe's."""
        late = now() - self.timeout * 1e6
        for fd in [fd for fd, (_, sent, _, _) in self.probes.items() if sent < late]:
            self.settle(fd)

    def settle(self, fd):
        """
        What became of a probe is the kernel's to say: its answer may have come while nobody here looked. Where it had
        sent the SYN again by then, it is not known which of both was answered, and so nothing is.
        """
        path, sent, left, s = self.probes.pop(fd)
        info = s.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, RETRANSMITS_AT + RETRANSMITS.size)
        code = s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if info[0] == SYN_SENT or code not in (0, errno.ECONNREFUSED):
            self.note(path, sent, left, None)
        elif RETRANSMITS.unpack_from(info, RETRANSMITS_AT) == (0,):
            self.note(path, sent, left, now())
        try:
            self.poll.unregister(s)
        except OSError:
            pass
        # Without a farewell that the other end would have to wait for.
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        s.close()

    def note(self, path, sent, left, answered):
        self.log.write("p %d %d %d %s\n" % (path, sent, left, "-" if answered is None else answered))
        if answered is not None:
            self.up[path] = max(self.up[path], sent)

    # Sessions

    def say(self, path):
        s = self.sessions[path]
        if s is None:
            return
        self.sequence += 1
        try:
            said = now()
            # Full buffers: the kernel keeps what is there already, and that is enough to hear from.
            s.send(MESSAGE.pack(self.sequence, said))
            self.log.write("s %d %d %d\n" % (path, self.sequence, said))
        except BlockingIOError:
            pass
        except OSError as error:
            self.end_session(path, errno.errorcode.get(error.errno, "?"))

    def hear(self, path):
        try:
            data = self.sessions[path].recv(65536)
        except BlockingIOError:
            return
        except OSError as error:
            self.end_session(path, errno.errorcode.get(error.errno, "?"))
            return
        if not data:
            self.end_session(path, "EOF")
            return
        data, at = self.rest[path] + data, now()
        whole = len(data) // MESSAGE.size * MESSAGE.size
        self.rest[path] = data[whole:]
        for n, said in MESSAGE.iter_unpack(data[:whole]):
            self.log.write("e %d %d %d\n" % (path, n, at))
            self.heard[path] = said

    def end_session(self, path, why):
        self.log.write("x %d %d %s\n" % (path, now(), why))
        self.poll.unregister(self.sessions[path])
        del self.of_session[self.sessions[path].fileno()]
        self.sessions[path].close()
        self.sessions[path] = None

    def hear_until(self, tick):
        while True:
            for fd, _ in self.poll.poll(max(0, tick - time.monotonic())):
                if fd in self.of_session:
                    self.hear(self.of_session[fd])
                elif fd in self.probes:
                    self.settle(fd)
            if time.monotonic() >= tick:
                return


def main():
    background = begin()
    asker = Asker(background.asked)
    failure = asker.open_sessions(background.asked["patience"] / 2)
    if failure is not None:
        background.answer(failure=failure)
        sys.exit(0)
    asker.tell()
    background.answer(pid=os.getpid())
    asker.run(background)
    asker.close()


if __name__ == "__main__":
    main()
