"""What differs between a plan and a directory, with a directory in memory: Samba's own library is not here."""

import sys
import unittest
from unittest import mock

LIBRARY = ["ldb", "dns", "dns.exception", "dns.resolver"] + [
    "samba" + name
    for name in [
        "",
        ".param",
        ".auth",
        ".credentials",
        ".samdb",
        ".dcerpc",
        ".ndr",
        ".sd_utils",
        ".sites",
        ".drs_utils",
    ]
]
for module in LIBRARY:
    sys.modules[module] = mock.MagicMock()


class Dn(str):
    def get_casefold(self):
        return self.upper()


ldb = sys.modules["ldb"]
ldb.Dn = lambda _db, text: Dn(text)
ldb.LdbError = type("LdbError", (Exception,), {})
ldb.binary_encode = str

from controller import accounts, computers, groups, places, replication  # noqa: E402 - after what stands in for Samba
from controller.common import Stop  # noqa: E402
from controller.directory import Directory  # noqa: E402

BASE = "DC=cod,DC=test"
PEOPLE = "OU=People,OU=Lab"


class Entry(dict):
    def __init__(self, dn, **attributes):
        dict.__init__(self, {name: [value] if isinstance(value, str) else value for name, value in attributes.items()})
        self.dn = Dn(dn)


class Database:
    """Answers each search by what is under its base."""

    def __init__(self, *entries):
        self.entries = entries
        self.done = []

    def domain_dn(self):
        return BASE

    def search(self, base, scope, expression=None, attrs=()):
        return [e for e in self.entries if e.dn.lower().endswith(str(base).lower())]

    def add(self, message):
        self.done.append(("add", message["dn"]))

    def rename(self, old, new):
        self.done.append(("rename", str(old), new))

    def setpassword(self, who, _password, _force):
        self.done.append(("password", who))


class Memory(Directory):
    def modify(self, dn, changes):
        self.db.done.append(("modify", dn, changes))


def an_account(**more):
    return {"dn": "CN=Claire Morel,%s" % PEOPLE, "control": 0, "attributes": {"givenName": "Claire"}, **more}


def the_plan(wanted):
    return {"accounts": wanted, "accountUnits": [PEOPLE], "removedMark": "removed by maquette"}


def claire(**more):
    had = {"sAMAccountName": "claire", "userAccountControl": "512", "givenName": "Claire", **more}
    return Entry("CN=Claire Morel,%s,%s" % (PEOPLE, BASE), **had)


class Accounts(unittest.TestCase):
    def differences(self, wanted, *entries, passwords=None):
        directory = Memory(Database(*entries), the_plan(wanted), passwords)
        accounts.accounts(directory)
        return directory.said, directory.db.done

    def test_as_wanted_are_left_alone(self):
        self.assertEqual(self.differences({"claire": an_account()}, claire(), passwords={}), ([], []))

    def test_are_only_told_of_where_nothing_is_to_be_changed(self):
        said, done = self.differences({"claire": an_account()})
        self.assertEqual((said, done), (["account claire"], []))

    def test_are_made_with_the_password_that_was_given(self):
        _, done = self.differences({"claire": an_account()}, passwords={"claire": "x"})
        self.assertEqual(done, [("add", "CN=Claire Morel,%s,%s" % (PEOPLE, BASE))])
        with self.assertRaisesRegex(Stop, "no password was given for the new account claire"):
            self.differences({"claire": an_account()}, passwords={})

    def test_of_that_name_elsewhere_are_not_taken_over(self):
        other = Entry("CN=Claire,CN=Users," + BASE, sAMAccountName="claire")
        with self.assertRaisesRegex(Stop, "claire is there already as CN=Claire,CN=Users"):
            self.differences({"claire": an_account()}, other, passwords={"claire": "x"})

    def test_that_left_the_plan_are_disabled_once_each_on_its_own(self):
        paul = Entry("CN=Paul,%s,%s" % (PEOPLE, BASE), sAMAccountName="paul", userAccountControl="512")
        said, done = self.differences({}, claire(), paul, passwords={})
        self.assertEqual(len(said), 2)
        self.assertEqual(
            [(dn, c["userAccountControl"]) for _, dn, c in done], [(claire().dn, ["514"]), (paul.dn, ["514"])]
        )
        gone = claire(userAccountControl="514", description="removed by maquette (2026-01-01)")
        self.assertEqual(self.differences({}, gone, passwords={}), ([], []))

    def test_that_come_back_are_enabled_but_not_what_a_person_disabled(self):
        gone = claire(userAccountControl="514", description="removed by maquette (2026-01-01)")
        changes = accounts.changed(gone, an_account(), "removed by maquette")
        self.assertEqual(changes, {"description": [], "userAccountControl": ["512"]})
        self.assertEqual(accounts.changed(claire(userAccountControl="514"), an_account(), "removed by maquette"), {})

    def test_that_the_plan_has_disabled_are_so_and_open_again_with_the_plan(self):
        closed = an_account(control=2)
        changes = accounts.changed(claire(), closed, "removed by maquette")
        self.assertEqual(changes, {"description": ["removed by maquette"], "userAccountControl": ["514"]})
        now = claire(userAccountControl="514", description="removed by maquette")
        self.assertEqual(accounts.changed(now, closed, "removed by maquette"), {})
        again = accounts.changed(now, an_account(), "removed by maquette")
        self.assertEqual(again, {"description": [], "userAccountControl": ["512"]})

    def test_of_another_digest_get_their_password_anew(self):
        _, done = self.differences({"claire": an_account(passwordDigest="d")}, claire(), passwords={"claire": "x"})
        self.assertEqual(done[0], ("password", "(sAMAccountName=claire)"))


UNIT = "OU=Machines,OU=Lab"
SERVES = ["HOST/PC1", "HOST/pc1.cod.test"]


def a_machine(**more):
    attributes = {"dNSHostName": ["pc1.cod.test"], "servicePrincipalName": SERVES}
    return {"dn": "CN=PC1," + UNIT, "passwordDigest": "d", "attributes": attributes, **more}


def pc1(**more):
    there = {"dNSHostName": "pc1.cod.test", "servicePrincipalName": SERVES, "adminDescription": "d", **more}
    return Entry("CN=PC1,%s,%s" % (UNIT, BASE), sAMAccountName="PC1$", **there)


class Computers(unittest.TestCase):
    def differences(self, wanted, *found):
        directory = Memory(Database(*found), {"computers": wanted, "machineUnit": UNIT}, {"PC1$": "secret"})
        directory.db.delete = lambda dn: directory.db.done.append(("delete", str(dn)))
        computers.computers(directory)
        return directory.said, directory.db.done

    def test_are_made_before_the_machine_is_there(self):
        said, done = self.differences({"PC1$": a_machine()})
        self.assertEqual((said, done), (["machine PC1$"], [("add", "CN=PC1,%s,%s" % (UNIT, BASE))]))

    def test_as_wanted_are_left_alone_with_what_they_have_added_of_themselves(self):
        own = pc1(servicePrincipalName=["TERMSRV/PC1", "host/pc1", *SERVES[1:]])
        self.assertEqual(self.differences({"PC1$": a_machine()}, own), ([], []))

    def test_get_what_is_missing_beside_what_they_have(self):
        said, done = self.differences({"PC1$": a_machine()}, pc1(servicePrincipalName=["TERMSRV/PC1"]))
        self.assertEqual(said, ["machine PC1$: servicePrincipalName"])
        self.assertEqual(done[0][2], {"servicePrincipalName": ["TERMSRV/PC1", *SERVES]})

    def test_of_another_digest_get_the_stack_s_password(self):
        said, done = self.differences({"PC1$": a_machine(passwordDigest="e")}, pc1())
        self.assertEqual((said, done[0]), (["machine PC1$: password"], ("password", "(sAMAccountName=PC1$)")))

    def test_that_left_the_plan_are_deleted_and_what_somebody_joined_by_hand_is_not(self):
        by_hand = Entry("CN=LAPTOP,%s,%s" % (UNIT, BASE), sAMAccountName="LAPTOP$")
        said, done = self.differences({}, pc1(), by_hand)
        self.assertEqual(said, ["machine PC1$ is no longer in the plan"])
        self.assertEqual(done, [("delete", "CN=PC1,%s,%s" % (UNIT, BASE))])

    def test_of_a_name_that_is_somewhere_else_stop_in_words(self):
        elsewhere = Entry("CN=PC1,CN=Computers," + BASE, sAMAccountName="PC1$")
        with self.assertRaisesRegex(Stop, "PC1\\$ is there already as CN=PC1,CN=Computers"):
            self.differences({"PC1$": a_machine()}, elsewhere)


class Groups(unittest.TestCase):
    def test_hold_who_is_wanted_in_any_case_of_letters_and_others_are_emptied(self):
        unit = "OU=Groups,OU=Lab"
        member = "CN=Claire Morel,%s" % PEOPLE
        wanted = {"groupUnit": unit, "groups": {"staff": {"description": "d", "members": [member]}}}
        staff = Entry(
            "CN=staff,%s,%s" % (unit, BASE),
            sAMAccountName="staff",
            description="d",
            member=[("%s,%s" % (member, BASE)).upper()],
        )
        old = Entry("CN=old,%s,%s" % (unit, BASE), sAMAccountName="old", description="d", member=["CN=x"])
        directory = Memory(Database(staff, old), wanted, {})
        groups.groups(directory)
        self.assertEqual(directory.said, ["group old is no longer in the plan: emptied"])
        self.assertEqual(directory.db.done, [("modify", str(old.dn), {"member": []})])


class Places(unittest.TestCase):
    def test_units_are_made_each_with_its_own_name(self):
        wanted = {"units": [{"dn": "OU=Lab", "description": "a"}, {"dn": PEOPLE, "description": "b"}]}
        directory = Memory(Database(), wanted, {})
        places.units(directory)
        self.assertEqual(directory.db.done, [("add", "OU=Lab," + BASE), ("add", "%s,%s" % (PEOPLE, BASE))])


class Replication(unittest.TestCase):
    def test_a_server_is_known_by_the_first_part_of_its_name(self):
        self.assertEqual(replication.short("DC1.cod.test"), "dc1")
        self.assertEqual(replication.server_of("CN=NTDS Settings,CN=DC1,CN=Servers"), "dc1")


if __name__ == "__main__":
    unittest.main()
