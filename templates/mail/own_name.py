#!/usr/bin/python3 -I
"""Whoever has logged on writes in the own name: a letter's From: is its envelope's sender. Written by maquette.

own_name.py SOCKET    a milter: Postfix asks it for every letter that comes by submission
"""

import email.utils
import sys

import Milter


def foreign(sender, lines):
    """What a letter says of who wrote it that is not the sender; a letter that says nothing is nobody's."""
    said = [address.lower() for _, address in email.utils.getaddresses(lines)]
    return [address for address in said or [""] if address != sender.strip("<>").lower()]


class Own(Milter.Base):
    def envfrom(self, sender, *_):
        self.sender, self.lines = sender, []
        return Milter.CONTINUE

    def header(self, name, value):
        if name.lower() in ("from", "sender"):
            self.lines.append(value)
        return Milter.CONTINUE

    def eoh(self):
        if not foreign(self.sender, self.lines):
            return Milter.CONTINUE
        self.setreply("550", "5.7.1", "From: must be the own address")
        return Milter.REJECT


if __name__ == "__main__":
    Milter.factory = Own
    Milter.runmilter("maquette-own-name", "unix:" + sys.argv[1], 30)
