"""What accounts and hosts are in: the whole domain's password policy, sites and subnets, organizational units."""

from controller.common import MARK
from controller.directory import text
from samba import sites


def password_policy(directory):
    wanted = directory.wanted["passwordPolicy"]
    found = directory.db.search(base=directory.base, scope=0, attrs=list(wanted))[0]
    changes = {
        name: [str(value)] for name, value in wanted.items() if name not in found or str(found[name][0]) != str(value)
    }
    if changes:
        directory.differ("password policy: " + ", ".join(sorted(changes)), directory.modify, directory.base, changes)


def subnets(directory):
    wanted = directory.wanted
    configuration = str(directory.db.get_config_basedn())
    site = "CN=%s,CN=Sites,%s" % (wanted["site"], configuration)
    if not directory.search(site, 0, "(objectClass=site)", ["cn"]):
        parent = directory.db.get_config_basedn()
        directory.differ("site " + wanted["site"], sites.create_site, directory.db, parent, wanted["site"])
    container = "CN=Subnets,CN=Sites," + configuration
    asked = ["cn", "siteObject", "description"]
    found = {str(m["cn"][0]): m for m in directory.search(container, 1, "(objectClass=subnet)", asked)}
    for network, description in wanted["subnets"].items():
        said = "%s: %s" % (MARK, description)
        dn = "CN=%s,%s" % (network, container)
        now = found.get(network)
        if now is None:
            add = {"dn": dn, "objectClass": "subnet", "siteObject": site, "description": said}
            directory.differ("subnet " + network, directory.db.add, add)
        elif text(now, "siteObject").lower() != site.lower() or text(now, "description") != said:
            directory.differ("subnet " + network, directory.modify, dn, {"siteObject": [site], "description": [said]})
    for network, now in found.items():
        if network not in wanted["subnets"] and text(now, "description").startswith(MARK + ":"):
            directory.differ("subnet %s is no longer in the plan" % network, directory.db.delete, now.dn)


def units(directory):
    wanted = directory.wanted["units"]
    root = directory.dn(wanted[0]["dn"])
    asked = directory.search(root, 2, "(objectClass=organizationalUnit)", ["description"])
    found = {str(m.dn).lower(): m for m in asked}
    for unit in wanted:
        dn, description = directory.dn(unit["dn"]), unit["description"]
        now = found.get(dn.lower())
        if now is None:
            add = {"dn": dn, "objectClass": "organizationalUnit", "description": description}
            directory.differ("OU " + unit["dn"], directory.db.add, add)
        elif text(now, "description") != description:
            directory.differ("OU %s: description" % unit["dn"], directory.modify, dn, {"description": [description]})
