"""Waits for log lines that were just written on other hosts.

`{folder, hosts, tag, seconds}` → the hosts of whose lines none of the last half minute came within that time.
"""

import datetime
import json
import sys
import time

# A line may have been written before this program began, and hosts' clocks differ a little.
RECENT = datetime.timedelta(seconds=30)


def has_come(folder, host, tag, since):
    """Whether the host's file of today has a line with the tag, and the last of them is that young."""
    path = "%s/%s/%s.log" % (folder, host, datetime.date.today().isoformat())
    try:
        with open(path, errors="replace") as f:
            lines = [line for line in f if tag in line]
        return bool(lines) and datetime.datetime.fromisoformat(lines[-1].split(" ", 1)[0]) >= since
    except (OSError, ValueError):
        return False


def missing(asked):
    since = datetime.datetime.now(datetime.UTC) - RECENT
    end = time.monotonic() + asked["seconds"]
    left = asked["hosts"]
    while True:
        left = [host for host in left if not has_come(asked["folder"], host, asked["tag"], since)]
        if not left or time.monotonic() > end:
            return left
        time.sleep(0.2)


if __name__ == "__main__":
    hosts = missing(json.load(sys.stdin))
    print(" ".join(hosts))
    sys.exit(1 if hosts else 0)
