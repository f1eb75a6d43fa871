"""The domain on this controller and what the plan wants in it. Written by maquette.

    domain.py establish FILE   makes the domain, or joins it when another controller has it;
                               standard input: {"administrator": PASSWORD, "machine": PASSWORD}
    domain.py check FILE       exit 1 and what differs from FILE
    domain.py apply FILE       makes it so; standard input: {"passwords": {LOGIN: PASSWORD}}, for accounts that are made
    domain.py replicated FILE  exit 1 unless this controller has what the others have
    domain.py signed-time FILE exit 1 unless every other controller signs the time that it gives
    domain.py roundtrip FILE   makes an object here, waits until every other controller has it, takes it away

FILE is JSON, in the shape of `Directory` and `Controller` in src/roles/dc/directory.ts. Only what is below the plan's
own OU, or bears its mark, is ever changed or taken away; a password is set when an account is made and never again.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import time

PRIVATE = "/var/lib/samba/private"
# While it is there, what is beside it is half made by us, and may be thrown away.
UNFINISHED = PRIVATE + "/maquette-unfinished"
SMB_CONF = "/etc/samba/smb.conf"
MARK = "maquette"

UF_DISABLED = 0x2
# An attribute of every object that nothing else uses; what it holds tells nothing about the password.
PASSWORD_DIGEST = "adminDescription"


class Stop(Exception):
    """Said in one line, without a trace."""


# ── A controller ─────────────────────────────────────────────────────────────────────────────────────────────────────


def load_parameters():
    from samba import param

    lp = param.LoadParm()
    lp.load(SMB_CONF)
    return lp


def answers(address, domain, seconds):
    """
    Whether a controller of the domain answers there; None where the machine is not even there to refuse. A refusal is
    an answer at once; silence is asked again.
    """
    import ldb
    import samba
    from samba.credentials import Credentials

    lp = load_parameters()
    nobody = Credentials()
    nobody.set_anonymous()
    end = time.monotonic() + seconds
    while True:
        try:
            with socket.create_connection((address, 389), timeout=2):
                pass
            there = samba.Ldb("ldap://" + address, lp=lp, credentials=nobody)
            root = there.search(base="", scope=ldb.SCOPE_BASE, attrs=["defaultNamingContext"])
            naming = str(root[0]["defaultNamingContext"][0])
            wanted = base_dn(domain)
            if naming.lower() != wanted.lower():
                raise Stop("%s is a controller of another domain: %s, not %s" % (address, naming, wanted))
            return True
        except ConnectionRefusedError:
            return False
        except (OSError, ldb.LdbError):
            if time.monotonic() > end:
                return None
            time.sleep(0.5)


def base_dn(domain):
    return ",".join("DC=" + label for label in domain.split("."))


def clear_unfinished():
    """Throws away what an earlier attempt of ours left; refuses what it did not make."""
    if not os.path.exists(UNFINISHED):
        if os.path.exists(PRIVATE + "/sam.ldb"):
            raise Stop(PRIVATE + "/sam.ldb is there already and not of our making: move it away, or keep that domain")
    for folder in (PRIVATE, "/var/lib/samba/sysvol"):
        os.makedirs(folder, exist_ok=True)
        for name in os.listdir(folder):
            path = os.path.join(folder, name)
            if path == UNFINISHED:
                continue
            if os.path.isdir(path) and not os.path.islink(path):
                shutil.rmtree(path)
            else:
                os.unlink(path)
    with open(UNFINISHED, "w") as file:
        file.flush()
        os.fsync(file.fileno())


def provision_here(wanted, passwords):
    from samba import dsdb
    from samba.auth import system_session
    from samba.provision import provision

    provision(
        logger(),
        system_session(),
        smbconf=SMB_CONF,
        realm=wanted["realm"],
        domain=wanted["workgroup"],
        hostname=wanted["controller"]["fqdn"].split(".")[0],
        hostip=wanted["controller"]["address"],
        sitename=wanted["site"],
        adminpass=passwords["administrator"],
        machinepass=passwords["machine"],
        dns_backend="SAMBA_INTERNAL",
        serverrole="active directory domain controller",
        dom_for_fun_level=dsdb.DS_DOMAIN_FUNCTION_2016,
        use_rfc2307=True,
        skip_sysvolacl=False,
        lp=load_parameters(),
    )


def as_after_a_join(wanted, password):
    """Gives this controller's key the version that a join gives it.

    A peer keeps its Kerberos tickets for hours, and does not ask for others when they are refused. Rebuilt, this
    controller joins with the same password; with another version of the key it would refuse them all the same.
    """
    import ldb
    import samba
    from samba.auth import system_session

    samdb, lp = open_directory()
    account = "(sAMAccountName=%s$)" % wanted["controller"]["name"]
    samdb.setpassword(account, password, False)
    found = samdb.search(base=str(samdb.domain_dn()), scope=2, expression=account, attrs=["msDS-KeyVersionNumber"])
    secrets = samba.Ldb(PRIVATE + "/secrets.ldb", session_info=system_session(), lp=lp)
    own = secrets.search(base="CN=Primary Domains", scope=1, expression="(flatname=%s)" % wanted["workgroup"], attrs=[])
    message = ldb.Message()
    message.dn = own[0].dn
    version = str(found[0]["msDS-KeyVersionNumber"][0])
    message["msDS-KeyVersionNumber"] = ldb.MessageElement([version], ldb.FLAG_MOD_REPLACE, "msDS-KeyVersionNumber")
    message["secret"] = ldb.MessageElement([password], ldb.FLAG_MOD_REPLACE, "secret")
    secrets.modify(message)


def join_peer(wanted, peer, passwords):
    from samba import remove_dc
    from samba.auth import system_session
    from samba.credentials import Credentials
    from samba.join import join_DC
    from samba.samdb import SamDB

    lp = load_parameters()
    credentials = Credentials()
    credentials.guess(lp)
    credentials.set_username("Administrator")
    credentials.set_domain(wanted["workgroup"])
    credentials.set_realm(wanted["realm"])
    credentials.set_password(passwords["administrator"])
    name = wanted["controller"]["name"]
    # The domain may still know a controller of this name, whose disk is gone: its roles go to the peer, its records away.
    there = SamDB(url="ldap://" + peer["fqdn"], session_info=system_session(), credentials=credentials, lp=lp)
    known = there.search(
        base=there.get_config_basedn(), scope=2, expression="(&(objectClass=server)(cn=%s))" % name, attrs=[]
    )
    if len(known) > 0:
        print("%s still knows a %s: it is removed first" % (peer["name"], name))
        remove_dc.remove_dc(there, logger(), name)
    join_DC(
        logger=logger(),
        server=peer["fqdn"],
        creds=credentials,
        lp=lp,
        site=wanted["site"],
        netbios_name=name,
        domain=wanted["domain"],
        dns_backend="SAMBA_INTERNAL",
        # The same after each rebuild: the peer holds tickets for this controller, which it does not ask for again.
        machinepass=passwords["machine"],
    )


def establish(wanted):
    passwords = json.load(sys.stdin)
    controller = wanted["controller"]
    # A rebuilt first controller must find the domain that lives on its peer, or there would be two of one name.
    # One that boots meanwhile is waited for: silence is no proof that it holds no domain.
    said = [(p, answers(p["address"], wanted["domain"], 90)) for p in controller["peers"]]
    peers = [p for p, isThere in said if isThere]
    if not peers and not controller["isFirst"]:
        names = ", ".join(p["name"] for p in controller["peers"])
        raise Stop("no controller of %s answers (asked %s): bring one of them up first" % (wanted["domain"], names))
    silent = [p["name"] for p, isThere in said if isThere is None]
    if not peers and silent:
        raise Stop(
            "%s is silent and may hold %s already: a second domain of that name is not made. Start it (maquette up)"
            % (", ".join(silent), wanted["domain"])
        )
    clear_unfinished()
    if peers:
        join_peer(wanted, peers[0], passwords)
        # Removing the dead one took its name away from the zones, and the first controller has looked at them before.
        samdb, _ = open_directory()
        Plan(samdb, wanted, {}).names()
    else:
        provision_here(wanted, passwords)
        as_after_a_join(wanted, passwords["machine"])
    os.unlink(UNFINISHED)
    print("joined " + peers[0]["name"] if peers else "made the domain " + wanted["domain"])


def answering(wanted):
    """Whether this controller is found by DNS and speaks LDAP, as a member of the domain would ask it."""
    own = wanted["controller"]
    names_controllers(own["address"], wanted["domain"], [own["fqdn"]])
    if not answers(own["address"], wanted["domain"], 2):
        raise Stop("no LDAP at " + own["address"])


def names_controllers(server, domain, fqdns):
    """Whether a DNS server names these controllers of the domain to whoever looks for one."""
    name = "_ldap._tcp.dc._msdcs." + domain
    found = {str(r.target).rstrip(".").lower() for r in look_up(server, name, "SRV")}
    lacking = [f for f in fqdns if f.lower() not in found]
    if lacking:
        raise Stop("%s of %s does not name %s yet, only %s" % (name, server, ", ".join(lacking), ", ".join(sorted(found))))


def look_up(server, name, kind):
    import dns.exception
    import dns.resolver

    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers = [server]
    resolver.lifetime = 3
    try:
        return list(resolver.resolve(name, kind))
    except dns.exception.DNSException as e:
        raise Stop("%s of %s: %s" % (name, server, e))


# ── The other controllers ────────────────────────────────────────────────────────────────────────────────────────────


def machine_credentials(lp):
    from samba.credentials import Credentials

    credentials = Credentials()
    credentials.guess(lp)
    credentials.set_machine_account(lp)
    return credentials


def other_servers(samdb):
    """DNS names of the other controllers that the directory knows."""
    import ldb

    own = ldb.Dn(samdb, samdb.get_dsServiceName())
    sites = "CN=Sites," + str(samdb.get_config_basedn())
    for settings in samdb.search(base=sites, scope=2, expression="(objectClass=nTDSDSA)", attrs=["objectGUID"]):
        if settings.dn == own:
            continue
        server = samdb.search(base=settings.dn.parent(), scope=0, attrs=["dNSHostName"])
        if "dNSHostName" in server[0]:
            yield str(server[0]["dNSHostName"][0])


def replicated(wanted):
    """Whether this controller and every other have what the other has; asks them to see to it when they have not."""
    from samba import drs_utils
    from samba.dcerpc import drsuapi
    
    samdb, lp = open_directory()
    tell_dns_server()
    credentials = machine_credentials(lp)
    base = str(samdb.domain_dn())
    parts = [base, str(samdb.get_config_basedn()), "DC=DomainDnsZones," + base]
    late = []
    own = wanted["controller"]["fqdn"]
    names = list(other_servers(samdb))
    sides = [own, *names]
    for side in sides:
        connection, handle, _ = drs_utils.drsuapi_connect(side, lp, credentials)
        partners = neighbours(connection, handle, parts)
        wantedPartners = names if side == own else [own]
        lacking = [n for n in wantedPartners if short(n) not in partners]
        if lacking:
            # Its topology is looked at every five minutes, or when it is asked.
            connection.DsExecuteKCC(handle, 1, drsuapi.DsExecuteKCC1())
            late += ["%s does not replicate from %s yet" % (side, n) for n in lacking]
        late += ["%s from %s: %s" % (side, n, e) for n, e in partners.items() if e and n in map(short, wantedPartners)]
    if late:
        raise Stop("; ".join(late))
    # What it was told to hold is there: the first controller compares by itself.
    if not wanted["controller"]["isFirst"]:
        said = Plan(samdb, wanted, None).run()
        if said:
            raise Stop("not here yet: " + "; ".join(said[:5]))
    # Its names are the last to arrive: whoever asks either server must hear of both.
    address = wanted["controller"]["address"]
    for side in sides:
        server = address if side == own else str(look_up(address, side, "A")[0])
        try:
            names_controllers(server, wanted["domain"], sides)
        except Stop:
            # Where the controllers themselves are named: the zone _msdcs is the forest's.
            fetch_names(samdb, lp, credentials, side, [s for s in sides if s != side], "DC=ForestDnsZones," + base)
            raise


def fetch_names(samdb, lp, credentials, side, others, part):
    """Tells a controller to fetch the part of the directory that holds the names now, and not when it next looks."""
    import ldb
    from samba import drs_utils
    from samba.dcerpc import drsuapi

    connection, handle, _ = drs_utils.drsuapi_connect(side, lp, credentials)
    sites = "CN=Sites," + str(samdb.get_config_basedn())
    for settings in samdb.search(base=sites, scope=ldb.SCOPE_SUBTREE, expression="(objectClass=nTDSDSA)", attrs=["objectGUID"]):
        server = samdb.search(base=settings.dn.parent(), scope=ldb.SCOPE_BASE, attrs=["dNSHostName"])
        if "dNSHostName" in server[0] and str(server[0]["dNSHostName"][0]) in others:
            guid = samdb.schema_format_value("objectGUID", settings["objectGUID"][0]).decode()
            drs_utils.sendDsReplicaSync(connection, handle, guid, part, drsuapi.DRSUAPI_DRS_WRIT_REP)


def neighbours(connection, handle, parts):
    """Names of those from whom it replicates all the parts, each with what is wrong, if anything."""
    from samba import drs_utils
    from samba.dcerpc import drsuapi

    request = drsuapi.DsReplicaGetInfoRequest1()
    request.info_type = drsuapi.DRSUAPI_DS_REPLICA_INFO_NEIGHBORS
    _, info = connection.DsReplicaGetInfo(handle, 1, request)
    found = {}
    for n in info.array:
        if n.naming_context_dn in parts:
            # CN=NTDS Settings,CN=DC1,…: the name that the domain knows the server by.
            said = "" if n.result_last_attempt[0] == 0 else n.result_last_attempt[1]
            if said or not n.last_success:
                # Just made, or the last attempt met a peer that was starting: it would try again in five minutes.
                try:
                    drs_utils.sendDsReplicaSync(connection, handle, str(n.source_dsa_obj_guid), n.naming_context_dn, drsuapi.DRSUAPI_DRS_WRIT_REP)
                    said = ""
                except drs_utils.drsException as e:
                    said = str(e)
            found.setdefault(server_of(n.source_dsa_obj_dn), []).append(said)
    return {name: next((s for s in said if s), "") for name, said in found.items() if len(said) == len(parts)}


def short(name):
    return name.split(".")[0].lower()


def server_of(dn):
    return dn.split(",")[1].split("=", 1)[1].lower()


def roundtrip(wanted):
    """An object made here is read on every other controller, and is taken away again."""
    from samba.auth import system_session
    from samba.samdb import SamDB

    samdb, lp = open_directory()
    base = str(samdb.domain_dn())
    name = "maquette-probe-%d" % time.time_ns()
    dn = "CN=%s,%s,%s" % (name, wanted["units"][0]["dn"], base)
    others = list(other_servers(samdb))
    if not others:
        raise Stop("the directory knows no other controller")
    samdb.add({"dn": dn, "objectClass": "contact", "description": MARK})
    try:
        begun = time.monotonic()
        for host in others:
            there = SamDB(url="ldap://" + host, session_info=system_session(), credentials=machine_credentials(lp), lp=lp)
            while len(there.search(base=base, scope=2, expression="(&(objectClass=contact)(cn=%s))" % name, attrs=["cn"])) == 0:
                if time.monotonic() - begun > 10:
                    raise Stop("%s has not got it in 10 s" % host)
                time.sleep(0.1)
            print("%s read it after %.1f s" % (host, time.monotonic() - begun))
    finally:
        samdb.delete(dn)


def signed_time(wanted):
    """Asks the others for the time as a member of the domain does ([MS-SNTP] 3.1.5.1), and checks each signature."""
    import hashlib
    import struct

    from samba.dcerpc import security
    from samba.ndr import ndr_unpack

    samdb, lp = open_directory()
    own = machine_credentials(lp)
    found = samdb.search(
        base=str(samdb.domain_dn()), scope=2, expression="(sAMAccountName=%s)" % own.get_username(), attrs=["objectSid"]
    )
    rid = ndr_unpack(security.dom_sid, found[0]["objectSid"][0]).split()[1]
    key = bytes(own.get_nt_hash())
    for peer in wanted["controller"]["peers"]:
        # A client's question of version 3, then the key's number and no signature.
        question = bytes([0x1B]) + bytes(47) + struct.pack("<I", rid) + bytes(16)
        with socket.socket(socket.AF_INET6 if ":" in peer["address"] else socket.AF_INET, socket.SOCK_DGRAM) as udp:
            udp.settimeout(3)
            udp.connect((peer["address"], 123))
            udp.send(question)
            try:
                answer = udp.recv(256)
            except OSError as e:
                raise Stop("%s gives no signed time: %s" % (peer["name"], e))
        if len(answer) < 68 or answer[52:68] != hashlib.md5(key + answer[:48]).digest():
            raise Stop("the time of %s is not signed by the domain" % peer["name"])
        seconds = struct.unpack(">I", answer[40:44])[0] - 2208988800
        print("%s signs; it is %d s away" % (peer["name"], abs(seconds - time.time())))


def logger():
    import logging

    found = logging.getLogger("maquette")
    if not found.handlers:
        found.addHandler(logging.StreamHandler(sys.stdout))
        found.setLevel(logging.WARNING)
    return found


# ── The directory ────────────────────────────────────────────────────────────────────────────────────────────────────


class Plan:
    """Differences, each said in a line; with isApply each is removed as it is found."""

    def __init__(self, samdb, wanted, passwords):
        self.db = samdb
        self.wanted = wanted
        self.passwords = passwords
        self.isApply = passwords is not None
        self.base = str(samdb.domain_dn())
        self.said = []
        self.hasNewZone = False

    def differ(self, text, change=None):
        self.said.append(text)
        if self.isApply and change is not None:
            change()

    def dn(self, relative):
        return relative + "," + self.base

    def search(self, base, scope, expression, attrs):
        import ldb

        try:
            return list(self.db.search(base=base, scope=scope, expression=expression, attrs=attrs))
        except ldb.LdbError as e:
            if e.args[0] == ldb.ERR_NO_SUCH_OBJECT:
                return []
            raise

    def modify(self, dn, changes):
        """changes: attribute to list of values; an empty list takes it away."""
        import ldb

        message = ldb.Message()
        message.dn = ldb.Dn(self.db, dn)
        for name, values in changes.items():
            message[name] = ldb.MessageElement([v.encode() for v in values], ldb.FLAG_MOD_REPLACE, name)
        self.db.modify(message)

    def run(self):
        if self.wanted["domain"].lower() != self.db.domain_dns_name().lower():
            raise Stop(
                "the controller is of %s, and the plan says %s: a domain is not renamed by a plan"
                % (self.db.domain_dns_name(), self.wanted["domain"])
            )
        self.password_policy()
        self.subnets()
        self.units()
        self.accounts()
        self.groups()
        self.delegation()
        self.names()
        return self.said

    # Password policy, of the whole domain.

    def password_policy(self):
        names = list(self.wanted["passwordPolicy"])
        found = self.db.search(base=self.base, scope=0, attrs=names)[0]
        changes = {
            name: [str(value)]
            for name, value in self.wanted["passwordPolicy"].items()
            if name not in found or str(found[name][0]) != str(value)
        }
        if changes:
            self.differ("password policy: " + ", ".join(sorted(changes)), lambda: self.modify(self.base, changes))

    # Sites and subnets.

    def subnets(self):
        from samba import sites

        configuration = str(self.db.get_config_basedn())
        site = "CN=%s,CN=Sites,%s" % (self.wanted["site"], configuration)
        if not self.search(site, 0, "(objectClass=site)", ["cn"]):
            self.differ("site " + self.wanted["site"], lambda: sites.create_site(self.db, self.db.get_config_basedn(), self.wanted["site"]))
        container = "CN=Subnets,CN=Sites," + configuration
        found = {str(m["cn"][0]): m for m in self.search(container, 1, "(objectClass=subnet)", ["cn", "siteObject", "description"])}
        for network, description in self.wanted["subnets"].items():
            said = "%s: %s" % (MARK, description)
            dn = "CN=%s,%s" % (network, container)
            now = found.get(network)
            if now is None:
                add = {"dn": dn, "objectClass": "subnet", "siteObject": site, "description": said}
                self.differ("subnet " + network, lambda: self.db.add(add))
            elif str(now["siteObject"][0] if "siteObject" in now else "").lower() != site.lower() or text(now, "description") != said:
                self.differ("subnet " + network, lambda: self.modify(dn, {"siteObject": [site], "description": [said]}))
        for network, now in found.items():
            if network not in self.wanted["subnets"] and text(now, "description").startswith(MARK + ":"):
                self.differ("subnet %s is no longer in the plan" % network, lambda: self.db.delete(now.dn))

    # Organizational units.

    def units(self):
        root = self.dn(self.wanted["units"][0]["dn"])
        found = {str(m.dn).lower(): m for m in self.search(root, 2, "(objectClass=organizationalUnit)", ["description"])}
        for unit in self.wanted["units"]:
            dn = self.dn(unit["dn"])
            now = found.get(dn.lower())
            if now is None:
                add = {"dn": dn, "objectClass": "organizationalUnit", "description": unit["description"]}
                self.differ("OU " + unit["dn"], lambda: self.db.add(add))
            elif text(now, "description") != unit["description"]:
                self.differ("OU %s: description" % unit["dn"], lambda: self.modify(dn, {"description": [unit["description"]]}))

    # People and service accounts.

    def accounts(self):
        import ldb

        wanted = self.wanted["accounts"]
        attributes = sorted({name for a in wanted.values() for name in a["attributes"]})
        ask = ["sAMAccountName", "userAccountControl", "description", PASSWORD_DIGEST, *attributes]
        bases = [self.dn(b) for b in self.wanted["accountUnits"]]
        found = {}
        for base in bases:
            for message in self.search(base, 2, "(&(objectCategory=person)(objectClass=user))", ask):
                found[str(message["sAMAccountName"][0]).lower()] = message
        for login, account in wanted.items():
            dn = self.dn(account["dn"])
            now = found.get(login.lower())
            if now is None:
                self.differ("account " + login, lambda: self.add_account(login, account))
                continue
            if ldb.Dn(self.db, dn) != now.dn:
                self.differ("account %s: place" % login, lambda: self.db.rename(now.dn, dn))
            changes = {
                name: [value] if value is not None else []
                for name, value in account["attributes"].items()
                if text(now, name) != (value or "")
            }
            control = int(str(now["userAccountControl"][0]))
            description = text(now, "description")
            # Disabled by us because it had left the plan; one that a person disabled stays so.
            if description.startswith(self.wanted["removedMark"]):
                control &= ~UF_DISABLED
                changes["description"] = []
            control |= account["control"]
            if control != int(str(now["userAccountControl"][0])):
                changes["userAccountControl"] = [str(control)]
            if changes:
                self.differ("account %s: %s" % (login, ", ".join(sorted(changes))), lambda: self.modify(dn, changes))
            digest = account.get("passwordDigest")
            if digest is not None and digest != text(now, PASSWORD_DIGEST):
                self.differ("account %s: password" % login, lambda: self.set_password(login, account))
        for login, now in found.items():
            if login in {name.lower() for name in wanted}:
                continue
            control = int(str(now["userAccountControl"][0]))
            hasMark = text(now, "description").startswith(self.wanted["removedMark"])
            if control & UF_DISABLED and hasMark:
                continue
            said = "%s (%s)" % (self.wanted["removedMark"], time.strftime("%Y-%m-%d"))
            changes = {"userAccountControl": [str(control | UF_DISABLED)], "description": [said]}
            self.differ(
                "account %s is no longer in the plan: disabled" % login, lambda: self.modify(str(now.dn), changes)
            )

    def set_password(self, login, account):
        self.db.setpassword("(sAMAccountName=%s)" % login, self.passwords[login], False)
        self.modify(self.dn(account["dn"]), {PASSWORD_DIGEST: [account["passwordDigest"]]})

    def add_account(self, login, account):
        import ldb

        elsewhere = self.search(self.base, 2, "(sAMAccountName=%s)" % ldb.binary_encode(login), ["cn"])
        if elsewhere:
            raise Stop("%s is there already as %s, which is not ours: rename one of them" % (login, elsewhere[0].dn))
        if login not in self.passwords:
            raise Stop("no password was given for the new account " + login)
        add = {
            "dn": self.dn(account["dn"]),
            "objectClass": "user",
            "sAMAccountName": login,
            "userAccountControl": str(0x200 | account["control"]),
            "unicodePwd": ('"%s"' % self.passwords[login]).encode("utf-16-le"),
            **{name: value for name, value in account["attributes"].items() if value is not None},
            **({PASSWORD_DIGEST: account["passwordDigest"]} if "passwordDigest" in account else {}),
        }
        self.db.add(add)

    # Groups and who is in them.

    def groups(self):
        import ldb

        base = self.dn(self.wanted["groupUnit"])
        found = {
            str(m["sAMAccountName"][0]).lower(): m
            for m in self.search(base, 2, "(objectClass=group)", ["sAMAccountName", "description", "member"])
        }
        for name, group in self.wanted["groups"].items():
            dn = "CN=%s,%s" % (name, base)
            now = found.get(name.lower())
            members = {ldb.Dn(self.db, self.dn(m)).get_casefold(): self.dn(m) for m in group["members"]}
            if now is None:
                elsewhere = self.search(self.base, 2, "(sAMAccountName=%s)" % ldb.binary_encode(name), ["cn"])
                if elsewhere:
                    raise Stop("%s is there already as %s, which is not ours: rename one of them" % (name, elsewhere[0].dn))
                add = {"dn": dn, "objectClass": "group", "sAMAccountName": name, "description": group["description"]}
                if members:
                    add["member"] = list(members.values())
                self.differ("group " + name, lambda: self.db.add(add))
                continue
            if text(now, "description") != group["description"]:
                self.differ("group %s: description" % name, lambda: self.modify(dn, {"description": [group["description"]]}))
            present = {ldb.Dn(self.db, str(m)).get_casefold() for m in (now["member"] if "member" in now else [])}
            if present != set(members):
                self.differ("group %s: members" % name, lambda: self.modify(dn, {"member": list(members.values())}))
        for name, now in found.items():
            # A group that the plan no longer has gives nothing to anybody; its SID stays, for what names it.
            if name not in {n.lower() for n in self.wanted["groups"]} and "member" in now:
                self.differ("group %s is no longer in the plan: emptied" % name, lambda: self.modify(str(now.dn), {"member": []}))

    # Rights that a group has over accounts, without being an administrator of the domain.

    def delegation(self):
        from samba.dcerpc import security
        from samba.ndr import ndr_unpack
        from samba.sd_utils import SDUtils

        wanted = self.wanted["delegation"]
        dn = self.dn(wanted["unit"])
        sids = {}
        for message in self.search(self.dn(self.wanted["groupUnit"]), 2, "(objectClass=group)", ["sAMAccountName", "objectSid"]):
            sids[str(message["sAMAccountName"][0])] = str(ndr_unpack(security.dom_sid, message["objectSid"][0]))
        found = self.search(dn, 0, None, ["nTSecurityDescriptor"])
        sddl = ""
        if found:
            own = security.dom_sid(self.db.get_domain_sid())
            sddl = ndr_unpack(security.descriptor, found[0]["nTSecurityDescriptor"][0]).as_sddl(own)
        for name in sorted(set(sids) | set(wanted["groups"])):
            for right in wanted["rights"]:
                ace = right.replace("SID", sids.get(name, "-"))
                if (ace in sddl) == (name in wanted["groups"]):
                    continue
                if name in wanted["groups"]:
                    self.differ("rights of %s over accounts" % name, lambda: SDUtils(self.db).dacl_add_ace(dn, ace))
                else:
                    self.differ("rights of %s over accounts are no longer in the plan" % name, lambda: SDUtils(self.db).dacl_delete_aces(dn, ace))

    # DNS: hosts of the plan, and reverse zones.

    def names(self):
        from samba.dcerpc import dnsp
        from samba.ndr import ndr_unpack

        container = "CN=MicrosoftDNS,DC=DomainDnsZones," + self.base
        zones = {str(m["name"][0]).lower() for m in self.search(container, 1, "(objectClass=dnsZone)", ["name"])}
        found = {}
        for message in self.search(container, 2, "(objectClass=dnsNode)", ["name", "dnsRecord", "description", "dNSTombstoned"]):
            zone = message.dn.get_component_value(1).lower()
            key = (zone, message.dn.get_component_value(0).lower())
            records = [ndr_unpack(dnsp.DnssrvRpcRecord, value) for value in (message["dnsRecord"] if "dnsRecord" in message else [])]
            found[key] = (message, {(r.wType, str(r.data).lower()) for r in records if r.wType in (1, 2, 12)})
        for zone in self.wanted["reverseZones"]:
            if zone not in zones:
                self.hasNewZone = True
                self.differ("reverse zone " + zone, lambda: self.add_zone(container, zone))
            servers = {(2, name) for name in self.wanted["nameServers"]}
            now = {r for r in found.get((zone, "@"), (None, set()))[1] if r[0] == 2}
            if now != servers:
                self.differ("name servers of " + zone, lambda: self.set_servers(container, zone))
        types = {"A": 1, "PTR": 12}
        wanted = {}
        for record in self.wanted["records"]:
            wanted.setdefault((record["zone"], record["name"]), set()).add((types[record["type"]], record["data"].lower()))
        for key, records in wanted.items():
            message, now = found.get(key, (None, set()))
            if now != records or text(message, "description") != MARK:
                self.differ("name %s in %s" % (key[1], key[0]), lambda: self.set_records(container, key, records))
        for key, (message, now) in found.items():
            if text(message, "description") == MARK and key not in wanted and now:
                self.differ("name %s in %s is no longer in the plan" % (key[1], key[0]), lambda: self.set_records(container, key, set()))

    def add_zone(self, container, zone):
        # With the properties of the domain's own zone: updates by members, and no scavenging.
        own = self.search("DC=%s,%s" % (self.db.domain_dns_name(), container), 0, None, ["dNSProperty"])[0]
        self.db.add({"dn": "DC=%s,%s" % (zone, container), "objectClass": "dnsZone", "dNSProperty": list(own["dNSProperty"])})

    def set_servers(self, container, zone):
        from samba.dcerpc import dnsp

        first = self.wanted["nameServers"][0]
        soa = dnsp.soa()
        soa.serial, soa.refresh, soa.retry, soa.expire, soa.minimum = 1, 900, 600, 86400, 900
        soa.mname, soa.rname = first, "hostmaster." + self.wanted["domain"]
        records = [make_record(6, soa)] + [make_record(2, name) for name in self.wanted["nameServers"]]
        self.put_records("DC=@,DC=%s,%s" % (zone, container), records)

    def set_records(self, container, key, records):
        dn = "DC=%s,DC=%s,%s" % (key[1], key[0], container)
        self.put_records(dn, [make_record(kind, data) for kind, data in sorted(records)])
        if records:
            self.modify(dn, {"description": [MARK]})

    def put_records(self, dn, records):
        import ldb
        from samba.ndr import ndr_pack

        if not self.search(dn, 0, None, ["dn"]):
            self.db.add({"dn": dn, "objectClass": "dnsNode", "dnsRecord": [ndr_pack(r) for r in records]})
            return
        self.db.dns_replace_by_dn(ldb.Dn(self.db, dn), records)


def make_record(kind, data):
    from samba.dcerpc import dnsp

    record = dnsp.DnssrvRpcRecord()
    record.wType = kind
    record.rank = dnsp.DNS_RANK_ZONE
    record.dwTtlSeconds = 900
    record.dwSerial = 1
    record.data = data
    return record


def text(message, name):
    return str(message[name][0]) if message is not None and name in message else ""


def open_directory():
    from samba.auth import system_session
    from samba.samdb import SamDB

    lp = load_parameters()
    return SamDB(session_info=system_session(), lp=lp), lp


def check(wanted):
    samdb, _ = open_directory()
    said = Plan(samdb, wanted, None).run()
    for line in said:
        print(line)
    return 1 if said else 0


def apply(wanted):
    passwords = json.load(sys.stdin)["passwords"]
    samdb, _ = open_directory()
    # All or nothing: a second run then starts where the first did.
    samdb.transaction_start()
    try:
        plan = Plan(samdb, wanted, passwords)
        said = plan.run()
    except BaseException:
        samdb.transaction_cancel()
        raise
    samdb.transaction_commit()
    for line in said:
        print(line)
    if plan.hasNewZone:
        tell_dns_server()


def tell_dns_server():
    """The DNS server reads its list of zones when it starts, and when it is told."""
    # In a process of its own: Samba's messages crash (4.22) in one that has written to the directory.
    subprocess.run([sys.executable, __file__, "reload-zones", sys.argv[2]], check=True, timeout=20)


def reload_zones(_wanted):
    from samba.dcerpc import irpc

    irpc.irpc("irpc:dnssrv", lp_ctx=load_parameters()).dnssrv_reload_dns_zones()


COMMANDS = {
    "establish": establish,
    "answers": answering,
    "check": check,
    "apply": apply,
    "reload-zones": reload_zones,
    "replicated": replicated,
    "roundtrip": roundtrip,
    "signed-time": signed_time,
}



def main(arguments):
    if len(arguments) != 2 or arguments[0] not in COMMANDS:
        sys.exit("usage: domain.py %s FILE" % "|".join(COMMANDS))
    with open(arguments[1], encoding="utf-8") as file:
        wanted = json.load(file)
    try:
        return COMMANDS[arguments[0]](wanted)
    except Stop as stop:
        sys.exit(str(stop))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
