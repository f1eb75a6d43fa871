"""Who leads a zone, as its wire says: prints one number.

The file that is named has `{own, vhid, primary, secondary}`, three addresses of the zone and the number of its virtual
host. CARP's adverts come from the leader's own address once a second or two. 0: none came; 1: the primary's; 2: the
secondary's, and the primary does not answer; 4: the secondary's, although the primary answers (ARP); 3: both.
"""

import fcntl
import json
import select
import socket
import struct
import sys
import time

GROUP = "224.0.0.18"
CARP = 112
# Version 2, an advert.
ADVERT = 0x21
# An advert of the secondary comes each 1 + 100/256 s; two of them, and a little.
LISTEN_SECONDS = 3.0
ARP_SECONDS = 1.0
ARP_TRIES = 2
SIOCGIFADDR = 0x8915
ETH_P_IP, ETH_P_ARP = 0x0800, 0x0806
REQUEST, REPLY = 1, 2
NOBODY, PRIMARY, SECONDARY, BOTH, USURPED = 0, 1, 2, 3, 4


def advertiser(packet, vhid):
    """Whose advert a packet of IPv4 is; None for anything else."""
    head = (packet[0] & 15) * 4 if packet else 0
    if len(packet) < max(head, 20) + 2 or packet[0] >> 4 != 4 or packet[9] != CARP:
        return None
    if packet[16:20] != socket.inet_aton(GROUP) or packet[head] != ADVERT or packet[head + 1] != vhid:
        return None
    return socket.inet_ntoa(packet[12:16])


def judged(heard, asked, is_primary_there):
    first, second = asked["primary"] in heard, asked["secondary"] in heard
    if first and second:
        return BOTH
    if first:
        return PRIMARY
    if second:
        return USURPED if is_primary_there() else SECONDARY
    return NOBODY


def device_of(address):
    """@raises LookupError where no device has it"""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        for _, name in socket.if_nameindex():
            try:
                found = fcntl.ioctl(asking, SIOCGIFADDR, struct.pack("256s", name.encode()[:15]))
            except OSError:
                continue
            if socket.inet_ntoa(found[20:24]) == address:
                return name
    raise LookupError("no device has %s" % address)


def received(opened, seconds):
    """What comes within the time."""
    until = time.monotonic() + seconds
    while True:
        left = until - time.monotonic()
        if left <= 0 or not select.select([opened], [], [], left)[0]:
            return
        yield opened.recv(2048)


def leaders(device, asked):
    # Before the host's own firewall, which has no rule for CARP; and a member, so that the card takes the frames.
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as member,
        socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_IP)) as wire,
    ):
        member.setsockopt(
            socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton(GROUP) + socket.inet_aton(asked["own"])
        )
        wire.bind((device, ETH_P_IP))
        heard = set()
        for packet in received(wire, LISTEN_SECONDS):
            heard.add(advertiser(packet, asked["vhid"]))
            if {asked["primary"], asked["secondary"]} <= heard:
                break
        return heard


def answers(device, own, address):
    """Whether somebody has the address, by ARP: no router's rules are asked."""
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ARP)) as wire:
        wire.bind((device, ETH_P_ARP))
        mac = wire.getsockname()[4]
        target = socket.inet_aton(address)
        frame = b"\xff" * 6 + mac + struct.pack("!HHHBBH", ETH_P_ARP, 1, ETH_P_IP, 6, 4, REQUEST)
        frame += mac + socket.inet_aton(own) + bytes(6) + target
        for _ in range(ARP_TRIES):
            wire.send(frame)
            if any(
                got[20:22] == struct.pack("!H", REPLY) and got[28:32] == target for got in received(wire, ARP_SECONDS)
            ):
                return True
    return False


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        asked = json.load(file)
    device = device_of(asked["own"])
    heard = leaders(device, asked)
    print(judged(heard, asked, lambda: answers(device, asked["own"], asked["primary"])))


if __name__ == "__main__":
    main()
