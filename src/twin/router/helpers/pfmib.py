"""BEGEMOT-PF-MIB as FreeBSD's bsnmpd serves it, from what the kernel of a router's stand-in counts.

Served are whether rules are in force, packets that rules were asked about, packets without a place among the states,
states and their limit, named rules, and of each interface its packets and bytes by direction, family and fate. What
Linux does not know is not there: reasons of pf (bad offset, fragment, short, normalize), source tracking, time-outs,
labels, tables, queues.
"""

import json

from agentx import COUNTER64, GAUGE, INTEGER, OCTETS

# begemotPfObjects.
ROOT = (1, 3, 6, 1, 4, 1, 12325, 1, 200, 1)
TRUE, FALSE = 1, 2
# pfInterfacesIfType: one device, not a group of them.
INSTANCE = 1
# Columns of pfInterfacesIfEntry: bytes, then packets, of IPv4; the same of IPv6 follow 8 later.
BYTES, PACKETS, SIX = 7, 11, 8
# Their order: in passed, in blocked, out passed, out blocked.
FATES = (("in", "passed"), ("in", "blocked"), ("out", "passed"), ("out", "blocked"))
# Rules that the firmware made, not the file.
OWN = ("no-rule", "no state", "rdr pass")


def counted(listed):
    """Of `nft -j list table inet maquette_pf`: `match`, and by set, device and family (packets, bytes)."""
    found, match = {}, None
    for item in listed["nftables"]:
        if "counter" in item and item["counter"]["name"] == "match":
            match = item["counter"]["packets"]
        for element in item.get("set", {}).get("elem", []):
            device, family = element["elem"]["val"]["concat"]
            counter = element["elem"]["counter"]
            found[item["set"]["name"], device, family] = (counter["packets"], counter["bytes"])
    return match, found


def ruled(listed):
    """Of `nft -j list table inet maquette`: whether it filters, how many rules a device has, and how many there are."""
    filters, named, of_list = False, {}, {}
    for item in listed["nftables"]:
        chain, rule = item.get("chain"), item.get("rule")
        if chain and chain["name"] == "filter_in":
            filters = chain.get("policy") == "drop"
        if not rule:
            continue
        device = device_of(rule["expr"])
        target = next((part["goto"]["target"] for part in rule["expr"] if "goto" in part), None)
        if rule["chain"] in ("filter_in", "filter_out") and device and target:
            of_list.setdefault(target, set()).add(device)
        elif target:
            # A list that goes on in another one.
            of_list.setdefault(target, set()).update(of_list.get(rule["chain"], ()))
        comment = rule.get("comment")
        if comment and comment not in OWN and rule["chain"] not in ("filter_in", "filter_out"):
            named.setdefault(rule["chain"], set()).add(comment)
    by_device, everything = {}, set()
    for name, comments in named.items():
        if name in of_list:
            everything |= comments
        for device in of_list.get(name, ()):
            by_device.setdefault(device, set()).update(comments)
    return filters, {device: len(names) for device, names in by_device.items()}, len(everything)


def device_of(expressions):
    for part in expressions:
        match = part.get("match", {})
        left = match.get("left", {})
        if isinstance(left, dict) and left.get("meta", {}).get("key") in ("iifname", "oifname"):
            return match["right"] if isinstance(match["right"], str) else None
    return None


def number_of(text):
    return int(text) if text is not None and text.strip().isdigit() else None


def dropped_of(text):
    """Of /proc/net/stat/nf_conntrack, a line of hexadecimal a processor: packets for which there was no place."""
    if text is None:
        return None
    head, *rows = (line.split() for line in text.splitlines())
    if "drop" not in head:
        return None
    return sum(int(row[head.index("drop")], 16) for row in rows)


class Blocked:
    """What the filter did not let through. Both figures grow between the two readings, and it must not shrink."""

    def __init__(self):
        self.most = {}

    def of(self, key, seen, passed):
        packets, size = self.most.get(key, (0, 0))
        self.most[key] = (max(packets, seen[0] - passed[0]), max(size, seen[1] - passed[1]))
        return self.most[key]


def values_of(facts, blocked):
    """
    By name. `facts`: `rules` and `counters`, what nft says of the two tables, None where it says nothing; `states`,
    `limit` and `stat`, texts of /proc.
    """
    found = {}

    def put(name, kind, value):
        if value is not None:
            found[ROOT + name] = (kind, value)

    filters, refers, named = ruled(facts["rules"]) if facts["rules"] else (False, {}, 0)
    match, counters = counted(facts["counters"]) if facts["counters"] else (None, {})
    put((1, 1, 0), INTEGER, TRUE if filters else FALSE)
    put((2, 1, 0), COUNTER64, match)
    put((2, 6, 0), COUNTER64, dropped_of(facts["stat"]))
    put((3, 1, 0), GAUGE, number_of(facts["states"]))
    put((5, 1, 0), GAUGE, number_of(facts["limit"]))
    devices = sorted({device for _, device, _ in counters})
    put((8, 1, 0), INTEGER, len(devices))
    for index, device in enumerate(devices, 1):
        row = (8, 2, 1)
        put((*row, 2, index), OCTETS, device.encode())
        put((*row, 3, index), INTEGER, INSTANCE)
        put((*row, 6, index), GAUGE, refers.get(device, 0))
        for more, family in ((0, "ipv4"), (SIX, "ipv6")):
            for place, (direction, fate) in enumerate(FATES):
                seen = counters.get(("%s_seen" % direction, device, family))
                figures = counters.get(("%s_passed" % direction, device, family))
                if seen is None or figures is None:
                    continue
                if fate == "blocked":
                    figures = blocked.of((direction, device, family), seen, figures)
                put((*row, PACKETS + place + more, index), COUNTER64, figures[0])
                put((*row, BYTES + place + more, index), COUNTER64, figures[1])
    put((11, 1, 0), INTEGER, named if facts["rules"] else None)
    return found


def parsed(text):
    return json.loads(text) if text else None
