"""Groups, who is in them, and the rights of one over accounts without being an administrator of the domain."""

import ldb
from controller.common import Stop
from controller.directory import text
from samba.dcerpc import security
from samba.ndr import ndr_unpack
from samba.sd_utils import SDUtils


def groups(directory):
    wanted = directory.wanted["groups"]
    base = directory.dn(directory.wanted["groupUnit"])
    asked = directory.search(base, 2, "(objectClass=group)", ["sAMAccountName", "description", "member"])
    found = {str(m["sAMAccountName"][0]).lower(): m for m in asked}
    for name, group in wanted.items():
        dn = "CN=%s,%s" % (name, base)
        now = found.get(name.lower())
        members = {ldb.Dn(directory.db, directory.dn(m)).get_casefold(): directory.dn(m) for m in group["members"]}
        if now is None:
            elsewhere = directory.search(directory.base, 2, "(sAMAccountName=%s)" % ldb.binary_encode(name), ["cn"])
            if elsewhere:
                raise Stop("%s is there already as %s, which is not ours: rename one of them" % (name, elsewhere[0].dn))
            add = {"dn": dn, "objectClass": "group", "sAMAccountName": name, "description": group["description"]}
            if members:
                add["member"] = list(members.values())
            directory.differ("group " + name, directory.db.add, add)
            continue
        if text(now, "description") != group["description"]:
            changes = {"description": [group["description"]]}
            directory.differ("group %s: description" % name, directory.modify, dn, changes)
        present = {ldb.Dn(directory.db, str(m)).get_casefold() for m in (now["member"] if "member" in now else [])}
        if present != set(members):
            changes = {"member": list(members.values())}
            directory.differ("group %s: members" % name, directory.modify, dn, changes)
    names = {name.lower() for name in wanted}
    for name, now in found.items():
        # A group that the plan no longer has gives nothing to anybody; its SID stays, for what names it.
        if name not in names and "member" in now:
            said = "group %s is no longer in the plan: emptied" % name
            directory.differ(said, directory.modify, str(now.dn), {"member": []})


def delegation(directory):
    wanted = directory.wanted["delegation"]
    dn = directory.dn(wanted["unit"])
    sids = {}
    unit = directory.dn(directory.wanted["groupUnit"])
    for message in directory.search(unit, 2, "(objectClass=group)", ["sAMAccountName", "objectSid"]):
        sids[str(message["sAMAccountName"][0])] = str(ndr_unpack(security.dom_sid, message["objectSid"][0]))
    found = directory.search(dn, 0, None, ["nTSecurityDescriptor"])
    sddl = ""
    if found:
        own = security.dom_sid(directory.db.get_domain_sid())
        sddl = ndr_unpack(security.descriptor, found[0]["nTSecurityDescriptor"][0]).as_sddl(own)
    for name in sorted(set(sids) | set(wanted["groups"])):
        is_wanted = name in wanted["groups"]
        for right in wanted["rights"]:
            ace = right.replace("SID", sids.get(name, "-"))
            if (ace in sddl) == is_wanted:
                continue
            said = "rights of %s over accounts" % name + ("" if is_wanted else " are no longer in the plan")
            directory.differ(said, give if is_wanted else take, directory.db, dn, ace)


def give(db, dn, ace):
    SDUtils(db).dacl_add_ace(dn, ace)


def take(db, dn, ace):
    SDUtils(db).dacl_delete_aces(dn, ace)
