"""This machine as a member of the domain: its key (/etc/krb5.keytab). Written by maquette.

    machine.py check REALM ACCOUNT NAME  exit 1 and why, unless the domain knows this machine by its key
    machine.py join REALM ACCOUNT NAME   makes the key of the password, which is all of standard input

The account and its password are the domain's already (templates/dc/controller/computers.py), so joining changes nothing
there: a machine that was made anew, or taken back, joins again. ACCOUNT is PC1$, NAME pc1.cod.test.
"""

import contextlib
import os
import pty
import re
import select
import subprocess
import sys
import tempfile
import time

KEYTAB = "/etc/krb5.keytab"
CIPHER = "aes256-cts-hmac-sha1-96"
PROMPT = "ktutil:  "
# A controller may hear of a new account or password a moment later than the one that was told.
PATIENCE_SECONDS = 30
ANSWER_SECONDS = 10


class Stop(Exception):
    """Said in one line, without a trace."""


def kerberos(cache, *command, password=None):
    ran = subprocess.run(
        command,
        input=password,
        env={**os.environ, "KRB5CCNAME": "FILE:" + cache, "LC_ALL": "C.UTF-8"},
        capture_output=True,
        text=True,
        timeout=ANSWER_SECONDS,
        check=False,
    )
    if ran.returncode != 0:
        raise Stop(((ran.stderr.strip() or ran.stdout.strip()).split("\n"))[-1])
    return ran.stdout


def check(account, service):
    """Whether the key opens what the domain gives out for this machine: the right one, of the right number."""
    if not os.path.exists(KEYTAB):
        raise Stop("this machine has no key (%s)" % KEYTAB)
    with tempfile.TemporaryDirectory() as folder:
        kerberos(folder + "/cache", "kinit", "-k", account)
        kerberos(folder + "/cache", "kvno", "-q", "-k", KEYTAB, service)


def number_of_key(account, password):
    """Which of its passwords this is, by the domain's count."""
    end = time.monotonic() + PATIENCE_SECONDS
    with tempfile.TemporaryDirectory() as folder:
        while True:
            try:
                kerberos(folder + "/cache", "kinit", account, password=password + "\n")
                return re.search(r"kvno = (\d+)", kerberos(folder + "/cache", "kvno", account)).group(1)
            except (Stop, subprocess.TimeoutExpired) as refused:
                if time.monotonic() > end:
                    raise Stop("the domain does not take this machine's password: %s" % refused) from None
                time.sleep(0.5)


def salt_of(realm, name):
    """Of a machine's password ([MS-KILE] 3.1.1.2)."""
    return "%shost%s" % (realm, name.lower())


@contextlib.contextmanager
def ktutil():
    """MIT's tool at a terminal: it asks for a password there and nowhere else."""
    pid, fd = pty.fork()
    if pid == 0:
        os.execvp("ktutil", ["ktutil"])  # noqa: S606 - it asks for passwords at a terminal alone
    try:
        yield fd
    finally:
        os.close(fd)
        os.waitpid(pid, 0)


def wait(fd, words):
    said = ""
    end = time.monotonic() + ANSWER_SECONDS
    while not said.endswith(words):
        if not select.select([fd], [], [], max(0, end - time.monotonic()))[0]:
            raise Stop("ktutil does not ask for %s" % words.strip())
        try:
            said += os.read(fd, 4096).decode("utf-8", "replace")
        except OSError:
            raise Stop("ktutil ended: is the package krb5-user installed?") from None


def write_keytab(path, principals, number, salt, password):
    with ktutil() as fd:
        wait(fd, PROMPT)
        for principal in principals:
            add = "addent -password -p %s -k %s -e %s -s %s\n" % (principal, number, CIPHER, salt)
            os.write(fd, add.encode())
            wait(fd, "Password for %s: " % principal)
            os.write(fd, (password + "\n").encode())
            wait(fd, PROMPT)
        os.write(fd, ("wkt %s\n" % path).encode())
        wait(fd, PROMPT)
        os.write(fd, b"quit\n")


def join(account, service, realm, name, password):
    number = number_of_key(account, password)
    new = KEYTAB + ".maquette"
    with contextlib.suppress(FileNotFoundError):
        os.unlink(new)
    os.umask(0o077)
    write_keytab(new, [account, service], number, salt_of(realm, name), password)
    if not os.path.exists(new):
        raise Stop("ktutil has written no key")
    os.replace(new, KEYTAB)
    check(account, service)


def main(arguments):
    if len(arguments) != 4 or arguments[0] not in ("check", "join"):
        sys.exit("usage: machine.py check|join REALM ACCOUNT NAME")
    verb, realm, login, name = arguments
    account, service = "%s@%s" % (login, realm), "host/%s@%s" % (name, realm)
    try:
        if verb == "check":
            check(account, service)
        else:
            join(account, service, realm, name, sys.stdin.read().strip())
    except (Stop, subprocess.TimeoutExpired) as stop:
        sys.exit(str(stop))


if __name__ == "__main__":
    main(sys.argv[1:])
