"""Asks eBrigade's web for what it owes its users, by TLS with the lab's authority and under its own name.

Beside what way.py asks for, `{name, port}` and as far as something is to be asked:

    page     {person, at: {WAY: ADDRESS}, http} → {WAY: {shut, title, policy, http}}: of each address (null: as the name
             is resolved) the status without a login, and with it the page's title, its policy for browsers, and what
             answers without TLS
    tries    {NAME: {login, password}} → {NAME: STATUS}
    guesses  {person, most} → {refused, limited, back}: how many of so many invented logins were heard and refused,
             whether any was heard no more, and whether the person is let in again afterwards
    at       for tries and guesses: the address
"""

import base64
import html
import http.client
import json
import re
import secrets
import socket
import ssl
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from way import connected, way

# A login that was refused too often is heard again by then.
PATIENCE = 30
LIMITED = 429
AT_ONCE = 8


class Site(http.client.HTTPSConnection):
    def __init__(self, asked, address):
        self.asked, self.address = asked, address
        super().__init__(asked["name"], asked["port"], context=ssl.create_default_context())

    def connect(self):
        address = self.address or socket.gethostbyname(self.host)
        self.sock = self._context.wrap_socket(connected(self.asked, address, self.port), server_hostname=self.host)


def said(asked, address, login=None, path="/"):
    """Status, headers and text of one question, by a connection of its own."""
    site = Site(asked, address)
    headers = {"Connection": "close"}
    if login is not None:
        pair = "%s:%s" % (login["login"], login["password"])
        headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
    try:
        site.request("GET", path, headers=headers)
        answer = site.getresponse()
        return answer.status, answer.headers, answer.read().decode("utf-8", "replace")
    finally:
        site.close()


def heard(asked, address, login=None):
    """The same; whoever asks while others guess from the same address waits."""
    end = time.monotonic() + PATIENCE
    while True:
        answer = said(asked, address, login)
        if answer[0] != LIMITED or time.monotonic() > end:
            return answer
        time.sleep(1)


def without_tls(asked, address, port):
    try:
        connected({**asked, "wait": 2.5}, address or socket.gethostbyname(asked["name"]), port).close()
        return "open"
    except OSError:
        return "nothing"


def page(asked):
    wanted = asked["page"]
    found = {}
    for name, address in wanted["at"].items():
        shut, _, _ = heard(asked, address)
        status, headers, text = heard(asked, address, wanted["person"])
        title = re.search(r"<title>(.*?)</title>", text, re.S | re.I)
        found[name] = {
            "shut": shut,
            "title": html.unescape(title.group(1)).strip() if status == 200 and title else "HTTP %d" % status,
            "policy": headers.get("Content-Security-Policy", ""),
            "http": without_tls(asked, address, wanted["http"]),
        }
    return found


def tries(asked):
    return {name: heard(asked, asked["at"], one)[0] for name, one in asked["tries"].items()}


def guesses(asked):
    wanted = asked["guesses"]

    def guess(_):
        # Nobody's login, so that nobody is locked out.
        return said(asked, asked["at"], {"login": secrets.token_hex(6), "password": "guess"})[0]

    # Side by side: of one after another a slow directory lets each be forgotten before the next.
    with ThreadPoolExecutor(AT_ONCE) as guesser:
        statuses = list(guesser.map(guess, range(wanted["most"])))
    return {
        "refused": len(statuses) - statuses.count(LIMITED),
        "limited": LIMITED in statuses,
        "back": heard(asked, asked["at"], wanted["person"])[0],
    }


ASKED = {"page": page, "tries": tries, "guesses": guesses}


def main():
    try:
        with way(json.load(sys.stdin)) as asked:
            print(json.dumps({what: ask(asked) for what, ask in ASKED.items() if what in asked}))
    except Exception as error:
        sys.exit("%s: %s" % (type(error).__name__, error))


if __name__ == "__main__":
    main()
