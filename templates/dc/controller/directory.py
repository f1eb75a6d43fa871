"""The directory as the plan's differences are found in it, and what is common to all kinds of them."""

import ldb


class Directory:
    """
    Differences, each said in a line. With passwords for accounts that are made, each is removed as it is found; with
    None nothing is changed.
    """

    def __init__(self, samdb, wanted, passwords):
        self.db = samdb
        self.wanted = wanted
        self.passwords = passwords
        self.base = str(samdb.domain_dn())
        self.said = []
        self.has_new_zone = False

    def differ(self, words, change, *what):
        self.said.append(words)
        if self.passwords is not None:
            change(*what)

    def dn(self, relative):
        return relative + "," + self.base

    def search(self, base, scope, expression, attrs):
        try:
            return list(self.db.search(base=base, scope=scope, expression=expression, attrs=attrs))
        except ldb.LdbError as e:
            if e.args[0] == ldb.ERR_NO_SUCH_OBJECT:
                return []
            raise

    def modify(self, dn, changes):
        """changes: attribute to list of values; an empty list takes it away."""
        message = ldb.Message()
        message.dn = ldb.Dn(self.db, dn)
        for name, values in changes.items():
            message[name] = ldb.MessageElement([v.encode() for v in values], ldb.FLAG_MOD_REPLACE, name)
        self.db.modify(message)


def text(message, name):
    return str(message[name][0]) if message is not None and name in message else ""
