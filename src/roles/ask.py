"""Asks all targets at once and says what became of each.

`open`, `refused` (a reset, or ICMP says that nobody listens), `silent`, `unreachable` (this host knows no way).
`{targets: [{name, protocol, address, port, greeting?}], wait}` → `[{name, result, said}]`
"""

import errno
import json
import select
import socket
import sys
import time

OPTIONS = (
    "OPTIONS sip:probe@%s SIP/2.0\r\nVia: SIP/2.0/UDP 0.0.0.0:5060;branch=z9hG4bK-maquette;rport\r\n"
    "From: <sip:probe@invalid>;tag=maquette\r\nTo: <sip:probe@%s>\r\nCall-ID: maquette-probe\r\nCSeq: 1 OPTIONS\r\n"
    "Max-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
)


def refusal(code):
    return "refused" if code == errno.ECONNREFUSED else "unreachable", errno.errorcode.get(code, "")


class Asker:
    def __init__(self):
        self.answers = []
        # By descriptor: the target, its socket.
        self.waiting = {}
        self.poll = select.poll()

    def settle(self, fd, result, said=""):
        target, s = self.waiting.pop(fd)
        self.poll.unregister(fd)
        s.close()
        self.answers.append({"name": target["name"], "result": result, "said": said})

    def ask(self, target):
        is_tcp = target["protocol"] == "tcp"
        s = socket.socket(socket.AF_INET, socket.SOCK_STREAM if is_tcp else socket.SOCK_DGRAM)
        s.setblocking(False)
        self.waiting[s.fileno()] = (target, s)
        self.poll.register(s.fileno(), select.POLLOUT if is_tcp else select.POLLIN)
        code = s.connect_ex((target["address"], target["port"]))
        if code == 0 and not is_tcp:
            try:
                s.send((OPTIONS % (target["address"], target["address"])).encode())
            except OSError as error:
                code = error.errno
        if code not in (0, errno.EINPROGRESS):
            self.settle(s.fileno(), *refusal(code))

    def look(self, fd):
        target, s = self.waiting[fd]
        code = s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        wanted = target.get("greeting")
        if code != 0:
            self.settle(fd, *refusal(code))
        elif target["protocol"] == "tcp" and not wanted:
            self.settle(fd, "open")
        elif target["protocol"] == "tcp" and not target.get("connected"):
            target["connected"] = True
            self.poll.modify(fd, select.POLLIN)
        else:
            try:
                said = s.recv(256).decode("latin-1").split("\r")[0].split("\n")[0][:80]
                self.settle(fd, "open" if not wanted or said.startswith(wanted) else "refused", said)
            except BlockingIOError:
                pass
            except OSError as error:
                self.settle(fd, "refused", errno.errorcode.get(error.errno, ""))

    def run(self, seconds):
        end = time.monotonic() + seconds
        is_over = False
        while self.waiting and not is_over:
            left = max(0, end - time.monotonic())
            events = self.poll.poll(left * 1000)
            for fd, _ in events:
                if fd in self.waiting:
                    self.look(fd)
            # What came in time is heard, also where this program was held up until after that.
            is_over = left == 0 and not events
        for fd, (target, _) in list(self.waiting.items()):
            self.settle(fd, "silent", "connected" if target.get("connected") else "")


if __name__ == "__main__":
    asked = json.load(sys.stdin)
    asker = Asker()
    for wanted in asked["targets"]:
        asker.ask(wanted)
    asker.run(asked["wait"])
    print(json.dumps(asker.answers))
