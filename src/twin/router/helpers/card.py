"""A device, with the sockets that CARP and ARP come by (packet(7))."""

import array
import selectors
import socket
import struct

from carp import ETH_P_ARP, ETH_P_IP, GROUP, PROTOCOL
from kernel import is_running
from lines import tell

SOL_PACKET, PACKET_ADD_MEMBERSHIP, PACKET_MR_PROMISC = 263, 1, 1
SO_ATTACH_FILTER = 26
# ldb [23]; jeq #112; ret 65535; ret 0: of IPv4 only protocol 112 wakes this process.
FILTER = ((0x30, 0, 0, 23), (0x15, 0, 1, PROTOCOL), (0x06, 0, 0, 0xFFFF), (0x06, 0, 0, 0))


class Card:
    """Frames that others sent go to `on_carp` and `on_arp`, each with the card."""

    def __init__(self, name, selector, on_carp, on_arp):
        self.name = name
        self.selector = selector
        self.is_up = is_running(name)
        self.index = socket.if_nametoindex(name)
        self.carp = self.open(ETH_P_IP)
        # The kernel reads it where it lies.
        self.program = array.array("B", b"".join(struct.pack("HBBI", *code) for code in FILTER))
        address, _ = self.program.buffer_info()
        self.carp.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("HxxxxxxQ", len(FILTER), address))
        self.arp = self.open(ETH_P_ARP)
        self.group = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        membership = socket.inet_aton(GROUP) + bytes(4) + struct.pack("i", self.index)
        try:
            self.group.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, membership)
        except OSError as error:
            tell(event="failure", what="%s: joining %s: %s" % (name, GROUP, error.strerror))
        selector.register(self.carp, selectors.EVENT_READ, lambda: self.read(self.carp, on_carp))
        selector.register(self.arp, selectors.EVENT_READ, lambda: self.read(self.arp, on_arp))

    def open(self, protocol):
        opened = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(protocol))
        opened.bind((self.name, protocol))
        opened.setblocking(False)
        promiscuous = struct.pack("iHH8s", self.index, PACKET_MR_PROMISC, 0, b"")
        opened.setsockopt(SOL_PACKET, PACKET_ADD_MEMBERSHIP, promiscuous)
        return opened

    def read(self, opened, on_frame):
        while True:
            try:
                frame, address = opened.recvfrom(2048)
            except OSError:
                # Nothing more; or ENETDOWN: the link went down, and the news of links tell what to do about it.
                return
            if address[2] != socket.PACKET_OUTGOING:
                on_frame(self, frame)

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
