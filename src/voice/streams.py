"""RTP streams of one end: it sends those of its calls, and tells what became of those that come (RFC 3550).

Times are of one clock, which both ends must share; when a packet came is the kernel's word, not this program's.
"""

import select
import socket
import struct
import time

# Version 2, payload type 8 (A-law); number, timestamp, source. Then when it was sent, in nanoseconds.
PACKET = struct.Struct("!BBHIIQ")
# <asm-generic/socket.h>; what comes with it is a struct timespec.
SO_TIMESTAMPNS = 35
STAMP = struct.Struct("=qq")
# Where the kernel takes it: enough for a second of a thousand calls.
BUFFER_BYTES = 4 << 20
SAMPLES_A_SECOND = 8000
MS = 1_000_000
# A caller who is later than this was held up, in nanoseconds: half a packet.
PATIENCE = 10 * MS


def open_end(address, port, priority):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)
    s.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    # Expedited forwarding, as phones send (RFC 4594).
    s.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, 0xB8)
    if priority:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_PRIORITY, priority)
    s.setblocking(False)
    s.bind((address, port))
    return s


def when(told):
    """Of what the kernel says beside a packet, when it came, in nanoseconds."""
    for level, kind, data in told:
        if (level, kind) == (socket.SOL_SOCKET, SO_TIMESTAMPNS):
            seconds, rest = STAMP.unpack_from(data)
            return seconds * 1_000_000_000 + rest
    return None


class Stream:
    """One that comes: by its source's number."""

    def __init__(self):
        self.seen = set()
        self.delays = []
        self.duplicates = 0
        self.jitter = self.most_jitter = 0.0
        self.last = None

    def take(self, number, sent, came):
        if number in self.seen:
            self.duplicates += 1
            return
        self.seen.add(number)
        delay = came - sent
        self.delays.append(delay)
        if self.last is not None:
            # RFC 3550 section 6.4.1, with the time of sending: what held the sender up is not the network's.
            self.jitter += (abs(delay - self.last) - self.jitter) / 16
            self.most_jitter = max(self.most_jitter, self.jitter)
        self.last = delay

    def told(self, playout):
        """`late` are those that a telephone with a buffer of `playout` nanoseconds could not have played."""
        if not self.delays:
            return {"received": 0, "late": 0, "duplicates": 0, "jitterMs": None, "jitterMostMs": None, "delayMs": None}
        least = min(self.delays)
        return {
            "received": len(self.delays),
            "late": sum(delay - least > playout for delay in self.delays),
            "duplicates": self.duplicates,
            "jitterMs": self.jitter / MS,
            "jitterMostMs": self.most_jitter / MS,
            "delayMs": {
                "least": least / MS,
                "mean": sum(self.delays) / len(self.delays) / MS,
                "most": max(self.delays) / MS,
            },
        }


class End:
    """Of `{calls, packetMs, bytes, windowMs}`: so many streams of packets with so many bytes after UDP's header.

    What is sent and what comes is told by `(call, window)`: windows are of the clock, by when a packet was sent, and
    all of it is one window where `windowMs` is 0.
    """

    def __init__(self, sock, peer, asked):
        self.sock, self.peer = sock, peer
        self.calls, self.bytes = asked["calls"], asked["bytes"]
        self.every = asked["packetMs"] * MS
        self.samples = SAMPLES_A_SECOND * asked["packetMs"] // 1000
        self.window = asked["windowMs"] * MS
        self.numbers = [0] * self.calls
        self.sent = {}
        self.streams = {}
        # For how long this program did not run when it should have, in nanoseconds.
        self.held_up = 0
        self.poll = select.poll()
        self.poll.register(sock, select.POLLIN)

    def key(self, call, sent):
        return call, sent // self.window if self.window else 0

    def run(self, start, seconds, is_over=lambda: False):
        """From a point of the monotonic clock on, in nanoseconds: sends all that is due, and hears meanwhile.

        Where this program is held up, all its callers stop for that long and then go on: a burst of
        what they would have said is nothing that telephones send.
        """
        total = self.calls * (seconds * 1000 * MS // self.every)
        # Calls begin spread over a packet's time, as people do.
        step = self.every / self.calls
        turn = 0
        while turn < total and not is_over():
            late = time.monotonic_ns() - (start + turn * step)
            if late > PATIENCE:
                self.held_up += late
                start += late
            if late >= 0:
                self.say(turn % self.calls)
                turn += 1
            # What waits is heard in between, also where sending is behind.
            self.hear_until(start + turn * step)

    def hear_until(self, until):
        while True:
            left = (until - time.monotonic_ns()) / MS
            if not self.poll.poll(max(0, left)):
                return
            self.hear()
            if left <= 0:
                return

    def say(self, call):
        number, now = self.numbers[call], time.time_ns()
        self.numbers[call] += 1
        self.sent[self.key(call, now)] = self.sent.get(self.key(call, now), 0) + 1
        head = PACKET.pack(0x80, 8, number & 0xFFFF, number * self.samples & 0xFFFFFFFF, call, now)
        try:
            self.sock.sendto(head.ljust(self.bytes, b"\0"), self.peer)
        except BlockingIOError:
            # What the kernel does not even take is lost, as on any other part of its way.
            pass

    def hear(self):
        for _ in range(64):
            try:
                data, told, _, _ = self.sock.recvmsg(2048, 64)
            except BlockingIOError:
                return
            came = when(told)
            if came is None or len(data) < PACKET.size:
                continue
            _, _, number, _, call, sent = PACKET.unpack_from(data)
            self.streams.setdefault(self.key(call, sent), Stream()).take(number, sent, came)
