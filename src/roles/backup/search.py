"""Searches the logs that the sink keeps: `FOLDER/HOST/YYYY-MM-DD.log`, in rsyslog's RSYSLOG_FileFormat.

Reads {folder, since, grep, unit, hosts, lines, names}, each of since, grep, unit and hosts null where nothing is asked:

  since   a time as systemd takes it (systemd.time(7)): -5min, today, 2026-01-31 08:00
  grep    a regular expression of Python over the text as it is shown; without capitals it takes no notice of case
  unit    the program that wrote the line
  hosts   short names
  lines   how many of the last ones
  names   of the plan, for the routers' filter log: {rules: {tracker: [row, rule]}, devices: {host: {device: zone}},
          addresses: {address: name}, services: {"tcp/443": name}}

and writes {lines: [{time, host, program, message, packet}], left}: oldest first, `packet` only in lines of the filter
log, `left` how many older ones were found beside them. Exit 2 and a sentence where something asked is not understood.
"""

import collections
import datetime
import heapq
import json
import os
import re
import subprocess
import sys

# A file is named by the sink's clock, a line bears its sender's.
SLACK = datetime.timedelta(days=1)
TAG = re.compile(r"([^\s:\[]+)(?:\[\d+\])?:? ?")


class Misunderstood(Exception):
    pass


def since_of(text):
    """Seconds since 1970, as systemd understands the time."""
    command = ["systemd-analyze", "timestamp", "--", text]
    asked = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "LC_ALL": "C"})
    found = re.search(r"UNIX seconds: @([\d.]+)", asked.stdout)
    if asked.returncode != 0 or found is None:
        raise Misunderstood('"%s" is no time: -5min, today, "2026-01-31 08:00" are' % text)
    return float(found.group(1))


def pattern_of(text):
    try:
        return re.compile(text, 0 if re.search(r"[A-Z]", text) else re.IGNORECASE)
    except re.error as error:
        raise Misunderstood('"%s" is no regular expression: %s' % (text, error)) from error


def named(address, names):
    return names["addresses"].get(address, address)


def packet_of(message, host, names):
    """
    A line of pfSense's filterlog by the plan's names; None for what is none, because whoever sends logs may write what
    they like. Fields as
    https://docs.netgate.com/pfsense/en/latest/monitoring/logs/raw-filter-format.html has them.
    """
    fields = message.split(",")
    if host not in names["devices"] or len(fields) < 9 or fields[8] not in ("4", "6"):
        return None
    tracker, device, action, direction, version = fields[3], fields[4], fields[6], fields[7], fields[8]
    # Behind the version's own fields: length, source, destination, and what the protocol has.
    protocol, rest = (fields[16:17], fields[17:]) if version == "4" else (fields[12:13], fields[14:])
    if len(rest) < 3:
        return None
    row, rule = names["rules"].get(tracker, [None, None])
    source, destination = rest[1], rest[2]
    packet = {
        "action": action,
        "direction": direction,
        "zone": names["devices"].get(host, {}).get(device, device),
        "row": row,
        "rule": rule if rule is not None else tracker,
        "protocol": protocol[0].lower(),
        "from": named(source, names),
        "to": named(destination, names),
        "source": source,
        "destination": destination,
    }
    if packet["protocol"] in ("tcp", "udp") and len(rest) >= 5:
        if not (rest[3].isdecimal() and rest[4].isdecimal()):
            return None
        packet.update(sourcePort=int(rest[3]), destinationPort=int(rest[4]))
        packet["service"] = names["services"].get("%s/%s" % (packet["protocol"], rest[4]))
        if packet["protocol"] == "tcp" and len(rest) >= 7:
            packet["flags"] = rest[6]
    elif len(rest) >= 4:
        packet["kind"] = rest[3]
    return packet


def words(packet):
    """`block in users by F601: pc1:45697 > dc1:445 tcp (smb) S`"""
    by = packet["row"] if packet["row"] is not None else "rule " + packet["rule"]
    ends = [packet["from"], packet["to"]]
    if "sourcePort" in packet:
        ends = ["%s:%d" % pair for pair in zip(ends, (packet["sourcePort"], packet["destinationPort"]), strict=True)]
    text = "%s %s %s by %s: %s > %s %s" % (
        packet["action"],
        packet["direction"],
        packet["zone"],
        by,
        *ends,
        packet["protocol"],
    )
    if packet.get("service"):
        text += " (%s)" % packet["service"]
    return " ".join(filter(None, [text, packet.get("flags"), packet.get("kind")]))


def lines_of(path, host, asked):
    """Those of a file that are asked for, as (time in seconds, entry)."""
    with open(path, errors="replace") as file:
        for line in file:
            try:
                stamp, _, text = line.rstrip("\n").split(" ", 2)
                at = datetime.datetime.fromisoformat(stamp).timestamp()
            except ValueError:
                continue
            if asked["since"] is not None and at < asked["since"]:
                continue
            tag = TAG.match(text)
            program, message = (tag.group(1), text[tag.end() :]) if tag else ("", text)
            if asked["unit"] is not None and program != asked["unit"]:
                continue
            packet = packet_of(message, host, asked["names"]) if program == "filterlog" else None
            if packet is not None:
                message = words(packet)
            if asked["grep"] is not None and not asked["grep"].search("%s %s: %s" % (host, program, message)):
                continue
            entry = {"time": stamp, "host": host, "program": program, "message": message}
            yield at, {**entry, "packet": packet} if packet is not None else entry


def folders_of(asked):
    """(host, folder), where a host that is known by its address alone bears the plan's name."""
    for name in sorted(os.listdir(asked["folder"])):
        host = asked["names"]["addresses"].get(name) or (name if name[:1].isdigit() else name.split(".")[0])
        if asked["hosts"] is None or host in asked["hosts"]:
            yield host, os.path.join(asked["folder"], name)


def search(asked):
    asked = {
        **asked,
        "since": None if asked["since"] is None else since_of(asked["since"]),
        "grep": None if asked["grep"] is None else pattern_of(asked["grep"]),
    }
    first = None
    if asked["since"] is not None:
        first = (datetime.datetime.fromtimestamp(asked["since"]) - SLACK).date().isoformat()
    days = collections.defaultdict(list)
    for host, folder in folders_of(asked):
        for name in os.listdir(folder):
            day, end = os.path.splitext(name)
            if end == ".log" and (first is None or day >= first):
                days[day].append((host, os.path.join(folder, name)))
    found, count = [], 0
    # The last ones are asked for: from today backwards, until there are enough.
    for day in sorted(days, reverse=True):
        kept = collections.deque(maxlen=max(0, asked["lines"] - len(found)))
        of_hosts = [sorted(lines_of(path, host, asked), key=lambda entry: entry[0]) for host, path in days[day]]
        for entry in heapq.merge(*of_hosts, key=lambda entry: entry[0]):
            kept.append(entry)
            count += 1
        found = [*kept, *found]
        if first is None and len(found) >= asked["lines"]:
            break
    # A line that came late stands in the file of another day.
    found.sort(key=lambda entry: entry[0])
    return {"lines": [entry for _, entry in found], "left": count - len(found)}


if __name__ == "__main__":
    try:
        json.dump(search(json.load(sys.stdin)), sys.stdout)
    except Misunderstood as error:
        print(error, file=sys.stderr)
        sys.exit(2)
