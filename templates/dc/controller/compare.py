"""The plan and the directory: what differs, and made so."""

import json
import sys

from controller.accounts import accounts
from controller.common import Stop, open_directory
from controller.computers import computers
from controller.directory import Directory
from controller.groups import delegation, groups
from controller.names import tell_dns_server
from controller.places import password_policy, subnets, units
from controller.records import names


def differences(directory):
    domain, wanted = directory.db.domain_dns_name(), directory.wanted["domain"]
    if wanted.lower() != domain.lower():
        raise Stop(
            "the controller is of %s, and the plan says %s: a domain is not renamed by a plan" % (domain, wanted)
        )
    for kind in (password_policy, subnets, units, accounts, computers, groups, delegation, names):
        kind(directory)
    return directory.said


def check(wanted):
    samdb, _ = open_directory()
    said = differences(Directory(samdb, wanted, None))
    for line in said:
        print(line)
    return 1 if said else 0


def apply(wanted):
    passwords = json.load(sys.stdin)["passwords"]
    samdb, _ = open_directory()
    # All or nothing: a second run then starts where the first did.
    samdb.transaction_start()
    try:
        directory = Directory(samdb, wanted, passwords)
        said = differences(directory)
    except BaseException:
        samdb.transaction_cancel()
        raise
    samdb.transaction_commit()
    for line in said:
        print(line)
    if directory.has_new_zone:
        tell_dns_server()
