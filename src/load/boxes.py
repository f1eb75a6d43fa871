"""Which letters of a load are in people's boxes, and how often; they are taken away.

Beside what post.py asks for, `{boxes: {LOGIN: {password, expected: [TOKEN]}}, run, seconds}` → `{TOKEN: N}`. It waits
for those that must be there. Letters that a load before this one has left go too.
"""

import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from post import Box
from words import why

HEADER = "X-Maquette-Load"


def tokens_in(box):
    """Of every letter of ours: its number in the box and its token."""
    found = box.uid("SEARCH", "HEADER", HEADER, '""')[1][0].split()
    if not found:
        return []
    parts = box.uid("FETCH", b",".join(found), "(UID BODY.PEEK[HEADER.FIELDS (%s)])" % HEADER)[1]
    heads = [part for part in parts if isinstance(part, tuple)]
    return [(said.split(b"UID ")[1].split()[0], text.decode().partition(":")[2].strip()) for said, text in heads]


def counted(asked, login, own, end):
    box = Box({**asked, "device": None})
    try:
        box.login(login, own["password"])
        box.select("INBOX")
        found = tokens_in(box)
        while not set(own["expected"]) <= {token for _, token in found} and time.monotonic() < end:
            time.sleep(0.5)
            box.noop()
            found = tokens_in(box)
        if found:
            box.uid("STORE", b",".join(uid for uid, _ in found), "+FLAGS.SILENT", r"(\Deleted)")
            box.expunge()
        return [token for _, token in found if token.startswith(asked["run"] + ".")]
    finally:
        box.logout()


def main():
    asked = json.load(sys.stdin)
    end = time.monotonic() + asked["seconds"]
    found = {}
    try:
        with ThreadPoolExecutor(4) as readers:
            every = readers.map(lambda one: counted(asked, *one, end), asked["boxes"].items())
            for tokens in every:
                for token in tokens:
                    found[token] = found.get(token, 0) + 1
    except Exception as error:
        sys.exit(why(error))
    print(json.dumps(found))


if __name__ == "__main__":
    main()
