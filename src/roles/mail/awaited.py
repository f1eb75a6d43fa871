"""Waits for a letter with sound in a box, and takes it away.

Beside what post.py asks for: `{reader: {login, password}, from, since, seconds}` → `{bytes, level}` of the sound in the
newest letter from that address which is no older than `since` seconds.
"""

import array
import email
import email.policy
import email.utils
import io
import json
import math
import sys
import time
import wave

from post import Box, whole
from way import way
from words import why


def level(sound):
    with wave.open(io.BytesIO(sound)) as file:
        samples = array.array("h", file.readframes(file.getnframes()))
    return round(math.sqrt(sum(s * s for s in samples) / len(samples))) if samples else 0


def sound_in(message):
    for part in message.iter_attachments():
        if part.get_content_maintype() == "audio":
            return part.get_content()
    return None


def newest(box, sender, since):
    """What is there of that sender's goes; the sound of the newest that is not too old is handed back."""
    found = None
    for uid in box.uid("SEARCH", "FROM", sender)[1][0].split():
        message = email.message_from_bytes(whole(box, uid), policy=email.policy.default)
        sent = email.utils.parsedate_to_datetime(message["Date"]).timestamp()
        if sent >= since:
            found = sound_in(message) or b""
        box.uid("STORE", uid, "+FLAGS.SILENT", r"(\Deleted)")
    box.expunge()
    return found


def awaited(asked):
    since, end = time.time() - asked["since"], time.monotonic() + asked["seconds"]
    box = Box(asked)
    try:
        box.login(asked["reader"]["login"], asked["reader"]["password"])
        box.select("INBOX")
        sound = newest(box, asked["from"], since)
        while sound is None and time.monotonic() < end:
            time.sleep(0.1)
            box.noop()
            sound = newest(box, asked["from"], since)
    finally:
        box.logout()
    if sound is None:
        raise TimeoutError("no letter of %s came" % asked["from"])
    return {"bytes": len(sound), "level": level(sound) if sound else 0}


def main():
    try:
        with way(json.load(sys.stdin)) as asked:
            print(json.dumps(awaited(asked)))
    except Exception as error:
        sys.exit(why(error))


if __name__ == "__main__":
    main()
