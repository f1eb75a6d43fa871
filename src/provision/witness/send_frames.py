"""Sends IPv4 packets as frames from a guest's own card to a neighbour, which it finds by ARP (RFC 826).

`{mac, sender, neighbour, packets: [base64], perSecond, deadline}` → `{neighbour, sent, device}`, or `{silent}` where
it does not answer
"""

import base64
import json
import os
import select
import socket
import struct
import sys
import time

from pace import paced

ETH_IP, ETH_ARP = 0x0800, 0x0806


def device_of(mac):
    for name in os.listdir("/sys/class/net"):
        try:
            with open("/sys/class/net/%s/address" % name) as f:
                if f.read().strip().lower() == mac.lower():
                    return name
        except OSError:
            pass
    return None


def question(mac, sender, neighbour):
    """Who has the neighbour's address."""
    head = b"\xff" * 6 + mac + struct.pack("!HHHBBH", ETH_ARP, 1, ETH_IP, 6, 4, 1)
    return head + mac + sender + b"\0" * 6 + neighbour


def answered(frame, neighbour):
    """The MAC that a reply (2) of the neighbour says; its destination may be ours or everybody."""
    is_reply = frame[12:14] == struct.pack("!H", ETH_ARP) and frame[20:22] == b"\0\2" and frame[28:32] == neighbour
    return frame[22:28] if is_reply else None


def find(wire, ask, neighbour, deadline):
    again = 0.0
    while time.monotonic() < deadline:
        if time.monotonic() >= again:
            wire.send(ask)
            again = time.monotonic() + 0.2
        if select.select([wire], [], [], 0.05)[0]:
            found = answered(wire.recv(2048), neighbour)
            if found is not None:
                return found
    return None


def work(asked):
    deadline = time.monotonic() + asked["deadline"]
    device = device_of(asked["mac"])
    if device is None:
        return {"failure": "no card with the MAC %s" % asked["mac"]}
    mac = bytes.fromhex(asked["mac"].replace(":", ""))
    sender, neighbour = socket.inet_aton(asked["sender"]), socket.inet_aton(asked["neighbour"])
    wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_ARP))
    wire.bind((device, ETH_ARP))
    found = find(wire, question(mac, sender, neighbour), neighbour, deadline)
    if found is None:
        return {"silent": "nobody answers ARP for %s on %s" % (asked["neighbour"], device)}
    head, sent = found + mac + struct.pack("!H", ETH_IP), 0
    for packet in paced(asked["packets"], asked["perSecond"], deadline):
        wire.send(head + base64.b64decode(packet))
        sent += 1
    return {"neighbour": found.hex(":"), "sent": sent, "device": device}


if __name__ == "__main__":
    print(json.dumps(work(json.load(sys.stdin))))
