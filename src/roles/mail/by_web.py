"""Asks the web of mail for what it owes its users.

Beside what web.py asks for: `{configured: {PROGRAM: HOST}, person: {address, password}}` →
`{configured: {PROGRAM: {told, failed}}}`, as configured.py has them.
"""

import json
import sys

from configured import configured
from post import last_words, way


def by_web(asked):
    person = asked["person"]
    return {
        "configured": {
            program: configured(asked, program, host, person["address"], person["password"])
            for program, host in asked["configured"].items()
        }
    }


def main():
    try:
        with way(json.load(sys.stdin)) as asked:
            print(json.dumps(by_web(asked)))
    except Exception as error:
        sys.exit("%s: %s" % (type(error).__name__, last_words(error)))


if __name__ == "__main__":
    main()
