"""netlink(7): messages and attributes, as every family of it has them."""

import struct

NLM_F_REQUEST, NLM_F_ACK, NLM_F_CREATE, NLM_F_EXCL = 0x1, 0x4, 0x400, 0x200
NLMSG_ERROR = 2
NLA_F_NESTED = 0x8000
NLA_TYPE_MASK = 0x3FFF
# linux/netfilter/nfnetlink.h.
NETLINK_NETFILTER = 12


def attribute(kind, value):
    """One attribute: struct nlattr, its value, and what fills it up to four bytes."""
    return struct.pack("HH", 4 + len(value), kind) + value + b"\0" * (-len(value) % 4)


def attributes(data):
    """Pairs of kind and value."""
    at = 0
    while at + 4 <= len(data):
        length, kind = struct.unpack_from("HH", data, at)
        if length < 4:
            return
        yield kind & NLA_TYPE_MASK, data[at + 4 : at + length]
        at += (length + 3) & ~3


def message(kind, flags, sequence, body):
    """struct nlmsghdr, and what follows it."""
    return struct.pack("IHHII", 16 + len(body), kind, NLM_F_REQUEST | flags, sequence, 0) + body


def netfilter(family, resource):
    """struct nfgenmsg."""
    return struct.pack("!BBH", family, 0, resource)


def messages(data):
    """Of what was received: kind, sequence and body of each."""
    at = 0
    while at + 16 <= len(data):
        length, kind, _, sequence = struct.unpack_from("IHHI", data, at)
        if length < 16:
            return
        yield kind, sequence, data[at + 16 : at + length]
        at += (length + 3) & ~3


def error_of(body):
    """The number that a message NLMSG_ERROR says: 0, or an errno."""
    return -struct.unpack_from("i", body)[0]
