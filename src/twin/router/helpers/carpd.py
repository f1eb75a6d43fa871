#!/usr/bin/python3
"""CARP for Linux as FreeBSD speaks it (sys/netinet/ip_carp.c), every virtual address of a router in one process.

Reads one JSON object a line on standard input, writes one a line on standard output, and ends with its input.

  {"op": "configure", "vips": [{"id": "wan/1", "device": "vtnet0", "vhid": 1, "advbase": 1, "advskew": 0,
      "password": "...", "addresses": ["198.51.100.4"], "source": "198.51.100.2"}]}
  {"op": "demote", "by": 240, "reason": "..."}     what the node is demoted by beside its dead links
  {"op": "demote", "by": 0, "reason": "...", "within": 4}     once every host has a master, and then at the latest
  {"op": "status"}

A master holds its addresses on loopback, so that the kernel does not answer ARP for them with the card's own MAC:
this process does, with 00:00:5e:00:01:VHID. Frames to that MAC are taken in by a set of nftables that only masters
are in. Only Python's minimal standard library is used.
"""

import array
import hashlib
import json
import os
import selectors
import socket
import struct
import subprocess
import sys
import time

INIT, BACKUP, MASTER = "INIT", "BACKUP", "MASTER"
GROUP = "224.0.0.18"
GROUP_MAC = bytes.fromhex("01005e000012")
BROADCAST = b"\xff" * 6
PROTOCOL = 112
VERSION, ADVERTISEMENT = 2, 1
HEADER = struct.Struct("!BBBBBBHII20s")
# CARP_MAXSKEW of ip_carp.c: no demotion goes beyond it, and one dead link is worth it.
MAX_SKEW = 240
# CARP_KEY_LEN of ip_carp.h, less the NUL that ifconfig(8) leaves room for (strlcpy).
KEY_LENGTH = 19
TABLE = "maquette_carp"
ETH_P_IP, ETH_P_ARP = 0x0800, 0x0806
RTM_NEWADDR, RTM_DELADDR, RTM_NEWLINK, RTM_DELLINK = 20, 21, 16, 17
RTMGRP_LINK = 1
IFF_UP, IFF_RUNNING = 0x1, 0x40
# linux/netfilter/nfnetlink.h and nf_tables.h.
NETLINK_NETFILTER, NFNL_BATCH_BEGIN, NFNL_BATCH_END, NFNL_SUBSYS_NFTABLES = 12, 0x10, 0x11, 10
NFT_NEWSETELEM, NFT_DELSETELEM = 12, 14
NFPROTO_UNSPEC, NFPROTO_NETDEV = 0, 5
NLM_F_REQUEST, NLM_F_ACK, NLM_F_CREATE = 0x1, 0x4, 0x400
NLMSG_ERROR = 2
NLA_F_NESTED = 0x8000
SOL_PACKET, PACKET_ADD_MEMBERSHIP, PACKET_MR_PROMISC = 263, 1, 1
SO_ATTACH_FILTER = 26
REFUSED_LOG_SECONDS = 60


def tell(**event):
    sys.stdout.write(json.dumps(event) + "\n")
    sys.stdout.flush()


def checksum(data):
    """RFC 1071."""
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def hmac_sha1(key, message):
    """RFC 2104; the module `hmac` is not in Python's minimal library."""
    key = key.ljust(64, b"\0")
    inner = hashlib.sha1(bytes(b ^ 0x36 for b in key) + message).digest()
    return hashlib.sha1(bytes(b ^ 0x5C for b in key) + inner).digest()


class Netlink:
    """Addresses of loopback, and news of links (rtnetlink(7))."""

    def __init__(self):
        self.requests = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
        self.requests.bind((0, 0))
        self.news = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
        self.news.bind((0, RTMGRP_LINK))
        self.news.setblocking(False)
        self.loopback = socket.if_nametoindex("lo")

    def address(self, kind, text):
        """Adds or removes an address of loopback; one that is there already, or gone already, is no failure."""
        raw = socket.inet_aton(text)
        attributes = struct.pack("HH", 8, 1) + raw + struct.pack("HH", 8, 2) + raw
        body = struct.pack("BBBBI", socket.AF_INET, 32, 0, 0, self.loopback) + attributes
        flags = 0x5 | (0x600 if kind == RTM_NEWADDR else 0)
        self.requests.send(struct.pack("IHHII", 16 + len(body), kind, flags, 1, 0) + body)
        answer = self.requests.recv(4096)
        (code,) = struct.unpack_from("i", answer, 16)
        if code not in (0, -17, -99):
            tell(event="failure", what="address %s: %s" % (text, os.strerror(-code)))

    def links(self):
        """Names of links that news came about."""
        names = set()
        while True:
            try:
                data = self.news.recv(65536)
            except BlockingIOError:
                return names
            except OSError:
                # The kernel dropped news because they were read too slowly: look at every link.
                return None
            at = 0
            while at + 16 <= len(data):
                length, kind = struct.unpack_from("IH", data, at)
                if length < 16:
                    break
                if kind in (RTM_NEWLINK, RTM_DELLINK):
                    names.add(self.name(data[at + 32 : at + length]))
                at += (length + 3) & ~3

    @staticmethod
    def name(attributes):
        at = 0
        while at + 4 <= len(attributes):
            length, kind = struct.unpack_from("HH", attributes, at)
            if length < 4:
                break
            if kind == 3:
                return attributes[at + 4 : at + length].split(b"\0")[0].decode()
            at += (length + 3) & ~3
        return ""


def attribute(kind, value):
    """One netlink attribute: struct nlattr, its value, and what fills it up to four bytes."""
    return struct.pack("HH", 4 + len(value), kind) + value + b"\0" * (-len(value) % 4)


class Elements:
    """
    Members of the sets of TABLE, told to the kernel by this process itself (nfnetlink): who takes an address over must
    not wait for a program to start, nor must the next address wait behind it. In a FreeBSD kernel they change together.
    """

    def __init__(self):
        self.socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER)
        self.socket.bind((0, 0))
        self.socket.settimeout(10)

    @staticmethod
    def message(kind, flags, sequence, family, resource, body=b""):
        # struct nlmsghdr, then struct nfgenmsg.
        head = struct.pack("IHHII", 20 + len(body), kind, NLM_F_REQUEST | flags, sequence, 0)
        return head + struct.pack("!BBH", family, 0, resource) + body

    def change(self, changes):
        """All of them or none. Each is (whether it comes, the set, the MAC). Returns what the kernel refused."""
        batch = [self.message(NFNL_BATCH_BEGIN, 0, 0, NFPROTO_UNSPEC, NFNL_SUBSYS_NFTABLES)]
        for number, (comes, name, mac) in enumerate(changes, 1):
            # NFTA_SET_ELEM_KEY of NFTA_DATA_VALUE; NFTA_LIST_ELEM; then the list's table, set and elements.
            key = attribute(1 | NLA_F_NESTED, attribute(1, mac))
            body = attribute(1, TABLE.encode() + b"\0") + attribute(2, name.encode() + b"\0")
            body += attribute(3 | NLA_F_NESTED, attribute(1 | NLA_F_NESTED, key))
            kind = NFNL_SUBSYS_NFTABLES << 8 | (NFT_NEWSETELEM if comes else NFT_DELSETELEM)
            flags = NLM_F_ACK | (NLM_F_CREATE if comes else 0)
            batch.append(self.message(kind, flags, number, NFPROTO_NETDEV, 0, body))
        batch.append(self.message(NFNL_BATCH_END, 0, 0, NFPROTO_UNSPEC, NFNL_SUBSYS_NFTABLES))
        self.socket.send(b"".join(batch))
        refused, answered = [], 0
        while answered < len(changes):
            data, at = self.socket.recv(65536), 0
            while at + 20 <= len(data):
                length, kind, _, sequence, _, code = struct.unpack_from("IHHIIi", data, at)
                if kind == NLMSG_ERROR:
                    # The batch itself, or one of its changes.
                    answered = answered + 1 if sequence else len(changes)
                    if code != 0:
                        what = "%s %s" % (changes[sequence - 1][1], changes[sequence - 1][2].hex(":"))
                        refused.append("%s: %s" % (what if sequence else "batch", os.strerror(-code)))
                at += (length + 3) & ~3
        return refused


def is_running(device):
    """IFF_UP and IFF_RUNNING: administratively up, with a carrier."""
    try:
        with open("/sys/class/net/%s/flags" % device) as file:
            flags = int(file.read(), 16)
        with open("/sys/class/net/%s/carrier" % device) as file:
            return bool(flags & IFF_UP) and file.read().strip() == "1"
    except (OSError, ValueError):
        # Reading the carrier of a link that is down fails with EINVAL; a device that is gone with ENOENT.
        return False


class Card:
    """A device, with the sockets that CARP and ARP come by."""

    def __init__(self, name, selector, daemon):
        self.name = name
        self.selector = selector
        self.is_up = is_running(name)
        self.index = socket.if_nametoindex(name)
        self.carp = self.open(ETH_P_IP)
        # ldb [23]; jeq #112; ret 65535; ret 0: of IPv4 only protocol 112 wakes this process.
        code = [(0x30, 0, 0, 23), (0x15, 0, 1, PROTOCOL), (0x06, 0, 0, 0xFFFF), (0x06, 0, 0, 0)]
        self.program = array.array("B", b"".join(struct.pack("HBBI", *c) for c in code))
        self.carp.setsockopt(
            socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("HxxxxxxQ", len(code), self.program.buffer_info()[0])
        )
        self.arp = self.open(ETH_P_ARP)
        self.group = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        membership = socket.inet_aton(GROUP) + socket.inet_aton("0.0.0.0") + struct.pack("i", self.index)
        try:
            self.group.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, membership)
        except OSError as error:
            tell(event="failure", what="%s: joining %s: %s" % (name, GROUP, error.strerror))
        selector.register(self.carp, selectors.EVENT_READ, lambda: daemon.read_carp(self))
        selector.register(self.arp, selectors.EVENT_READ, lambda: daemon.read_arp(self))

    def open(self, protocol):
        opened = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(protocol))
        opened.bind((self.name, protocol))
        opened.setblocking(False)
        promiscuous = struct.pack("iHH8s", self.index, PACKET_MR_PROMISC, 0, b"")
        opened.setsockopt(SOL_PACKET, PACKET_ADD_MEMBERSHIP, promiscuous)
        return opened

    def send(self, frame):
        try:
            self.arp.send(frame)
            return True
        except OSError:
            return False

    def close(self):
        for opened in (self.carp, self.arp):
            self.selector.unregister(opened)
            opened.close()
        self.group.close()


class Vip:
    """One virtual host: struct carp_softc, and its state machine."""

    def __init__(self, spec, daemon):
        self.daemon = daemon
        self.state = INIT
        self.since = time.time()
        self.is_suppressed = False
        self.counter = None
        self.deadline = None
        self.counts = {"received": 0, "sent": 0, "badAuth": 0, "badVersion": 0, "badChecksum": 0, "badLength": 0}
        self.refused_logged = None
        self.has_heard = False
        self.apply(spec)

    def apply(self, spec):
        self.id = spec["id"]
        self.device = spec["device"]
        self.vhid = spec["vhid"]
        self.advbase = spec["advbase"]
        self.advskew = spec["advskew"]
        self.addresses = sorted(spec["addresses"], key=socket.inet_aton)
        self.source = spec["source"]
        self.mac = bytes((0, 0, 0x5E, 0, 1, self.vhid))
        self.key = spec["password"].encode()[:KEY_LENGTH]
        # carp_hmac_prepare: version, type, vhid, then the addresses in ascending order.
        raw = b"".join(socket.inet_aton(a) for a in self.addresses)
        self.signed = bytes((VERSION, ADVERTISEMENT, self.vhid)) + raw

    @property
    def card(self):
        return self.daemon.cards[self.device]

    def skew(self):
        """DEMOTE_ADVSKEW."""
        return max(0, min(MAX_SKEW, self.advskew + self.daemon.demotion()))

    def set_state(self, state, reason):
        before, self.state, self.since = self.state, state, time.time()
        self.daemon.changed(self, before, reason)

    def set_run(self):
        """carp_setrun: (re)starts the timer of the state."""
        if not self.card.is_up:
            return
        if self.state == INIT:
            self.set_state(BACKUP, "initialization complete")
        now = time.monotonic()
        if self.state == BACKUP:
            self.deadline = now + 3 * self.advbase + self.advskew / 256
        else:
            self.deadline = now + self.advbase + self.skew() / 256

    def link(self):
        """carp_sc_state: without a link the host is out, and the whole node is demoted."""
        if self.card.is_up:
            was = self.is_suppressed
            self.is_suppressed = False
            if self.state == INIT:
                self.set_run()
            return was
        was = self.is_suppressed
        self.is_suppressed = True
        self.deadline = None
        if self.state != INIT:
            self.set_state(INIT, "hardware interface down")
        return not was

    def tick(self):
        self.deadline = None
        if self.state == BACKUP:
            self.master_down("master timed out")
        elif self.state == MASTER:
            self.advertise()

    def master_down(self, reason):
        """
        carp_master_down_locked, whose two packets leave a kernel as one. This process may be held up between them: were
        the advert first, a router with more right could answer it before the ARP has left, and the switches would
        then learn the way from the one that has given up.
        """
        self.set_state(MASTER, reason)
        self.announce()
        self.advertise()

    def advertise(self):
        """carp_send_ad_locked."""
        if self.counter is None:
            self.counter = int.from_bytes(os.urandom(8), "big")
        else:
            self.counter = (self.counter + 1) % (1 << 64)
        high, low = self.counter >> 32, self.counter & 0xFFFFFFFF
        digest = hmac_sha1(self.key, self.signed + struct.pack("!II", high, low))
        first = VERSION << 4 | ADVERTISEMENT
        fields = [first, self.vhid, self.skew(), 7, 0, self.advbase, 0, high, low, digest]
        fields[6] = checksum(HEADER.pack(*fields))
        carp = HEADER.pack(*fields)
        source, group = socket.inet_aton(self.source), socket.inet_aton(GROUP)
        # DSCP 56, don't fragment, TTL 255.
        ip = [0x45, 0xE0, 20 + len(carp), self.counter & 0xFFFF, 0x4000, 255, PROTOCOL, 0, source, group]
        layout = struct.Struct("!BBHHHBBH4s4s")
        ip[7] = checksum(layout.pack(*ip))
        frame = GROUP_MAC + self.mac + struct.pack("!H", ETH_P_IP) + layout.pack(*ip) + carp
        if self.card.send(frame):
            self.counts["sent"] += 1
        self.set_run()

    def announce(self):
        """carp_send_arp: a gratuitous request for each address, by the virtual MAC."""
        for address in self.addresses:
            raw = socket.inet_aton(address)
            arp = struct.pack("!HHBBH", 1, ETH_P_IP, 6, 4, 1) + self.mac + raw + b"\0" * 6 + raw
            self.card.send(BROADCAST + self.mac + struct.pack("!H", ETH_P_ARP) + arp)

    def receive(self, carp, source):
        """carp_input_c."""
        self.counts["received"] += 1
        first, _, skew, _, _, base, _, high, low, digest = HEADER.unpack(carp)
        if first >> 4 != VERSION:
            return self.refuse("badVersion", source, "version %d" % (first >> 4))
        if hmac_sha1(self.key, self.signed + struct.pack("!II", high, low)) != digest:
            return self.refuse("badAuth", source, "another password, or other addresses")
        self.counter = high << 32 | low
        self.has_heard = True
        mine = (self.advbase, self.skew())
        theirs = (base, skew)
        if self.state == MASTER:
            if mine >= theirs:
                self.deadline = None
                self.set_state(BACKUP, "more frequent advertisement received")
                self.set_run()
        elif self.state == BACKUP:
            if mine < theirs:
                self.master_down("preempting a slower master")
            elif (3 * self.advbase, self.skew()) < theirs:
                self.master_down("master will time out")
            else:
                self.set_run()
        return None

    def refuse(self, count, source, why):
        """Counts an advert that is not taken, and tells of it once a minute."""
        self.counts[count] += 1
        now = time.monotonic()
        if self.refused_logged is None or now - self.refused_logged > REFUSED_LOG_SECONDS:
            self.refused_logged = now
            tell(event="refused", id=self.id, source=source, why=why, count=self.counts[count])

    def status(self):
        return {
            "id": self.id,
            "device": self.device,
            "vhid": self.vhid,
            "addresses": self.addresses,
            "state": self.state,
            "since": self.since,
            "advbase": self.advbase,
            "advskew": self.advskew,
            "skew": self.skew(),
            "demotion": self.daemon.demotion(),
            "counts": self.counts,
        }


class Daemon:
    def __init__(self):
        self.selector = selectors.DefaultSelector()
        self.netlink = Netlink()
        self.elements = Elements()
        self.cards = {}
        self.vips = {}
        self.told_demotion = 0
        self.once_elected = None
        self.pending = []
        self.input = b""
        self.is_ended = False
        os.set_blocking(0, False)
        self.selector.register(0, selectors.EVENT_READ, self.read_input)
        self.selector.register(self.netlink.news, selectors.EVENT_READ, self.read_links)

    def demotion(self):
        """net.inet.carp.demotion: what was told, and MAX_SKEW for each host whose link is dead."""
        return self.told_demotion + sum(MAX_SKEW for v in self.vips.values() if v.is_suppressed)

    def run(self):
        tell(event="ready")
        while not self.is_ended:
            deadlines = [v.deadline for v in self.vips.values() if v.deadline is not None]
            if self.once_elected:
                deadlines.append(self.once_elected[2])
            wait = max(0, min(deadlines) - time.monotonic()) if deadlines else None
            for key, _ in self.selector.select(wait):
                key.data()
            now = time.monotonic()
            for vip in list(self.vips.values()):
                if vip.deadline is not None and vip.deadline <= now:
                    vip.tick()
            if self.once_elected and (self.is_elected() or self.once_elected[2] <= now):
                by, reason, _ = self.once_elected
                self.demote(by, reason)
            self.flush()

    # Input

    def read_input(self):
        data = os.read(0, 1 << 20)
        if not data:
            self.is_ended = True
            return
        *lines, self.input = (self.input + data).split(b"\n")
        for line in lines:
            message = json.loads(line)
            if message["op"] == "configure":
                self.configure(message["vips"])
            elif message["op"] == "demote":
                if "within" in message:
                    self.once_elected = (message["by"], message["reason"], time.monotonic() + message["within"])
                else:
                    self.demote(message["by"], message["reason"])
            elif message["op"] == "status":
                self.flush()
                tell(event="status", demotion=self.demotion(), vips=[v.status() for v in self.vips.values()])

    def configure(self, specs):
        """Takes over what changed; a host that only got another skew or password keeps its state."""
        wanted = {s["id"]: s for s in specs}
        for id, vip in list(self.vips.items()):
            spec = wanted.get(id)
            is_same = spec and spec["device"] == vip.device and spec["vhid"] == vip.vhid
            if not is_same:
                if vip.state == MASTER:
                    vip.set_state(INIT, "removed from the configuration")
                del self.vips[id]
        self.flush()
        for name in {s["device"] for s in specs} - set(self.cards):
            self.cards[name] = Card(name, self.selector, self)
        for id, spec in wanted.items():
            vip = self.vips.get(id)
            if vip:
                self.readdress(vip, spec)
                vip.apply(spec)
            else:
                self.vips[id] = Vip(spec, self)
                # What a process before this one held, and did not live to give up.
                for address in spec["addresses"]:
                    self.netlink.address(RTM_DELADDR, address)
        for name in set(self.cards) - {s["device"] for s in specs}:
            self.cards.pop(name).close()
        self.table()
        for vip in self.vips.values():
            vip.link()
        tell(event="configured", vips=len(self.vips))

    def readdress(self, vip, spec):
        if vip.state != MASTER:
            return
        for gone in set(vip.addresses) - set(spec["addresses"]):
            self.netlink.address(RTM_DELADDR, gone)
        for come in set(spec["addresses"]) - set(vip.addresses):
            self.netlink.address(RTM_NEWADDR, come)

    def is_elected(self):
        """Every host is master here, or has heard of one."""
        return all(v.state == MASTER or v.has_heard or v.is_suppressed for v in self.vips.values())

    def demote(self, by, reason):
        self.once_elected = None
        if by == self.told_demotion:
            return
        self.told_demotion = by
        self.demoted(reason)

    def demoted(self, reason):
        """carp_demote_adj: masters say so at once, and the other node takes over at once."""
        tell(event="demotion", demotion=self.demotion(), reason=reason)
        for vip in self.vips.values():
            if vip.state == MASTER:
                vip.advertise()

    # Packets

    def read_carp(self, card):
        for frame, kind in self.frames(card.carp):
            if kind == socket.PACKET_OUTGOING:
                continue
            ip = frame[14:]
            length = (ip[0] & 15) * 4 if ip else 0
            carp = ip[length : length + HEADER.size]
            if len(ip) < 20 or ip[9] != PROTOCOL or ip[16:20] != socket.inet_aton(GROUP) or len(carp) < 2:
                continue
            vip = next((v for v in self.vips.values() if v.device == card.name and v.vhid == carp[1]), None)
            if vip is None:
                continue
            source = socket.inet_ntoa(ip[12:16])
            if len(carp) < HEADER.size:
                vip.refuse("badLength", source, "%d bytes" % len(carp))
            elif checksum(carp) != 0:
                vip.refuse("badChecksum", source, "wrong checksum")
            else:
                vip.receive(carp, source)

    def read_arp(self, card):
        """
        Requests for the address of a master get the virtual MAC (RFC 826). Not those that bear it themselves (in_arpinput
        drops them): another router announces to have the address now, and switches must not learn the old way again.
        """
        for frame, kind in self.frames(card.arp):
            if kind == socket.PACKET_OUTGOING or len(frame) < 42 or frame[14:22] != bytes.fromhex("0001080006040001"):
                continue
            sender, asked = frame[22:32], frame[38:42]
            for vip in self.vips.values():
                if vip.state != MASTER or vip.device != card.name or sender[:6] == vip.mac:
                    continue
                if asked in [socket.inet_aton(a) for a in vip.addresses]:
                    arp = struct.pack("!HHBBH", 1, ETH_P_IP, 6, 4, 2) + vip.mac + asked + sender
                    card.send(sender[:6] + vip.mac + struct.pack("!H", ETH_P_ARP) + arp)

    @staticmethod
    def frames(opened):
        while True:
            try:
                frame, address = opened.recvfrom(2048)
            except (BlockingIOError, OSError):
                # ENETDOWN: the link went down; the news of links tell what to do about it.
                return
            yield frame, address[2]

    def read_links(self):
        names = self.netlink.links()
        for name, card in self.cards.items():
            if names is not None and name not in names:
                continue
            is_up = is_running(name)
            if is_up == card.is_up:
                continue
            card.is_up = is_up
            tell(event="link", device=name, isUp=is_up)
            own = [v for v in self.vips.values() if v.device == name]
            if any([v.link() for v in own]):
                self.demoted("%s %s" % (name, "has its link back" if is_up else "has lost its link"))

    # What being master means to the kernel

    def changed(self, vip, before, reason):
        if vip.state == MASTER:
            for address in vip.addresses:
                self.netlink.address(RTM_NEWADDR, address)
        elif before == MASTER:
            for address in vip.addresses:
                self.netlink.address(RTM_DELADDR, address)
        if MASTER in (before, vip.state):
            self.pending.append((vip.state == MASTER, vip.device, vip.mac))
        tell(event="state", id=vip.id, vhid=vip.vhid, device=vip.device, state=vip.state, before=before, reason=reason)

    def table(self):
        """Frames to the virtual MAC of a master are for this host, though its card has another."""
        self.pending.clear()
        lines = ["table netdev %s {}" % TABLE, "delete table netdev %s" % TABLE, "table netdev %s {" % TABLE]
        for name in self.cards:
            masters = [v.mac.hex(":") for v in self.vips.values() if v.device == name and v.state == MASTER]
            lines.append("set %s { type ether_addr" % name)
            if masters:
                lines.append("elements = { %s }" % ", ".join(masters))
            lines.append("}")
            lines.append('chain in_%s { type filter hook ingress device "%s" priority 0; policy accept;' % (name, name))
            lines.append("ether daddr @%s meta pkttype set host" % name)
            lines.append("}")
        lines.append("}")
        self.nft(lines)

    def flush(self):
        if self.pending:
            changes, self.pending = self.pending, []
            for refused in self.elements.change(changes):
                tell(event="failure", what="nf_tables: %s" % refused)

    @staticmethod
    def nft(lines):
        text = ("\n".join(lines) + "\n").encode()
        done = subprocess.run(["nft", "-f", "-"], input=text, capture_output=True, timeout=10)
        if done.returncode != 0:
            tell(event="failure", what="nft: %s" % done.stderr.decode(errors="replace").strip())


def main():
    daemon = Daemon()
    try:
        daemon.run()
    finally:
        # Who no longer advertises must not hold the addresses either.
        for vip in daemon.vips.values():
            if vip.state == MASTER:
                for address in vip.addresses:
                    daemon.netlink.address(RTM_DELADDR, address)


if __name__ == "__main__":
    main()
