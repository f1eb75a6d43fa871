"""What a member of the domain asks of its controllers, again and again (asker.py).

Raw protocols and curl, for a workstation has no more than that: SRV records by DNS (RFC 2782), an account's Kerberos AS
exchange up to the demand for a proof (RFC 4120, KDC_ERR_PREAUTH_REQUIRED), and its bind over LDAPS with the lab's CA.

Beside what asker.py asks for: `{domain, realm, base, login, password, authority}`.
"""

import os
import socket
import struct
import subprocess

from asker import keep_asking

PREAUTH_REQUIRED = 25
# ASN.1's tags (X.690) of what RFC 4120 has.
INTEGER, BITS, SEQUENCE, TIME, STRING = 0x02, 0x03, 0x30, 0x18, 0x1B
AS_REQ, KRB_ERROR = 0x6A, 0x7E


def tlv(tag, *parts):
    body = b"".join(parts)
    n = len(body)
    size = bytes([n]) if n < 128 else bytes([129, n]) if n < 256 else bytes([130, n >> 8, n & 255])
    return bytes([tag]) + size + body


def field(number, *parts):
    return tlv(0xA0 + number, *parts)


def integer(n):
    return tlv(INTEGER, n.to_bytes(n.bit_length() // 8 + 1, "big"))


def principal(kind, *names):
    strings = [tlv(STRING, n.encode()) for n in names]
    return tlv(SEQUENCE, field(0, integer(kind)), field(1, tlv(SEQUENCE, *strings)))


def as_req(realm, login, nonce):
    body = tlv(
        SEQUENCE,
        field(0, tlv(BITS, bytes(5))),
        field(1, principal(1, login)),
        field(2, tlv(STRING, realm.encode())),
        field(3, principal(2, "krbtgt", realm)),
        field(5, tlv(TIME, b"20370913024805Z")),
        field(7, integer(nonce)),
        field(8, tlv(SEQUENCE, integer(18), integer(17))),
    )
    return tlv(AS_REQ, tlv(SEQUENCE, field(1, integer(5)), field(2, integer(10)), field(4, body)))


def error_in(data):
    """The error-code [6] of a KRB-ERROR; None for anything else."""
    at = data.find(b"\xa6\x03\x02\x01")
    return data[at + 4] if len(data) > 4 and data[4] == KRB_ERROR and at > 0 else None


def srv_question(number, domain):
    labels = ("_ldap._tcp." + domain).split(".")
    name = b"".join(bytes([len(label)]) + label.encode() for label in labels) + b"\0"
    return number + b"\1\0\0\1\0\0\0\0\0\0" + name + b"\0\x21\0\1"


def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


class Member:
    """Its questions: each ends well, or raises with why."""

    def __init__(self, asked):
        self.asked = asked
        self.timeout = asked["timeout"] / 1000
        self.authority = asked["folder"] + "/ca.pem"
        with open(self.authority, "w") as f:
            f.write(asked["authority"])
        self.questions = {"dns": self.dns, "kerberos": self.kerberos, "ldaps": self.ldaps}

    def kerberos(self, server):
        message = as_req(self.asked["realm"], self.asked["login"], int.from_bytes(os.urandom(4), "big") >> 1)
        with socket.create_connection((server["address"], 88), timeout=self.timeout) as s:
            s.sendall(struct.pack("!I", len(message)) + message)
            data = s.recv(4096)
        code = error_in(data)
        if code != PREAUTH_REQUIRED:
            raise OSError("the KDC says %s" % ("error %d" % code if code is not None else "nothing of use"))

    def dns(self, server):
        number = os.urandom(2)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(self.timeout)
            s.connect((server["address"], 53))
            s.send(srv_question(number, self.asked["domain"]))
            data = s.recv(4096)
        if data[:2] != number or data[3] & 15 != 0 or data[6:8] == b"\0\0":
            raise OSError("no SRV records: code %d" % (data[3] & 15))

    def ldaps(self, server):
        asked = self.asked
        where = "ldaps://%s/%s?cn?sub?(sAMAccountName=%s)" % (server["address"], asked["base"], asked["login"])
        # By standard input: everybody on a host can read its process list.
        config = [
            *("silent", "show-error", "max-time = %s" % self.timeout, "cacert = " + quoted(self.authority)),
            "user = " + quoted("%s@%s:%s" % (asked["login"], asked["domain"], asked["password"])),
            "url = " + quoted(where),
        ]
        ran = subprocess.run(
            ["curl", "--config", "-"],
            input="\n".join(config).encode(),
            capture_output=True,
            timeout=self.timeout,
            check=False,
        )
        if ran.returncode != 0 or b"DN:" not in ran.stdout:
            raise OSError(ran.stderr.decode().strip()[:120] or "nobody of that name")


if __name__ == "__main__":
    keep_asking(lambda asked: Member(asked).questions)
