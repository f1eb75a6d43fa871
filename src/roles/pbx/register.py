"""Logs in at the telephone exchange over UDP, as an old phone would, with a secret that is wrong.

`{server, port, account, secret, wait}` → `{challenged, answer}`: whether it asked for the secret, and the status
that the wrong one got (RFC 3261 §22).
"""

import hashlib
import json
import random
import re
import socket
import sys

REGISTER = (
    "REGISTER sip:{server} SIP/2.0\r\nVia: SIP/2.0/UDP {own}:{port};branch=z9hG4bK{branch};rport\r\n"
    "Max-Forwards: 70\r\nFrom: <sip:{account}@{server}>;tag={tag}\r\nTo: <sip:{account}@{server}>\r\n"
    "Call-ID: {call}\r\nCSeq: {number} REGISTER\r\n"
    "Contact: <sip:{account}@{own}:{port}>\r\nExpires: 60\r\n{login}Content-Length: 0\r\n\r\n"
)


def md5(text):
    # The protocol's choice; nothing of ours is protected by it.
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def login_for(challenge, asked):
    said = dict(re.findall(r'(\w+)="?([^",]+)"?', challenge))
    uri = "sip:" + asked["server"]
    one = md5("%s:%s:%s" % (asked["account"], said["realm"], asked["secret"]))
    two = md5("REGISTER:" + uri)
    answer = md5(":".join([one, said["nonce"], "00000001", "maquette", "auth", two]))
    return (
        'Authorization: Digest username="%s", realm="%s", nonce="%s", uri="%s", algorithm=MD5, qop=auth, nc=00000001, '
        'cnonce="maquette", response="%s", opaque="%s"\r\n'
    ) % (asked["account"], said["realm"], said["nonce"], uri, answer, said.get("opaque", ""))


def main():
    asked = json.load(sys.stdin)
    talk = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    talk.settimeout(asked["wait"])
    talk.connect((asked["server"], asked["port"]))
    own, port = talk.getsockname()
    common = {"server": asked["server"], "account": asked["account"], "own": own, "port": port}
    common |= {name: "%08x" % random.getrandbits(32) for name in ("tag", "call")}

    def ask(number, login):
        branch = "%08x" % random.getrandbits(32)
        talk.send(REGISTER.format(number=number, login=login, branch=branch, **common).encode())
        while True:
            answer = talk.recv(8192).decode("utf-8", "replace")
            if "CSeq: %d " % number in answer and not answer.startswith("SIP/2.0 1"):
                return answer

    try:
        first = ask(1, "")
        challenges = re.findall(r"(?mi)^WWW-Authenticate: Digest (.*?)\r?$", first)
        challenge = next((c for c in challenges if re.search(r"(?i)algorithm=\"?MD5\b", c)), None)
        if challenge is None:
            print(json.dumps({"challenged": False, "answer": first.split("\r\n")[0]}))
            return
        print(json.dumps({"challenged": True, "answer": ask(2, login_for(challenge, asked)).split("\r\n")[0]}))
    except OSError as error:
        sys.exit("no answer: %s" % error)


if __name__ == "__main__":
    main()
