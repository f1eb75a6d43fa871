"""Whether the backups of this host are as young as they should be, and another one will come.

`{program, user, units, oldest, seconds}` → `{old: {SET: WORDS}, sets, oldest, waits}`: by set what is wrong, how many
there are, the age of the oldest one in seconds, and the units that do not run. Waits for a lab's first ones.
"""

import datetime
import json
import subprocess
import sys
import time


def status_of(asked):
    argv = ["runuser", "-u", asked["user"], "--", "/usr/bin/python3", "-I", asked["program"], "status"]
    return json.loads(subprocess.run(argv, check=True, capture_output=True).stdout)["sets"]


def age_of(one):
    taken = datetime.datetime.fromisoformat(one["ok"]["at"])
    return (datetime.datetime.now(datetime.UTC) - taken).total_seconds()


def wrong_with(one, oldest):
    """In words; None where all is well."""
    if one["ok"] is None:
        return one["error"] or "never taken"
    if age_of(one) > oldest:
        return "%d s old: %s" % (age_of(one), one["error"] or "none is taken")
    return None


def stopped(units):
    return [u for u in units if subprocess.run(["systemctl", "is-active", "-q", u], check=False).returncode != 0]


def had(asked, status=status_of, off=stopped):
    end = time.monotonic() + asked["seconds"]
    while True:
        sets, waits = status(asked), off(asked["units"])
        old = {name: words for name, one in sets.items() if (words := wrong_with(one, asked["oldest"]))}
        # Nobody will take it.
        if not old or waits or time.monotonic() > end:
            break
        time.sleep(0.5)
    ages = sorted(age_of(one) for one in sets.values() if one["ok"])
    oldest = round(ages[-1]) if ages else None
    return {"old": old, "sets": len(sets), "oldest": oldest, "waits": waits}


if __name__ == "__main__":
    print(json.dumps(had(json.load(sys.stdin))))
