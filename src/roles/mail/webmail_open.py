"""Logs somebody in at the webmail as a browser does, and out again.

For measuring.py, of what web.py asks for with `{host, person: {login, password}}`: the seconds that it took.
"""

import time

from measuring import measured_by
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


if __name__ == "__main__":
    measured_by(opened)
