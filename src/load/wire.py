"""What passes this guest's cards of one person's calls: when each packet of RTP came or left, by the kernel's word."""

import ctypes
import itertools
import select
import socket
import struct
import threading

# <asm-generic/socket.h>, <linux/if_packet.h>
SO_TIMESTAMPNS = 35
SO_ATTACH_FILTER = 26
ETH_P_ALL, ETH_P_IP = 0x0003, 0x0800
STAMP = struct.Struct("=qq")
OUTGOING = 4
# Where the kernel keeps what this program has not looked at yet: some seconds of several calls.
BUFFER_BYTES = 4 << 20
# RFC 5761 section 4: with the marker bit, these are RTCP's.
RTCP = range(192, 224)


def filter_of(lo, hi):
    """For the kernel (bpf(4)): UDP over IPv4 with a port of this range at an end; packets begin at IP's header."""
    accept, refuse = (0x06, 0, 0, 0xFFFF), (0x06, 0, 0, 0)
    return [
        (0x28, 0, 0, 0xFFFFF000),  # ldh what the card's header says that it is
        (0x15, 0, 11, ETH_P_IP),
        (0x30, 0, 0, 9),  # ldb protocol
        (0x15, 0, 9, socket.IPPROTO_UDP),
        (0x28, 0, 0, 6),  # ldh fragment
        (0x45, 7, 0, 0x1FFF),  # a later one has no ports
        (0xB1, 0, 0, 0),  # ldx length of the header
        (0x48, 0, 0, 0),  # ldh source port
        (0x35, 0, 1, lo),
        (0x25, 0, 4, hi),
        (0x48, 0, 0, 2),  # ldh destination port
        (0x35, 0, 1, lo),
        (0x25, 0, 1, hi),
        refuse,
        accept,
    ]


class Wire:
    """Listens from the beginning on, in a thread of its own. Times are the kernel's, in microseconds of the epoch."""

    def __init__(self, lo, hi):
        self.lo, self.hi = lo, hi
        # By (port of ours, whether it came in).
        self.times = {}
        self.lock = threading.Lock()
        # Of every card; who asks for IP alone hears nothing of what leaves (packet(7)).
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_ALL))
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)
        self.socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        program = filter_of(lo, hi)
        code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *line) for line in program))
        head = struct.pack("@HP", len(program), ctypes.addressof(code))
        self.socket.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, head)
        self.socket.setblocking(False)
        self.is_over = False
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        poll = select.poll()
        poll.register(self.socket, select.POLLIN)
        while not self.is_over:
            if poll.poll(500):
                self.hear()

    def hear(self):
        while True:
            try:
                data, told, _, sender = self.socket.recvmsg(512, 128)
            except BlockingIOError:
                return
            when = next((STAMP.unpack_from(d) for level, kind, d in told if kind == SO_TIMESTAMPNS), None)
            if when is not None:
                self.take(data, sender[2] == OUTGOING, when[0] * 1_000_000 + when[1] // 1000)

    def take(self, data, is_out, at):
        # Something else may have come before the filter stood.
        if len(data) < 20 or data[0] >> 4 != 4 or data[9] != socket.IPPROTO_UDP:
            return
        start = (data[0] & 15) * 4
        if len(data) < start + 12 or data[start + 9] in RTCP or data[start + 8] >> 6 != 2:
            return
        ports = struct.unpack_from("!HH", data, start)
        port = ports[0] if is_out else ports[1]
        # What another program of this guest says to somebody's port of that range is none of ours.
        if self.lo <= port <= self.hi:
            with self.lock:
                self.times.setdefault((port, not is_out), []).append(at)

    def call(self, began, ended, taken):
        """Of the call between two moments: `{in: {packets, gapMs}, out: …}`.

        It is on the port that was most in use and is not another call's of that time; the port is taken then.
        """
        with self.lock:
            within = {key: [t for t in times if began <= t <= ended] for key, times in self.times.items()}
        ports = {port for port, _ in within}
        free = [p for p in ports if not any(p == q and b < ended and began < e for q, b, e in taken)]
        port = max(free, key=lambda p: len(within.get((p, True), [])) + len(within.get((p, False), [])), default=None)
        if port is not None:
            taken.append((port, began, ended))
        return {
            name: {"packets": len(times), "gapMs": longest_gap(times, began, ended)}
            for name, times in (("in", within.get((port, True), [])), ("out", within.get((port, False), [])))
        }

    def close(self):
        self.is_over = True


def longest_gap(times, began, ended):
    """Without a packet, between the beginning, all packets, and the end; milliseconds."""
    marks = [began, *times, ended]
    return max(b - a for a, b in itertools.pairwise(marks)) // 1000
