"""People and service accounts."""

import time

import ldb
from controller.common import Stop
from controller.directory import text

UF_DISABLED = 0x2
UF_NORMAL_ACCOUNT = 0x200
# An attribute of every object that nothing else uses; what it holds tells nothing about the password.
DIGEST = "adminDescription"


def accounts(directory):
    wanted = directory.wanted["accounts"]
    found = present(directory, {name for a in wanted.values() for name in a["attributes"]})
    for login, account in wanted.items():
        now = found.get(login.lower())
        if now is None:
            directory.differ("account " + login, add, directory, login, account)
            continue
        dn = directory.dn(account["dn"])
        if ldb.Dn(directory.db, dn) != now.dn:
            directory.differ("account %s: place" % login, directory.db.rename, now.dn, dn)
        changes = changed(now, account, directory.wanted["removedMark"])
        if changes:
            directory.differ("account %s: %s" % (login, ", ".join(sorted(changes))), directory.modify, dn, changes)
        digest = account.get("passwordDigest")
        if digest is not None and digest != text(now, DIGEST):
            directory.differ("account %s: password" % login, set_password, directory, login, account)
    logins = {name.lower() for name in wanted}
    for login, now in found.items():
        if login not in logins:
            disable(directory, login, now)


def present(directory, attributes):
    """Those below our own units, by login in small letters."""
    asked = ["sAMAccountName", "userAccountControl", "description", DIGEST, *sorted(attributes)]
    found = {}
    for base in directory.wanted["accountUnits"]:
        for message in directory.search(directory.dn(base), 2, "(&(objectCategory=person)(objectClass=user))", asked):
            found[str(message["sAMAccountName"][0]).lower()] = message
    return found


def is_closed(account):
    """Whether the plan itself has it disabled."""
    return bool(account["control"] & UF_DISABLED)


def changed(now, account, removed_mark):
    """Attributes that are otherwise than wanted, each with its values."""
    changes = {
        name: [value] if value is not None else []
        for name, value in account["attributes"].items()
        if text(now, name) != (value or "")
    }
    control = int(text(now, "userAccountControl"))
    # Disabled by us because it had left the plan, or the plan had said so; one that a person disabled stays so.
    is_ours = text(now, "description").startswith(removed_mark)
    if is_ours:
        control &= ~UF_DISABLED
    if is_ours != is_closed(account):
        changes["description"] = [] if is_ours else [removed_mark]
    control |= account["control"]
    if control != int(text(now, "userAccountControl")):
        changes["userAccountControl"] = [str(control)]
    return changes


def disable(directory, login, now):
    """One that the plan no longer has, unless we did so before."""
    mark = directory.wanted["removedMark"]
    control = int(text(now, "userAccountControl"))
    if control & UF_DISABLED and text(now, "description").startswith(mark):
        return
    said = "%s (%s)" % (mark, time.strftime("%Y-%m-%d"))
    changes = {"userAccountControl": [str(control | UF_DISABLED)], "description": [said]}
    directory.differ("account %s is no longer in the plan: disabled" % login, directory.modify, str(now.dn), changes)


def set_password(directory, login, account):
    directory.db.setpassword("(sAMAccountName=%s)" % login, directory.passwords[login], False)
    directory.modify(directory.dn(account["dn"]), {DIGEST: [account["passwordDigest"]]})


def add(directory, login, account):
    elsewhere = directory.search(directory.base, 2, "(sAMAccountName=%s)" % ldb.binary_encode(login), ["cn"])
    if elsewhere:
        raise Stop("%s is there already as %s, which is not ours: rename one of them" % (login, elsewhere[0].dn))
    if login not in directory.passwords:
        raise Stop("no password was given for the new account " + login)
    directory.db.add(
        {
            "dn": directory.dn(account["dn"]),
            "objectClass": "user",
            "sAMAccountName": login,
            "userAccountControl": str(UF_NORMAL_ACCOUNT | account["control"]),
            "unicodePwd": ('"%s"' % directory.passwords[login]).encode("utf-16-le"),
            **{name: value for name, value in account["attributes"].items() if value is not None},
            **({DIGEST: account["passwordDigest"]} if "passwordDigest" in account else {}),
            # As `changed` wants it: the plan may open it again.
            **({"description": directory.wanted["removedMark"]} if is_closed(account) else {}),
        }
    )
