"""Waits until every host that Zabbix watches has told something new, as it sees it.

Beside what zabbix_web.py asks for: `{login: {login, password}, hosts, key, seconds}` → `{late: [HOST], took}`. `key` is
an item that each host tells of all the time. What was there before the question does not count.
"""

import json
import sys
import time

from zabbix_web import Browser


def told(browser, session, asked):
    """By host when the item was told last, as the clock of the one that told it; nothing yet is 0."""
    wanted = {
        "output": ["lastclock", "lastns"],
        "selectHosts": ["host"],
        "filter": {"key_": asked["key"]},
        "monitored": True,
    }
    rows = browser.call("item.get", wanted, session)
    return {row["hosts"][0]["host"]: (int(row["lastclock"]), int(row["lastns"])) for row in rows}


def waited(asked):
    browser, login = Browser(asked), asked["login"]
    session = browser.call("user.login", {"username": login["login"], "password": login["password"]})
    began = time.monotonic()
    try:
        before = told(browser, session, asked)
        late = asked["hosts"]
        while late and time.monotonic() - began < asked["seconds"]:
            time.sleep(0.5)
            now = told(browser, session, asked)
            late = [host for host in late if now.get(host, (0, 0)) <= before.get(host, (0, 0))]
    finally:
        browser.call("user.logout", [], session)
    return {"late": late, "took": round(time.monotonic() - began, 1)}


def main():
    try:
        print(json.dumps(waited(json.load(sys.stdin))))
    except Exception as error:
        sys.exit("%s: %s" % (type(error).__name__, error))


if __name__ == "__main__":
    main()
