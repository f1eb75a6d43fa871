"""Sends IPv4 packets from the machine itself, through its own filter.

`{packets: [{to, bytes}], perSecond, deadline}` → `{results: [errno]}`, 0 where the kernel took the packet
"""

import base64
import json
import socket
import sys
import time

from pace import paced


def sent(raw, packet):
    try:
        raw.sendto(base64.b64decode(packet["bytes"]), (packet["to"], 0))
        return 0
    except OSError as error:
        return error.errno


if __name__ == "__main__":
    asked = json.load(sys.stdin)
    deadline = time.monotonic() + asked["deadline"]
    raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    packets = paced(asked["packets"], asked["perSecond"], deadline)
    print(json.dumps({"results": [sent(raw, packet) for packet in packets]}))
