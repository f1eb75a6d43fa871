"""With which DSCP voice and signalling pass this host's cable, in both directions. `{peer, seconds, ports, sip, least}`

→ `{in: {DSCP: PACKETS}, out: {…}, signalling: {DSCP: PACKETS}}`; voice of and to the peer, signalling that leaves. What
tells of the voice and is none (RTCP, on the odd port above it: RFC 3550 section 11) is not counted.
"""

import json
import re
import subprocess
import sys


def main():
    asked = json.load(sys.stdin)
    lo, hi = asked["ports"]
    rule = "host %s and (udp portrange %d-%d or tcp port %d)" % (asked["peer"], lo, hi, asked["sip"])
    found = {"in": {}, "out": {}, "signalling": {}}
    with subprocess.Popen(
        ["timeout", str(asked["seconds"]), "tcpdump", "-i", "any", "-n", "-v", "-l", "-t", "-Q", "inout", rule],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as dump:
        tos = None
        for line in dump.stdout:
            head = re.search(r"\bIP \(tos 0x([0-9a-f]+)", line)
            if head:
                tos = int(head.group(1), 16) >> 2
                continue
            ends = re.match(r"\s+(\S+) > (\S+): (UDP|Flags)", line)
            if ends is None or tos is None:
                continue
            is_out = ends.group(2).startswith(asked["peer"] + ".")
            own = ends.group(1) if is_out else ends.group(2)
            if ends.group(3) == "UDP" and int(own.rpartition(".")[2]) % 2:
                continue
            where = ("out" if is_out else "in") if ends.group(3) == "UDP" else "signalling" if is_out else None
            if where is not None:
                found[where][str(tos)] = found[where].get(str(tos), 0) + 1
            if found["signalling"] and all(sum(found[w].values()) >= asked["least"] for w in ("in", "out")):
                break
        dump.terminate()
    print(json.dumps(found))


if __name__ == "__main__":
    main()
