"""Asks the web of mail for what it owes its users.

Beside what web.py asks for, as far as something is to be asked:

    configured  {PROGRAM: HOST}, and `person` {address, password} → {PROGRAM: {told, failed}}, as configured.py has them
    webmail     {host, sender, reader, to, subject, seconds} → {sent, arrived, wrong}, as webmail.py has them
    refused     {host, tries: {NAME: {login, password}}} → {NAME: HOW, http-PORT: HOW}, without TLS
"""

import http.client
import json
import sys
import threading

import configured
import webmail
from way import connected, way
from web import address_of
from words import why


def told(asked):
    person = asked["person"]
    return {
        program: configured.configured(asked, program, host, person["address"], person["password"])
        for program, host in asked["configured"].items()
    }


def without_tls(asked, port):
    """What an HTTP client gets that knows no TLS."""
    host = asked["refused"]["host"]
    site = http.client.HTTPConnection(host, port)
    try:
        site.sock = connected({**asked, "wait": asked["silence"]}, address_of(asked, host), port)
        site.request("GET", "/")
        answer = site.getresponse()
        text = answer.read().decode("utf-8", "replace")
        return "a login page" if "_pass" in text else "HTTP %d" % answer.status
    except (OSError, http.client.HTTPException):
        return "nothing"
    finally:
        site.close()


def kept_out(asked):
    """All at once: each refusal takes seconds, that nobody may guess."""
    found = {}

    def ask(name, work, *what):
        try:
            found[name] = work(*what)
        except Exception as error:
            found[name] = why(error)

    wanted = asked["refused"]
    work = [
        *[(name, webmail.refused, asked, wanted["host"], one) for name, one in wanted["tries"].items()],
        *[
            ("http-%d" % port, without_tls, asked, port)
            for port in (asked["ports"].get("http", 80), asked["ports"]["https"])
        ],
    ]
    threads = [threading.Thread(target=ask, args=one) for one in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


ASKED = {"configured": told, "webmail": lambda asked: webmail.exchange(asked, asked["webmail"]), "refused": kept_out}


def main():
    try:
        with way(json.load(sys.stdin)) as asked:
            print(json.dumps({what: ask(asked) for what, ask in ASKED.items() if what in asked}))
    except Exception as error:
        sys.exit(why(error))


if __name__ == "__main__":
    main()
