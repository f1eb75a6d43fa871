"""How well the worst of the last calls was heard, 0 to 100: by Asterisk's own estimate of what came in and went out.

`{file, seconds, packets}`: its lines of calls that have ended (templates/pbx/extensions.conf, `measure`), how far back
is looked, and how many packets a call must have had to be judged. 100 where nobody telephoned.
"""

import csv
import datetime
import json
import sys

# Of a line: when the call ended, packets that came and went, estimates of what came and of what the phone heard.
ENDED, CAME, WENT, HEARD, SENT = 1, 4, 5, 11, 12
BEST = 100
# Of a file that is long only what can be of the last minutes is read.
TAIL = 200_000


def lines_of(path):
    with open(path, "rb") as file:
        file.seek(0, 2)
        start = max(0, file.tell() - TAIL)
        file.seek(start)
        text = file.read().decode("utf-8", "replace")
    # The first of what is left may be half a line.
    return csv.reader(text.splitlines()[1 if start else 0 :])


def estimates(row, packets):
    """Without an estimate of theirs the phone's own reports did not come: 0 is no quality."""
    for count, estimate in ((CAME, HEARD), (WENT, SENT)):
        try:
            number, value = int(row[count]), float(row[estimate])
        except ValueError:
            continue
        if number >= packets and value > 0:
            yield value


def worst(rows, since, packets):
    found = [BEST]
    for row in rows:
        if len(row) <= SENT:
            continue
        try:
            ended = datetime.datetime.strptime(row[ENDED], "%Y-%m-%dT%H:%M:%S%z").timestamp()
        except ValueError:
            continue
        if ended >= since:
            found += estimates(row, packets)
    return round(min(found))


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        asked = json.load(file)
    try:
        rows = lines_of(asked["file"])
    except FileNotFoundError:
        rows = []
    print(worst(rows, datetime.datetime.now().timestamp() - asked["seconds"], asked["packets"]))


if __name__ == "__main__":
    main()
