"""Calls over one access, in network namespaces of this program's own.

Nothing that it sends can leave them, and they are gone with it, however it ends.

`{calls, packetMs, bytes, seconds, playoutMs, up: WAY, down: WAY}` →
`{up: SEEN, down: SEEN}` with WAY `{shaper: [LINE], priority, bulkKbps, lossPercent}` and
SEEN `{calls: [{sent, received, late, duplicates, jitterMs, jitterMostMs, delayMs}], heldUpMs, carriedKbps}`

`near` is the lab's end, `far` the other one; up is from near to far. `shaper` is what tc is told of the device that
sends, `{device}` in its place; `priority` the class of voice in it, 0 for the default one. `bytes` are after UDP's
header. `carriedKbps` is all that came in by the link, voice and bulk, while calls were sent.
"""

import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
import time

from streams import MS, End, Stream, open_end

CLONE_NEWNET = 0x40000000
PR_SET_PDEATHSIG = 1
NEAR, FAR = "10.255.255.1", "10.255.255.2"
MACS = {"near": "02:00:00:00:00:01", "far": "02:00:00:00:00:02"}
PORT, SINK = 40_000, 9
# For queues to be full before anybody speaks, and for what is in them at the end; seconds.
LEAD, DRAIN = 1.0, 1.0
# Each socket holds about ninety large packets before the kernel takes no more: together more than any queue here.
SOCKETS = 12
BULK_BYTES = 1472
BULK_FRAME = 1514
# At once, at the beginning: more than any queue here holds.
BURST = 600
LOSS = """table inet maquette {{
  chain in {{
    type filter hook input priority 0; policy accept;
    udp dport {port} numgen random mod 10000 < {share} drop
  }}
}}
"""

libc = ctypes.CDLL(None, use_errno=True)


def apart():
    if libc.unshare(CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "no network namespace can be made here")


def die_with_parent(parent):
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def run(argv, text=""):
    done = subprocess.run(argv, input=text, text=True, capture_output=True, check=False)
    if done.returncode != 0:
        raise RuntimeError("%s: %s" % (" ".join(argv[:3]), done.stderr.strip() or done.returncode))


def came_in(device):
    """Bytes; of this process's own namespace."""
    with open("/proc/self/net/dev") as lines:
        for line in lines:
            name, _, figures = line.partition(":")
            if name.strip() == device:
                return int(figures.split()[0])
    raise RuntimeError("%s is not there" % device)


def settle(device, own, other, sends, receives):
    """This end of the link: address, who is at the other, the queue of what leaves, the loss of what comes."""
    run(["ip", "link", "set", "lo", "up"])
    run(["ip", "address", "add", own + "/30", "dev", device])
    run(["ip", "link", "set", device, "up"])
    peer = MACS["far" if device == "near" else "near"]
    run(["ip", "neigh", "replace", other, "lladdr", peer, "dev", device, "nud", "permanent"])
    lines = [line.replace("{device}", device) for line in sends["shaper"]]
    run(["tc", "-batch", "-"], "\n".join(lines) + "\n")
    if receives["lossPercent"] > 0:
        run(["nft", "-f", "-"], LOSS.format(port=PORT, share=round(receives["lossPercent"] * 100)))


def flood(address, kbps):
    """Packets as large as they go, at a steady rate, until it is ended."""
    sockets = []
    for _ in range(SOCKETS):
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.setblocking(False)
        s.connect((address, SINK))
        sockets.append(s)
    data, turn, start = bytes(BULK_BYTES), -BURST, time.monotonic()
    a_second = kbps * 1000 / 8 / BULK_FRAME
    while True:
        due = int((time.monotonic() - start) * a_second)
        # Who was held up does not make up for more than fills the queue again.
        turn = max(turn, due - BURST)
        while turn < due:
            try:
                sockets[turn % SOCKETS].send(data)
            except (BlockingIOError, ConnectionRefusedError):
                pass
            turn += 1
        time.sleep(0.001)


def begin_flood(address, kbps):
    parent = os.getpid()
    child = os.fork()
    if child == 0:
        try:
            die_with_parent(parent)
            flood(address, kbps)
        finally:
            os._exit(1)
    return child


def side(device, own, other, asked, way, start):
    """One end, from a point of the monotonic clock on, in nanoseconds. → its End, and what came in meanwhile, kbit/s"""
    sink = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sink.bind((own, SINK))
    talker = End(open_end(own, PORT, way["priority"]), (other, PORT), {**asked, "windowMs": 0})
    flooder = begin_flood(other, way["bulkKbps"]) if way["bulkKbps"] > 0 else None
    time.sleep(max(0, (start - time.monotonic_ns()) / 1e9))
    before, began = came_in(device), time.monotonic()
    talker.run(start, asked["seconds"])
    carried = (came_in(device) - before) * 8 / 1000 / (time.monotonic() - began)
    if flooder is not None:
        os.kill(flooder, signal.SIGKILL)
        os.waitpid(flooder, 0)
    talker.hear_until(time.monotonic_ns() + int(DRAIN * 1e9))
    sink.close()
    return talker, carried


def told_of(talker, asked):
    """Of each call, in their order."""
    return [talker.streams.get((call, 0), Stream()).told(asked["playoutMs"] * MS) for call in range(asked["calls"])]


def far(asked, heard, said):
    """The other end, in a process and a namespace of its own; it goes on when it is told to."""
    apart()
    os.write(said, b"1")
    os.read(heard, 1)
    settle("far", FAR, NEAR, asked["down"], asked["up"])
    os.write(said, b"1")
    start = int(os.read(heard, 32))
    talker, carried = side("far", FAR, NEAR, asked, asked["down"], start)
    told = {"sent": talker.numbers, "streams": told_of(talker, asked), "carried": carried, "heldUp": talker.held_up}
    with os.fdopen(said, "w") as out:
        json.dump(told, out)


def begin_far(asked):
    """→ its process, what it hears, what it says"""
    heard, tell = os.pipe()
    told, said = os.pipe()
    parent = os.getpid()
    child = os.fork()
    if child:
        os.close(heard)
        os.close(said)
        return child, tell, told
    try:
        die_with_parent(parent)
        os.close(tell)
        os.close(told)
        far(asked, heard, said)
    except BaseException as error:
        print("far: %s" % error, file=sys.stderr, flush=True)
    finally:
        os._exit(0)


def must_go_on(told):
    if os.read(told, 1) != b"1":
        raise RuntimeError("the far end ended before its time")


def measured(asked):
    apart()
    child, tell, told = begin_far(asked)
    must_go_on(told)
    peer = ["peer", "name", "far", "address", MACS["far"], "netns", str(child)]
    run(["ip", "link", "add", "near", "address", MACS["near"], "type", "veth", *peer])
    settle("near", NEAR, FAR, asked["up"], asked["down"])
    os.write(tell, b"1")
    must_go_on(told)
    is_full = asked["up"]["bulkKbps"] > 0 or asked["down"]["bulkKbps"] > 0
    start = time.monotonic_ns() + int((LEAD if is_full else LEAD / 10) * 1e9)
    os.write(tell, b"%d" % start)
    talker, carried = side("near", NEAR, FAR, asked, asked["up"], start)
    with os.fdopen(told) as answer:
        there = json.loads(answer.read() or "null")
    os.waitpid(child, 0)
    if there is None:
        raise RuntimeError("the far end said nothing of what came")

    def seen(sent, streams, held_up, kbps):
        calls = [{"sent": n, **stream} for n, stream in zip(sent, streams, strict=True)]
        return {"calls": calls, "heldUpMs": held_up / MS, "carriedKbps": kbps}

    # What one end sent is seen at the other.
    return {
        "up": seen(talker.numbers, there["streams"], talker.held_up, there["carried"]),
        "down": seen(there["sent"], told_of(talker, asked), there["heldUp"], carried),
    }


if __name__ == "__main__":
    print(json.dumps(measured(json.load(sys.stdin))))
