"""Asks Zabbix' web for what it owes its users.

Beside what zabbix_web.py asks for, as far as something is to be asked:

    page     {http, hidden}  → {french, form, http, hidden}: what anybody sees, without TLS too, and of paths that
             must not be there
    person   {login, password} → {start, right, fromDirectory}: in by the form, and what the API says of whoever logs on
    tries    {NAME: {login, password}} → {NAME: "in", or how somebody was kept out}
"""

import fcntl
import html
import json
import re
import socket
import sys

from zabbix_web import Browser, Refused


def page(asked):
    browser = Browser(asked)
    answer, text = browser.page("GET", "/index.php")
    wanted = asked["page"]
    return {
        # Of a language that the system lacks only the word would be French.
        "french": "Mot de passe" in text,
        "form": answer.status == 200 and 'name="password"' in text,
        "http": without_tls(asked["name"], wanted["http"]),
        "hidden": {path: browser.page("GET", path)[0].status for path in wanted["hidden"]},
    }


def without_tls(name, port):
    try:
        # A SYN is sent again after one second (tcp(7)).
        socket.create_connection((name, port), timeout=2.5).close()
        return "open"
    except OSError:
        return "nothing"


def person(asked):
    browser, who = Browser(asked), asked["person"]
    text = browser.log_on(who["login"], who["password"])
    browser.log_out()
    found = browser.call("user.login", {"username": who["login"], "password": who["password"], "userData": True})
    browser.call("user.logout", [], found["sessionid"])
    title = re.search(r"<title>(.*?)</title>", text, re.S)
    return {
        "start": html.unescape(title.group(1)) if title else "",
        "right": int(found["type"]),
        "fromDirectory": found["userdirectoryid"] not in (None, "0", 0),
    }


def tried(asked, one):
    browser = Browser(asked)
    try:
        browser.log_on(one["login"], one["password"])
        browser.log_out()
        return "in"
    except Refused as why:
        return str(why)
    finally:
        browser.site.close()


ASKED = {
    "page": page,
    "person": person,
    "tries": lambda asked: {name: tried(asked, one) for name, one in asked["tries"].items()},
}


def main():
    asked = json.load(sys.stdin)
    try:
        # Zabbix makes a user of somebody who comes in for the first time: two at once would both make one.
        with open("/run/maquette-supervision", "w") as turn:
            fcntl.flock(turn, fcntl.LOCK_EX)
            print(json.dumps({what: ask(asked) for what, ask in ASKED.items() if what in asked}))
    except Exception as error:
        sys.exit("%s: %s" % (type(error).__name__, error))


if __name__ == "__main__":
    main()
