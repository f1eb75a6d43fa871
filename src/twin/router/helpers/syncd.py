#!/usr/bin/python3
"""Carries conntrackd's datagrams between two routers as packets of IP protocol 240, which pfsync(4) is.

On the wire, and to the rules, the states of the other router are then what they are on a pfSense: a file without a rule
for pfsync on its interface synchronises nothing. Reads one JSON object a line on standard input and ends with it.

  {"op": "configure", "own": "10.20.99.1", "peer": "10.20.99.2", "device": "vtnet2"}

Without a peer the group of pfsync, 224.0.0.240, is.

A router that begins asks the other one to have its states ready ({"op": "ask"}, which the other tells as "asked"), and
is told when they are ({"op": "hand"}, told as "handed"), or that there are none ({"op": "none"}, told as "none"): as
pfsync's own bulk update is asked for and announced.
"""

import selectors
import socket
import struct

from lines import Lines, tell

PROTOCOL = 240
GROUP = "224.0.0.240"
# Where conntrackd sends to, and where it listens (services/sync.ts).
RELAY = ("127.0.0.2", 3780)
CONNTRACKD = ("127.0.0.1", 3780)
BUFFER = 1 << 20
# No datagram of conntrackd begins so: its first byte is a version.
ASK = b"maquette: states?"
HAND = b"maquette: states!"
NONE = b"maquette: no states"
TO_SAY = {"ask": ASK, "hand": HAND, "none": NONE}
TO_TELL = {ASK: "asked", HAND: "handed", NONE: "none"}


class Relay:
    def __init__(self):
        self.selector = selectors.DefaultSelector()
        self.wire = None
        self.peer = None
        self.local = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.local.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
        self.local.setblocking(False)
        self.local.bind(RELAY)
        self.lines = Lines(self.selector, self.on_message)
        self.selector.register(self.local, selectors.EVENT_READ, self.read_local)

    def run(self):
        tell(event="ready")
        while not self.lines.is_ended:
            for key, _ in self.selector.select():
                key.data()

    def on_message(self, message):
        if message["op"] == "configure":
            self.configure(message["own"], message["peer"] or GROUP, message["device"])
        elif message["op"] in TO_SAY:
            self.send(TO_SAY[message["op"]])

    def configure(self, own, peer, device):
        if self.wire:
            self.selector.unregister(self.wire)
            self.wire.close()
        self.own, self.peer = own, peer
        self.wire = socket.socket(socket.AF_INET, socket.SOCK_RAW, PROTOCOL)
        self.wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
        self.wire.setblocking(False)
        if peer == GROUP:
            mreq = socket.inet_aton(GROUP) + socket.inet_aton(own) + struct.pack("i", socket.if_nametoindex(device))
            self.wire.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, mreq)
            self.wire.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, mreq)
            self.wire.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 0)
        else:
            self.wire.bind((own, 0))
        self.selector.register(self.wire, selectors.EVENT_READ, self.read_wire)
        tell(event="configured", peer=peer)

    def read_local(self):
        while True:
            try:
                data = self.local.recv(65536)
            except OSError:
                return
            self.send(data)

    def send(self, data):
        if not self.wire:
            return
        try:
            self.wire.sendto(data, (self.peer, 0))
        except OSError:
            # No link, or a rule against it: FTFW sends again what is not acknowledged.
            pass

    def read_wire(self):
        while True:
            try:
                data, address = self.wire.recvfrom(65536)
            except OSError:
                return
            if address[0] == self.own or (self.peer != GROUP and address[0] != self.peer):
                continue
            data = data[(data[0] & 15) * 4 :]
            if data in TO_TELL:
                tell(event=TO_TELL[data])
                continue
            try:
                self.local.sendto(data, CONNTRACKD)
            except OSError:
                pass


if __name__ == "__main__":
    Relay().run()
