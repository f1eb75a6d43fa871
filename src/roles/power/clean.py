"""Whether what ran before this host's last start was stopped cleanly, and when, by its journal.

Input `{began, ended}`, each `[UNIT, TEXT]`: its last message with that text is the beginning of the stop, and the end →
`{killed: [UNIT], databases: {UNIT: isClean}, began, ended}`, moments in seconds of the epoch, null for never. A unit is
killed that was given up at its stop. A database is clean that ended by itself and of which none says since that it had
to be repaired.
"""

import glob
import json
import re
import subprocess
import sys

# systemd's words for one that did not end in its time.
GIVEN_UP = re.compile(r"(\S+): (?:State 'stop-\S+' timed out|Failed with result '(?:timeout|watchdog)')")
SAMBA = "samba-ad-dc.service"
DATABASES = re.compile(r"(?:postgresql@.+|mariadb|samba-ad-dc)\.service")
# Of the main process, when it ended by itself. Samba's ends with 127 when it is told to (source4/samba/server.c).
ENDED = re.compile(r"\S+: (?:Deactivated successfully\.|Main process exited, code=exited, status=127/)")
# What MariaDB (InnoDB), and Samba's databases, say when the last stop was none.
REPAIRED = re.compile(r"Starting crash recovery|was not properly shut down|transaction recovery")
POSTGRESQL = "/var/log/postgresql/*.log"
# What PostgreSQL says at each start; the other words are "was interrupted" and "shutdown was interrupted".
FOUND, CLEAN = "database system was ", "database system was shut down at"


def journal(boot):
    argv = ["journalctl", "-b", str(boot), "-o", "json", "--output-fields=MESSAGE,UNIT,_SYSTEMD_UNIT", "--no-pager"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            entry = json.loads(line)
            text = entry.get("MESSAGE")
            if isinstance(text, str):
                unit = entry.get("UNIT") or entry.get("_SYSTEMD_UNIT") or ""
                yield unit, text, int(entry["__REALTIME_TIMESTAMP"]) / 1e6
    if process.returncode != 0:
        raise OSError("journalctl ended with %d" % process.returncode)


def stopped(said):
    """Of the boot before: who was given up, and which database ended by itself."""
    killed, databases = set(), {}
    for unit, text, _ in said:
        found = GIVEN_UP.match(text)
        if found:
            killed.add(found.group(1))
        if DATABASES.fullmatch(unit):
            if ENDED.match(text) and ("status=127" not in text or unit == SAMBA):
                databases[unit] = True
            elif text.startswith(("Starting ", "Started ")):
                databases[unit] = False
    return killed, databases


def repaired(said):
    return {unit for unit, text, _ in said if REPAIRED.search(text)}


def when(said, unit, words):
    """The moment of a unit's last message with these words; it may have ended and begun again before."""
    return max((at for of, text, at in said if of == unit and words in text), default=None)


def interrupted(lines):
    """Whether PostgreSQL, at its last start, found a database that nobody had stopped."""
    starts = [line for line in lines if FOUND in line]
    return bool(starts) and CLEAN not in starts[-1]


def main():
    asked = json.load(sys.stdin)
    try:
        before = list(journal(-1))
        killed, databases = stopped(before)
        broken = repaired(journal(0))
        is_interrupted = False
        for path in glob.glob(POSTGRESQL):
            with open(path, encoding="utf-8", errors="replace") as log:
                is_interrupted = is_interrupted or interrupted(log)
    except OSError as error:
        sys.exit(str(error))
    for unit in databases:
        if unit in broken or (is_interrupted and unit.startswith("postgresql@")):
            databases[unit] = False
    times = {name: when(before, *asked[name]) for name in ("began", "ended")}
    print(json.dumps({"killed": sorted(killed), "databases": databases, **times}))


if __name__ == "__main__":
    main()
