"""Whether controllers answer, as a member of the domain would ask them."""

import socket
import time

import ldb
import samba
from controller.common import Stop, load_parameters
from controller.names import names_controllers
from samba.credentials import Credentials


def answers(address, domain, seconds):
    """
    Whether a controller of the domain answers there; None where the machine is not even there to refuse. A refusal is
    an answer at once; silence is asked again.
    """
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


def answering(wanted):
    """Whether this controller is found by DNS and speaks LDAP, as a member of the domain would ask it."""
    own = wanted["controller"]
    names_controllers(own["address"], wanted["domain"], [own["fqdn"]])
    if not answers(own["address"], wanted["domain"], 2):
        raise Stop("no LDAP at " + own["address"])
