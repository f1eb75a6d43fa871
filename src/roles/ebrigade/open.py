"""Opens eBrigade's first page as a member of the group: the web server, its directory and what makes the page.

For measuring.py, of what browser.py asks for with `{person: {login, password}}`: the seconds that it took.
"""

import time

from browser import visited
from measuring import measured_by


def opened(asked):
    began = time.monotonic()
    (status, _, _), _ = visited(asked, asked["address"], asked["person"], {})
    if status != 200:
        raise ConnectionError("HTTP %d" % status)
    return time.monotonic() - began


if __name__ == "__main__":
    measured_by(opened)
