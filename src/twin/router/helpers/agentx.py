"""AgentX (RFC 2741), the part of it by which a subagent answers what it is asked: names are tuples of numbers.

A value is (kind, what it is): a number, or bytes for OCTETS. Whoever has the values gives them as `{name: value}`.
"""

import struct
from bisect import bisect_left, bisect_right

OPEN, REGISTER, GET, GET_NEXT, GET_BULK, TEST_SET, CLEAN_UP, RESPONSE = 1, 3, 5, 6, 7, 8, 11, 18
INTEGER, OCTETS, GAUGE, COUNTER64 = 2, 4, 66, 70
NO_SUCH_OBJECT, END_OF_VIEW = 128, 130
# Flags of a header.
HAS_CONTEXT, NETWORK_ORDER = 0x08, 0x10
NOT_WRITABLE, PROCESSING_ERROR = 17, 268
HEADER = struct.Struct("!BBBxIIII")
# The start of every name that has a short form: 1.3.6.1.
INTERNET = (1, 3, 6, 1)


class Broken(Exception):
    """What came is not AgentX."""


def packet(kind, session, transaction, number, payload=b""):
    return HEADER.pack(1, kind, NETWORK_ORDER, session, transaction, number, len(payload)) + payload


def name_bytes(name, include=False):
    return struct.pack("!BBBx%dI" % len(name), len(name), 0, int(include), *name)


def octets(data):
    return struct.pack("!I", len(data)) + data + b"\0" * (-len(data) % 4)


def opened(description, seconds):
    """The payload of OPEN: how long the master waits for an answer, and who this is."""
    return struct.pack("!Bxxx", seconds) + name_bytes(()) + octets(description.encode())


def registered(subtree):
    """The payload of REGISTER, of middle priority."""
    return struct.pack("!BBBx", 0, 127, 0) + name_bytes(subtree)


def binding(name, kind, value=0):
    data = {INTEGER: "!i", GAUGE: "!I", COUNTER64: "!Q"}.get(kind)
    body = octets(value) if kind == OCTETS else b"" if data is None else struct.pack(data, value)
    return struct.pack("!Hxx", kind) + name_bytes(name) + body


def answer(bindings, error=0, index=0):
    """The payload of RESPONSE."""
    return struct.pack("!IHH", 0, error, index) + b"".join(bindings)


def read_name(data, at):
    """A name, whether it is asked for itself too, and where it ends."""
    count, prefix, include = struct.unpack_from("!BBBx", data, at)
    numbers = struct.unpack_from("!%dI" % count, data, at + 4)
    return ((*INTERNET, prefix) if prefix else ()) + numbers, bool(include), at + 4 + 4 * count


def read_ranges(data, at):
    """Pairs of names: where to begin, whether with that one, and where to end (excluded; empty is nowhere)."""
    ranges = []
    while at < len(data):
        start, include, at = read_name(data, at)
        end, _, at = read_name(data, at)
        ranges.append((start, include, end))
    return ranges


class Frames:
    """What comes from the master, cut into packets: (kind, session, transaction, number, payload)."""

    def __init__(self):
        self.rest = b""

    def feed(self, data):
        self.rest += data
        while len(self.rest) >= HEADER.size:
            version, kind, flags, session, transaction, number, length = HEADER.unpack_from(self.rest)
            if version != 1 or not flags & NETWORK_ORDER:
                # It answers in the order in which it was spoken to (7.1.1).
                raise Broken("version %d, flags %#x" % (version, flags))
            if len(self.rest) < HEADER.size + length:
                return
            payload = self.rest[HEADER.size : HEADER.size + length]
            self.rest = self.rest[HEADER.size + length :]
            if flags & HAS_CONTEXT:
                # The name of a context, of which there is one.
                (size,) = struct.unpack_from("!I", payload)
                payload = payload[4 + (size + 3) // 4 * 4 :]
            yield kind, session, transaction, number, payload


class Tree:
    """What is known at a moment."""

    def __init__(self, values):
        self.values = values
        self.names = sorted(values)

    def exact(self, name):
        if name in self.values:
            return binding(name, *self.values[name])
        return binding(name, NO_SUCH_OBJECT)

    def after(self, start, include, end):
        """The name that follows and its binding; the same name where nothing follows."""
        at = (bisect_left if include else bisect_right)(self.names, start)
        if at == len(self.names) or (end and self.names[at] >= end):
            return start, binding(start, END_OF_VIEW)
        return self.names[at], binding(self.names[at], *self.values[self.names[at]])

    def respond(self, kind, payload):
        """The payload of the answer to a question."""
        if kind == GET:
            return answer([self.exact(start) for start, _, _ in read_ranges(payload, 0)])
        if kind == GET_NEXT:
            return answer([self.after(*asked)[1] for asked in read_ranges(payload, 0)])
        if kind == GET_BULK:
            single, times = struct.unpack_from("!HH", payload)
            return answer(self.bulk(read_ranges(payload, 4), single, times))
        return answer([], NOT_WRITABLE if kind == TEST_SET else PROCESSING_ERROR, 1)

    def bulk(self, ranges, single, times):
        found = [self.after(*asked)[1] for asked in ranges[:single]]
        several = ranges[single:]
        for _ in range(times):
            following = []
            for start, include, end in several:
                name, bound = self.after(start, include, end)
                found.append(bound)
                following.append((name, False, end))
            if [name for name, _, _ in following] == [start for start, _, _ in several]:
                break
            several = following
        return found
