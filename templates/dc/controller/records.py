"""DNS as the directory holds it: hosts of the plan, and reverse zones."""

import ldb
from controller.common import MARK
from controller.directory import text
from samba.dcerpc import dnsp
from samba.ndr import ndr_pack, ndr_unpack

# RFC 1035 3.2.2.
A, NS, SOA, PTR = 1, 2, 6, 12
TYPES = {"A": A, "PTR": PTR}


def names(directory):
    container = "CN=MicrosoftDNS,DC=DomainDnsZones," + directory.base
    found = present(directory, container)
    reverse_zones(directory, container, found)
    wanted = {}
    for record in directory.wanted["records"]:
        key = (record["zone"], record["name"])
        wanted.setdefault(key, set()).add((TYPES[record["type"]], record["data"].lower()))
    for key, records in wanted.items():
        message, now = found.get(key, (None, set()))
        if now != records or text(message, "description") != MARK:
            directory.differ("name %s in %s" % (key[1], key[0]), set_records, directory, container, key, records)
    for key, (message, now) in found.items():
        if text(message, "description") == MARK and key not in wanted and now:
            said = "name %s in %s is no longer in the plan" % (key[1], key[0])
            directory.differ(said, set_records, directory, container, key, set())


def present(directory, container):
    """By zone and name: what bears it, and its records of the kinds that we write."""
    found = {}
    asked = ["name", "dnsRecord", "description", "dNSTombstoned"]
    for message in directory.search(container, 2, "(objectClass=dnsNode)", asked):
        key = (message.dn.get_component_value(1).lower(), message.dn.get_component_value(0).lower())
        values = message["dnsRecord"] if "dnsRecord" in message else []
        records = [ndr_unpack(dnsp.DnssrvRpcRecord, value) for value in values]
        found[key] = (message, {(r.wType, str(r.data).lower()) for r in records if r.wType in (A, NS, PTR)})
    return found


def reverse_zones(directory, container, found):
    asked = directory.search(container, 1, "(objectClass=dnsZone)", ["name"])
    zones = {str(m["name"][0]).lower() for m in asked}
    servers = {(NS, name) for name in directory.wanted["nameServers"]}
    for zone in directory.wanted["reverseZones"]:
        if zone not in zones:
            directory.has_new_zone = True
            directory.differ("reverse zone " + zone, add_zone, directory, container, zone)
        now = {r for r in found.get((zone, "@"), (None, set()))[1] if r[0] == NS}
        if now != servers:
            directory.differ("name servers of " + zone, set_servers, directory, container, zone)


def add_zone(directory, container, zone):
    # With the properties of the domain's own zone: updates by members, and no scavenging.
    own = directory.search("DC=%s,%s" % (directory.db.domain_dns_name(), container), 0, None, ["dNSProperty"])[0]
    dn, properties = "DC=%s,%s" % (zone, container), list(own["dNSProperty"])
    directory.db.add({"dn": dn, "objectClass": "dnsZone", "dNSProperty": properties})


def set_servers(directory, container, zone):
    soa = dnsp.soa()
    soa.serial, soa.refresh, soa.retry, soa.expire, soa.minimum = 1, 900, 600, 86400, 900
    soa.mname, soa.rname = directory.wanted["nameServers"][0], "hostmaster." + directory.wanted["domain"]
    records = [make_record(SOA, soa), *(make_record(NS, name) for name in directory.wanted["nameServers"])]
    put_records(directory, "DC=@,DC=%s,%s" % (zone, container), records)


def set_records(directory, container, key, records):
    dn = "DC=%s,DC=%s,%s" % (key[1], key[0], container)
    put_records(directory, dn, [make_record(kind, data) for kind, data in sorted(records)])
    if records:
        directory.modify(dn, {"description": [MARK]})


def put_records(directory, dn, records):
    if not directory.search(dn, 0, None, ["dn"]):
        directory.db.add({"dn": dn, "objectClass": "dnsNode", "dnsRecord": [ndr_pack(r) for r in records]})
        return
    directory.db.dns_replace_by_dn(ldb.Dn(directory.db, dn), records)


def make_record(kind, data):
    record = dnsp.DnssrvRpcRecord()
    record.wType = kind
    record.rank = dnsp.DNS_RANK_ZONE
    record.dwTtlSeconds = 900
    record.dwSerial = 1
    record.data = data
    return record
