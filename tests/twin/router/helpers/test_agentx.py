import struct
import unittest

import agentx
from agentx import (
    COUNTER64,
    END_OF_VIEW,
    GAUGE,
    INTEGER,
    NO_SUCH_OBJECT,
    OCTETS,
    Broken,
    Frames,
    Tree,
    packet,
    read_name,
)

BASE = (1, 3, 6, 1, 4, 1, 9)
VALUES = {
    (*BASE, 1, 0): (INTEGER, 1),
    (*BASE, 2, 0): (COUNTER64, 1 << 40),
    (*BASE, 10, 1): (OCTETS, b"vtnet0"),
    (*BASE, 10, 2): (GAUGE, 7),
}


def asked(*ranges):
    return b"".join(agentx.name_bytes(start, include) + agentx.name_bytes(end) for start, include, end in ranges)


def bindings(payload):
    """Of an answer: (error, [(name, kind, value)])."""
    _, error, _ = struct.unpack_from("!IHH", payload)
    at, found = 8, []
    while at < len(payload):
        (kind,) = struct.unpack_from("!Hxx", payload, at)
        name, _, at = read_name(payload, at + 4)
        value = None
        if kind == OCTETS:
            (size,) = struct.unpack_from("!I", payload, at)
            value, at = payload[at + 4 : at + 4 + size], at + 4 + (size + 3) // 4 * 4
        elif kind in (INTEGER, GAUGE, COUNTER64):
            form = {INTEGER: "!i", GAUGE: "!I", COUNTER64: "!Q"}[kind]
            (value,) = struct.unpack_from(form, payload, at)
            at += struct.calcsize(form)
        found.append((name, kind, value))
    return error, found


class Questions(unittest.TestCase):
    def setUp(self):
        self.tree = Tree(VALUES)

    def get(self, kind, *ranges):
        return bindings(self.tree.respond(kind, asked(*ranges)))[1]

    def test_for_one_value_are_answered_with_it_or_with_no_such_object(self):
        there, absent = (*BASE, 2, 0), (*BASE, 3, 0)
        self.assertEqual(
            self.get(agentx.GET, (there, False, ()), (absent, False, ())),
            [(there, COUNTER64, 1 << 40), (absent, NO_SUCH_OBJECT, None)],
        )

    def test_for_the_next_follow_the_order_of_numbers_not_of_texts(self):
        self.assertEqual(self.get(agentx.GET_NEXT, ((*BASE, 2, 0), False, ())), [((*BASE, 10, 1), OCTETS, b"vtnet0")])

    def test_for_the_next_may_mean_the_one_itself(self):
        name = (*BASE, 1, 0)
        self.assertEqual(self.get(agentx.GET_NEXT, (name, True, ())), [(name, INTEGER, 1)])

    def test_stop_before_the_end_that_they_name(self):
        start, end = (*BASE, 2, 0), (*BASE, 10)
        self.assertEqual(self.get(agentx.GET_NEXT, (start, False, end)), [(start, END_OF_VIEW, None)])
        last = (*BASE, 10, 2)
        self.assertEqual(self.get(agentx.GET_NEXT, (last, False, ())), [(last, END_OF_VIEW, None)])

    def test_in_bulk_go_on_until_nothing_follows(self):
        payload = struct.pack("!HH", 1, 5) + asked(((*BASE, 0), False, ()), ((*BASE, 10), False, ()))
        names = [(name, kind) for name, kind, _ in bindings(self.tree.respond(agentx.GET_BULK, payload))[1]]
        self.assertEqual(
            names,
            [
                ((*BASE, 1, 0), INTEGER),
                ((*BASE, 10, 1), OCTETS),
                ((*BASE, 10, 2), GAUGE),
                ((*BASE, 10, 2), END_OF_VIEW),
            ],
        )

    def test_to_write_are_refused(self):
        self.assertEqual(bindings(self.tree.respond(agentx.TEST_SET, b""))[0], agentx.NOT_WRITABLE)


class Packets(unittest.TestCase):
    def test_are_cut_out_of_whatever_comes_together(self):
        both = packet(agentx.GET, 1, 2, 3, b"abcd") + packet(agentx.GET_NEXT, 1, 2, 4)
        frames = Frames()
        self.assertEqual(list(frames.feed(both[:21])), [])
        self.assertEqual(
            list(frames.feed(both[21:])), [(agentx.GET, 1, 2, 3, b"abcd"), (agentx.GET_NEXT, 1, 2, 4, b"")]
        )

    def test_with_a_context_are_read_behind_it(self):
        raw = bytearray(packet(agentx.GET, 1, 2, 3, agentx.octets(b"other") + b"rest"))
        raw[2] |= agentx.HAS_CONTEXT
        self.assertEqual(list(Frames().feed(bytes(raw))), [(agentx.GET, 1, 2, 3, b"rest")])

    def test_in_another_order_of_bytes_are_refused(self):
        raw = bytearray(packet(agentx.GET, 1, 2, 3))
        raw[2] = 0
        self.assertRaises(Broken, lambda: list(Frames().feed(bytes(raw))))

    def test_names_have_a_short_form(self):
        self.assertEqual(read_name(struct.pack("!BBBxII", 2, 4, 1, 1, 9), 0), ((1, 3, 6, 1, 4, 1, 9), True, 12))


if __name__ == "__main__":
    unittest.main()
