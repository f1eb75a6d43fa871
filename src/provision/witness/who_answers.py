"""Asks by ARP who is there, without an address of one's own (RFC 5227, a probe).

`{asked: [{device, address}], deadline}` → `{answered: [address]}`
"""

import json
import select
import socket
import sys
import time

from send_frames import ETH_ARP, answered, question

NOBODY = b"\0" * 4
AGAIN = 0.3


def wire_of(device):
    """The card, and its MAC; None where there is no such card or it is down."""
    try:
        with open("/sys/class/net/%s/address" % device) as f:
            mac = bytes.fromhex(f.read().strip().replace(":", ""))
        wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_ARP))
        wire.bind((device, ETH_ARP))
        return wire, mac
    except OSError:
        return None


def work(asked):
    deadline, again = time.monotonic() + asked["deadline"], 0.0
    wires = {device: wire_of(device) for device in {a["device"] for a in asked["asked"]}}
    open_wires = [found[0] for found in wires.values() if found]
    missing = {(a["device"], a["address"]) for a in asked["asked"] if wires[a["device"]]}
    seen = []
    while missing and time.monotonic() < deadline:
        if time.monotonic() >= again:
            for device, address in missing:
                wire, mac = wires[device]
                wire.send(question(mac, NOBODY, socket.inet_aton(address)))
            again = time.monotonic() + AGAIN
        for wire in select.select(open_wires, [], [], 0.05)[0]:
            frame, device = wire.recv(2048), wire.getsockname()[0]
            for one in [m for m in missing if m[0] == device and answered(frame, socket.inet_aton(m[1]))]:
                missing.discard(one)
                seen.append(one[1])
    return {"answered": seen}


if __name__ == "__main__":
    print(json.dumps(work(json.load(sys.stdin))))
