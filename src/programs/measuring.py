"""A measurement that the supervision takes by a program, which is told the file with what is asked.

Its number, rounded to a tenth, or -1 and, to standard error, why there is none.
"""

import json
import sys

from words import why


def measured_by(measure):
    with open(sys.argv[1], encoding="utf-8") as file:
        # Asked on the server itself: no way leads there but its own address.
        asked = {**json.load(file), "device": None}
    try:
        print(round(measure(asked), 1))
    except Exception as error:
        print(why(error), file=sys.stderr)
        print(-1)
