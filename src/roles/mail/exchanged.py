"""Sends somebody a letter of their own by submission, reads it in their box, and takes it away.

For measuring.py, of what post.py asks for with `{person: {login, password, address}, seconds}`: the seconds from the
first word to the letter.
"""

import email.message
import email.utils
import os
import time

from measuring import measured_by
from post import Box, Outgoing

HEADER = "X-Maquette-Watch"


def letter(address, token):
    message = email.message.EmailMessage()
    message["From"] = message["To"] = address
    message["Subject"] = "Surveillance de la messagerie"
    message["Date"] = email.utils.formatdate(localtime=True)
    message["Message-ID"] = "<%s@watch.invalid>" % token
    message[HEADER] = token
    message.set_content("Écrite et relue par la supervision, qui l'efface.\n")
    return message


def exchange(asked):
    person, token, began = asked["person"], os.urandom(8).hex(), time.monotonic()
    box = Box(asked)
    try:
        box.login(person["login"], person["password"])
        box.select("INBOX")
        with Outgoing(asked).secured() as smtp:
            smtp.login(person["login"], person["password"])
            smtp.send_message(letter(person["address"], token))
        while True:
            box.noop()
            if box.uid("SEARCH", "HEADER", HEADER, token)[1][0].split():
                came = time.monotonic()
                break
            if time.monotonic() - began > asked["seconds"]:
                raise TimeoutError("it is not in the box after %d s" % asked["seconds"])
            time.sleep(0.1)
        # With those that came too late for a run before this one.
        for uid in box.uid("SEARCH", "HEADER", HEADER, '""')[1][0].split():
            box.uid("STORE", uid, "+FLAGS.SILENT", r"(\Deleted)")
        box.expunge()
        return came - began
    finally:
        box.logout()


if __name__ == "__main__":
    measured_by(exchange)
