"""People who come into their boxes at once, side by side.

Beside what post.py asks for, `{people: {LOGIN: PASSWORD}}` → `{in: N, slowest, why}`: how many came in and saw their
box, in how many milliseconds at most, and what kept one of the others.
"""

import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from post import Box
from words import last_words


def came_in(asked, login, password):
    began = time.monotonic()
    try:
        box = Box({**asked, "device": None})
        box.login(login, password)
        box.select("INBOX", readonly=True)
        taken = time.monotonic() - began
        box.logout()
        return taken, ""
    except Exception as error:
        return None, "%s: %s: %s" % (login, type(error).__name__, last_words(error))


def main():
    asked = json.load(sys.stdin)
    people = asked["people"]
    with ThreadPoolExecutor(len(people)) as doors:
        seen = list(doors.map(lambda one: came_in(asked, *one), people.items()))
    times = [taken for taken, _ in seen if taken is not None]
    why = next((words for _, words in seen if words), "")
    print(json.dumps({"in": len(times), "slowest": round(max(times, default=0) * 1000), "why": why}))


if __name__ == "__main__":
    main()
