#!/usr/bin/python3 -I
"""What the plan wants in Zabbix, by its API. Written by maquette.

    supervision.py check FILE    exit 1 and what differs from FILE
    supervision.py apply FILE    makes it so

FILE is JSON, in the shape of `Wanted` in src/roles/supervision/wanted.ts. What is named in it is put right wherever
somebody changed it; whatever else there is stays as it is. A host that the plan had and has no more is disabled, with
what is known of it.
"""

import http.client
import json
import re
import secrets
import ssl
import subprocess
import sys
import time

ADMIN = "Admin"
INTERNAL = "Internal"
DISABLED = "Disabled"
GUEST = "guest"
# Of a host that is the plan's.
MARK = "maquette"
TAG = {"tag": MARK, "value": "plan"}
# Of a problem that is an outage of what a host gives, from high severity on; its value is the host.
OUTAGE = "panne"
HIGH = 4
# Of the directory, of the medium and of the action that are ours.
NAME = "maquette"
# In whose name Zabbix tells: a user who cannot come in.
TELLER = "maquette-alertes"
MUTE = "maquette: sans accès"
# Where Zabbix has templates by default.
TEMPLATES = "Templates"
# What a page takes on a busy machine.
PATIENCE = 25


class Stop(Exception):
    pass


class Refused(Stop):
    """The API's own words."""


class Api:
    def __init__(self, wanted):
        # By its name, as everybody comes: TLS with the lab's authority.
        self.site = http.client.HTTPSConnection(
            wanted["name"], wanted["port"], timeout=PATIENCE, context=ssl.create_default_context()
        )
        self.session = None

    def post(self, document):
        headers = {"Content-Type": "application/json-rpc"}
        if self.session:
            headers["Authorization"] = "Bearer " + self.session
        try:
            self.site.request("POST", "/api_jsonrpc.php", json.dumps(document), headers)
            answer = self.site.getresponse()
            text = answer.read().decode("utf-8", "replace")
        except (OSError, http.client.HTTPException) as error:
            raise Stop("Zabbix' web does not answer: %s" % error) from error
        if answer.status != 200:
            raise Stop("Zabbix' web answers HTTP %d: %s" % (answer.status, " ".join(text.split())[:200]))
        try:
            return json.loads(text)
        except ValueError as error:
            raise Stop("Zabbix' web answers no JSON: %s" % " ".join(text.split())[:200]) from error

    def several(self, asked):
        """By name what each of `{name: (method, parameters)}` answers, all in one question."""
        calls = [
            {"jsonrpc": "2.0", "id": number, "method": method, "params": parameters}
            for number, (method, parameters) in enumerate(asked.values())
        ]
        answers = self.post(calls)
        if not isinstance(answers, list):
            raise Refused(words_of(answers))
        found = {answer.get("id"): answer for answer in answers}
        return {name: result_of(found.get(number, {})) for number, name in enumerate(asked)}

    def call(self, method, parameters):
        return result_of(self.post({"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters}), method)

    def log_on(self, password):
        self.session = None
        self.session = self.call("user.login", {"username": ADMIN, "password": password})

    def log_out(self):
        if self.session:
            self.call("user.logout", [])
            self.session = None


def words_of(answer):
    error = answer.get("error") or {}
    return "%s %s" % (error.get("message", "no answer"), error.get("data", ""))


def result_of(answer, method=""):
    if "result" not in answer:
        raise Refused(("%s: %s" % (method, words_of(answer))).removeprefix(": "))
    return answer["result"]


# The database, for what the API does not tell, or would not let in.


def ran(argv, given):
    done = subprocess.run(argv, input=given, capture_output=True, text=True, check=False, timeout=PATIENCE)
    if done.returncode != 0:
        raise Stop("%s: %s" % (argv[0], (done.stderr.strip() or "exit %d" % done.returncode).splitlines()[-1]))
    return done.stdout


def sql(wanted, text):
    owner = ["runuser", "-u", wanted["owner"], "--"]
    psql = ["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", wanted["database"], "-f", "-"]
    return ran([*owner, *psql], text)


def untold(wanted):
    """
    What the API takes and never says: passwords by directory (`passwords`), and hosts' macros with their values
    (`macros`).
    """
    query = """SELECT json_build_object(
  'passwords', (SELECT json_object_agg(userdirectoryid::text, bind_password) FROM userdirectory_ldap),
  'macros', (SELECT json_agg(json_build_object('hostmacroid', hostmacroid::text, 'hostid', hostid::text,
    'macro', macro, 'value', value, 'type', hostmacro.type::text))
    FROM hostmacro JOIN hosts USING (hostid) WHERE hosts.status IN (0, 1)));"""
    found = json.loads(sql(wanted, query))
    return {"passwords": found["passwords"] or {}, "macros": found["macros"] or []}


def let_in(wanted):
    """
    The internal administrator's password is the stack's, whatever it was: of a fresh database, or one that somebody
    chose. Nobody else's sessions end.
    """
    program = "echo password_hash(stream_get_contents(STDIN), PASSWORD_BCRYPT);"
    hashed = ran(["php", "-r", program], wanted["password"])
    if not re.fullmatch(r"\$2y\$[./A-Za-z0-9$]+", hashed):
        raise Stop("php made no bcrypt")
    sql(
        wanted,
        """BEGIN;
UPDATE users SET passwd = '%s', attempt_failed = 0, attempt_clock = 0 WHERE username = '%s';
DELETE FROM users_groups USING users, usrgrp WHERE users_groups.userid = users.userid AND username = '%s'
  AND users_groups.usrgrpid = usrgrp.usrgrpid AND (users_status = 1 OR gui_access IN (2, 3));
DELETE FROM sessions USING users WHERE sessions.userid = users.userid AND username = '%s';
COMMIT;"""
        % (hashed, ADMIN, ADMIN, ADMIN),
    )


# What is there, and what is to be done.


class Live:
    """Everything of Zabbix that is spoken of in FILE, as it is now."""

    def __init__(self, api, wanted):
        hosts = {
            "output": ["hostid", "host", "name", "description", "status", *TLS],
            "selectHostGroups": ["groupid", "name"],
            "selectParentTemplates": ["templateid", "host"],
            "selectTags": ["tag", "value"],
            "selectInterfaces": "extend",
        }
        templates = {wanted["template"]["name"]}
        templates.update(name for host in wanted["hosts"].values() for name in host["templates"])
        places = [wanted["template"], *wanted["hosts"].values()]
        keys = sorted({key for place in places for key in (*place["items"], *place.get("dependents", ()))})
        watched = wanted["hosts"].values()
        masters = sorted({one["master"] for host in watched for one in host["dependents"].values()})
        quiet = sorted({key for host in watched for key in host["quiet"]})
        problems = sorted({problem for host in wanted["hosts"].values() for problem in host["triggers"]})
        # By inheritance a template's are its hosts' too.
        own = {"output": "extend", "inherited": False, "selectHosts": ["host"]}
        mark = [{"tag": MARK, "value": "", "operator": 4}]
        found = api.several(
            {
                "settings": ("settings.get", {"output": "extend"}),
                "authentication": ("authentication.get", {"output": "extend"}),
                "roles": ("role.get", {"output": ["roleid", "name"]}),
                "groups": ("usergroup.get", {"output": ["usrgrpid", "name", "gui_access", "users_status"]}),
                "users": (
                    "user.get",
                    {
                        "output": ["userid", "username", "roleid"],
                        "selectUsrgrps": ["name", "usrgrpid"],
                        "selectMedias": ["mediatypeid", "sendto", "active", "severity", "period"],
                        "filter": {"username": [ADMIN, GUEST, TELLER]},
                    },
                ),
                "directories": (
                    "userdirectory.get",
                    {"output": "extend", "selectProvisionGroups": "extend"},
                ),
                "host groups": (
                    "hostgroup.get",
                    {"output": ["groupid", "name"], "filter": {"name": wanted["hostGroups"]}},
                ),
                "templates": (
                    "template.get",
                    {"output": ["templateid", "host"], "filter": {"host": sorted(templates)}},
                ),
                "template groups": ("templategroup.get", {"output": ["groupid", "name"]}),
                "items": ("item.get", {**own, "selectPreprocessing": "extend", "filter": {"key_": keys}}),
                "triggers": (
                    "trigger.get",
                    {
                        **own,
                        "expandExpression": True,
                        "selectDependencies": ["triggerid"],
                        "selectTags": ["tag", "value"],
                        "filter": {"description": problems},
                    },
                ),
                "masters": (
                    "item.get",
                    {"output": ["itemid", "key_"], "selectHosts": ["host"], "filter": {"key_": masters}},
                ),
                "shipped items": (
                    "item.get",
                    {
                        "output": ["itemid", "key_", "status"],
                        "selectHosts": ["host"],
                        "inherited": True,
                        "filter": {"key_": quiet},
                    },
                ),
                "marked items": ("item.get", {**own, "tags": mark}),
                "marked triggers": ("trigger.get", {**own, "tags": mark}),
                "services": (
                    "service.get",
                    {
                        "output": "extend",
                        "selectChildren": ["serviceid"],
                        "selectProblemTags": "extend",
                        "selectTags": ["tag", "value"],
                    },
                ),
                "agreements": ("sla.get", {"output": "extend", "selectServiceTags": "extend"}),
                "media": ("mediatype.get", {"output": "extend", "selectMessageTemplates": "extend"}),
                "actions": (
                    "action.get",
                    {
                        "output": "extend",
                        "selectOperations": "extend",
                        "selectRecoveryOperations": "extend",
                        "selectFilter": "extend",
                        "filter": {"name": NAME},
                    },
                ),
                "hosts": ("host.get", {**hosts, "filter": {"host": sorted(wanted["hosts"])}}),
                "marked": ("host.get", {**hosts, "tags": mark}),
            }
        )
        self.settings, self.authentication = found["settings"], found["authentication"]
        self.roles = by(found["roles"], "name")
        self.groups = by(found["groups"], "name")
        self.users = by(found["users"], "username")
        self.directory = by(found["directories"], "name").get(NAME)
        hidden = untold(wanted)
        self.bind_passwords = hidden["passwords"]
        self.macros = {(row["hostid"], row["macro"]): row for row in hidden["macros"]}
        self.host_groups = by(found["host groups"], "name")
        self.templates = by(found["templates"], "host")
        self.template_groups = by(found["template groups"], "name")
        self.items, self.triggers = placed(found["items"], "key_"), placed(found["triggers"], "description")
        self.masters, self.shipped = placed(found["masters"], "key_"), placed(found["shipped items"], "key_")
        self.marked_items = placed(found["marked items"], "key_")
        self.marked_triggers = placed(found["marked triggers"], "description")
        self.services, self.agreements = by(found["services"], "name"), by(found["agreements"], "name")
        self.medium = by(found["media"], "name").get(NAME)
        self.action = next(iter(found["actions"]), None)
        self.hosts = by(found["hosts"], "host")
        self.marked = by(found["marked"], "host")


TLS = ("tls_connect", "tls_accept", "tls_issuer", "tls_subject")


def placed(rows, key):
    """By host or template, and key."""
    return {(row["hosts"][0]["host"], row[key]): row for row in rows}


def by(rows, key):
    return {row[key]: row for row in rows}


def known(rows, name, what):
    """@raises Stop where Zabbix ships it no more, or somebody took it away"""
    if name not in rows:
        raise Stop('Zabbix has no %s "%s": it was renamed or deleted; put it back in its pages' % (what, name))
    return rows[name]


class Change:
    def __init__(self, words, method, parameters):
        self.words, self.method, self.parameters = words, method, parameters


def differing(now, wanted):
    """Of `wanted` what is otherwise now; the API says numbers as texts."""
    return {key: value for key, value in wanted.items() if not is_same(now.get(key), value)}


def is_same(now, wanted):
    """Of what is a list each is as it is wanted, and no more of them are there."""
    if isinstance(wanted, list):
        return isinstance(now, list) and len(now) == len(wanted) and not any(map(differing, now, wanted))
    return str(now) == str(wanted)


def said(found):
    return ", ".join(sorted(found))


def settings(live, wanted):
    found = differing(live.settings, wanted["settings"])
    if found:
        yield Change("settings: %s" % said(found), "settings.update", found)


def administrator(live, wanted):
    """Comes in without the directory, and may do everything."""
    user, group = known(live.users, ADMIN, "user"), known(live.groups, INTERNAL, "group of users")
    role = known(live.roles, wanted["role"], "role")["roleid"]
    if differing(group, {"gui_access": 1, "users_status": 0}):
        parameters = {"usrgrpid": group["usrgrpid"], "gui_access": 1, "users_status": 0}
        yield Change("the group %s asks the directory, or lets nobody in" % INTERNAL, "usergroup.update", parameters)
    parameters = {}
    if INTERNAL not in by(user["usrgrps"], "name"):
        parameters["usrgrps"] = [*ids_of(user["usrgrps"], "usrgrpid"), {"usrgrpid": group["usrgrpid"]}]
    if user["roleid"] != role:
        parameters["roleid"] = role
    if parameters:
        words = "%s is not in %s with the role %s" % (ADMIN, INTERNAL, wanted["role"])
        yield Change(words, "user.update", {"userid": user["userid"], **parameters})


def guest(live, _wanted):
    """Who has no account sees nothing."""
    group = known(live.groups, DISABLED, "group of users")
    if differing(group, {"users_status": 1}):
        parameters = {"usrgrpid": group["usrgrpid"], "users_status": 1}
        yield Change("the group %s is enabled" % DISABLED, "usergroup.update", parameters)
    user = live.users.get(GUEST)
    if user is not None and DISABLED not in by(user["usrgrps"], "name"):
        groups = [*ids_of(user["usrgrps"], "usrgrpid"), {"usrgrpid": group["usrgrpid"]}]
        yield Change("%s may log in" % GUEST, "user.update", {"userid": user["userid"], "usrgrps": groups})


def ids_of(rows, key):
    return [{key: row[key]} for row in rows]


def directory(live, wanted):
    """The domain's controllers, and who of the domain may do what."""
    asked = wanted["directory"]
    fields = {"idp_type": 1, "provision_status": 1, **asked["fields"]}
    groups = [
        {
            "name": group["name"],
            "roleid": known(live.roles, group["role"], "role")["roleid"],
            "user_groups": [{"usrgrpid": known(live.groups, group["group"], "group of users")["usrgrpid"]}],
        }
        for group in asked["groups"]
    ]
    whole = {**fields, "bind_password": asked["password"], "provision_groups": groups}
    now = live.directory
    if now is None:
        yield Change("no directory", "userdirectory.create", {"name": NAME, **whole})
        return
    found = list(differing(now, fields))
    if live.bind_passwords.get(now["userdirectoryid"]) != asked["password"]:
        found.append("bind_password")
    if rights(now["provision_groups"]) != rights(groups):
        found.append("provision_groups")
    if found:
        whole.pop("idp_type")
        parameters = {"userdirectoryid": now["userdirectoryid"], **whole}
        yield Change("directory: %s" % said(found), "userdirectory.update", parameters)


def rights(groups):
    return sorted([g["name"], g["roleid"], sorted(u["usrgrpid"] for u in g["user_groups"])] for g in groups)


def authentication(live, wanted):
    """The directory is asked, for all but the group Internal."""
    fields = {
        **wanted["authentication"],
        "ldap_userdirectoryid": (live.directory or {}).get("userdirectoryid"),
        "disabled_usrgrpid": known(live.groups, DISABLED, "group of users")["usrgrpid"],
    }
    found = differing(live.authentication, fields)
    if found:
        yield Change("authentication: %s" % said(found), "authentication.update", fields)


def template(live, wanted):
    name = wanted["template"]["name"]
    if name not in live.templates:
        group = known(live.template_groups, TEMPLATES, "group of templates")["groupid"]
        yield Change('no template "%s"' % name, "template.create", {"host": name, "groups": [{"groupid": group}]})


def items(live, wanted):
    own = wanted["template"]
    yield from items_of(live, own["name"], live.templates.get(own["name"], {}).get("templateid"), own["items"])
    for name, host in wanted["hosts"].items():
        now = live.hosts.get(name, {})
        interfaceid = (snmp_of(now) or {}).get("interfaceid")
        yield from items_of(live, name, now.get("hostid"), host["items"], interfaceid)


def dependents(live, wanted):
    """What is taken out of other items, which are there by then."""
    for name, host in wanted["hosts"].items():
        number = live.hosts.get(name, {}).get("hostid")
        for key, asked in host["dependents"].items():
            master = live.masters.get((name, asked["master"]), {}).get("itemid")
            yield from items_of(live, name, number, {key: {**asked["fields"], "master_itemid": master}})


def items_of(live, place, number, asked, interfaceid=None):
    """Of our template, or of a host: what is asked for."""
    for key, fields in asked.items():
        now = live.items.get((place, key))
        found = {} if now is None else differing(now, {"status": 0, **fields})
        if now is None:
            by = {"interfaceid": interfaceid} if fields["type"] == BY_SNMP else {}
            parameters = {"hostid": number, "key_": key, "tags": [TAG], **by, **fields}
            yield Change("%s: nobody asks for %s" % (place, key), "item.create", parameters)
        elif found:
            yield Change("%s: %s: %s" % (place, key, said(found)), "item.update", {"itemid": now["itemid"], **found})


def quiet(live, wanted):
    """Shipped items that would say what is not so."""
    for name, host in wanted["hosts"].items():
        for key in host["quiet"]:
            now = live.shipped.get((name, key))
            if now is not None and now["status"] == "0":
                parameters = {"itemid": now["itemid"], "status": 1}
                yield Change("%s: %s is asked for" % (name, key), "item.update", parameters)


def triggers(live, wanted):
    for place, host in wanted["hosts"].items():
        for description, trigger in host["triggers"].items():
            fields, now = trigger["fields"], live.triggers.get((place, description))
            found = {} if now is None else differing(now, {"status": 0, **fields})
            tags = [TAG, *([{"tag": OUTAGE, "value": place}] if fields["priority"] >= HIGH else [])]
            if now is None:
                parameters = {"description": description, "tags": tags, **fields}
                yield Change('%s: no trigger "%s"' % (place, description), "trigger.create", parameters)
                continue
            if any(tag not in now["tags"] for tag in tags):
                found["tags"] = [*(tag for tag in now["tags"] if tag["tag"] not in (MARK, OUTAGE)), *tags]
            if found:
                parameters = {"triggerid": now["triggerid"], **found}
                yield Change("%s: %s: %s" % (place, description, said(found)), "trigger.update", parameters)


def consequences(live, wanted):
    """One failure is told once: what follows from it waits behind it."""
    for place, host in wanted["hosts"].items():
        for description, trigger in host["triggers"].items():
            now = live.triggers.get((place, description), {})
            causes = [{"triggerid": live.triggers.get(tuple(one), {}).get("triggerid")} for one in trigger["unless"]]
            there = ids_of(now.get("dependencies", []), "triggerid")
            lacking = [cause for cause in causes if cause not in there]
            if lacking:
                parameters = {"triggerid": now.get("triggerid"), "dependencies": [*there, *lacking]}
                words = '%s: "%s" is told beside its cause' % (place, description)
                yield Change(words, "trigger.update", parameters)


def host_groups(live, wanted):
    for name in wanted["hostGroups"]:
        if name not in live.host_groups:
            yield Change('no group of hosts "%s"' % name, "hostgroup.create", {"name": name})


# Zabbix' numbers: of interfaces, and of items; of macros that it says to nobody.
SNMP, BY_SNMP, SECRET = 2, 20, 1


def snmp_of(host):
    """Its interface for SNMP, which is one; None where it has none."""
    return next((one for one in host.get("interfaces", ()) if one["type"] == str(SNMP)), None)


def interface(asked):
    details = {"version": 2, "bulk": 1, "community": asked["community"]}
    place = {"useip": 1, "ip": asked["address"], "dns": "", "port": asked["port"]}
    return {"type": SNMP, "main": 1, **place, "details": details}


def interfaces(live, wanted):
    """Of hosts that are there; a new one comes with its own."""
    for name, host in wanted["hosts"].items():
        now = live.hosts.get(name)
        if now is None or host["snmp"] is None:
            continue
        fields, there = interface(host["snmp"]), snmp_of(now)
        if there is None:
            yield Change("%s is not asked by SNMP" % name, "hostinterface.create", {"hostid": now["hostid"], **fields})
            continue
        details = fields.pop("details")
        found = differing(there, fields)
        if differing(there["details"], details):
            found["details"] = details
        if found:
            parameters = {"interfaceid": there["interfaceid"], **found}
            yield Change("%s: SNMP: %s" % (name, said(found)), "hostinterface.update", parameters)


def macros(live, wanted):
    for name, host in wanted["hosts"].items():
        number = live.hosts.get(name, {}).get("hostid")
        for asked in host["macros"]:
            macro, now = asked["macro"], live.macros.get((number, asked["macro"]))
            fields = {"value": asked["value"], "type": SECRET if asked["isSecret"] else 0}
            if now is None:
                yield Change(
                    "%s: no %s" % (name, macro), "usermacro.create", {"hostid": number, "macro": macro, **fields}
                )
            elif differing(now, fields):
                parameters = {"hostmacroid": now["hostmacroid"], **fields}
                yield Change("%s: %s: %s" % (name, macro, said(differing(now, fields))), "usermacro.update", parameters)


def hosts(live, wanted):
    for name, asked in wanted["hosts"].items():
        groups = [{"groupid": live.host_groups.get(g, {}).get("groupid")} for g in asked["groups"]]
        templates = {t: template_id(live, wanted, t) for t in asked["templates"]}
        now = live.hosts.get(name)
        if now is None:
            linked = [{"templateid": one} for one in templates.values()]
            parameters = {"host": name, **asked["fields"], "groups": groups, "templates": linked, "tags": [TAG]}
            if asked["snmp"] is not None:
                parameters["interfaces"] = [interface(asked["snmp"])]
            yield Change("%s is not watched" % name, "host.create", parameters)
            continue
        # What is ours must be there; what somebody added stays.
        parameters = differing(now, {"status": 0, **asked["fields"]})
        if not set(asked["groups"]) <= set(by(now["hostgroups"], "name")):
            parameters["groups"] = [*ids_of(now["hostgroups"], "groupid"), *groups]
        if not set(templates) <= set(by(now["parentTemplates"], "host")):
            linked = {**{t["host"]: t["templateid"] for t in now["parentTemplates"]}, **templates}
            parameters["templates"] = [{"templateid": one} for one in linked.values()]
        if TAG not in now["tags"]:
            parameters["tags"] = [*(t for t in now["tags"] if t["tag"] != MARK), TAG]
        if parameters:
            words = "%s: %s" % (name, said(parameters))
            yield Change(words, "host.update", {"hostid": now["hostid"], **parameters})


def template_id(live, wanted, name):
    """Our own comes before; what Zabbix ships has to be there."""
    if name == wanted["template"]["name"]:
        return live.templates.get(name, {}).get("templateid")
    return known(live.templates, name, "template")["templateid"]


def withdrawn(live, wanted):
    for name, now in live.marked.items():
        if name not in wanted["hosts"] and now["status"] == "0":
            parameters = {"hostid": now["hostid"], "status": 1}
            yield Change("%s has left the plan and is watched" % name, "host.update", parameters)
    places = {wanted["template"]["name"]: wanted["template"], **wanted["hosts"]}
    for (place, key), now in live.marked_items.items():
        kept = {**places[place]["items"], **places[place].get("dependents", {})} if place in places else {}
        if place in places and key not in kept and now["status"] == "0":
            parameters = {"itemid": now["itemid"], "status": 1}
            yield Change("%s gives %s no more and is asked for it" % (place, key), "item.update", parameters)
    for (place, description), now in live.marked_triggers.items():
        if place in places and description not in places[place].get("triggers", {}) and now["status"] == "0":
            parameters = {"triggerid": now["triggerid"], "status": 1}
            words = '%s: "%s" has left the plan and is told' % (place, description)
            yield Change(words, "trigger.update", parameters)


# How problems are told.


def medium(live, wanted):
    alerts = wanted["alerts"]
    if alerts is None:
        return
    # The numbers of Zabbix: of triggers (0), a problem (0) or its end (1).
    texts = [
        {"eventsource": 0, "recovery": number, "subject": alerts["subjects"][word], "message": alerts["text"]}
        for number, word in enumerate(("problem", "recovery"))
    ]
    fields = {**alerts["medium"], "status": 0, "message_format": 0}
    if live.medium is None:
        yield Change("no mail", "mediatype.create", {"name": NAME, "message_templates": texts, **fields})
        return
    found = differing(live.medium, fields)
    if any(differing(now, text) for now, text in zip_by_recovery(live.medium["message_templates"], texts)):
        found["message_templates"] = texts
    if found:
        parameters = {"mediatypeid": live.medium["mediatypeid"], **found}
        yield Change("mail: %s" % said(found), "mediatype.update", parameters)


def zip_by_recovery(now, wanted):
    there = {row["recovery"]: row for row in now if row["eventsource"] == "0"}
    return [(there.get(str(text["recovery"]), {}), text) for text in wanted]


def mute(live, wanted):
    if wanted["alerts"] is None:
        return
    fields = {"gui_access": 3, "users_status": 0}
    now = live.groups.get(MUTE)
    if now is None:
        yield Change('no group of users "%s"' % MUTE, "usergroup.create", {"name": MUTE, **fields})
    elif differing(now, fields):
        yield Change("%s may come in" % MUTE, "usergroup.update", {"usrgrpid": now["usrgrpid"], **fields})


def teller(live, wanted):
    """Each administrator is told, from average problems on; by night too."""
    if wanted["alerts"] is None:
        return
    media = [
        {
            "mediatypeid": (live.medium or {}).get("mediatypeid"),
            "sendto": [address],
            "active": 0,
            "severity": FROM_AVERAGE,
            "period": "1-7,00:00-24:00",
        }
        for address in wanted["alerts"]["to"]
    ]
    # It sees all hosts, for nobody is told of what they may not see.
    fields = {"roleid": known(live.roles, wanted["role"], "role")["roleid"]}
    now, group = live.users.get(TELLER), [{"usrgrpid": live.groups.get(MUTE, {}).get("usrgrpid")}]
    if now is None:
        # Nobody's: it is forgotten here.
        parameters = {"username": TELLER, "passwd": secrets.token_urlsafe(32), "usrgrps": group, "medias": media}
        yield Change("nobody is told", "user.create", {**parameters, **fields})
        return
    found = differing(now, fields)
    if set(by(now["usrgrps"], "name")) != {MUTE}:
        found["usrgrps"] = group
    if sorted(map(way, now["medias"])) != sorted(map(way, media)):
        found["medias"] = media
    if found:
        yield Change("who is told: %s" % said(found), "user.update", {"userid": now["userid"], **found})


# Bits of average, high and disaster.
FROM_AVERAGE = 56


def way(one):
    to = one["sendto"] if isinstance(one["sendto"], list) else [one["sendto"]]
    return [str(one["mediatypeid"]), sorted(to), *(str(one[key]) for key in ("active", "severity", "period"))]


# Not told: what the shipped template says of a silent host some minutes after ours has, beside whatever its cause is.
# In Zabbix' numbers: the event's name (3) does not contain (3).
LATER = {"conditiontype": 3, "operator": 3, "value": "Active checks are not available"}


def action(live, wanted):
    if wanted["alerts"] is None:
        return
    number = live.users.get(TELLER, {}).get("userid")
    medium_id = (live.medium or {}).get("mediatypeid")
    message = {"default_msg": 1, "mediatypeid": medium_id}
    operations = {
        "operations": [{"operationtype": 0, "opmessage_usr": [{"userid": number}], "opmessage": message}],
        # 11: whoever was told of it.
        "recovery_operations": [{"operationtype": 11, "opmessage": {"default_msg": 1}}],
    }
    fields = {"status": 0, "esc_period": "1h", "pause_suppressed": 1}
    now = live.action
    if now is None:
        parameters = {"name": NAME, "eventsource": 0, "filter": {"evaltype": 0, "conditions": [LATER]}}
        yield Change("problems are told to nobody", "action.create", {**parameters, **fields, **operations})
        return
    found = differing(now, fields)
    conditions = now["filter"]["conditions"]
    if all(differing(one, LATER) for one in conditions):
        kept = [{key: one[key] for key in LATER} for one in conditions]
        found["filter"] = {"evaltype": 0, "conditions": [*kept, LATER]}
    if not any(is_told(one, number) for one in now["operations"]):
        found["operations"] = operations["operations"]
    if not any(one["operationtype"] == "11" for one in now["recovery_operations"]):
        found["recovery_operations"] = operations["recovery_operations"]
    if found:
        yield Change("action: %s" % said(found), "action.update", {"actionid": now["actionid"], **found})


def is_told(operation, number):
    return operation["operationtype"] == "0" and {"userid": number} in operation.get("opmessage_usr", [])


# In Zabbix' numbers: a service is as bad as the worst of its problems, or bad where all of its children are.
WORST, ALL = 2, 1


def services(live, wanted):
    for name, host in wanted["services"]["ofHosts"].items():
        problems = [{"tag": OUTAGE, "operator": 0, "value": host}]
        yield from service(live, name, {"algorithm": WORST, "problem_tags": problems})


def shared_services(live, wanted):
    for name, children in wanted["services"]["shared"].items():
        numbers = sorted(live.services.get(child, {}).get("serviceid", "") for child in children)
        yield from service(live, name, {"algorithm": ALL, "children": [{"serviceid": one} for one in numbers]})


def service(live, name, fields):
    now = live.services.get(name)
    if now is None:
        parameters = {"name": name, "sortorder": 0, "tags": [TAG], **fields}
        yield Change('no service "%s"' % name, "service.create", parameters)
        return
    children = sorted(now["children"], key=lambda child: child["serviceid"])
    found = differing({**now, "children": children}, fields)
    if TAG not in now["tags"]:
        found["tags"] = [*(tag for tag in now["tags"] if tag["tag"] != MARK), TAG]
    if found:
        parameters = {"serviceid": now["serviceid"], **found}
        yield Change('service "%s": %s' % (name, said(found)), "service.update", parameters)


def agreement(live, wanted):
    """What is promised of the services; an outage counts from the day on which it was first promised."""
    asked = wanted["services"]["agreement"]
    fields = {**asked["fields"], "service_tags": [{"tag": MARK, "operator": 0, "value": TAG["value"]}]}
    now = live.agreements.get(asked["name"])
    if now is None:
        today = int(time.time()) // DAY * DAY
        parameters = {"name": asked["name"], "effective_date": today, **fields}
        yield Change("nothing is promised of the services", "sla.create", parameters)
        return
    found = differing(now, fields)
    if found:
        yield Change("%s: %s" % (asked["name"], said(found)), "sla.update", {"slaid": now["slaid"], **found})


DAY = 86_400

# In this order: each may need what those before it made.
PHASES = (
    *(settings, administrator, guest, directory, authentication),
    *(template, host_groups, interfaces, hosts, macros, items, dependents, quiet, triggers, consequences, withdrawn),
    *(services, shared_services, agreement),
    *(medium, mute, teller, action),
)


def check(api, wanted):
    try:
        api.log_on(wanted["password"])
    except Refused as why:
        sys.exit("%s does not get in with the stack's password: %s" % (ADMIN, why))
    live = Live(api, wanted)
    found = [change.words for phase in PHASES for change in phase(live, wanted)]
    if found:
        # Of what a guard says the last line is told.
        sys.exit("; ".join(found))


def apply(api, wanted):
    try:
        api.log_on(wanted["password"])
    except Refused:
        let_in(wanted)
        api.log_on(wanted["password"])
    for phase in PHASES:
        for change in list(phase(Live(api, wanted), wanted)):
            api.call(change.method, change.parameters)
            print("maquette: %s" % change.words)


COMMANDS = {"check": check, "apply": apply}


def main(arguments):
    if len(arguments) != 2 or arguments[0] not in COMMANDS:
        sys.exit("usage: supervision.py %s FILE" % "|".join(COMMANDS))
    with open(arguments[1], encoding="utf-8") as file:
        wanted = json.load(file)
    api = Api(wanted)
    try:
        COMMANDS[arguments[0]](api, wanted)
        api.log_out()
    except Stop as stop:
        sys.exit(str(stop))


if __name__ == "__main__":
    main(sys.argv[1:])
