"""What the supervision told of a problem: its events, and the letters in an administrator's box.

Beside what zabbix_web.py asks for: `{login: {login, password}, post: {name, port}, subjects: {problem, recovery},
problem, since, after, until, seconds}` → `{now, last, letters: {problem, recovery}, events: [{clock, isOver}]}`.
`problem` begins an event's name; events count from `since` on, letters beyond the number `after`; `last` is the
newest letter's. It waits until there is a letter of the kind `until`, null for none, no longer than `seconds`.
"""

import email.header
import imaplib
import json
import ssl
import sys
import time

from zabbix_web import Browser

LOOK_SECONDS = 0.5


def opened(asked):
    post, login = asked["post"], asked["login"]
    box = imaplib.IMAP4_SSL(post["name"], post["port"], ssl_context=ssl.create_default_context())
    box.login(login["login"], login["password"])
    box.select("INBOX", readonly=True)
    return box


def subject_of(head):
    text = head.decode("ascii", "replace").partition(":")[2].strip()
    return str(email.header.make_header(email.header.decode_header(text)))


def letters(box, after):
    """By number, of those that are newer than one."""
    box.noop()
    numbers = [int(n) for n in box.uid("SEARCH", "UID %d:*" % (after + 1))[1][0].split()]
    found = {}
    for number in (n for n in numbers if n > after):
        head = box.uid("FETCH", str(number), "(BODY.PEEK[HEADER.FIELDS (SUBJECT)])")[1][0][1]
        found[number] = subject_of(head)
    return found


def counted(asked, found):
    return {kind: sum(text.startswith(words) for text in found.values()) for kind, words in asked["subjects"].items()}


def events(asked):
    browser, login = Browser(asked), asked["login"]
    session = browser.call("user.login", {"username": login["login"], "password": login["password"]})
    wanted = {
        "output": ["clock", "r_eventid"],
        "value": [1],
        "search": {"name": asked["problem"]},
        "startSearch": True,
        "time_from": int(asked["since"]),
    }
    try:
        rows = browser.call("event.get", wanted, session)
    finally:
        browser.call("user.logout", [], session)
    return [{"clock": int(row["clock"]), "isOver": row["r_eventid"] != "0"} for row in rows]


def told(asked):
    box = opened(asked)
    end = time.monotonic() + asked["seconds"]
    try:
        found = letters(box, asked["after"])
        while asked["until"] and not counted(asked, found)[asked["until"]] and time.monotonic() < end:
            time.sleep(LOOK_SECONDS)
            found = letters(box, asked["after"])
    finally:
        box.logout()
    return {
        "now": time.time(),
        "last": max(found, default=asked["after"]),
        "letters": counted(asked, found),
        "events": events(asked),
    }


def main():
    try:
        print(json.dumps(told(json.load(sys.stdin))))
    except Exception as error:
        sys.exit("%s: %s" % (type(error).__name__, error))


if __name__ == "__main__":
    main()
