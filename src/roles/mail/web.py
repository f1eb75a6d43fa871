"""The web of mail as programs of its users speak it: TLS with the lab's authority, each site by its own name.

Beside what post.py asks for: `resolvers`, addresses of those that are asked for names where a tunnel is the way.
"""

import http.client
import os
import socket
import ssl
import time

from names import address_in, question_of
from way import SO_BINDTODEVICE, connected

# After which a resolver is asked again: a datagram may be lost.
AGAIN = 0.5


def address_of(asked, name):
    """As this machine resolves names, or by the tunnel as a client resolves them that has come in by it."""
    if asked["device"] is None:
        return socket.gethostbyname(name)
    question = question_of(name, os.urandom(2))
    end = time.monotonic() + asked["wait"]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.setsockopt(socket.SOL_SOCKET, SO_BINDTODEVICE, asked["device"].encode() + b"\0")
        s.settimeout(AGAIN)
        while time.monotonic() < end:
            for resolver in asked["resolvers"]:
                s.sendto(question, (resolver, 53))
            try:
                said = s.recv(4096)
            except TimeoutError:
                continue
            if said[:2] == question[:2]:
                address = address_in(said)
                if address is None:
                    raise OSError("no address for " + name)
                return address
    raise TimeoutError("nobody says the address of " + name)


class Site(http.client.HTTPSConnection):
    def __init__(self, asked, name):
        self.asked = asked
        super().__init__(name, asked["ports"]["https"], timeout=asked["wait"], context=ssl.create_default_context())

    def connect(self):
        s = connected(self.asked, address_of(self.asked, self.host), self.port)
        self.sock = self._context.wrap_socket(s, server_hostname=self.host)

    def say(self, method, path, body=None, headers=None):
        """The answer, read to its end, and its text."""
        self.request(method, path, body=body, headers=headers or {})
        answer = self.getresponse()
        return answer, answer.read().decode("utf-8", "replace")
