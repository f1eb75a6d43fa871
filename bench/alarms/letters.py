"""What lies in somebody's box that is newer than a number, once something of it begins with a subject.

`{server, login, password, after, subject, seconds}` → `{last, letters: [{subject, at}]}`: number of the newest, and of
those after the one asked for when each was laid there, in seconds since 1970, as the mail server says it.
"""

import email.header
import imaplib
import json
import re
import ssl
import sys
import time


def subject_of(head):
    # A long one is folded (RFC 5322 §2.2.3).
    text = " ".join(head.decode().partition(":")[2].split())
    return str(email.header.make_header(email.header.decode_header(text)))


def newer(box, after):
    found = {}
    for number in box.uid("SEARCH", "UID", "%d:*" % (after + 1))[1][0].split():
        # Where there is none that is newer, the last one is in the range too.
        if int(number) <= after:
            continue
        said = box.uid("FETCH", number, "(INTERNALDATE BODY.PEEK[HEADER.FIELDS (SUBJECT)])")[1]
        part = next((one for one in said if isinstance(one, tuple)), None)
        # Whoever reads the same box may have taken it away meanwhile.
        if part is None:
            continue
        around = part[0] + next((one for one in said if isinstance(one, bytes)), b"")
        stamp = re.search(rb'INTERNALDATE "[^"]+"', around).group()
        found[int(number)] = {"subject": subject_of(part[1]), "at": time.mktime(imaplib.Internaldate2tuple(stamp))}
    return found


def main():
    asked = json.load(sys.stdin)
    box = imaplib.IMAP4_SSL(asked["server"], 993, ssl_context=ssl.create_default_context())
    box.login(asked["login"], asked["password"])
    box.select("INBOX", readonly=True)
    end = time.monotonic() + asked["seconds"]
    while True:
        box.noop()
        found = newer(box, asked["after"])
        if any(one["subject"].startswith(asked["subject"]) for one in found.values()) or time.monotonic() > end:
            break
        time.sleep(0.5)
    box.logout()
    print(json.dumps({"last": max(found, default=asked["after"]), "letters": list(found.values())}))


if __name__ == "__main__":
    main()
