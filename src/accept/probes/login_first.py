"""Whether what answers here gives anything to somebody who has not logged on.

`{wait, domain, tries, closed, targets: [{name, kind, address, port, names, isTls}]}`: of each target what it speaks
(`web`, `imap`, `sieve`, `submission`, `sip`, `ldap`), and the names under which a web server is asked; whether logins
are tried that must be refused, and `closed`, where not null, of them: an account that is disabled, and its right
password, `{login, principal, password}`.
→ `[{name, result, said}]`: `shut` (nobody answers), `login` (gives nothing, and refuses what was tried), `data` (gave
something, or let somebody in)
"""

import base64
import contextlib
import http.client
import imaplib
import json
import re
import smtplib
import socket
import ssl
import sys
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urljoin, urlsplit

from words import why

# Of nobody: a wrong password for an account that is used would be counted against it.
NOBODY = ("personne-de-la-recette", "not-the-password")
PASSWORD_FIELD = re.compile(rb"""<input[^>]+type\s*=\s*["']?password\b""", re.IGNORECASE)
PAGES = 5


class Given(Exception):
    """What was given that should not be."""


class Nothing(Exception):
    """Nobody answers."""


def tls():
    # Whether its certificate is good is asked by others.
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def logins(asked):
    closed = asked["closed"]
    if not asked["tries"]:
        return []
    return [NOBODY] if closed is None else [NOBODY, (closed["login"], closed["password"])]


def connected(asked, target, is_tls):
    try:
        plain = socket.create_connection((target["address"], target["port"]), timeout=asked["wait"])
        return tls().wrap_socket(plain, server_hostname=target["names"][0]) if is_tls else plain
    except OSError as error:
        raise Nothing(why(error)) from error


def page(asked, target, name, path, login=None):
    """`(status, headers, text)` of one page."""
    connection = http.client.HTTPConnection(name, timeout=asked["wait"])
    connection.sock = connected(asked, {**target, "names": [name]}, target["isTls"])
    headers = {"Host": name, "User-Agent": "maquette-accept"}
    if login:
        headers["Authorization"] = "Basic " + base64.b64encode(":".join(login).encode()).decode()
    with contextlib.closing(connection):
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read(200_000)


def page_refuses(asked, target, name):
    """What a page says to somebody without a login, in words."""
    path = "/"
    for _ in range(PAGES):
        status, headers, text = page(asked, target, name, path)
        if status not in (301, 302, 303, 307, 308):
            break
        to = urlsplit(urljoin("%s://%s%s" % ("https" if target["isTls"] else "http", name, path), headers["Location"]))
        if to.hostname != name or (to.scheme == "https") != target["isTls"]:
            return "leads to %s://%s" % (to.scheme, to.hostname)
        path = to.path + ("?" + to.query if to.query else "")
    if status == 401:
        for login in logins(asked) if "Basic" in headers.get("WWW-Authenticate", "") else []:
            again, _, _ = page(asked, target, name, path, login)
            if again != 401:
                raise Given("HTTP %d to %s" % (again, login[0]))
        return "HTTP 401"
    if status in (404, 410) or status >= 500:
        return "no page"
    if status == 403:
        return "HTTP 403"
    if PASSWORD_FIELD.search(text):
        return "a login page"
    raise Given("HTTP %d and %d bytes without a login at %s%s" % (status, len(text), name, path))


def web(asked, target):
    said = {}
    for name in target["names"]:
        said.setdefault(page_refuses(asked, target, name), name)
    return ", ".join(said)


def imap(asked, target):
    class Box(imaplib.IMAP4_SSL):
        def _create_socket(self, timeout):
            return connected(asked, target, is_tls=True)

    box = Box(target["address"], target["port"])
    with contextlib.closing(box.socket()):
        # The library itself would not ask it of a server to which nobody is logged on.
        box.send(b"a SELECT INBOX\r\n")
        if box.readline().upper().startswith(b"A OK"):
            raise Given("a box without a login")
        for login in logins(asked)[-1:]:
            try:
                box.login(*login)
            except imaplib.IMAP4.error:
                continue
            raise Given("let %s in" % login[0])
    return "no box without a login"


def talk(asked, target, is_tls, text):
    """What is said after this."""
    with connected(asked, target, is_tls) as channel:
        channel.sendall(text)
        return channel.recv(4096)


def sieve(asked, target):
    with connected(asked, target, is_tls=False) as channel, channel.makefile("rwb") as lines:
        answers(lines)
        lines.write(b"LISTSCRIPTS\r\n")
        lines.flush()
        verdict = answers(lines)
        if verdict.startswith(b"OK"):
            raise Given("rules without a login")
        return "no rules without a login"


def answers(lines):
    """Until the word that ends an answer (RFC 5804 §1.2)."""
    for line in lines:
        if line.startswith((b"OK", b"NO", b"BYE")):
            return line
    raise Nothing("it ended the conversation")


def submission(asked, target):
    server = smtplib.SMTP_SSL if target["isTls"] else smtplib.SMTP
    how = {"context": tls()} if target["isTls"] else {}
    try:
        smtp = server(target["address"], target["port"], timeout=asked["wait"], **how)
    except OSError as error:
        raise Nothing(why(error)) from error
    with smtp:
        if not target["isTls"]:
            smtp.starttls(context=tls())
        smtp.ehlo()
        smtp.mail("recette@maquette.invalid")
        if smtp.rcpt("recette@maquette.invalid")[0] < 400:
            raise Given("takes a letter without a login")
        # In the middle of a letter nobody may log on (RFC 4954 §4).
        smtp.rset()
        for login in logins(asked)[-1:]:
            with contextlib.suppress(smtplib.SMTPResponseException):
                if smtp.login(*login)[0] == 235:
                    raise Given("let %s in" % login[0])
    return "takes no letter without a login"


def sip(asked, target):
    """RFC 3261 §22: who is not known is asked who he is, or refused."""
    head = (
        "{method} sip:{host} SIP/2.0\r\nVia: SIP/2.0/TLS {host};branch=z9hG4bK{method}\r\nMax-Forwards: 5\r\n"
        "From: <sip:personne@{host}>;tag=recette\r\nTo: <sip:{to}@{host}>\r\nCall-ID: {method}-recette\r\n"
        "CSeq: 1 {method}\r\nContact: <sip:personne@{host}>\r\nContent-Length: 0\r\n\r\n"
    )
    said = []
    for method, to in (("REGISTER", "personne"), ("INVITE", "100")):
        text = head.format(method=method, to=to, host=target["names"][0])
        status = talk(asked, target, target["isTls"], text.encode()).split(b"\r\n")[0].decode("ascii", "replace")
        code = int((re.match(r"SIP/2\.0 (\d{3})", status) or [0, "0"])[1])
        if not 400 <= code < 700:
            raise Given("%s to %s" % (status, method))
        said.append(str(code))
    return "SIP %s" % " and ".join(said)


def tlv(tag, *parts):
    """X.690 §8.1, definite length."""
    body = b"".join(parts)
    size = len(body)
    if size < 0x80:
        return bytes([tag, size]) + body
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + body


def elements(data):
    """`(tag, content)` of each whole element, and what is left."""
    found = []
    while len(data) >= 2:
        size, start = data[1], 2
        if size & 0x80:
            start = 2 + (size & 0x7F)
            size = int.from_bytes(data[2:start], "big")
        if len(data) < start + size:
            break
        found.append((data[0], data[start : start + size]))
        data = data[start + size :]
    return found, data


def ldap_answers(channel, request, last):
    """What a directory answers to one request, `(tag, content)` each, to the last kind of it (RFC 4511 §4)."""
    channel.sendall(tlv(0x30, tlv(0x02, b"\1"), request))
    rest, found = b"", []
    while not any(tag == last for tag, _ in found):
        data = channel.recv(65536)
        if not data:
            raise Nothing("it ended the conversation")
        messages, rest = elements(rest + data)
        found += [elements(content)[0][1] for _, content in messages]
    return found


def ldap(asked, target):
    """Nobody sees an entry below the base, and nobody is bound whom the directory does not know or has disabled."""
    with connected(asked, target, target["isTls"]) as channel:
        base = b",".join(b"DC=" + part.encode() for part in asked["domain"].split("."))
        every = tlv(0x87, b"objectClass")
        number = tlv(0x02, b"\5")
        scope = tlv(0x0A, b"\2") + tlv(0x0A, b"\0")
        search = tlv(0x63, tlv(0x04, base), scope, number, number, tlv(0x01, b"\0"), every, tlv(0x30))
        if any(tag == 0x64 for tag, _ in ldap_answers(channel, search, 0x65)):
            raise Given("entries without a login")
        closed = asked["closed"]
        for login, password in [(closed["principal"], closed["password"])] if closed and asked["tries"] else []:
            bind = tlv(0x60, tlv(0x02, b"\3"), tlv(0x04, login.encode()), tlv(0x80, password.encode()))
            code = elements(dict(ldap_answers(channel, bind, 0x61))[0x61])[0][0][1]
            if code == b"\0":
                raise Given("let %s in" % login)
    return "no entry without a login"


KINDS = {"web": web, "imap": imap, "sieve": sieve, "submission": submission, "sip": sip, "ldap": ldap}


def one(asked, target):
    try:
        return {"name": target["name"], "result": "login", "said": KINDS[target["kind"]](asked, target)}
    except Nothing as nothing:
        return {"name": target["name"], "result": "shut", "said": str(nothing)}
    except Given as given:
        return {"name": target["name"], "result": "data", "said": str(given)}
    except (OSError, http.client.HTTPException, smtplib.SMTPException, imaplib.IMAP4.error) as error:
        return {"name": target["name"], "result": "shut", "said": why(error)}


def main():
    asked = json.load(sys.stdin)
    with ThreadPoolExecutor(8) as pool:
        print(json.dumps(list(pool.map(lambda target: one(asked, target), asked["targets"]))))


if __name__ == "__main__":
    main()
