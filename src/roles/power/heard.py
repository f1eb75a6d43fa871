"""Whether the UPS is on mains, and who listens to it, asked of the server on its own host.

`{port, ups, seconds, stages: {STAGE: {ADDRESS: HOST}}}` → `{status, charge, missing: [HOST]}`: hosts that do not listen
at their place in the order after `seconds`, for one that just started comes by itself.
"""

import json
import socket
import sys
import time

LOOK_SECONDS = 0.5


class Nut:
    """upsd by its own protocol (RFC 9271)."""

    def __init__(self, port):
        self.connection = socket.create_connection(("127.0.0.1", port), timeout=5)
        self.lines = self.connection.makefile("r", encoding="utf-8", newline="\n")

    def ask(self, line):
        self.connection.sendall((line + "\n").encode())
        answer = self.lines.readline().strip()
        if not answer or answer.startswith("ERR"):
            raise OSError("upsd says %s to %s" % (answer or "nothing", line))
        return answer

    def variable(self, ups, name):
        return self.ask("GET VAR %s %s" % (ups, name)).split('"')[1]

    def listening(self, stage):
        self.ask("LIST CLIENT %s" % stage)
        found = set()
        words = self.lines.readline().split()
        while words[:1] == ["CLIENT"]:
            found.add(words[-1])
            words = self.lines.readline().split()
        return found


def missing(nut, stages):
    return [
        host
        for stage, hosts in stages.items()
        for there in [nut.listening(stage)]
        for address, host in hosts.items()
        if address not in there
    ]


def main():
    asked = json.load(sys.stdin)
    try:
        nut = Nut(asked["port"])
        end = time.monotonic() + asked["seconds"]
        late = missing(nut, asked["stages"])
        while late and time.monotonic() < end:
            time.sleep(LOOK_SECONDS)
            late = missing(nut, asked["stages"])
        status = nut.variable(asked["ups"], "ups.status")
        charge = float(nut.variable(asked["ups"], "battery.charge"))
    except OSError as error:
        sys.exit(str(error))
    print(json.dumps({"status": status, "charge": charge, "missing": late}))


if __name__ == "__main__":
    main()
