#!/usr/bin/python3
"""Watches gateways by ICMP echo as dpinger does, which Debian has no package of: all of them in one process.

Reads one JSON object a line on standard input, writes one a line on standard output, and ends with its input.

  {"op": "configure", "gateways": [{"name": "WAN1GW", "address": "192.0.2.101", "source": "198.51.100.2",
      "device": "vtnet0", "intervalMs": 500, "lossIntervalMs": 2000, "timePeriodMs": 60000, "alertIntervalMs": 1000,
      "latencyHighMs": 500, "lossHighPercent": 20}]}

As dpinger.c computes it: loss is that of the probes of the time period that were answered or are older than the loss
interval; latency the mean of the answered ones; both are looked at every alert interval, and a change of "too much" is
an alarm. A card without a link is down at once, as pfSense's rc.linkup makes it.
"""

import os
import selectors
import socket
import struct
import time

from checksum import checksum
from lines import Lines, tell

ECHO, REPLY = 8, 0
# Identifiers of echo requests: one process and few gateways, so a number each is enough.
FIRST_IDENTIFIER = (os.getpid() * 64) & 0xFFC0


def has_link(device):
    try:
        with open("/sys/class/net/%s/carrier" % device) as file:
            return file.read().strip() == "1"
    except OSError:
        return False


class Gateway:
    def __init__(self, spec, number, selector):
        self.spec = spec
        self.selector = selector
        self.identifier = FIRST_IDENTIFIER + number
        self.sequence = 0
        # Sequence number -> [sent, latency or None]; no older than the time period.
        self.probes = {}
        self.is_down = None
        self.had_link = True
        now = time.monotonic()
        self.next_probe = now
        self.next_alert = now + spec["alertIntervalMs"] / 1000
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
        self.socket.setblocking(False)
        try:
            self.socket.bind((spec["source"], 0))
        except OSError as error:
            tell(event="failure", what="%s: binding to %s: %s" % (spec["name"], spec["source"], error.strerror))
        selector.register(self.socket, selectors.EVENT_READ, self.read)

    def close(self):
        self.selector.unregister(self.socket)
        self.socket.close()

    def deadline(self):
        return min(self.next_probe, self.next_alert)

    def tick(self, now):
        if now >= self.next_probe:
            self.next_probe = max(self.next_probe + self.spec["intervalMs"] / 1000, now)
            self.probe(now)
        if now >= self.next_alert:
            self.next_alert = max(self.next_alert + self.spec["alertIntervalMs"] / 1000, now)
            self.judge(now)

    def probe(self, now):
        self.sequence = (self.sequence + 1) & 0xFFFF
        body = struct.pack("!Q", time.monotonic_ns())
        head = struct.pack("!BBHHH", ECHO, 0, 0, self.identifier, self.sequence)
        packet = struct.pack("!BBHHH", ECHO, 0, checksum(head + body), self.identifier, self.sequence) + body
        self.probes[self.sequence] = [now, None]
        try:
            self.socket.sendto(packet, (self.spec["address"], 0))
        except OSError:
            # No route or no link: a probe that gets no answer.
            pass

    def read(self):
        while True:
            try:
                data, address = self.socket.recvfrom(2048)
            except OSError:
                return
            length = (data[0] & 15) * 4
            if address[0] != self.spec["address"] or len(data) < length + 8:
                continue
            kind, _, _, identifier, sequence = struct.unpack_from("!BBHHH", data, length)
            probe = self.probes.get(sequence)
            if kind == REPLY and identifier == self.identifier and probe and probe[1] is None:
                probe[1] = time.monotonic() - probe[0]

    def judge(self, now):
        """report_thread and alert_thread of dpinger.c."""
        for sequence in [s for s, p in self.probes.items() if now - p[0] > self.spec["timePeriodMs"] / 1000]:
            del self.probes[sequence]
        answered = [p[1] for p in self.probes.values() if p[1] is not None]
        late = self.spec["lossIntervalMs"] / 1000
        lost = sum(1 for p in self.probes.values() if p[1] is None and now - p[0] > late)
        counted = len(answered) + lost
        loss = 100 * lost / counted if counted else 0
        latency = 1000 * sum(answered) / len(answered) if answered else 0
        mean = sum(answered) / len(answered) if answered else 0
        deviation = 1000 * (sum((a - mean) ** 2 for a in answered) / len(answered)) ** 0.5 if answered else 0
        link = has_link(self.spec["device"])
        if link and not self.had_link:
            # What was lost while there was no link says nothing about the gateway behind it.
            self.probes.clear()
            loss = 0
        self.had_link = link
        is_down = not link or loss > self.spec["lossHighPercent"] or latency > self.spec["latencyHighMs"]
        if counted == 0 and link and self.is_down is None:
            return
        report = {"name": self.spec["name"], "loss": round(loss, 1), "delayMs": round(latency, 3)}
        report.update(stddevMs=round(deviation, 3), isDown=is_down, hasLink=link)
        tell(event="alarm" if is_down != self.is_down else "report", **report)
        self.is_down = is_down


class Daemon:
    def __init__(self):
        self.selector = selectors.DefaultSelector()
        self.gateways = {}
        self.made = 0
        self.lines = Lines(self.selector, self.on_message)

    def run(self):
        tell(event="ready")
        while not self.lines.is_ended:
            now = time.monotonic()
            for gateway in self.gateways.values():
                gateway.tick(now)
            deadlines = [g.deadline() for g in self.gateways.values()]
            wait = max(0, min(deadlines) - time.monotonic()) if deadlines else None
            for key, _ in self.selector.select(wait):
                key.data()

    def on_message(self, message):
        if message["op"] == "configure":
            self.configure(message["gateways"])
        elif message["op"] == "look":
            # Something happened to a link: do not wait for the next turn.
            for gateway in self.gateways.values():
                gateway.next_alert = time.monotonic()

    def configure(self, specs):
        """A gateway whose settings stay keeps what is known of it."""
        wanted = {s["name"]: s for s in specs}
        for name, gateway in list(self.gateways.items()):
            if wanted.get(name) != gateway.spec:
                self.gateways.pop(name).close()
        for name, spec in wanted.items():
            if name not in self.gateways:
                self.made += 1
                self.gateways[name] = Gateway(spec, self.made & 63, self.selector)
        tell(event="configured", gateways=len(self.gateways))


if __name__ == "__main__":
    Daemon().run()
