"""What the others begin with: Samba's settings, its directory, and how a program of ours ends in words."""

import logging
import sys

from samba import param
from samba.auth import system_session
from samba.credentials import Credentials
from samba.samdb import SamDB

PRIVATE = "/var/lib/samba/private"
SMB_CONF = "/etc/samba/smb.conf"
MARK = "maquette"


class Stop(Exception):
    """Said in one line, without a trace."""


def load_parameters():
    lp = param.LoadParm()
    lp.load(SMB_CONF)
    return lp


def open_directory():
    lp = load_parameters()
    return SamDB(session_info=system_session(), lp=lp), lp


def machine_credentials(lp):
    credentials = Credentials()
    credentials.guess(lp)
    credentials.set_machine_account(lp)
    return credentials


def logger():
    found = logging.getLogger("maquette")
    if not found.handlers:
        found.addHandler(logging.StreamHandler(sys.stdout))
        found.setLevel(logging.WARNING)
    return found
