"""What a mail program is told of an address, and whether one gets in by what it was told.

A program of mail has its own words for the same: here a server is `{kind, server, port, tls, login}`, with `imap` or
`smtp`, and `SSL` or `STARTTLS`.
"""

import plistlib
import smtplib
import ssl
import urllib.parse
import xml.etree.ElementTree as ElementTree

from post import Box, Outgoing
from web import Site, address_of
from words import last_words

OUTLOOK = "http://schemas.microsoft.com/exchange/autodiscover/outlook/%sschema/2006%s"
REQUEST = """<?xml version="1.0" encoding="utf-8"?>
<Autodiscover xmlns="%s">
  <Request>
    <EMailAddress>%s</EMailAddress>
    <AcceptableResponseSchema>%s</AcceptableResponseSchema>
  </Request>
</Autodiscover>
"""


def fetched(site, method, path, body=None):
    headers = {} if body is None else {"Content-Type": "text/xml"}
    answer, text = site.say(method, path, body, headers)
    if answer.status != 200:
        raise ValueError("%s%s: HTTP %d" % (site.host, path, answer.status))
    return text


def read_by_thunderbird(text, address):
    def server(element, kind):
        return {
            "kind": kind,
            "server": element.findtext("hostname"),
            "port": int(element.findtext("port")),
            "tls": element.findtext("socketType"),
            "login": element.findtext("username").replace("%EMAILADDRESS%", address),
        }

    provider = ElementTree.fromstring(text).find("emailProvider")  # noqa: S314 - of the lab's own server
    return [
        *[server(e, e.get("type")) for e in provider.findall("incomingServer")],
        *[server(e, e.get("type")) for e in provider.findall("outgoingServer")],
    ]


def read_by_outlook(text):
    space = {"o": OUTLOOK % ("response", "a")}
    answer = ElementTree.fromstring(text)  # noqa: S314 - of the lab's own server
    account = answer.find("o:Response/o:Account", space)
    if account is None or account.findtext("o:Action", None, space) != "settings":
        raise ValueError("no settings: " + " ".join(text.split())[-120:])
    return [
        {
            "kind": protocol.findtext("o:Type", "", space).lower(),
            "server": protocol.findtext("o:Server", None, space),
            "port": int(protocol.findtext("o:Port", "0", space)),
            "tls": "SSL" if protocol.findtext("o:SSL", None, space) == "on" else "none",
            "login": protocol.findtext("o:LoginName", None, space),
        }
        for protocol in account.findall("o:Protocol", space)
    ]


def asked_by_thunderbird(asked, host, address):
    query = "?emailaddress=" + urllib.parse.quote(address)
    site = Site(asked, host)
    found = fetched(site, "GET", "/mail/config-v1.1.xml" + query)
    if fetched(site, "GET", "/.well-known/autoconfig/mail/config-v1.1.xml" + query) != found:
        raise ValueError("its two addresses answer differently")
    return read_by_thunderbird(found, address)


def asked_by_outlook(asked, host, address):
    request = REQUEST % (OUTLOOK % ("request", ""), address, OUTLOOK % ("response", "a"))
    return read_by_outlook(fetched(Site(asked, host), "POST", "/autodiscover/autodiscover.xml", request))


def read_by_apple(text):
    profile = plistlib.loads(text.encode())
    account = next(part for part in profile["PayloadContent"] if part["PayloadType"] == "com.apple.mail.managed")
    if any("Password" in key and "Same" not in key for key in account):
        raise ValueError("a password is in it")
    return [
        {
            "kind": kind,
            "server": account[side + "MailServerHostName"],
            "port": account[side + "MailServerPortNumber"],
            "tls": "SSL" if account[side + "MailServerUseSSL"] else "none",
            "login": account[side + "MailServerUsername"],
        }
        for kind, side in (("imap", "Incoming"), ("smtp", "Outgoing"))
    ]


def asked_by_apple(asked, host, address):
    query = "?emailaddress=" + urllib.parse.quote(address)
    return read_by_apple(fetched(Site(asked, host), "GET", "/apple.mobileconfig" + query))


ASKED = {"thunderbird": asked_by_thunderbird, "outlook": asked_by_outlook, "apple": asked_by_apple}


class Wrapped(Outgoing):
    """TLS from the start."""

    def _get_socket(self, *where):
        return ssl.create_default_context().wrap_socket(super()._get_socket(*where), server_hostname=self.asked["name"])


def enter(asked, told, password):
    """Logs on as told. Raises what keeps from it."""
    there = {**asked, "name": told["server"], "address": address_of(asked, told["server"])}
    if told["kind"] == "imap" and told["tls"] == "SSL":
        box = Box({**there, "ports": {"imaps": told["port"]}})
        try:
            box.login(told["login"], password)
        finally:
            box.logout()
        return
    there["ports"] = {"told": told["port"]}
    opened = {"SSL": lambda: Wrapped(there, "told"), "STARTTLS": lambda: Outgoing(there, "told").secured()}
    if told["kind"] != "smtp" or told["tls"] not in opened:
        raise ValueError("no program of ours speaks %(kind)s with %(tls)s" % told)
    with opened[told["tls"]]() as out:
        out.user, out.password = told["login"], password
        out.ehlo()
        out.auth("PLAIN", out.auth_plain)


def configured(asked, program, host, address, password):
    told = ASKED[program](asked, host, address)
    failed = []
    for one in told:
        try:
            enter(asked, one, password)
        except (OSError, ValueError, smtplib.SMTPException, Box.error) as error:
            failed.append("%s:%d: %s" % (one["server"], one["port"], last_words(error)))
    return {"told": ["%(kind)s %(server)s:%(port)d %(tls)s %(login)s" % one for one in told], "failed": failed}
