"""The time that controllers sign."""

import hashlib
import socket
import struct
import time

from controller.common import Stop, machine_credentials, open_directory
from samba.dcerpc import security
from samba.ndr import ndr_unpack


def signed_time(wanted):
    """Asks the others for the time as a member of the domain does ([MS-SNTP] 3.1.5.1), and checks each signature."""
    samdb, lp = open_directory()
    own = machine_credentials(lp)
    found = samdb.search(
        base=str(samdb.domain_dn()), scope=2, expression="(sAMAccountName=%s)" % own.get_username(), attrs=["objectSid"]
    )
    rid = ndr_unpack(security.dom_sid, found[0]["objectSid"][0]).split()[1]
    key = bytes(own.get_nt_hash())
    for peer in wanted["controller"]["peers"]:
        # A client's question of version 3, then the key's number and no signature.
        question = bytes([0x1B]) + bytes(47) + struct.pack("<I", rid) + bytes(16)
        with socket.socket(socket.AF_INET6 if ":" in peer["address"] else socket.AF_INET, socket.SOCK_DGRAM) as udp:
            udp.settimeout(3)
            udp.connect((peer["address"], 123))
            udp.send(question)
            try:
                answer = udp.recv(256)
            except OSError as e:
                raise Stop("%s gives no signed time: %s" % (peer["name"], e)) from e
        # The protocol's own digest.
        digest = hashlib.md5(key + answer[:48], usedforsecurity=False).digest()
        if len(answer) < 68 or answer[52:68] != digest:
            raise Stop("the time of %s is not signed by the domain" % peer["name"])
        seconds = struct.unpack(">I", answer[40:44])[0] - 2208988800
        print("%s signs; it is %d s away" % (peer["name"], abs(seconds - time.time())))
