"""Machines that the plan makes members of the domain: each with an account that is there before it joins.

A machine knows its password from the same place as this controller does, so that one that was made anew, or taken back
to an earlier state, is a member again without anybody's help; and no account has the right to join others.
"""

import ldb
from controller.accounts import DIGEST, set_password
from controller.common import Stop
from controller.directory import text

UF_WORKSTATION_TRUST = 0x1000


def computers(directory):
    wanted = directory.wanted["computers"]
    found = present(directory, {name for account in wanted.values() for name in account["attributes"]})
    for login, account in wanted.items():
        now = found.get(login.lower())
        if now is None:
            directory.differ("machine " + login, add, directory, login, account)
            continue
        dn = directory.dn(account["dn"])
        if ldb.Dn(directory.db, dn) != now.dn:
            directory.differ("machine %s: place" % login, directory.db.rename, now.dn, dn)
        changes = changed(now, account)
        if changes:
            directory.differ("machine %s: %s" % (login, ", ".join(sorted(changes))), directory.modify, dn, changes)
        if account["passwordDigest"] != text(now, DIGEST):
            directory.differ("machine %s: password" % login, set_password, directory, login, account)
    logins = {name.lower() for name in wanted}
    for login, now in found.items():
        # What somebody has joined by hand is not ours to take away.
        if login not in logins and text(now, DIGEST):
            name = text(now, "sAMAccountName")
            directory.differ("machine %s is no longer in the plan" % name, directory.db.delete, now.dn)


def present(directory, attributes):
    """Those below our own unit, by account name in small letters."""
    asked = ["sAMAccountName", DIGEST, *sorted(attributes)]
    unit = directory.dn(directory.wanted["machineUnit"])
    return {text(m, "sAMAccountName").lower(): m for m in directory.search(unit, 2, "(objectClass=computer)", asked)}


def changed(now, account):
    """Attributes that lack a wanted value, each with all that it shall have: a machine adds values of its own."""
    changes = {}
    for name, values in account["attributes"].items():
        there = [value.decode() if isinstance(value, bytes) else str(value) for value in now.get(name, [])]
        missing = [value for value in values if value.lower() not in {v.lower() for v in there}]
        if missing:
            changes[name] = [*there, *missing] if len(values) > 1 else values
    return changes


def add(directory, login, account):
    elsewhere = directory.search(directory.base, 2, "(sAMAccountName=%s)" % ldb.binary_encode(login), ["cn"])
    if elsewhere:
        place = elsewhere[0].dn
        raise Stop("%s is there already as %s, which is not ours: delete it, or rename the host" % (login, place))
    directory.db.add(
        {
            "dn": directory.dn(account["dn"]),
            "objectClass": "computer",
            "sAMAccountName": login,
            "userAccountControl": str(UF_WORKSTATION_TRUST),
            "unicodePwd": ('"%s"' % directory.passwords[login]).encode("utf-16-le"),
            DIGEST: account["passwordDigest"],
            **account["attributes"],
        }
    )
