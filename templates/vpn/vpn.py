#!/usr/bin/python3 -I
"""Who may come in by the VPN, and who may stay. Written by maquette.

    vpn.py verify    OpenVPN asks by its hook: a login and a password, on standard input (auth-user-pass-verify)
    vpn.py connect   OpenVPN asks once more: is the certificate this account's (client-connect)
    vpn.py check     exit 1 and who is connected without the right to be
    vpn.py expel     ends their sessions
    vpn.py who       who is in, and since when
    vpn.py answers   exit 1 unless the directory answers the gateway's own account, on every controller

What it asks stands in /etc/maquette/vpn.json, in the shape of `Gateway` in src/roles/vpn/index.ts. Whatever it decides
it says in a line of the journal; a client hears no more than what it may know.
"""

import contextlib
import json
import os
import re
import socket
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

WANTED = "/etc/maquette/vpn.json"
# Patience with one controller, and with all of it: a client waits for its answer.
ONE, ALL = 2, 12
# For so long it is asked again: one with much to do is late, one that is away says nothing, and at first that is the
# same.
AGAIN = 6
# And with OpenVPN, which ends a session five seconds after it was told to.
GONE = 20
# How a command ends, and what OpenVPN finds in the file in which it waits for an answer.
YES, NO = 0, 1
GOOD, BAD = "1", "0"
# The transitive membership of Active Directory ([MS-ADTS] 3.1.1.3.4.4.2), and its bits ([MS-ADTS] 2.2.16).
NESTED = "memberOf:1.2.840.113556.1.4.1941:"
DISABLED = 0x2
# What a controller says beside "invalid credentials", in words ([MS-ERREF] 2.2).
REASONS = {
    "525": "no such account",
    "52e": "wrong password",
    "530": "not at this hour",
    "531": "not from this machine",
    "532": "the password has expired",
    "533": "the account is disabled",
    "701": "the account has expired",
    "773": "the password must be changed first",
    "775": "the account is locked",
}
# What a client may hear: nothing of accounts to whoever has not shown the password.
NOT_YOU = "account or password refused"
NO_RIGHT = "this account has no right to the VPN"
NOT_YOURS = "this profile is another account's"
UNREACHABLE = "TEMP:the directory does not answer, try again later"


class Refused(Exception):
    """Why, for the journal; `said` is what the client hears."""

    def __init__(self, why, said):
        super().__init__(why)
        self.said = said


class Unreachable(Exception):
    pass


def say(words):
    print("maquette: " + words, file=sys.stderr, flush=True)


class Directory:
    """The domain's controllers, those of them that answer within the patience."""

    def __init__(self, wanted):
        # Here, so that whoever is refused without it is refused at once.
        import ldap
        import ldap.filter

        self.ldap = ldap
        self.wanted = wanted
        self.silent = {}
        with ThreadPoolExecutor(len(wanted["servers"])) as pool:
            opened = list(pool.map(self._open, wanted["servers"]))
        self.connections = [connection for connection in opened if connection is not None]
        if not self.connections:
            raise Unreachable("; ".join("%s: %s" % item for item in self.silent.items()))

    def _connection(self, server):
        connection = self.ldap.initialize(server)
        connection.set_option(self.ldap.OPT_REFERRALS, 0)
        connection.set_option(self.ldap.OPT_NETWORK_TIMEOUT, ONE)
        connection.set_option(self.ldap.OPT_TIMEOUT, ONE)
        return connection

    def _open(self, server):
        connection = self._connection(server)
        try:
            connection.simple_bind_s(self.wanted["account"], self.wanted["password"])
            return server, connection
        except self.ldap.INVALID_CREDENTIALS as error:
            self.silent[server] = "refuses the gateway's own account (%s)" % self._reason(error)
        except self.ldap.LDAPError as error:
            self.silent[server] = self._words(error)
        return None

    def _words(self, error):
        told = error.args[0] if error.args and isinstance(error.args[0], dict) else {}
        return str(told.get("info") or told.get("desc") or error)

    def _reason(self, error):
        code = re.search(r"\bdata ([0-9a-f]+)", self._words(error))
        return REASONS.get(code.group(1), "data " + code.group(1)) if code else self._words(error)

    def _search(self, connection, login, also=""):
        escaped = self.ldap.filter.escape_filter_chars(login)
        person = "(&(objectCategory=person)(objectClass=user)(sAMAccountName=%s)%s)" % (escaped, also)
        return connection.search_s(self.wanted["people"], self.ldap.SCOPE_SUBTREE, person, ["userAccountControl"])

    def _dn(self, connection, login):
        found = self._search(connection, login)
        if not found:
            raise Refused("no such account", NOT_YOU)
        dn, attributes = found[0]
        if int(attributes["userAccountControl"][0]) & DISABLED:
            raise Refused("the account is disabled", NOT_YOU)
        return dn

    def must_have_right(self, login):
        """By every controller that answers: what was changed on one is not yet on the other."""
        groups = [self.ldap.filter.escape_filter_chars(group) for group in self.wanted["groups"]]
        rights = "(|%s)" % "".join("(%s=%s)" % (NESTED, group) for group in groups)
        for server, connection in self.connections:
            try:
                self._dn(connection, login)
                if not self._search(connection, login, rights):
                    raise Refused("in no group that grants the VPN", NO_RIGHT)
            except self.ldap.LDAPError as error:
                raise Unreachable("%s: %s" % (server, self._words(error))) from error

    def must_know(self, login, password):
        """The password first: whoever does not have it learns nothing of the account."""
        server, connection = self.connections[0]
        try:
            mine = self._connection(server)
            mine.simple_bind_s(self._dn(connection, login), password)
            mine.unbind_s()
        except self.ldap.INVALID_CREDENTIALS as error:
            raise Refused(self._reason(error), NOT_YOU) from error
        except self.ldap.LDAPError as error:
            raise Unreachable("%s: %s" % (server, self._words(error))) from error


def judge(wanted, login, password):
    """@param password: None where a token of the gateway's own was shown"""
    directory = Directory(wanted)
    for server, why in directory.silent.items():
        say("%s does not answer (%s); the others are asked" % (server, why))
    if password is not None:
        directory.must_know(login, password)
    directory.must_have_right(login)


def must_be_one(common_name, login):
    """Before anybody is asked: with somebody's profile no other account is even tried."""
    if common_name.lower() != login.lower():
        raise Refused("the certificate is %s's" % common_name, NOT_YOURS)


def asked_password(password, state):
    """None for a token that OpenVPN has found good: the right is asked again, and the password is not."""
    if state in ("", "Initial"):
        # A simple bind without a password is an anonymous one, and succeeds (RFC 4513 §5.1.2).
        if password == "":
            raise Refused("an empty password", NOT_YOU)
        return password
    if state == "Authenticated":
        return None
    raise Refused("a token that is %s" % state.lower(), NOT_YOU)


def verify(wanted):
    login, password = [*sys.stdin.read().split("\n"), "", ""][:2]
    common_name = os.environ.get("common_name", "")
    who = "%s from %s" % (login, os.environ.get("untrusted_ip", "?"))
    waiting = threading.Timer(ALL, late, (who,))
    waiting.daemon = True
    waiting.start()
    try:
        must_be_one(common_name, login)
        password = asked_password(password, os.environ.get("session_state", ""))
        patient(lambda: judge(wanted, login, password))
        why, said = "", ""
    except Refused as refused:
        why, said = str(refused), refused.said
    except Unreachable as unreachable:
        why, said = "the directory cannot be asked (%s)" % unreachable, UNREACHABLE
    except Exception as error:
        why, said = "%s: %s" % (type(error).__name__, error), UNREACHABLE
    waiting.cancel()
    return answer(who, why, said)


def patient(ask):
    until = time.monotonic() + AGAIN
    while True:
        try:
            return ask()
        except Unreachable:
            if time.monotonic() > until:
                raise
        time.sleep(0.2)


def late(who):
    os._exit(answer(who, "no answer of the directory within %d s" % ALL, UNREACHABLE))


def tell(said):
    # Before the verdict: OpenVPN reads it with that.
    path = os.environ.get("auth_failed_reason_file")
    if path:
        with open(path, "w", encoding="utf-8") as file:
            file.write(said)


def answer(who, why, said):
    if why:
        say("%s is refused: %s" % (who, why))
        tell(said)
    with open(os.environ["auth_control_file"], "w", encoding="utf-8") as file:
        file.write(BAD if why else GOOD)
    return YES


def connect(_wanted):
    common_name, login = os.environ.get("common_name", ""), os.environ.get("username", "")
    try:
        must_be_one(common_name, login)
    except Refused as refused:
        say("%s is refused: %s" % (login, refused))
        return NO
    say(
        "%s is in from %s as %s"
        % (login, os.environ.get("trusted_ip", "?"), os.environ.get("ifconfig_pool_remote_ip", "?"))
    )
    with open(os.environ["client_connect_deferred_file"], "w", encoding="utf-8") as file:
        file.write(GOOD)
    return YES


class Management:
    """OpenVPN's own console (management-notes.txt), which root alone may open."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(10)
        try:
            self.socket.connect(path)
        except OSError:
            self.socket.close()
            raise
        self.lines = self.socket.makefile("r", encoding="utf-8", errors="replace")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.lines.close()
        self.socket.close()

    def ask(self, command, is_last):
        self.socket.sendall((command + "\n").encode())
        said = []
        for line in self.lines:
            # What it tells of its own accord.
            if not line.startswith(">"):
                said.append(line.rstrip("\r\n"))
                if is_last(said[-1]):
                    return said
        raise OSError("OpenVPN ended the conversation after %r" % command)

    def clients(self):
        """Everybody who is in, by the names of OpenVPN's columns: whoever still waits for an answer has no address."""
        rows = [line.split(",") for line in self.ask("status 2", lambda line: line == "END")]
        names = next(row[2:] for row in rows if row[:2] == ["HEADER", "CLIENT_LIST"])
        clients = [dict(zip(names, row[1:], strict=False)) for row in rows if row[0] == "CLIENT_LIST"]
        return [c for c in clients if c["Virtual Address"]]

    def sessions(self):
        """Login and client id of each."""
        return [(c["Username"], c["Client ID"]) for c in self.clients()]

    def must_be_gone(self, client):
        """A client that is told hears it first; its session ends some seconds later."""
        end = time.monotonic() + GONE
        while client in [known for _, known in self.sessions()]:
            if time.monotonic() > end:
                raise OSError("OpenVPN still has the session %s, %d s after it was ended" % (client, GONE))
            time.sleep(0.2)

    def end(self, client):
        said = self.ask("client-kill " + client, lambda line: line.startswith(("SUCCESS", "ERROR")))[-1]
        if said.startswith("ERROR"):
            raise OSError(said)


def without_right(wanted, management):
    """Login, client id and why of those who are in and may not be."""
    sessions = management.sessions()
    directory, found = Directory(wanted) if sessions else None, []
    for login, client in sessions:
        try:
            directory.must_have_right(login)
        except Refused as refused:
            found.append((login, client, str(refused)))
    return found


def judged(wanted, each):
    """How many are in without the right to be, after `each` of them."""
    try:
        with Management(wanted["management"]) as management:
            found = without_right(wanted, management)
            for login, client, why in found:
                each(management, login, client, why)
            return len(found)
    except (FileNotFoundError, ConnectionRefusedError):
        # The gateway does not run: nobody is in.
        return 0
    except Unreachable as why:
        # Nobody's right is taken away by that, and nobody new comes in.
        say("sessions are not judged: %s" % why)
        return 0


def check(wanted):
    def name(_management, login, _client, why):
        print("%s is in without the right to be: %s" % (login, why))

    return NO if judged(wanted, name) else YES


def expel(wanted):
    def end(management, login, client, why):
        management.end(client)
        say("%s is put out: %s" % (login, why))
        management.must_be_gone(client)

    judged(wanted, end)
    return YES


def who(wanted):
    # A gateway that does not run has nobody.
    with contextlib.suppress(FileNotFoundError, ConnectionRefusedError), Management(wanted["management"]) as management:
        for client in management.clients():
            print("%(Username)s since %(Connected Since)s" % client)
    return YES


def answers(wanted):
    try:
        silent = Directory(wanted).silent
    except Unreachable as why:
        sys.exit(str(why))
    for server, why in silent.items():
        print("%s: %s" % (server, why))
    return NO if silent else YES


COMMANDS = {"verify": verify, "connect": connect, "check": check, "expel": expel, "who": who, "answers": answers}


def main(arguments):
    verb = arguments[0] if arguments else ""
    if verb not in COMMANDS or len(arguments) != 1:
        sys.exit("usage: vpn.py %s" % "|".join(COMMANDS))
    with open(WANTED, encoding="utf-8") as file:
        wanted = json.load(file)
    return COMMANDS[verb](wanted)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
