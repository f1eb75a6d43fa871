"""Whether a message has just come into a voicemail box, with sound in it; it is taken away. `{box, seconds, since}`

→ `{messages, bytes, level}` of the newest that is no older than `since` seconds.
"""

import array
import glob
import json
import math
import os
import sys
import time
import wave

FOLDER = "/var/spool/asterisk/voicemail/cod"


def newest(box, since):
    found = [
        path
        for path in glob.glob(os.path.join(FOLDER, box, "INBOX", "msg????.wav"))
        # Written together, this one last.
        if os.path.exists(path[:-3] + "txt") and time.time() - os.path.getmtime(path) <= since
    ]
    return max(found, key=os.path.getmtime, default=None)


def level(path):
    with wave.open(path) as file:
        samples = array.array("h", file.readframes(file.getnframes()))
    return round(math.sqrt(sum(s * s for s in samples) / len(samples))) if samples else 0


def main():
    asked = json.load(sys.stdin)
    end = time.monotonic() + asked["seconds"]
    path = newest(asked["box"], asked["since"])
    while path is None and time.monotonic() < end:
        time.sleep(0.1)
        path = newest(asked["box"], asked["since"])
    if path is None:
        sys.exit("no message in box " + asked["box"])
    print(json.dumps({"bytes": os.path.getsize(path), "level": level(path)}))
    for part in ("wav", "txt"):
        os.unlink(path[:-3] + part)


if __name__ == "__main__":
    main()
