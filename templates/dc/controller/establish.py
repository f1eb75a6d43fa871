"""Makes the domain, or joins it where another controller has it."""

import json
import os
import shutil
import subprocess
import sys
import time

import ldb
import samba
from controller.common import PRIVATE, SMB_CONF, Stop, load_parameters, logger, open_directory
from controller.directory import Directory
from controller.reach import answers
from controller.records import names
from samba import dsdb, remove_dc
from samba.auth import system_session
from samba.credentials import Credentials
from samba.join import join_DC
from samba.provision import provision
from samba.samdb import SamDB

# While it is there, what is beside it is half made by us, and may be thrown away.
UNFINISHED = PRIVATE + "/maquette-unfinished"
SYSVOL = "/var/lib/samba/sysvol"
# While it is there, SYSVOL was not copied since this controller joined again.
NO_SYSVOL = PRIVATE + "/maquette-no-sysvol"
SOUND = "/usr/local/lib/maquette/sound.py"


def establish(wanted):
    passwords = json.load(sys.stdin)
    controller = wanted["controller"]
    # A rebuilt first controller must find the domain that lives on its peer, or there would be two of one name.
    # One that boots meanwhile is waited for: silence is no proof that it holds no domain.
    said = [(p, answers(p["address"], wanted["domain"], 90)) for p in controller["peers"]]
    peers = [p for p, is_there in said if is_there]
    if not peers and not controller["isFirst"]:
        asked = ", ".join(p["name"] for p in controller["peers"])
        raise Stop("no controller of %s answers (asked %s): bring one of them up first" % (wanted["domain"], asked))
    silent = [p["name"] for p, is_there in said if is_there is None]
    if not peers and silent:
        raise Stop(
            "%s is silent and may hold %s already: a second domain of that name is not made. Start it (maquette up)"
            % (", ".join(silent), wanted["domain"])
        )
    damage = damage_of_directory()
    if damage and not peers:
        raise Stop(
            "%s, and no other controller answers that would give the directory back. Start one (maquette up), go back "
            "to a snapshot of the whole lab (maquette reset), or restore %s" % (damage, PRIVATE)
        )
    if damage:
        print("%s: it is kept aside as %s" % (damage, keep_aside()))
    clear_unfinished(is_kept=damage is not None)
    if peers:
        join_peer(wanted, peers[0], passwords)
        # Removing the dead one took its name away from the zones, and the first controller has looked at them before.
        samdb, _ = open_directory()
        names(Directory(samdb, wanted, {}))
    else:
        provision_here(wanted, passwords)
        as_after_a_join(wanted, passwords["machine"])
    if damage:
        with open(NO_SYSVOL, "w"):
            pass
    os.unlink(UNFINISHED)
    print("joined " + peers[0]["name"] if peers else "made the domain " + wanted["domain"])


def damage_of_directory():
    """What of a directory that was once whole no longer holds together, in words; None where it does, or never was."""
    if os.path.exists(UNFINISHED) or not os.path.exists(PRIVATE + "/sam.ldb"):
        return None
    asked = subprocess.run([sys.executable, SOUND], capture_output=True, text=True, check=False)
    return None if asked.returncode == 0 else asked.stderr.strip()


def keep_aside():
    """Nothing is thrown away that somebody might still read. A copy: not every file system moves a whole folder."""
    subprocess.run(["systemctl", "stop", "samba-ad-dc"], check=True)
    suffix = time.strftime(".damaged-%Y%m%dT%H%M%SZ", time.gmtime())
    for folder in (PRIVATE, SYSVOL):
        if os.path.isdir(folder):
            subprocess.run(["cp", "-a", "--", folder, folder + suffix], check=True)
    return PRIVATE + suffix


def clear_unfinished(is_kept):
    """Throws away what an earlier attempt of ours left, or what is kept elsewhere; refuses what it did not make."""
    if not is_kept and not os.path.exists(UNFINISHED) and os.path.exists(PRIVATE + "/sam.ldb"):
        raise Stop(PRIVATE + "/sam.ldb is there already and not of our making: move it away, or keep that domain")
    for folder in (PRIVATE, SYSVOL):
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
    lp = load_parameters()
    credentials = Credentials()
    credentials.guess(lp)
    credentials.set_username("Administrator")
    credentials.set_domain(wanted["workgroup"])
    credentials.set_realm(wanted["realm"])
    credentials.set_password(passwords["administrator"])
    name = wanted["controller"]["name"]
    # The domain may still know a controller of this name, whose disk is gone: its roles go to the peer, its records
    # away.
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
