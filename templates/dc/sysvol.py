"""SYSVOL on this domain controller, made equal to the one that group policies are edited on. Written by maquette.

Samba replicates the directory, but not SYSVOL. Group policies are edited on the controller that holds the PDC emulator
role; every other one copies from it: files, deletions and NT ACLs, by SMB 3 with signing and encryption, as its own
machine account. So no port, key or account is needed beyond those that the domain has already, SIDs are mapped on each
side by itself, and when the role moves the direction follows.

    sysvol.py pull    copies what differs
    sysvol.py check   exit 1 and the paths that differ, if any: from whom this one copies; where it is this one itself,
                      from all the others
    sysvol.py adopt   brings NT ACLs of before to where smb.conf says that they are now
    sysvol.py adopted exit 1 if some are not there
"""

import os
import shutil
import sys
import time

import ldb
from samba import NTSTATUSError, param
from samba.auth import system_session
from samba.auth_util import system_session_unix
from samba.credentials import SMB_ENCRYPTION_REQUIRED, SMB_SIGNING_REQUIRED, Credentials
from samba.dcerpc import security
from samba.ntacls import getntacl, setntacl
from samba.samba3 import libsmb_samba_internal as libsmb
from samba.samba3 import param as s3param
from samba.samba3 import smbd
from samba.samdb import SamDB

SMB_CONF = "/etc/samba/smb.conf"
SHARE = "sysvol"
# Samba's own place, and smb.conf's `acl_xattr:security_acl_name`.
ACL_BEFORE = "security.NTACL"
ACL = "user.NTACL"
ATTRIBUTES = (
    libsmb.FILE_ATTRIBUTE_SYSTEM
    | libsmb.FILE_ATTRIBUTE_DIRECTORY
    | libsmb.FILE_ATTRIBUTE_ARCHIVE
    | libsmb.FILE_ATTRIBUTE_HIDDEN
)
# NT_STATUS_INVALID_SID, NT_STATUS_NO_LOGON_SERVERS, NT_STATUS_CONNECTION_REFUSED ([MS-ERREF] 2.3.1).
REFUSED_AT_START = (0xC0000078, 0xC000005E, 0xC0000236)
TEMPORARY = ".maquette-new"


def source(samdb):
    """DNS name of the controller that holds the PDC emulator role; None when it is this one."""
    found = samdb.search(base=samdb.domain_dn(), scope=ldb.SCOPE_BASE, attrs=["fSMORoleOwner"])
    owner = ldb.Dn(samdb, str(found[0]["fSMORoleOwner"][0]))
    if owner == ldb.Dn(samdb, samdb.get_dsServiceName()):
        return None
    server = samdb.search(base=owner.parent(), scope=ldb.SCOPE_BASE, attrs=["dNSHostName"])
    return str(server[0]["dNSHostName"][0])


def others(samdb):
    """DNS names of every other controller."""
    own = ldb.Dn(samdb, samdb.get_dsServiceName())
    services = samdb.search(base=samdb.get_config_basedn(), expression="(objectClass=nTDSDSA)", attrs=["dn"])
    servers = [service.dn.parent() for service in services if service.dn != own]
    found = [samdb.search(base=dn, scope=ldb.SCOPE_BASE, attrs=["dNSHostName"])[0] for dn in servers]
    return sorted(str(server["dNSHostName"][0]) for server in found)


class Remote:
    def __init__(self, host, lp):
        credentials = Credentials()
        credentials.guess(lp)
        credentials.set_machine_account(lp)
        credentials.set_smb_signing(SMB_SIGNING_REQUIRED)
        credentials.set_smb_encryption(SMB_ENCRYPTION_REQUIRED)
        s3lp = s3param.get_context()
        s3lp.load(SMB_CONF)
        self.connection = self.connect(host, s3lp, credentials)

    @staticmethod
    def connect(host, lp, credentials):
        """
        A controller that has just started refuses for some seconds: its winbind still gives out the numbers of groups.
        """
        deadline = time.monotonic() + 30
        while True:
            try:
                return libsmb.Conn(host, SHARE, lp=lp, creds=credentials)
            except NTSTATUSError as e:
                if e.args[0] not in REFUSED_AT_START or time.monotonic() > deadline:
                    raise
            time.sleep(0.5)

    def walk(self, folder=""):
        """Pairs of relative path and entry, a folder before what is in it."""
        for entry in self.connection.list(folder.replace("/", "\\"), attribs=ATTRIBUTES):
            path = folder + "/" + entry["name"] if folder else entry["name"]
            is_folder = bool(entry["attrib"] & libsmb.FILE_ATTRIBUTE_DIRECTORY)
            yield path, is_folder
            if is_folder:
                yield from self.walk(path)

    def content(self, path):
        return self.connection.loadfile(path.replace("/", "\\"))

    def sddl(self, path, sid):
        flags = security.SECINFO_OWNER | security.SECINFO_GROUP | security.SECINFO_DACL
        return self.connection.get_acl(path.replace("/", "\\"), flags, security.SEC_STD_READ_CONTROL).as_sddl(sid)


class Local:
    def __init__(self, lp, sid):
        self.root = lp.get("path", SHARE)
        self.sid = sid
        self.session = system_session_unix()
        # The file server's own library finds the share by this.
        self.lp = s3param.get_context()
        self.lp.load(SMB_CONF)

    def at(self, path):
        return os.path.join(self.root, path)

    def walk(self):
        for folder, folders, files in os.walk(self.root):
            for name in folders + files:
                yield os.path.relpath(os.path.join(folder, name), self.root)

    def sddl(self, path):
        descriptor = getntacl(self.lp, self.at(path), self.session, direct_db_access=False, service=SHARE)
        descriptor.type &= ~security.SEC_DESC_SACL_PRESENT
        descriptor.sacl = None
        return descriptor.as_sddl(self.sid)

    def content(self, path):
        with open(self.at(path), "rb") as file:
            return file.read()

    def remove(self, path):
        full = self.at(path)
        if os.path.isdir(full) and not os.path.islink(full):
            shutil.rmtree(full)
        elif os.path.lexists(full):
            os.unlink(full)

    def write(self, path, content, sddl):
        """Under another name until it is whole."""
        temporary = self.at(path) + TEMPORARY
        if os.path.lexists(temporary):
            os.unlink(temporary)
        smbd.create_file(temporary, self.session, SHARE)
        with open(temporary, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        self.protect(path + TEMPORARY, sddl)
        os.rename(temporary, self.at(path))

    def protect(self, path, sddl):
        setntacl(self.lp, self.at(path), sddl, self.sid, self.session, use_ntvfs=False, service=SHARE)


def compare(remote, local, sid, is_pull):
    """Yields the paths that differ; with is_pull makes them equal."""
    names = {}
    for path, is_folder in remote.walk():
        names[path] = is_folder
        full = local.at(path)
        sddl = remote.sddl(path, sid)
        has_kind = os.path.isdir(full) if is_folder else os.path.isfile(full)
        content = None if is_folder else remote.content(path)
        if has_kind and local.sddl(path) == sddl and (is_folder or local.content(path) == content):
            continue
        yield path
        if not is_pull:
            continue
        if not has_kind:
            local.remove(path)
        if not is_folder:
            local.write(path, content, sddl)
            continue
        if not has_kind:
            smbd.mkdir(full, local.session, SHARE)
        local.protect(path, sddl)
    for path in [p for p in local.walk() if p not in names]:
        yield path
        # Last, and only after the whole of the other side was read: a broken connection deletes nothing.
        if is_pull:
            local.remove(path)


def attribute(path, name):
    try:
        return os.getxattr(path, name, follow_symlinks=False)
    except OSError:
        return None


def adopt(is_applied):
    """Yields the paths whose NT ACL is only where Samba kept it before; with is_applied copies it, as it is."""
    root = "/var/lib/samba/sysvol"
    paths = [root] + [os.path.join(at, name) for at, folders, files in os.walk(root) for name in folders + files]
    for path in paths:
        before = attribute(path, ACL_BEFORE)
        if before is None or attribute(path, ACL) is not None:
            continue
        yield path
        if is_applied:
            os.setxattr(path, ACL, before, follow_symlinks=False)


def main(command):
    if command in ("adopt", "adopted"):
        left = list(adopt(command == "adopt"))
        print("\n".join(left))
        return 1 if left and command == "adopted" else 0
    lp = param.LoadParm()
    lp.load(SMB_CONF)
    samdb = SamDB(session_info=system_session(), lp=lp)
    host = source(samdb)
    if host is None and command == "pull":
        print("this controller holds the PDC emulator role: the others copy from it")
        return 0
    sid = security.dom_sid(samdb.get_domain_sid())
    is_equal = True
    for name in [host] if host is not None else others(samdb):
        different = list(compare(Remote(name, lp), Local(lp, sid), sid, command == "pull"))
        for path in different:
            print(("copied " if command == "pull" else "differs from " + name + ": ") + path)
        if not different:
            print("equal to " + name)
        is_equal = is_equal and not different
    return 0 if is_equal or command == "pull" else 1


if __name__ == "__main__":
    if sys.argv[1:] not in (["pull"], ["check"], ["adopt"], ["adopted"]):
        sys.exit("usage: sysvol.py pull|check|adopt|adopted")
    sys.exit(main(sys.argv[1]))
