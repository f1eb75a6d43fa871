"""Whether controllers have what the others have."""

import time

import ldb
from controller.common import MARK, Stop, machine_credentials, open_directory
from controller.compare import differences
from controller.directory import Directory
from controller.names import look_up, names_controllers, tell_dns_server
from samba import drs_utils
from samba.auth import system_session
from samba.dcerpc import drsuapi
from samba.samdb import SamDB

# A change is announced within seconds; what a busy machine makes of them is no fault of the directory's.
PATIENCE = 30


def replicated(wanted):
    """Whether this controller and every other have what the other has; asks them to see to it when they have not."""
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
        wished = names if side == own else [own]
        lacking = [n for n in wished if short(n) not in partners]
        if lacking:
            # Its topology is looked at every five minutes, or when it is asked.
            connection.DsExecuteKCC(handle, 1, drsuapi.DsExecuteKCC1())
            late += ["%s does not replicate from %s yet" % (side, n) for n in lacking]
        late += ["%s from %s: %s" % (side, n, e) for n, e in partners.items() if e and n in map(short, wished)]
    if late:
        raise Stop("; ".join(late))
    # What it was told to hold is there: the first controller compares by itself.
    if not wanted["controller"]["isFirst"]:
        said = differences(Directory(samdb, wanted, None))
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


def other_servers(samdb):
    """DNS names of the other controllers that the directory knows."""
    own = ldb.Dn(samdb, samdb.get_dsServiceName())
    sites = "CN=Sites," + str(samdb.get_config_basedn())
    for settings in samdb.search(base=sites, scope=2, expression="(objectClass=nTDSDSA)", attrs=["objectGUID"]):
        if settings.dn == own:
            continue
        server = samdb.search(base=settings.dn.parent(), scope=0, attrs=["dNSHostName"])
        if "dNSHostName" in server[0]:
            yield str(server[0]["dNSHostName"][0])


def fetch_names(samdb, lp, credentials, side, others, part):
    """Tells a controller to fetch the part of the directory that holds the names now, and not when it next looks."""
    connection, handle, _ = drs_utils.drsuapi_connect(side, lp, credentials)
    sites = "CN=Sites," + str(samdb.get_config_basedn())
    found = samdb.search(base=sites, scope=ldb.SCOPE_SUBTREE, expression="(objectClass=nTDSDSA)", attrs=["objectGUID"])
    for settings in found:
        server = samdb.search(base=settings.dn.parent(), scope=ldb.SCOPE_BASE, attrs=["dNSHostName"])
        if "dNSHostName" in server[0] and str(server[0]["dNSHostName"][0]) in others:
            guid = samdb.schema_format_value("objectGUID", settings["objectGUID"][0]).decode()
            drs_utils.sendDsReplicaSync(connection, handle, guid, part, drsuapi.DRSUAPI_DRS_WRIT_REP)


def neighbours(connection, handle, parts):
    """Names of those from whom it replicates all the parts, each with what is wrong, if anything."""
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
                    guid, part = str(n.source_dsa_obj_guid), n.naming_context_dn
                    drs_utils.sendDsReplicaSync(connection, handle, guid, part, drsuapi.DRSUAPI_DRS_WRIT_REP)
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
    samdb, lp = open_directory()
    base = str(samdb.domain_dn())
    name = "maquette-probe-%d" % time.time_ns()
    dn = "CN=%s,%s,%s" % (name, wanted["units"][0]["dn"], base)
    ours = "(&(objectClass=contact)(cn=%s))" % name
    others = list(other_servers(samdb))
    if not others:
        raise Stop("the directory knows no other controller")
    samdb.add({"dn": dn, "objectClass": "contact", "description": MARK})
    try:
        begun = time.monotonic()
        for host in others:
            credentials = machine_credentials(lp)
            there = SamDB(url="ldap://" + host, session_info=system_session(), credentials=credentials, lp=lp)
            while len(there.search(base=base, scope=2, expression=ours, attrs=["cn"])) == 0:
                if time.monotonic() - begun > PATIENCE:
                    raise Stop("%s has not got it in %d s" % (host, PATIENCE))
                time.sleep(0.1)
            print("%s read it after %.1f s" % (host, time.monotonic() - begun))
    finally:
        samdb.delete(dn)
