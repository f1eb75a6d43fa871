"""Opens eBrigade's first page as a member of the group: the web server, its directory and what makes the page.

What browser.py asks for with `{person: {login, password}}`, in the file that is named. Prints the seconds that it took,
or -1 and, to standard error, why not.
"""

import json
import sys
import time

from browser import visited


def opened(asked):
    began = time.monotonic()
    (status, _, _), _ = visited(asked, asked["address"], asked["person"], {})
    if status != 200:
        raise ConnectionError("HTTP %d" % status)
    return time.monotonic() - began


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        asked = {**json.load(file), "device": None}
    try:
        print(round(opened(asked), 1))
    except Exception as error:
        print("%s: %s" % (type(error).__name__, error), file=sys.stderr)
        print(-1)


if __name__ == "__main__":
    main()
