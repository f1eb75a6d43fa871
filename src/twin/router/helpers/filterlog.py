#!/usr/bin/python3
"""pfSense's filterlog: what the rules log (NFLOG, group 1), as lines of CSV in syslog, program `filterlog`.

The fields are those of https://docs.netgate.com/pfsense/en/latest/monitoring/logs/raw-filter-format.html; rule numbers
are empty, since the tracker says which rule it was. Ends with its standard input.
"""

import os
import selectors
import socket
import struct
import sys

from netlink import NETLINK_NETFILTER, NLM_F_ACK, attribute, attributes, error_of, message, messages, netfilter

GROUP = 1
NFNL_SUBSYS_ULOG = 4
NFULNL_MSG_PACKET, NFULNL_MSG_CONFIG = 0, 1
NFULA_CFG_CMD, NFULA_CFG_MODE, NFULA_CFG_QTHRESH, NFULA_CFG_TIMEOUT = 1, 2, 5, 4
NFULNL_CFG_CMD_BIND = 1
NFULNL_COPY_PACKET = 2
NFULA_PAYLOAD, NFULA_PREFIX = 9, 10
COPIED_BYTES = 128
NAMES = {
    1: "icmp",
    2: "igmp",
    6: "tcp",
    17: "udp",
    41: "ipv6",
    47: "gre",
    50: "esp",
    58: "ipv6-icmp",
    112: "carp",
    240: "pfsync",
}
FLAGS = "FSRPAUEW"
# local0.info, as pfSense's filterlog logs.
PRIORITY = 16 * 8 + 6


def config(group, *parts):
    kind = NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_CONFIG
    return message(kind, NLM_F_ACK, 0, netfilter(socket.AF_UNSPEC, group) + b"".join(parts))


def open_group():
    opened = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    opened.bind((0, 0))
    mode = struct.pack("!IBB", COPIED_BYTES, NFULNL_COPY_PACKET, 0)
    for asked in (
        config(GROUP, attribute(NFULA_CFG_CMD, struct.pack("B", NFULNL_CFG_CMD_BIND))),
        config(GROUP, attribute(NFULA_CFG_MODE, mode)),
        # A hundredth of a second, or 32 packets, whichever comes first.
        config(
            GROUP,
            attribute(NFULA_CFG_QTHRESH, struct.pack("!I", 32)),
            attribute(NFULA_CFG_TIMEOUT, struct.pack("!I", 1)),
        ),
    ):
        opened.send(asked)
        _, _, answer = next(messages(opened.recv(4096)))
        code = error_of(answer)
        if code != 0:
            raise OSError(code, os.strerror(code))
    opened.setblocking(False)
    return opened


def line(prefix, packet):
    """One line of the log; None for what is no packet of IP."""
    tracker, device, action, direction = (prefix.split(",") + [""] * 4)[:4]
    head = ["", "", "", tracker, device, "match", "block" if action == "reject" else action, direction]
    version = packet[0] >> 4 if packet else 0
    if version == 4 and len(packet) >= 20:
        tos, total, number, fragment, ttl, protocol = (
            packet[1],
            *struct.unpack_from("!HHH", packet, 2),
            packet[8],
            packet[9],
        )
        flags = {2: "DF", 1: "+"}.get(fragment >> 13, "none")
        source, destination = socket.inet_ntoa(packet[12:16]), socket.inet_ntoa(packet[16:20])
        start = (packet[0] & 15) * 4
        fields = [
            "4",
            "0x%x" % tos,
            "",
            ttl,
            number,
            (fragment & 0x1FFF) * 8,
            flags,
            protocol,
            NAMES.get(protocol, protocol),
        ]
        is_first = fragment & 0x1FFF == 0
    elif version == 6 and len(packet) >= 40:
        word, total, protocol, ttl = struct.unpack_from("!IHBB", packet)
        source = socket.inet_ntop(socket.AF_INET6, packet[8:24])
        destination = socket.inet_ntop(socket.AF_INET6, packet[24:40])
        start, is_first = 40, True
        total += 40
        fields = [
            "6",
            "0x%02x" % (word >> 20 & 0xFF),
            "0x%05x" % (word & 0xFFFFF),
            ttl,
            NAMES.get(protocol, protocol),
            protocol,
        ]
    else:
        return None
    tail = [total, source, destination]
    rest = packet[start:]
    if is_first and protocol == 6 and len(rest) >= 20:
        sport, dport, seq, ack, offset, flags, window, _, urgent = struct.unpack_from("!HHIIBBHHH", rest)
        names = "".join(n for bit, n in enumerate(FLAGS) if flags >> bit & 1)
        tail += [
            sport,
            dport,
            total - start - (offset >> 4) * 4,
            names,
            seq,
            ack if flags & 16 else "",
            window,
            urgent or "",
            "",
        ]
    elif is_first and protocol == 17 and len(rest) >= 8:
        tail += [*struct.unpack_from("!HH", rest), total - start - 8]
    elif is_first and protocol in (1, 58) and len(rest) >= 8:
        names = {8: "request", 0: "reply", 128: "request", 129: "reply"}
        kind = names.get(rest[0], "type%d" % rest[0])
        tail += [kind, *struct.unpack_from("!HH", rest, 4)] if kind in ("request", "reply") else [kind, rest[1]]
    return ",".join(str(f) for f in head + fields + tail)


class Log:
    """syslog(3) by its socket; what cannot be taken is counted and told once there is room again."""

    def __init__(self):
        self.socket = None
        self.lost = 0

    def write(self, text):
        if self.socket is None:
            self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            self.socket.setblocking(False)
        lost = " (%d lines before were lost)" % self.lost if self.lost else ""
        try:
            self.socket.sendto(("<%d>filterlog: %s%s" % (PRIORITY, text, lost)).encode(), "/dev/log")
            self.lost = 0
        except OSError:
            self.lost += 1


def read(opened, log):
    while True:
        try:
            data = opened.recv(1 << 18)
        except BlockingIOError:
            return
        except OSError:
            # The kernel had no room left: some packets were not logged.
            log.lost += 1
            continue
        for kind, _, body in messages(data):
            if kind != NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_PACKET:
                continue
            # After struct nfgenmsg.
            found = dict(attributes(body[4:]))
            prefix = found.get(NFULA_PREFIX, b"").rstrip(b"\0").decode(errors="replace")
            text = line(prefix, found.get(NFULA_PAYLOAD, b""))
            if text is not None:
                log.write(text)


def main():
    opened, log = open_group(), Log()
    selector = selectors.DefaultSelector()
    selector.register(0, selectors.EVENT_READ, None)
    selector.register(opened, selectors.EVENT_READ, opened)
    while True:
        for key, _ in selector.select():
            if key.data is not None:
                read(opened, log)
            elif not os.read(0, 1 << 16):
                sys.exit(0)


if __name__ == "__main__":
    main()
