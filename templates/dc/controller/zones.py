"""Told by another process (names.py): this controller's DNS server reads its zones anew."""

from controller.common import load_parameters
from samba.dcerpc import irpc


def reload_zones(_wanted):
    irpc.irpc("irpc:dnssrv", lp_ctx=load_parameters()).dnssrv_reload_dns_zones()
