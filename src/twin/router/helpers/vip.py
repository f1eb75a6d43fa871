"""One virtual host of CARP: struct carp_softc of ip_carp.c, and its state machine."""

import os
import time

from carp import HEADER, VERSION, Advert
from checksum import checksum
from lines import tell

INIT, BACKUP, MASTER = "INIT", "BACKUP", "MASTER"
# CARP_MAXSKEW of ip_carp.c: no demotion goes beyond it, and one dead link is worth it.
MAX_SKEW = 240
REFUSED_LOG_SECONDS = 60


class Vip:
    """The node is told of changes (`changed`), has the cards by name (`cards`), and says by how much it is demoted."""

    def __init__(self, spec, node):
        self.node = node
        self.state = INIT
        self.since = time.time()
        self.is_suppressed = False
        self.counter = None
        self.deadline = None
        self.counts = {"received": 0, "sent": 0, "badAuth": 0, "badVersion": 0, "badChecksum": 0, "badLength": 0}
        self.refused_logged = None
        self.has_heard = False
        self.apply(spec)

    def apply(self, spec):
        self.id = spec["id"]
        self.device = spec["device"]
        self.advbase = spec["advbase"]
        self.advskew = spec["advskew"]
        self.advert = Advert(spec["vhid"], spec["password"], spec["addresses"], spec["source"])

    @property
    def vhid(self):
        return self.advert.vhid

    @property
    def addresses(self):
        return self.advert.addresses

    @property
    def mac(self):
        return self.advert.mac

    @property
    def card(self):
        return self.node.cards[self.device]

    def skew(self):
        """DEMOTE_ADVSKEW."""
        return max(0, min(MAX_SKEW, self.advskew + self.node.demotion()))

    def set_state(self, state, reason):
        before, self.state, self.since = self.state, state, time.time()
        self.node.changed(self, before, reason)

    def set_run(self):
        """carp_setrun: (re)starts the timer of the state."""
        if not self.card.is_up:
            return
        if self.state == INIT:
            self.set_state(BACKUP, "initialization complete")
        now = time.monotonic()
        if self.state == BACKUP:
            self.deadline = now + 3 * self.advbase + self.advskew / 256
        else:
            self.deadline = now + self.advbase + self.skew() / 256

    def link(self):
        """carp_sc_state: without a link the host is out, and the whole node is demoted. Whether that changed."""
        was = self.is_suppressed
        self.is_suppressed = not self.card.is_up
        if self.card.is_up:
            if self.state == INIT:
                self.set_run()
            return was
        self.deadline = None
        if self.state != INIT:
            self.set_state(INIT, "hardware interface down")
        return not was

    def tick(self):
        self.deadline = None
        if self.state == BACKUP:
            self.master_down("master timed out")
        elif self.state == MASTER:
            self.advertise()

    def master_down(self, reason):
        """
        carp_master_down_locked, whose two packets leave a kernel as one. This process may be held up between them: were
        the advert first, a router with more right could answer it before the ARP has left, and the switches would
        then learn the way from the one that has given up.
        """
        self.set_state(MASTER, reason)
        for frame in self.advert.announcements():
            self.card.send(frame)
        self.advertise()

    def advertise(self):
        if self.counter is None:
            self.counter = int.from_bytes(os.urandom(8), "big")
        else:
            self.counter = (self.counter + 1) % (1 << 64)
        if self.card.send(self.advert.frame(self.advbase, self.skew(), self.counter)):
            self.counts["sent"] += 1
        self.set_run()

    def hear(self, carp, source):
        """carp_input_c, and what stands before it: an advert of this host, whole or not."""
        if len(carp) < HEADER.size:
            self.refuse("badLength", source, "%d bytes" % len(carp))
        elif checksum(carp) != 0:
            self.refuse("badChecksum", source, "wrong checksum")
        else:
            self.receive(carp, source)

    def receive(self, carp, source):
        self.counts["received"] += 1
        first, _, skew, _, _, base, _, high, low, digest = HEADER.unpack(carp)
        counter = high << 32 | low
        if first >> 4 != VERSION:
            self.refuse("badVersion", source, "version %d" % (first >> 4))
            return
        if self.advert.digest(counter) != digest:
            self.refuse("badAuth", source, "another password, or other addresses")
            return
        self.counter = counter
        self.has_heard = True
        mine, theirs = (self.advbase, self.skew()), (base, skew)
        if self.state == MASTER:
            if mine >= theirs:
                self.deadline = None
                self.set_state(BACKUP, "more frequent advertisement received")
                self.set_run()
        elif self.state == BACKUP:
            if mine < theirs:
                self.master_down("preempting a slower master")
            elif (3 * self.advbase, self.skew()) < theirs:
                self.master_down("master will time out")
            else:
                self.set_run()

    def refuse(self, count, source, why):
        """Counts an advert that is not taken, and tells of it once a minute."""
        self.counts[count] += 1
        now = time.monotonic()
        if self.refused_logged is None or now - self.refused_logged > REFUSED_LOG_SECONDS:
            self.refused_logged = now
            tell(event="refused", id=self.id, source=source, why=why, count=self.counts[count])

    def status(self):
        return {
            "id": self.id,
            "device": self.device,
            "vhid": self.vhid,
            "addresses": self.addresses,
            "state": self.state,
            "since": self.since,
            "advbase": self.advbase,
            "advskew": self.advskew,
            "skew": self.skew(),
            "demotion": self.node.demotion(),
            "counts": self.counts,
        }
