"""Starts tcpdump on all interfaces, and conntrack for what the router accepts; answers when both listen.

They end by themselves after a while, whatever becomes of whoever started them.
`{limit, filter}` → `{pids, folder, links: {index: name}}`
"""

import json
import os
import subprocess
import sys
import tempfile
import time


def start(words, limit, out, said):
    timed = ["timeout", "--signal=INT", "--kill-after=5", str(limit)]
    return subprocess.Popen(timed + words, stdin=subprocess.DEVNULL, stdout=out, stderr=said, start_new_session=True)


def subscribers():
    """Sockets that netfilter (12) tells of new connections (group 1)."""
    with open("/proc/net/netlink") as f:
        rows = [line.split() for line in f][1:]
    return {r[0] for r in rows if r[1] == "12" and int(r[3], 16) & 1}


def links():
    found = {}
    for name in os.listdir("/sys/class/net"):
        try:
            with open("/sys/class/net/%s/ifindex" % name) as f:
                found[f.read().strip()] = name
        except OSError:
            pass
    return found


def end(children):
    for child in children:
        try:
            os.killpg(child.pid, 9)
        except ProcessLookupError:
            pass


def work(asked):
    folder = tempfile.mkdtemp(prefix="maquette-capture-", dir="/run")
    dumping = ["tcpdump", "-i", "any", "-y", "LINUX_SLL2", "-n", "-U", "--immediate-mode", "-Z", "root"]
    dumping += ["-s", "256", "-B", "8192", "-w", folder + "/file", asked["filter"]]
    listening = ["conntrack", "-E", "-e", "NEW", "-o", "extended", "-b", "4194304"]
    before = subscribers()
    with open(folder + "/said", "w") as said, open(folder + "/states", "w") as states:
        dump = start(dumping, asked["limit"], said, said)
        listen = start(listening, asked["limit"], states, said)
    deadline = time.monotonic() + 10
    while True:
        with open(folder + "/said") as f:
            text = f.read()
        if "listening on" in text and subscribers() - before:
            return {"pids": [dump.pid, listen.pid], "folder": folder, "links": links()}
        if dump.poll() is not None or listen.poll() is not None or time.monotonic() > deadline:
            end((dump, listen))
            return {"failure": "it cannot be captured at: " + "; ".join(text.strip().split("\n")[-2:])}
        time.sleep(0.01)


if __name__ == "__main__":
    print(json.dumps(work(json.load(sys.stdin))))
