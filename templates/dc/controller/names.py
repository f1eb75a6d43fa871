"""What DNS servers of the domain say, and how this one hears of a new zone."""

import subprocess
import sys

import dns.exception
import dns.resolver
from controller.common import Stop


def names_controllers(server, domain, fqdns):
    """Whether a DNS server names these controllers of the domain to whoever looks for one."""
    name = "_ldap._tcp.dc._msdcs." + domain
    found = {str(r.target).rstrip(".").lower() for r in look_up(server, name, "SRV")}
    lacking = [f for f in fqdns if f.lower() not in found]
    if lacking:
        raise Stop(
            "%s of %s does not name %s yet, only %s" % (name, server, ", ".join(lacking), ", ".join(sorted(found)))
        )


def look_up(server, name, kind):
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers = [server]
    resolver.lifetime = 3
    try:
        return list(resolver.resolve(name, kind))
    except dns.exception.DNSException as e:
        raise Stop("%s of %s: %s" % (name, server, e)) from e


def tell_dns_server():
    """The DNS server reads its list of zones when it starts, and when it is told."""
    # In a process of its own: Samba's messages crash (4.22) in one that has written to the directory.
    subprocess.run([sys.executable, sys.argv[0], "reload-zones", sys.argv[2]], check=True, timeout=20)
