"""For how many seconds this controller has had no copy of what another one has, the oldest of all its parts.

Asked of the controller's own directory: where the others cannot be reached is when it matters. Nothing had yet is as
old as the time is.
"""

import sys
import time

import ldb
from samba.auth import system_session
from samba.dcerpc import drsblobs
from samba.ndr import ndr_unpack
from samba.param import LoadParm
from samba.samdb import SamDB

# Seconds from 1601, where the directory's clock begins, to 1970 ([MS-DTYP] 2.3.3, in units of 100 ns).
EPOCH = 11_644_473_600


def fetched(samdb):
    """When each part was last had of each controller that it is taken from; 0 for never."""
    base = str(samdb.domain_dn())
    forest = str(samdb.get_root_basedn())
    parts = [base, str(samdb.get_config_basedn()), "DC=DomainDnsZones," + base, "DC=ForestDnsZones," + forest]
    for part in parts:
        sources = samdb.search(base=part, scope=ldb.SCOPE_BASE, attrs=["repsFrom"])[0].get("repsFrom", [])
        if not len(sources):
            yield 0
        for source in sources:
            last = ndr_unpack(drsblobs.repsFromToBlob, bytes(source)).ctr.last_success
            yield last / 10_000_000 - EPOCH if last else 0


def age(times, now):
    return max(0, round(now - min(times)))


def main():
    parameters = LoadParm()
    parameters.load_default()
    samdb = SamDB(session_info=system_session(parameters), lp=parameters)
    print(age(fetched(samdb), time.time()))


if __name__ == "__main__":
    sys.exit(main())
