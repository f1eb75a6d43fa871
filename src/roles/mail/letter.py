"""Sends a letter with accents and an attachment, finds it in the boxes where it should be, and takes it away.

Beside what post.py asks for: `{sender: {login, password, address}, to, readers: [{login, password}], seconds}` →
`{sent, arrived, wrong}`: milliseconds until it was taken and until the last box had it, and what is not as it was sent.
"""

import datetime
import email
import email.message
import email.policy
import email.utils
import json
import os
import sys
import time

from post import Box, Outgoing, whole
from way import way
from words import why

HEADER = "X-Maquette-Acceptance"
TEXT = "La préfète et le directeur sont prévenus : crue à Ménétréol, 3 m 20.\nÀ bientôt, l'équipe de recette\n"
FILE = "main courante d'été.bin"


def letter(asked, token):
    message = email.message.EmailMessage()
    message["From"] = asked["sender"]["address"]
    message["To"] = asked["to"]
    message["Subject"] = "Recette : l'œuvre du 3ᵉ étage, " + token
    message["Date"] = email.utils.formatdate(localtime=True)
    message["Message-ID"] = "<%s@acceptance.invalid>" % token
    message[HEADER] = token
    message.set_content(TEXT)
    message.add_attachment(os.urandom(100_000), maintype="application", subtype="octet-stream", filename=FILE)
    return message


def attached(message):
    return [(part.get_filename(), part.get_content()) for part in message.iter_attachments()]


def differences(sent, got):
    found = []
    if got["Subject"] != sent["Subject"]:
        found.append("the subject is %r" % got["Subject"])
    # Lines end otherwise on the way (RFC 5321 §2.3.8).
    if got.get_body(("plain",)).get_content().splitlines() != TEXT.splitlines():
        found.append("the text is another")
    if attached(got) != attached(sent):
        found.append("the attachment is another")
    return found


def uids(box, *what):
    return box.uid("SEARCH", *what)[1][0].split()


def read(asked, reader, sent, end):
    """When it came, what differs; it is gone afterwards, and so is what a run before this left."""
    box = Box(asked)
    try:
        box.login(reader["login"], reader["password"])
        box.select("INBOX")
        found = uids(box, "HEADER", HEADER, sent[HEADER])
        while not found and time.monotonic() < end:
            time.sleep(0.05)
            box.noop()
            found = uids(box, "HEADER", HEADER, sent[HEADER])
        if not found:
            return None, ["it is not in the box of " + reader["login"]]
        came = time.monotonic()
        got = email.message_from_bytes(whole(box, found[0]), policy=email.policy.default)
        before = (datetime.date.today() - datetime.timedelta(days=1)).strftime("%d-%b-%Y")
        for uid in found + uids(box, "HEADER", HEADER, '""', "BEFORE", before):
            box.uid("STORE", uid, "+FLAGS.SILENT", r"(\Deleted)")
        box.expunge()
        return came, differences(sent, got)
    finally:
        box.logout()


def exchange(asked):
    sent = letter(asked, os.urandom(8).hex())
    began = time.monotonic()
    with Outgoing(asked).secured() as smtp:
        smtp.login(asked["sender"]["login"], asked["sender"]["password"])
        smtp.send_message(sent)
    taken = time.monotonic()
    boxes = [read(asked, reader, sent, taken + asked["seconds"]) for reader in asked["readers"]]
    came = [when for when, _ in boxes if when is not None]
    return {
        "sent": round((taken - began) * 1000),
        "arrived": round((max(came) - taken) * 1000) if came else 0,
        "wrong": [words for _, differs in boxes for words in differs],
    }


def main():
    try:
        with way(json.load(sys.stdin)) as asked:
            print(json.dumps(exchange(asked)))
    except Exception as error:
        sys.exit(why(error))


if __name__ == "__main__":
    main()
