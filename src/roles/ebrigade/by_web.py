"""Asks eBrigade's web for what it owes its users, by TLS with the lab's authority and under its own name.

Beside what way.py asks for, `{name, port}` and as far as something is to be asked:

    page     {person, at: {WAY: ADDRESS}, http} → {WAY: {shut, title, policy, http}}: of each address (null: as the name
             is resolved) the status without a login, and with it the page's title, its policy for browsers, and what
             answers without TLS
    tries    {NAME: {login, password}} → {NAME: STATUS}
    inside   {person, name: [PART], shut: [PATH]} → {status, ticket, name, again, forged,
             shut: {PATH: [STATUS, STATUS]}}: of an installed eBrigade, entered with the login of the directory: whether
             a ticket of its own led in, and its first page bears the name; whether another browser gets nothing
             by the same ticket, nor under another person's number; and what is shut, without the login and with it
    guesses  {person, most} → {refused, limited, back}: how many of so many invented logins were heard and refused,
             whether any was heard no more, and whether the person is let in again afterwards
    at       for tries and guesses: the address
"""

import html
import json
import re
import secrets
import socket
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from browser import MOVED, said, visited
from way import connected, way

# A login that was refused too often is heard again by then.
PATIENCE = 30
LIMITED = 429
AT_ONCE = 8


def heard(asked, address, login=None, path="/", cookies=None):
    """The same; whoever asks while others guess from the same address waits."""
    end = time.monotonic() + PATIENCE
    while True:
        answer = said(asked, address, login, path, cookies)
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
        (status, headers, text), _ = visited(asked, address, wanted["person"], {}, heard)
        title = re.search(r"<title>(.*?)</title>", text, re.S | re.I)
        found[name] = {
            "shut": shut,
            "title": html.unescape(title.group(1)).strip() if status == 200 and title else "HTTP %d" % status,
            "policy": headers.get("Content-Security-Policy", ""),
            "http": without_tls(asked, address, wanted["http"]),
        }
    return found


def tries(asked):
    return {name: visited(asked, asked["at"], one, {}, heard)[0][0] for name, one in asked["tries"].items()}


def inside(asked):
    wanted, at = asked["inside"], asked["at"]
    person, cookies = wanted["person"], {}
    (status, _, text), came = visited(asked, at, person, cookies, heard)
    first = heard(asked, at, person, "/index_d.php", cookies)
    # Into a browser that has none of its cookies, and then under a number that is not the person's.
    used = heard(asked, at, person, came)
    forged = heard(asked, at, person, re.sub(r"id=\d+", "id=1", came))
    return {
        "status": status,
        "ticket": "ticket=" in came and "index_d.php" in text,
        "name": all(part.lower() in html.unescape(first[2]).lower() for part in wanted["name"]),
        # Each is sent on to a ticket of its own, and gets no session by this one.
        "again": used[0] in MOVED,
        "forged": forged[0] in MOVED,
        "shut": {path: [heard(asked, at, one, path)[0] for one in (None, person)] for path in wanted["shut"]},
    }


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
        "back": visited(asked, asked["at"], wanted["person"], {}, heard)[0][0],
    }


ASKED = {"page": page, "tries": tries, "inside": inside, "guesses": guesses}


def main():
    try:
        with way(json.load(sys.stdin)) as asked:
            print(json.dumps({what: ask(asked) for what, ask in ASKED.items() if what in asked}))
    except Exception as error:
        sys.exit("%s: %s" % (type(error).__name__, error))


if __name__ == "__main__":
    main()
