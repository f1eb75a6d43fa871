import contextlib
import copy
import io
import unittest
from unittest import mock

import supervision

LINUX = "Linux by Zabbix agent active"
PFSENSE = "PFSense by SNMP"
OTHER = "another"
WANTED = {
    "name": "supervision.test",
    "port": 443,
    "owner": "zabbix",
    "database": "zabbix",
    "password": "the-stack's",
    "role": "Super admin role",
    "settings": {"default_lang": "fr_FR"},
    "authentication": {"authentication_type": 1, "ldap_auth_enabled": 1},
    "directory": {
        "fields": {"host": "ldaps://dc1 ldaps://dc2", "port": 636},
        "password": "bind",
        "groups": [{"name": "administrateurs", "role": "Super admin role", "group": "Zabbix administrators"}],
    },
    "template": {
        "name": "Maquette",
        "items": {"agent.variant": {"name": "sign", "type": 7, "delay": "10s"}},
    },
    "hostGroups": ["Zone servers"],
    "hosts": {
        "dc1": {
            "fields": {"name": "dc1", "tls_accept": 4, "tls_subject": "CN=dc1.test"},
            "groups": ["Zone servers"],
            "templates": [LINUX, "Maquette"],
            "items": {
                "net.tcp.service[tcp,,636]": {"name": "ldaps", "type": 7, "delay": "10s"},
                "web.certificate.get[dc1,636]": {"type": 7, "preprocessing": [{"type": 12, "params": "$.end"}]},
            },
            "triggers": {
                "no ldaps": {
                    "fields": {"expression": "max(/dc1/net.tcp.service[tcp,,636],#2)=0", "priority": 4},
                    "unless": [["dc1", "silent"]],
                },
                "silent": {
                    "fields": {"expression": "nodata(/dc1/agent.variant,45s)=1", "priority": 4},
                    "unless": [],
                },
            },
            "dependents": {},
            "snmp": None,
            "macros": [],
            "quiet": [],
        },
        "rtr-a": {
            "fields": {"name": "rtr-a"},
            "groups": ["Zone servers"],
            "templates": [PFSENSE],
            "items": {"pf": {"name": "pf", "type": 20, "snmp_oid": "walk[1.2]", "delay": "20s"}},
            "dependents": {
                "wan1": {"master": "pf", "fields": {"name": "wan1", "type": 18}},
                "kea": {"master": "shipped.walk", "fields": {"name": "kea", "type": 18}},
            },
            "triggers": {},
            "snmp": {"address": "10.0.0.2", "port": "161", "community": "{$C}"},
            "macros": [
                {"macro": "{$C}", "value": "community", "isSecret": True},
                {"macro": "{$LINK}", "value": "0", "isSecret": False},
            ],
            "quiet": ["shipped.nginx"],
        },
    },
    "services": {
        "ofHosts": {"Directory (dc1)": "dc1", "Directory (dc2)": "dc2"},
        "shared": {"Service dc": ["Directory (dc1)", "Directory (dc2)"]},
        "agreement": {"name": "SLA", "fields": {"slo": "99.9", "status": 1}},
    },
    "alerts": {
        "medium": {"type": 0, "smtp_server": "mail.test", "smtp_email": "supervision@test"},
        "subjects": {"problem": "Problem: {EVENT.NAME}", "recovery": "Again: {EVENT.NAME}"},
        "text": "{EVENT.NAME}",
        "to": ["a@test", "b@test"],
    },
}
KEYS = {
    "usergroup": "usrgrpid",
    "userdirectory": "userdirectoryid",
    "hostgroup": "groupid",
    "templategroup": "groupid",
    "hostinterface": "interfaceid",
    "usermacro": "hostmacroid",
}
# What a host has of a template as soon as it is linked.
INHERITED = {"51": ["shipped.walk", "shipped.nginx"]}


class Zabbix:
    """What its API does, in memory: as it is shipped, with the rows of each kind of object."""

    def __init__(self):
        self.password, self.session, self.calls, self.last = "zabbix", None, [], 100
        groups = {"7": "Zabbix administrators", "9": "Disabled", "13": "Internal"}
        self.rows = {
            "settings": {"default_lang": "en_US"},
            "authentication": {"authentication_type": "0", "ldap_auth_enabled": "0", "disabled_usrgrpid": "0"},
            "role": [{"roleid": "3", "name": "Super admin role"}],
            "usergroup": [
                {"usrgrpid": n, "name": name, "gui_access": str(int(n == "13")), "users_status": str(int(n == "9"))}
                for n, name in groups.items()
            ],
            "user": [
                {
                    "userid": "1",
                    "username": "Admin",
                    "roleid": "3",
                    "usrgrps": [{"usrgrpid": "13", "name": "Internal"}],
                },
                {"userid": "2", "username": "guest", "roleid": "4", "usrgrps": [{"usrgrpid": "9", "name": "Disabled"}]},
            ],
            "userdirectory": [],
            "hostgroup": [{"groupid": "2", "name": "Linux servers"}],
            "templategroup": [{"groupid": "1", "name": "Templates"}],
            "template": [{"templateid": "50", "host": LINUX}, {"templateid": "51", "host": PFSENSE}],
            "item": [],
            "hostinterface": [],
            "usermacro": [],
            "trigger": [],
            "mediatype": [],
            "action": [],
            "host": [],
            "service": [],
            "sla": [],
        }

    def log_on(self, password):
        if password != self.password:
            raise supervision.Refused("Incorrect user name or password")
        self.session = "s"

    def log_out(self):
        self.session = None

    def several(self, asked):
        return {name: copy.deepcopy(self.get(method.split(".")[0], how)) for name, (method, how) in asked.items()}

    def get(self, kind, how):
        rows = self.rows[kind]
        if isinstance(rows, dict):
            return rows
        if kind == "host":
            rows = [{**row, "interfaces": self.of_host("hostinterface", row["hostid"])} for row in rows]
        if kind == "item":
            rows = [row for row in rows if how.get("inherited") in (None, "shipped" in row)]
        if "tags" in how:
            rows = [row for row in rows if any(tag["tag"] == how["tags"][0]["tag"] for tag in row["tags"])]
        return [row for row in rows if all(row[key] in values for key, values in how.get("filter", {}).items())]

    def of_host(self, kind, number):
        return [row for row in self.rows[kind] if row["hostid"] == number]

    def linked(self, row):
        """Items of templates are their hosts' too."""
        for one in row["parentTemplates"]:
            for key in INHERITED.get(one["templateid"], []):
                self.last += 1
                item = {"itemid": str(self.last), "key_": key, "status": "0", "tags": [], "shipped": True}
                self.rows["item"].append({**item, "hosts": [{"host": row["host"]}]})

    def named(self, kind, rows):
        """As the API says them back, with names beside the numbers."""
        known = {row[KEYS.get(kind, kind + "id")]: row for row in self.rows[kind]}
        return [copy.deepcopy(known[row[KEYS.get(kind, kind + "id")]]) for row in rows]

    def call(self, method, parameters):
        self.calls.append(method)
        kind, verb = method.split(".")
        told = {
            key: value if isinstance(value, (list, dict)) else None if value is None else str(value)
            for key, value in parameters.items()
        }
        if kind == "item" and "hostid" in told:
            places = [(row["templateid"], row["host"]) for row in self.rows["template"]]
            places += [(row["hostid"], row["host"]) for row in self.rows["host"]]
            told["hosts"] = [{"host": dict(places)[told["hostid"]]}]
        if kind == "trigger" and "expression" in told:
            told["hosts"] = [{"host": told["expression"].split("/")[1]}]
        if "operations" in told:
            told["operations"][0]["operationtype"] = "0"
            told["recovery_operations"][0]["operationtype"] = "11"
        if "message_templates" in told:
            told["message_templates"] = [{k: str(v) for k, v in one.items()} for one in told["message_templates"]]
        if "groups" in told and kind == "host":
            told["hostgroups"] = self.named("hostgroup", told.pop("groups"))
        if "templates" in told:
            told["parentTemplates"] = self.named("template", told.pop("templates"))
        if "usrgrps" in told:
            told["usrgrps"] = self.named("usergroup", told["usrgrps"])
        rows, key = self.rows[kind], KEYS.get(kind, kind + "id")
        if isinstance(rows, dict):
            rows.update(told)
        elif verb == "create":
            self.last += 1
            empty = {"tags": [], "medias": [], "children": []}
            rows.append({"status": "0", **empty, key: str(self.last), **told})
            if kind == "host":
                for one in rows[-1].pop("interfaces", []):
                    self.call("hostinterface.create", {"hostid": rows[-1]["hostid"], **one})
                self.linked(rows[-1])
        else:
            next(row for row in rows if row[key] == told[key]).update(told)

    def untold(self, _wanted):
        passwords = {row["userdirectoryid"]: row["bind_password"] for row in self.rows["userdirectory"]}
        return {"passwords": passwords, "macros": copy.deepcopy(self.rows["usermacro"])}

    def let_in(self, wanted):
        self.password = wanted["password"]


def asked(zabbix, verb, wanted=None):
    said = io.StringIO()
    there = {"untold": zabbix.untold, "let_in": zabbix.let_in}
    with mock.patch.multiple(supervision, **there), contextlib.redirect_stdout(said):
        try:
            getattr(supervision, verb)(zabbix, wanted or WANTED)
        except SystemExit as end:
            return str(end.code)
    return said.getvalue() or "good"


class Provisioned(unittest.TestCase):
    def setUp(self):
        self.zabbix = Zabbix()
        asked(self.zabbix, "apply")
        self.zabbix.calls = []

    def host(self, name="dc1"):
        return next(row for row in self.zabbix.rows["host"] if row["host"] == name)

    def test_what_is_shipped_is_told_and_made_once(self):
        zabbix = Zabbix()
        self.assertIn("does not get in with the stack's password", asked(zabbix, "check"))
        asked(zabbix, "apply")
        self.assertEqual(asked(zabbix, "check"), "good")
        zabbix.calls = []
        self.assertEqual(asked(zabbix, "apply"), "good")
        self.assertEqual(zabbix.calls, [])

    def test_what_somebody_changed_is_told_and_put_right(self):
        rows = self.zabbix.rows
        rows["settings"]["default_lang"] = "en_US"
        rows["authentication"]["ldap_auth_enabled"] = "0"
        rows["user"][1]["usrgrps"] = []
        rows["userdirectory"][0]["provision_groups"] = []
        rows["trigger"][0].update({"priority": "1", "dependencies": []})
        certificate = next(row for row in rows["item"] if row["key_"].startswith("web.certificate"))
        certificate["preprocessing"] = [{"type": "12", "params": "$.begin"}]
        rows["mediatype"][0]["smtp_server"] = "elsewhere"
        rows["trigger"][1]["tags"] = [{"tag": "bureau", "value": "12"}, {"tag": "panne", "value": "dc2"}]
        rows["service"][0]["problem_tags"] = []
        rows["service"][2].update({"children": [], "tags": []})
        rows["sla"][0]["slo"] = "10"
        rows["action"][0].update({"status": "1", "filter": {"conditions": []}})
        rows["user"][-1]["medias"].pop()
        self.host().update({"status": "1", "tls_subject": "", "parentTemplates": []})
        said = asked(self.zabbix, "check").split("; ")
        self.assertEqual(
            said,
            [
                "settings: default_lang",
                "guest may log in",
                "directory: provision_groups",
                "authentication: ldap_auth_enabled",
                "dc1: status, templates, tls_subject",
                "dc1: web.certificate.get[dc1,636]: preprocessing",
                "dc1: no ldaps: priority",
                "dc1: silent: tags",
                'dc1: "no ldaps" is told beside its cause',
                'service "Directory (dc1)": problem_tags',
                'service "Service dc": children, tags',
                "SLA: slo",
                "mail: smtp_server",
                "who is told: medias",
                "action: filter, status",
            ],
        )
        asked(self.zabbix, "apply")
        self.assertEqual(asked(self.zabbix, "check"), "good")

    def test_a_router_is_asked_by_snmp_and_its_community_said_to_nobody(self):
        rows = self.zabbix.rows
        there = rows["hostinterface"][0]
        self.assertEqual((there["ip"], there["details"]["community"]), ("10.0.0.2", "{$C}"))
        self.assertEqual([(m["value"], m["type"]) for m in rows["usermacro"]], [("community", "1"), ("0", "0")])
        items = {row["key_"]: row for row in rows["item"]}
        self.assertEqual(items["pf"]["interfaceid"], there["interfaceid"])
        self.assertEqual(items["wan1"]["master_itemid"], items["pf"]["itemid"])
        self.assertEqual(items["kea"]["master_itemid"], items["shipped.walk"]["itemid"])
        self.assertEqual((items["shipped.nginx"]["status"], items["shipped.walk"]["status"]), ("1", "0"))

    def test_what_somebody_changed_of_how_a_router_is_asked_is_told_and_put_right(self):
        rows = self.zabbix.rows
        rows["hostinterface"][0].update({"ip": "10.0.0.9", "details": {"version": "1", "community": "public"}})
        rows["usermacro"][0]["value"] = OTHER
        rows["usermacro"].pop()
        next(row for row in rows["item"] if row["key_"] == "shipped.nginx")["status"] = "0"
        self.assertEqual(
            asked(self.zabbix, "check").split("; "),
            [
                "rtr-a: SNMP: details, ip",
                "rtr-a: {$C}: value",
                "rtr-a: no {$LINK}",
                "rtr-a: shipped.nginx is asked for",
            ],
        )
        asked(self.zabbix, "apply")
        self.assertEqual(asked(self.zabbix, "check"), "good")

    def test_a_host_that_was_only_pinged_gets_its_interface_before_the_template_that_needs_one(self):
        self.zabbix.rows["hostinterface"].clear()
        self.host("rtr-a")["parentTemplates"] = []
        self.assertIn("rtr-a is not asked by SNMP; rtr-a: templates", asked(self.zabbix, "check"))
        asked(self.zabbix, "apply")
        made = [call for call in self.zabbix.calls if call in ("hostinterface.create", "host.update")]
        self.assertEqual(made, ["hostinterface.create", "host.update"])

    def test_outages_are_the_serious_problems_of_the_host_whose_service_it_is(self):
        tags = {row["description"]: row["tags"] for row in self.zabbix.rows["trigger"]}
        self.assertIn({"tag": "panne", "value": "dc1"}, tags["no ldaps"])
        first, second, both = self.zabbix.rows["service"]
        self.assertEqual(first["problem_tags"], [{"tag": "panne", "operator": 0, "value": "dc1"}])
        # Either alone is enough.
        self.assertEqual(both["algorithm"], "1")
        self.assertEqual(both["children"], [{"serviceid": row["serviceid"]} for row in (first, second)])

    def test_a_password_that_the_api_never_says_is_compared_too(self):
        self.zabbix.rows["userdirectory"][0]["bind_password"] = OTHER
        self.assertEqual(asked(self.zabbix, "check"), "directory: bind_password")
        asked(self.zabbix, "apply")
        self.assertEqual(asked(self.zabbix, "check"), "good")

    def test_the_administrator_whose_password_somebody_changed_has_the_stacks_again(self):
        self.zabbix.password = OTHER
        self.assertIn("does not get in", asked(self.zabbix, "check"))
        asked(self.zabbix, "apply")
        self.assertEqual(asked(self.zabbix, "check"), "good")

    def test_what_somebody_added_stays(self):
        rows = self.zabbix.rows
        mine = {"tag": "bureau", "value": "12"}
        self.host()["tags"].append(mine)
        self.host()["hostgroups"] = [{"groupid": "2", "name": "Linux servers"}]
        self.host()["parentTemplates"].append({"templateid": "60", "host": "Own"})
        rows["template"].append({"templateid": "60", "host": "Own"})
        rows["host"].append({"hostid": "9", "host": "printer", "status": "0", "tags": []})
        self.host()["parentTemplates"].pop(0)
        asked(self.zabbix, "apply")
        self.assertIn(mine, self.host()["tags"])
        self.assertEqual({g["name"] for g in self.host()["hostgroups"]}, {"Linux servers", "Zone servers"})
        self.assertEqual({t["host"] for t in self.host()["parentTemplates"]}, {LINUX, "Maquette", "Own"})
        self.assertEqual(self.host("printer")["status"], "0")

    def test_a_host_that_left_the_plan_is_disabled_and_kept(self):
        wanted = {**WANTED, "hosts": {}}
        left = "%s has left the plan and is watched"
        self.assertEqual(asked(self.zabbix, "check", wanted), "; ".join(left % name for name in ("dc1", "rtr-a")))
        asked(self.zabbix, "apply", wanted)
        self.assertEqual(self.host()["status"], "1")
        self.assertEqual(asked(self.zabbix, "check", wanted), "good")
        asked(self.zabbix, "apply")
        self.assertEqual(self.host()["status"], "0")

    def test_a_service_that_left_the_plan_is_asked_for_no_more(self):
        wanted = copy.deepcopy(WANTED)
        wanted["hosts"]["dc1"].update({"items": {}, "triggers": {}})
        said = [
            "dc1 gives net.tcp.service[tcp,,636] no more and is asked for it",
            "dc1 gives web.certificate.get[dc1,636] no more and is asked for it",
            'dc1: "no ldaps" has left the plan and is told',
            'dc1: "silent" has left the plan and is told',
        ]
        self.assertEqual(asked(self.zabbix, "check", wanted).split("; "), said)
        asked(self.zabbix, "apply", wanted)
        self.assertEqual(asked(self.zabbix, "check", wanted), "good")

    def test_without_a_mail_server_nobody_is_told(self):
        zabbix = Zabbix()
        asked(zabbix, "apply", {**WANTED, "alerts": None})
        self.assertEqual(zabbix.rows["action"], [])
        self.assertEqual(asked(zabbix, "check", {**WANTED, "alerts": None}), "good")

    def test_who_tells_cannot_come_in(self):
        teller = self.zabbix.rows["user"][-1]
        self.assertEqual(teller["username"], supervision.TELLER)
        self.assertEqual([group["gui_access"] for group in teller["usrgrps"]], ["3"])
        self.assertGreaterEqual(len(teller["passwd"]), 32)

    def test_what_zabbix_ships_and_somebody_took_away_is_named(self):
        self.zabbix.rows["template"] = []
        with self.assertRaisesRegex(supervision.Stop, 'no template "Linux by Zabbix agent active"'):
            asked(self.zabbix, "check")


if __name__ == "__main__":
    unittest.main()
