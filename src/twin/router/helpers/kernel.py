"""What being master means to the kernel: addresses of loopback, members of sets of nftables, and news of links."""

import errno
import os
import socket
import struct

from lines import tell
from netlink import (
    NETLINK_NETFILTER,
    NLA_F_NESTED,
    NLM_F_ACK,
    NLM_F_CREATE,
    NLM_F_EXCL,
    NLMSG_ERROR,
    attribute,
    attributes,
    error_of,
    message,
    messages,
    netfilter,
)

TABLE = "maquette_carp"
RTM_NEWADDR, RTM_DELADDR, RTM_NEWLINK, RTM_DELLINK = 20, 21, 16, 17
RTMGRP_LINK = 1
IFA_ADDRESS, IFA_LOCAL, IFLA_IFNAME = 1, 2, 3
IFF_UP = 0x1
# linux/netfilter/nfnetlink.h and nf_tables.h.
NFNL_BATCH_BEGIN, NFNL_BATCH_END, NFNL_SUBSYS_NFTABLES = 0x10, 0x11, 10
NFT_NEWSETELEM, NFT_DELSETELEM = 12, 14
NFPROTO_UNSPEC, NFPROTO_NETDEV = 0, 5


class Netlink:
    """Addresses of loopback, and news of links (rtnetlink(7))."""

    def __init__(self):
        self.requests = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
        self.requests.bind((0, 0))
        self.news = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
        self.news.bind((0, RTMGRP_LINK))
        self.news.setblocking(False)
        self.loopback = socket.if_nametoindex("lo")

    def add(self, text):
        """One that is there already is no failure."""
        self.ask(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, text)

    def delete(self, text):
        """One that is gone already is no failure."""
        self.ask(RTM_DELADDR, 0, text)

    def ask(self, kind, flags, text):
        raw = socket.inet_aton(text)
        body = struct.pack("BBBBI", socket.AF_INET, 32, 0, 0, self.loopback)
        body += attribute(IFA_ADDRESS, raw) + attribute(IFA_LOCAL, raw)
        self.requests.send(message(kind, NLM_F_ACK | flags, 1, body))
        _, _, answer = next(messages(self.requests.recv(4096)))
        code = error_of(answer)
        if code not in (0, errno.EEXIST, errno.EADDRNOTAVAIL):
            tell(event="failure", what="address %s: %s" % (text, os.strerror(code)))

    def links(self):
        """Names of links that news came about; None where some were missed."""
        names = set()
        while True:
            try:
                data = self.news.recv(65536)
            except BlockingIOError:
                return names
            except OSError:
                # The kernel dropped news because they were read too slowly: look at every link.
                return None
            for kind, _, body in messages(data):
                if kind in (RTM_NEWLINK, RTM_DELLINK):
                    # After struct ifinfomsg.
                    name = dict(attributes(body[16:])).get(IFLA_IFNAME, b"")
                    names.add(name.split(b"\0")[0].decode())


class Elements:
    """
    Members of the sets of TABLE, told to the kernel by this process itself (nfnetlink): who takes an address over must
    not wait for a program to start, nor must the next address wait behind it. In a FreeBSD kernel they change together.
    """

    def __init__(self):
        self.socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER)
        self.socket.bind((0, 0))
        self.socket.settimeout(10)

    def change(self, changes):
        """All of them or none. Each is (whether it comes, the set, the MAC). Returns what the kernel refused."""
        self.socket.send(batch(changes))
        refused, answered = [], 0
        while answered < len(changes):
            for kind, sequence, body in messages(self.socket.recv(65536)):
                if kind != NLMSG_ERROR:
                    continue
                # The batch itself, or one of its changes.
                answered = answered + 1 if sequence else len(changes)
                code = error_of(body)
                if code != 0:
                    what = "%s %s" % (changes[sequence - 1][1], changes[sequence - 1][2].hex(":"))
                    refused.append("%s: %s" % (what if sequence else "batch", os.strerror(code)))
        return refused


def batch(changes):
    """The messages of nfnetlink that make the changes together."""
    frame = netfilter(NFPROTO_UNSPEC, NFNL_SUBSYS_NFTABLES)
    parts = [message(NFNL_BATCH_BEGIN, 0, 0, frame)]
    for number, (comes, name, mac) in enumerate(changes, 1):
        # NFTA_SET_ELEM_KEY of NFTA_DATA_VALUE; NFTA_LIST_ELEM; then the list's table, set and elements.
        key = attribute(1 | NLA_F_NESTED, attribute(1, mac))
        body = attribute(1, TABLE.encode() + b"\0") + attribute(2, name.encode() + b"\0")
        body += attribute(3 | NLA_F_NESTED, attribute(1 | NLA_F_NESTED, key))
        kind = NFNL_SUBSYS_NFTABLES << 8 | (NFT_NEWSETELEM if comes else NFT_DELSETELEM)
        flags = NLM_F_ACK | (NLM_F_CREATE if comes else 0)
        parts.append(message(kind, flags, number, netfilter(NFPROTO_NETDEV, 0) + body))
    parts.append(message(NFNL_BATCH_END, 0, 0, frame))
    return b"".join(parts)


def is_running(device):
    """IFF_UP and a carrier: administratively up, with a link."""
    try:
        with open("/sys/class/net/%s/flags" % device) as file:
            flags = int(file.read(), 16)
        with open("/sys/class/net/%s/carrier" % device) as file:
            return bool(flags & IFF_UP) and file.read().strip() == "1"
    except (OSError, ValueError):
        # Reading the carrier of a link that is down fails with EINVAL; a device that is gone with ENOENT.
        return False
