#!/usr/bin/python3 -I
"""iRedMail's release, installed by its own installer with nobody at the keyboard. Written by maquette.

iredmail.py check      exit 1 and why, unless the release is installed and its account has the password
iredmail.py install    installs it, or sets the password; what a run before left half done is taken away first

Standard input: a JSON document. `release` and `admin` (a digest of the account's password) for both; for install also
`files` (SHA-256 by name), `domain`, `suffix` and `password`. Mail itself is not touched: the boxes are made later, and
are none of this program's affair.

Every password that the installer is given is made up here and now. Some come onto its command lines: those are dead
before this program ends. The others are of programs of this host for each other, and stand in their settings alone.
"""

import base64
import glob
import hashlib
import io
import json
import os
import secrets
import shutil
import subprocess
import sys
import tarfile
import time

FILES = "{{files}}"
DONE = "/var/lib/maquette/iredmail.json"
WORK = "/root/iredmail"
UNIT = "maquette-iredmail.service"
SECONDS = 840
# What it leaves elsewhere, with passwords in it.
TOLD = ("/root/.iredmail", "/var/vmail/vmail1", "/var/vmail/backup")
# What it makes, beside packages and their settings, which it writes again from the start.
MADE = ("/opt/www", "/opt/iredapd", "/opt/iRedAPD-*", "/opt/mlmmjadmin", "/opt/mlmmjadmin-*", "/etc/iredmail-release")
DATABASES = {"mariadb": "/var/lib/mysql", "slapd": "/var/lib/ldap"}
SETTINGS = ("/opt/iRedAPD-*/settings.py", "/opt/mlmmjadmin-*/settings.py", "/opt/www/iRedAdmin-*/settings.py")
ANSWERS = {
    "AUTO_USE_EXISTING_CONFIG_FILE": "y",
    "AUTO_INSTALL_WITHOUT_CONFIRM": "y",
    "AUTO_CLEANUP_REMOVE_SENDMAIL": "y",
    # The host's firewall is ours.
    "AUTO_CLEANUP_REPLACE_FIREWALL_RULES": "n",
    "AUTO_CLEANUP_RESTART_FIREWALL": "n",
    "AUTO_CLEANUP_REPLACE_MYSQL_CONFIG": "y",
    "CHECK_NEW_IREDMAIL": "NO",
    "DEBIAN_FRONTEND": "noninteractive",
    "HOME": "/root",
}
# By the installer's names; all but the first five stand in the settings of a program and nowhere else.
PASSWORDS = (
    "MYSQL_ROOT_PASSWD",
    "DOMAIN_ADMIN_PASSWD_PLAIN",
    "LDAP_ROOTPW",
    "LDAP_BINDPW",
    "LDAP_ADMIN_PW",
    "VMAIL_DB_BIND_PASSWD",
    "VMAIL_DB_ADMIN_PASSWD",
    "AMAVISD_DB_PASSWD",
    "IREDADMIN_DB_PASSWD",
    "IREDAPD_DB_PASSWD",
    "RCM_DB_PASSWD",
    "SOGO_DB_PASSWD",
    "SOGO_SIEVE_MASTER_PASSWD",
    "FAIL2BAN_DB_PASSWD",
    "NETDATA_DB_PASSWD",
    "MLMMJADMIN_API_AUTH_TOKEN",
)


class Failed(Exception):
    pass


def run(*argv, given=None):
    ran = subprocess.run(argv, input=given, capture_output=True, text=True, check=False, timeout=120)
    if ran.returncode != 0:
        said = (ran.stderr.strip() or ran.stdout.strip()).splitlines()[-1:]
        raise Failed("%s: exit %d %s" % (argv[0], ran.returncode, "".join(said)))
    return ran.stdout


def done():
    try:
        with open(DONE) as f:
            return json.load(f)
    except (OSError, ValueError):
        return {}


def keep(asked):
    with open(DONE + ".new", "w") as f:
        json.dump({"release": asked["release"], "admin": asked["admin"]}, f)
        f.flush()
        os.fsync(f.fileno())
    os.rename(DONE + ".new", DONE)


def check(asked):
    found = done()
    if os.path.exists(WORK):
        sys.exit("an installation was begun, and is not done")
    if found.get("release") != asked["release"]:
        sys.exit("it is not installed")
    if found.get("admin") != asked["admin"]:
        sys.exit("the password of iRedAdmin's account is another one")


def opened(asked):
    """The archives, each held against its digest. Nothing is touched before all of them are what they should be."""
    archives = {}
    for name, digest in asked["files"].items():
        with open(os.path.join(FILES, name + ".base64")) as f:
            content = base64.b64decode(f.read())
        if hashlib.sha256(content).hexdigest() != digest:
            raise Failed("%s is another file on this host" % name)
        archives[name] = content
    return archives


def unpack(archives, release):
    """The release in its folder, and the others where it would have downloaded them to."""
    os.mkdir(WORK, 0o700)
    main = "iRedMail-%s.tar.gz" % release
    with tarfile.open(fileobj=io.BytesIO(archives[main])) as tar:
        tar.extractall(WORK, filter="data")
    (root,) = glob.glob(WORK + "/iRedMail-*")
    os.makedirs(root + "/pkgs/misc", exist_ok=True)
    os.makedirs(root + "/runtime", exist_ok=True)
    for name, content in archives.items():
        if name != main:
            with open(os.path.join(root, "pkgs/misc", name), "wb") as f:
                f.write(content)
    # What it would fetch is here.
    with open(root + "/runtime/install.status", "w") as f:
        f.write("export status_get_all='DONE'\n")
    return root


def configure(root, asked, passwords):
    words = {
        "STORAGE_BASE_DIR": "/var/vmail",
        "WEB_SERVER": "NGINX",
        "BACKEND_ORIG": "OPENLDAP",
        "BACKEND": "OPENLDAP",
        "LDAP_SUFFIX": asked["suffix"],
        "FIRST_DOMAIN": asked["domain"],
        "USE_IREDADMIN": "YES",
        # Debian's is beside it; the others come from elsewhere, or are in the way of what the lab has.
        "USE_ROUNDCUBE": "NO",
        "USE_SOGO": "NO",
        "USE_NETDATA": "NO",
        "USE_FAIL2BAN": "NO",
        **passwords,
    }
    fd = os.open(root + "/config", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(fd, "w") as f:
        f.writelines("export %s='%s'\n" % pair for pair in words.items())
        f.write("#EOF\n")


def is_at_work():
    state = run("systemctl", "show", "--property=ActiveState", "--value", UNIT).strip()
    return state in ("active", "activating", "deactivating", "reloading")


def wait():
    """Until the installer has ended, which goes on whatever becomes of whoever started it."""
    last = time.monotonic() + SECONDS
    while is_at_work():
        if time.monotonic() > last:
            subprocess.run(["systemctl", "stop", UNIT], check=False, timeout=120)
            raise Failed("the installer was not done after %d s" % SECONDS)
        time.sleep(0.5)


def start(root):
    """As a unit of its own, without a keyboard: what it would ask is answered, and anything else ends it."""
    run(
        "systemd-run",
        "--quiet",
        "--collect",
        "--unit=" + UNIT,
        "--working-directory=" + root,
        "--property=StandardInput=null",
        "--property=StandardOutput=file:%s/said" % WORK,
        "--property=StandardError=file:%s/said" % WORK,
        "--property=RuntimeMaxSec=%d" % SECONDS,
        *["--setenv=%s=%s" % pair for pair in ANSWERS.items()],
        "bash",
        root + "/iRedMail.sh",
    )


def is_complete(root):
    try:
        with open(root + "/runtime/install.status") as f:
            return 'status_cleanup="DONE"' in f.read()
    except OSError:
        return False


def last_words(root):
    """What the installer said last, without any line that might hold a password."""
    lines = []
    for path in (WORK + "/said", root + "/runtime/install.log"):
        try:
            with open(path, errors="replace") as f:
                lines += f.read().splitlines()
        except OSError:
            pass
    plain = [line for line in lines if line.strip() and "assw" not in line.lower()]
    return "; ".join(line.strip()[:120] for line in plain[-3:])


def remove(*patterns):
    for path in [p for pattern in patterns for p in glob.glob(pattern)]:
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path)
        else:
            os.unlink(path)


def forget(root):
    """What the installer wrote down with passwords in it; overwritten first, where the disk writes in place."""
    for path in [root + "/config", *glob.glob(root + "/*.tips"), *glob.glob(root + "/runtime/*"), WORK + "/said"]:
        if os.path.isfile(path):
            subprocess.run(["shred", "-u", path], check=False, timeout=60)
    remove(*TOLD, "/root/.my.cnf-*", WORK)


def clean():
    """Away with what a run left that was ended half way: nobody has used it, and none of it is mail."""
    for unit, folder in DATABASES.items():
        run("systemctl", "stop", unit)
        remove(folder + "/*", folder + "/.[!.]*")
    run("mariadb-install-db", "--user=mysql", "--auth-root-authentication-method=socket")
    remove(*MADE, *TOLD, "/root/.my.cnf*", WORK, DONE)
    for user in ("root", "amavis", "mlmmj"):
        subprocess.run(["crontab", "-r", "-u", user], check=False, capture_output=True, timeout=30)


def hashed(password):
    path = os.path.join(WORK, "hashed")
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(fd, "w") as f:
        f.write(password)
    try:
        return run("slappasswd", "-n", "-h", "{SSHA}", "-T", path)
    finally:
        os.unlink(path)


SLAPD = "/etc/ldap/slapd.conf"


def rewrite(path, change):
    """Text of a file, in its place and as it was in all else."""
    with open(path) as f:
        text = f.read()
    changed = change(text)
    if changed != text:
        with open(path, "w") as f:
            f.write(changed)
    return changed != text


def modify(asked, hashes):
    """
    New passwords of entries of iRedMail's LDAP, by its administrator, who has one for as long as that takes and whom
    nobody can be afterwards.
    """
    once = secrets.token_hex(20)
    without = [line for line in open(SLAPD).read().splitlines() if not line.startswith("rootpw")]
    rewrite(SLAPD, lambda _: "\n".join(without) + "\n")
    at = next(n for n, line in enumerate(without) if line.startswith("rootdn"))
    rewrite(SLAPD, lambda _: "\n".join([*without[: at + 1], "rootpw " + hashed(once), *without[at + 1 :]]) + "\n")
    try:
        run("systemctl", "restart", "slapd")
        key = os.path.join(WORK, "key")
        fd = os.open(key, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(fd, "w") as f:
            f.write(once)
        changes = "\n".join(
            "dn: %s\nchangetype: modify\nreplace: userPassword\nuserPassword: %s\n" % pair for pair in hashes.items()
        )
        run(
            *["ldapmodify", "-x", "-H", "ldap://127.0.0.1", "-D", "cn=Manager," + asked["suffix"], "-y", key],
            given=changes,
        )
    finally:
        rewrite(SLAPD, lambda _: "\n".join(without) + "\n")
        run("systemctl", "restart", "slapd")


def admin_of(asked):
    domain = asked["domain"]
    return "mail=postmaster@%s,ou=Users,domainName=%s,o=domains,%s" % (domain, domain, asked["suffix"])


def settle(asked, passwords):
    """What was on a command line is worth nothing from here on, and nothing listens to others that need not."""
    new = {name: secrets.token_hex(20) for name in ("LDAP_BINDPW", "LDAP_ADMIN_PW")}
    suffix = asked["suffix"]
    modify(
        asked,
        {
            "cn=vmail," + suffix: hashed(new["LDAP_BINDPW"]),
            "cn=vmailadmin," + suffix: hashed(new["LDAP_ADMIN_PW"]),
            admin_of(asked): hashed(asked["password"]),
        },
    )

    def exchanged(text):
        for name, password in new.items():
            text = text.replace(passwords[name], password)
        return text

    for path in [p for pattern in SETTINGS for p in glob.glob(pattern)]:
        rewrite(path, exchanged)
    # Of MariaDB's administrator root is one by being root.
    run(
        "mariadb",
        "--defaults-file=/root/.my.cnf",
        given="ALTER USER 'root'@'localhost' IDENTIFIED VIA unix_socket; FLUSH PRIVILEGES;",
    )
    remove("/root/.my.cnf", "/root/.my.cnf.*")
    # Postfix and Dovecot have other files (main.cf, dovecot.conf); these look into an LDAP that knows nobody.
    remove("/etc/postfix/ldap", "/etc/postfix/main.cf.*", "/etc/postfix/master.cf.*", "/etc/dovecot/dovecot-*.conf")
    remove("/etc/dovecot/dovecot.conf.*", "/etc/amavis/conf.d/50-user.*", "/etc/ldap/slapd.conf.*")
    rewrite(
        "/etc/default/slapd",
        lambda text: (
            "\n".join(
                'SLAPD_SERVICES="ldap://127.0.0.1/ ldapi:///"' if line.startswith("SLAPD_SERVICES") else line
                for line in text.splitlines()
            )
            + "\n"
        ),
    )
    # Copies are the backup host's to fetch, boxes are nobody's to delete, and iRedAPD and mlmmj have nothing to do.
    jobs = run("crontab", "-l", "-u", "root").splitlines()
    idle = ("/iredapd/", "backup_", "delete_mailboxes")
    kept = [line for line in jobs if not any(word in line for word in idle)]
    run("crontab", "-u", "root", "-", given="\n".join(kept) + "\n")
    subprocess.run(["crontab", "-r", "-u", "mlmmj"], check=False, capture_output=True, timeout=30)
    for unit in ("slapd", "iredadmin"):
        run("systemctl", "restart", unit)


def set_password(asked):
    os.mkdir(WORK, 0o700)
    try:
        modify(asked, {admin_of(asked): hashed(asked["password"])})
    finally:
        remove(WORK)


def install(asked):
    if done().get("release") == asked["release"] and not os.path.exists(WORK):
        set_password(asked)
        keep(asked)
        return
    if is_at_work():
        # Of a run that was cut: what it was given is known to nobody any more.
        wait()
    archives = opened(asked)
    if not done() and glob.glob("/var/vmail/%s/*" % asked["domain"]):
        raise Failed(
            "this host has boxes of Debian's mail server. They stay where roles.yaml says flavour: debian; "
            "without them, `maquette destroy` and the next up make it of iRedMail's"
        )
    if os.path.exists(WORK) or done() or os.path.exists("/opt/www/iredadmin"):
        clean()
    passwords = {name: secrets.token_hex(20) for name in PASSWORDS}
    root = unpack(archives, asked["release"])
    configure(root, asked, passwords)
    start(root)
    wait()
    if not is_complete(root):
        raise Failed("the installer did not come to its end: " + last_words(root))
    settle(asked, passwords)
    forget(root)
    keep(asked)


COMMANDS = {"check": check, "install": install}


def main(arguments):
    if len(arguments) != 1 or arguments[0] not in COMMANDS:
        sys.exit("usage: iredmail.py " + "|".join(COMMANDS))
    try:
        COMMANDS[arguments[0]](json.load(sys.stdin))
    except Failed as why:
        sys.exit("iRedMail is not installed: %s" % why)


if __name__ == "__main__":
    main(sys.argv[1:])
