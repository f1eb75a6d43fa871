"""Echoes whatever comes to a TCP port. `{port, client, limit, patience}` → `{pid}`

Where a service has the port already, what comes from the asker alone is led to another listener meanwhile (tproxy,
nft(8)): its packets keep their port, so the host's own firewall judges them as it would without a drill.
"""

import os
import select
import socket
import subprocess
import sys

from background import begin

TABLE = "maquette_drill"
# ip(7): without it no packet for another port is given to a socket.
IP_TRANSPARENT = 19
# An empty table first, so that one which an interrupted run left is no failure.
RULES = """table ip {table}
delete table ip {table}
table ip {table} {{
  chain in {{
    type filter hook prerouting priority mangle; policy accept;
    ip saddr {client} tcp dport {port} tproxy to :{own} accept
  }}
}}
"""


def listen(port, is_led=False):
    s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    if is_led:
        s.setsockopt(socket.SOL_IP, IP_TRANSPARENT, 1)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(("0.0.0.0", port))  # noqa: S104 - the drill takes the address that its path comes to
    # Where this program is held up, the kernel answers probes for it, so many (listen(2): no more than somaxconn).
    s.listen(4096)
    s.setblocking(False)
    return s


def lead(client, port, own):
    rules = RULES.format(table=TABLE, client=client, port=port, own=own)
    subprocess.run(["nft", "-f", "-"], input=rules.encode(), check=True, stdout=subprocess.DEVNULL)


def serve(server, is_over):
    poll = select.epoll()
    poll.register(server, select.EPOLLIN)
    peers = {}
    while not is_over():
        for fd, _ in poll.poll(0.2):
            if fd == server.fileno():
                for peer in arrived(server):
                    peers[peer.fileno()] = peer
                    poll.register(peer, select.EPOLLIN)
            elif not echo(peers[fd]):
                poll.unregister(fd)
                peers.pop(fd).close()


def arrived(server):
    while True:
        try:
            peer, _ = server.accept()
        except OSError:
            return
        peer.setblocking(False)
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield peer


def echo(peer):
    """Whether there may be more to come."""
    try:
        data = peer.recv(65536)
        if data:
            peer.send(data)
        return bool(data)
    except BlockingIOError:
        return True
    except OSError:
        return False


def main():
    background = begin()
    port, client = background.asked["port"], background.asked["client"]
    is_led = False
    try:
        try:
            server = listen(port)
        except OSError:
            if client is None:
                raise
            server = listen(0, is_led=True)
            lead(client, port, server.getsockname()[1])
            is_led = True
    except (OSError, subprocess.CalledProcessError) as error:
        background.answer(failure="port %d cannot be listened on: %s" % (port, error))
        sys.exit(0)
    background.answer(pid=os.getpid())
    try:
        serve(server, background.is_over)
    finally:
        if is_led:
            nothing = subprocess.DEVNULL
            subprocess.run(["nft", "delete", "table", "ip", TABLE], stdout=nothing, stderr=nothing, check=False)


if __name__ == "__main__":
    main()
