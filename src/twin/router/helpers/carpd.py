#!/usr/bin/python3
"""CARP for Linux as FreeBSD speaks it (sys/netinet/ip_carp.c), every virtual address of a router in one process.

Reads one JSON object a line on standard input, writes one a line on standard output, and ends with its input.

  {"op": "configure", "vips": [{"id": "wan/1", "device": "vtnet0", "vhid": 1, "advbase": 1, "advskew": 0,
      "password": "...", "addresses": ["198.51.100.4"], "source": "198.51.100.2"}]}
  {"op": "demote", "by": 240, "reason": "..."}     what the node is demoted by beside its dead links
  {"op": "demote", "by": 0, "reason": "...", "within": 4}     once every host has a master, and then at the latest
  {"op": "status"}

A master holds its addresses on loopback, so that the kernel does not answer ARP for them with the card's own MAC:
this process does, with 00:00:5e:00:01:VHID. Frames to that MAC are taken in by a set of nftables that only masters
are in. Only Python's minimal standard library is used. What is on the wire is carp.py, the state machine vip.py.
"""

import selectors
import subprocess
import time

from card import Card
from carp import advert_in, request_in
from kernel import TABLE, Elements, Netlink, is_running
from lines import Lines, tell
from vip import INIT, MASTER, MAX_SKEW, Vip


class Daemon:
    def __init__(self):
        self.selector = selectors.DefaultSelector()
        self.netlink = Netlink()
        self.elements = Elements()
        self.cards = {}
        self.vips = {}
        self.told_demotion = 0
        self.once_elected = None
        self.pending = []
        self.lines = Lines(self.selector, self.on_message)
        self.selector.register(self.netlink.news, selectors.EVENT_READ, self.read_links)

    def demotion(self):
        """net.inet.carp.demotion: what was told, and MAX_SKEW for each host whose link is dead."""
        return self.told_demotion + sum(MAX_SKEW for v in self.vips.values() if v.is_suppressed)

    def run(self):
        tell(event="ready")
        while not self.lines.is_ended:
            deadlines = [v.deadline for v in self.vips.values() if v.deadline is not None]
            if self.once_elected:
                deadlines.append(self.once_elected[2])
            wait = max(0, min(deadlines) - time.monotonic()) if deadlines else None
            for key, _ in self.selector.select(wait):
                key.data()
            now = time.monotonic()
            for vip in list(self.vips.values()):
                if vip.deadline is not None and vip.deadline <= now:
                    vip.tick()
            if self.once_elected and (self.is_elected() or self.once_elected[2] <= now):
                by, reason, _ = self.once_elected
                self.demote(by, reason)
            self.flush()

    # Messages of the agent

    def on_message(self, message):
        if message["op"] == "configure":
            self.configure(message["vips"])
        elif message["op"] == "demote":
            if "within" in message:
                self.once_elected = (message["by"], message["reason"], time.monotonic() + message["within"])
            else:
                self.demote(message["by"], message["reason"])
        elif message["op"] == "status":
            self.flush()
            tell(event="status", demotion=self.demotion(), vips=[v.status() for v in self.vips.values()])

    def configure(self, specs):
        """Takes over what changed; a host that only got another skew or password keeps its state."""
        wanted = {s["id"]: s for s in specs}
        for name, vip in list(self.vips.items()):
            spec = wanted.get(name)
            is_same = spec and spec["device"] == vip.device and spec["vhid"] == vip.vhid
            if not is_same:
                if vip.state == MASTER:
                    vip.set_state(INIT, "removed from the configuration")
                del self.vips[name]
        self.flush()
        for name in {s["device"] for s in specs} - set(self.cards):
            self.cards[name] = Card(name, self.selector, self.on_carp, self.on_arp)
        for name, spec in wanted.items():
            vip = self.vips.get(name)
            if vip:
                self.readdress(vip, spec)
                vip.apply(spec)
            else:
                self.vips[name] = Vip(spec, self)
                # What a process before this one held, and did not live to give up.
                for address in spec["addresses"]:
                    self.netlink.delete(address)
        for name in set(self.cards) - {s["device"] for s in specs}:
            self.cards.pop(name).close()
        self.table()
        for vip in self.vips.values():
            vip.link()
        tell(event="configured", vips=len(self.vips))

    def readdress(self, vip, spec):
        if vip.state != MASTER:
            return
        for gone in set(vip.addresses) - set(spec["addresses"]):
            self.netlink.delete(gone)
        for come in set(spec["addresses"]) - set(vip.addresses):
            self.netlink.add(come)

    def is_elected(self):
        """Every host is master here, or has heard of one."""
        return all(v.state == MASTER or v.has_heard or v.is_suppressed for v in self.vips.values())

    def demote(self, by, reason):
        self.once_elected = None
        if by == self.told_demotion:
            return
        self.told_demotion = by
        self.demoted(reason)

    def demoted(self, reason):
        """carp_demote_adj: masters say so at once, and the other node takes over at once."""
        tell(event="demotion", demotion=self.demotion(), reason=reason)
        for vip in self.vips.values():
            if vip.state == MASTER:
                vip.advertise()

    # Packets

    def on_carp(self, card, frame):
        found = advert_in(frame)
        if found is None:
            return
        source, carp = found
        vip = next((v for v in self.vips.values() if v.device == card.name and v.vhid == carp[1]), None)
        if vip is not None:
            vip.hear(carp, source)

    def on_arp(self, card, frame):
        """
        Requests for the address of a master get the virtual MAC. Not those that bear it themselves (in_arpinput drops
        them): another router announces to have the address now, and switches must not learn the old way again.
        """
        found = request_in(frame)
        if found is None:
            return
        sender, asked = found
        for vip in self.vips.values():
            if vip.state != MASTER or vip.device != card.name or sender[:6] == vip.mac:
                continue
            if vip.advert.has(asked):
                card.send(vip.advert.reply(sender, asked))

    def read_links(self):
        names = self.netlink.links()
        for name, card in self.cards.items():
            if names is not None and name not in names:
                continue
            is_up = is_running(name)
            if is_up == card.is_up:
                continue
            card.is_up = is_up
            tell(event="link", device=name, isUp=is_up)
            own = [v for v in self.vips.values() if v.device == name]
            # Each of them, not until one says so.
            are_changed = [v.link() for v in own]
            if any(are_changed):
                self.demoted("%s %s" % (name, "has its link back" if is_up else "has lost its link"))

    # What being master means to the kernel

    def changed(self, vip, before, reason):
        if vip.state == MASTER:
            for address in vip.addresses:
                self.netlink.add(address)
        elif before == MASTER:
            for address in vip.addresses:
                self.netlink.delete(address)
        if MASTER in (before, vip.state):
            self.pending.append((vip.state == MASTER, vip.device, vip.mac))
        tell(event="state", id=vip.id, vhid=vip.vhid, device=vip.device, state=vip.state, before=before, reason=reason)

    def table(self):
        """Frames to the virtual MAC of a master are for this host, though its card has another."""
        self.pending.clear()
        lines = ["table netdev %s {}" % TABLE, "delete table netdev %s" % TABLE, "table netdev %s {" % TABLE]
        for name in self.cards:
            masters = [v.mac.hex(":") for v in self.vips.values() if v.device == name and v.state == MASTER]
            lines.append("set %s { type ether_addr" % name)
            if masters:
                lines.append("elements = { %s }" % ", ".join(masters))
            lines.append("}")
            lines.append('chain in_%s { type filter hook ingress device "%s" priority 0; policy accept;' % (name, name))
            lines.append("ether daddr @%s meta pkttype set host" % name)
            lines.append("}")
        lines.append("}")
        self.nft(lines)

    def flush(self):
        if self.pending:
            changes, self.pending = self.pending, []
            for refused in self.elements.change(changes):
                tell(event="failure", what="nf_tables: %s" % refused)

    @staticmethod
    def nft(lines):
        text = ("\n".join(lines) + "\n").encode()
        done = subprocess.run(["nft", "-f", "-"], input=text, capture_output=True, timeout=10, check=False)
        if done.returncode != 0:
            tell(event="failure", what="nft: %s" % done.stderr.decode(errors="replace").strip())


def main():
    daemon = Daemon()
    try:
        daemon.run()
    finally:
        # Who no longer advertises must not hold the addresses either.
        for vip in daemon.vips.values():
            if vip.state == MASTER:
                for address in vip.addresses:
                    daemon.netlink.delete(address)


if __name__ == "__main__":
    main()
