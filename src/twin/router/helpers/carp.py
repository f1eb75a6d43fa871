"""CARP on the wire as FreeBSD speaks it (sys/netinet/ip_carp.c), and the ARP that goes with it: bytes in, bytes out."""

import hashlib
import socket
import struct

from checksum import checksum

GROUP = "224.0.0.18"
GROUP_MAC = bytes.fromhex("01005e000012")
BROADCAST = b"\xff" * 6
PROTOCOL = 112
VERSION, ADVERTISEMENT = 2, 1
HEADER = struct.Struct("!BBBBBBHII20s")
IP = struct.Struct("!BBHHHBBH4s4s")
# CARP_KEY_LEN of ip_carp.h, less the NUL that ifconfig(8) leaves room for (strlcpy).
KEY_LENGTH = 19
ETH_P_IP, ETH_P_ARP = 0x0800, 0x0806
REQUEST, REPLY = 1, 2
# Of a request for an address of IPv4 on Ethernet.
REQUEST_HEAD = bytes.fromhex("0001080006040001")


def hmac_sha1(key, message):
    """RFC 2104; the module `hmac` is not in Python's minimal library. SHA-1 is what the protocol has."""
    key = key.ljust(64, b"\0")
    inner = hashlib.sha1(bytes(b ^ 0x36 for b in key) + message, usedforsecurity=False).digest()
    return hashlib.sha1(bytes(b ^ 0x5C for b in key) + inner, usedforsecurity=False).digest()


class Advert:
    """A virtual host's adverts: what signs them, and how they are written."""

    def __init__(self, vhid, password, addresses, source):
        self.vhid = vhid
        self.addresses = sorted(addresses, key=socket.inet_aton)
        self.source = source
        self.mac = bytes((0, 0, 0x5E, 0, 1, vhid))
        self.key = password.encode()[:KEY_LENGTH]
        # carp_hmac_prepare: version, type, vhid, then the addresses in ascending order.
        raw = b"".join(socket.inet_aton(a) for a in self.addresses)
        self.signed = bytes((VERSION, ADVERTISEMENT, vhid)) + raw

    def digest(self, counter):
        return hmac_sha1(self.key, self.signed + struct.pack("!Q", counter))

    def frame(self, base, skew, counter):
        """carp_send_ad_locked: an Ethernet frame to the group."""
        high, low = counter >> 32, counter & 0xFFFFFFFF
        fields = [VERSION << 4 | ADVERTISEMENT, self.vhid, skew, 7, 0, base, 0, high, low, self.digest(counter)]
        fields[6] = checksum(HEADER.pack(*fields))
        carp = HEADER.pack(*fields)
        source, group = socket.inet_aton(self.source), socket.inet_aton(GROUP)
        # DSCP 56, don't fragment, TTL 255.
        ip = [0x45, 0xE0, 20 + len(carp), counter & 0xFFFF, 0x4000, 255, PROTOCOL, 0, source, group]
        ip[7] = checksum(IP.pack(*ip))
        return GROUP_MAC + self.mac + struct.pack("!H", ETH_P_IP) + IP.pack(*ip) + carp

    def announcements(self):
        """carp_send_arp: a gratuitous request for each address, by the virtual MAC."""
        for address in self.addresses:
            raw = socket.inet_aton(address)
            yield arp(BROADCAST, self.mac, REQUEST, self.mac + raw + b"\0" * 6 + raw)

    def reply(self, sender, asked):
        """To who asked (its MAC and address) for an address of ours (RFC 826)."""
        return arp(sender[:6], self.mac, REPLY, self.mac + asked + sender)

    def has(self, raw):
        return raw in [socket.inet_aton(a) for a in self.addresses]


def arp(to, own, operation, addresses):
    head = struct.pack("!HHBBH", 1, ETH_P_IP, 6, 4, operation)
    return to + own + struct.pack("!H", ETH_P_ARP) + head + addresses


def request_in(frame):
    """Who asks (its MAC and address) and for which address; None for what is no request."""
    if len(frame) < 42 or frame[14:22] != REQUEST_HEAD:
        return None
    return frame[22:32], frame[38:42]


def advert_in(frame):
    """Source, and the bytes of CARP; None for what is none of the group's. They may be cut, or wrong."""
    ip = frame[14:]
    length = (ip[0] & 15) * 4 if ip else 0
    carp = ip[length : length + HEADER.size]
    if len(ip) < 20 or ip[9] != PROTOCOL or ip[16:20] != socket.inet_aton(GROUP) or len(carp) < 2:
        return None
    return socket.inet_ntoa(ip[12:16]), carp
