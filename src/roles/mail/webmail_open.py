"""Logs somebody in at the webmail as a browser does, and out again.

What web.py asks for with `{host, person: {login, password}}`, in the file that is named. Prints the seconds that it
took, or -1 and, to standard error, why not.
"""

import json
import sys
import time

from post import last_words
from webmail import Webmail


def opened(asked):
    began = time.monotonic()
    browser = Webmail(asked, asked["host"])
    try:
        browser.log_on(asked["person"]["login"], asked["person"]["password"])
        browser.opened(_task="mail", _mbox="INBOX")
        browser.rows("INBOX")
    finally:
        browser.log_out()
    return time.monotonic() - began


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        asked = {**json.load(file), "device": None}
    try:
        print(round(opened(asked), 1))
    except Exception as error:
        print("%s: %s" % (type(error).__name__, last_words(error)), file=sys.stderr)
        print(-1)


if __name__ == "__main__":
    main()
