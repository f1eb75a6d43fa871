"""Whether what ran before this host's last start was stopped cleanly, by its journal.

Input `{}` → `{killed: [UNIT], databases: {UNIT: isClean}}`. A unit is killed that was given up at its stop. A database
is clean that ended by itself and of which none says since that it had to be repaired.
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
                yield entry.get("UNIT") or entry.get("_SYSTEMD_UNIT") or "", text
    if process.returncode != 0:
        raise OSError("journalctl ended with %d" % process.returncode)


def stopped(said):
    """Of the boot before: who was given up, and which database ended by itself."""
    killed, databases = set(), {}
    for unit, text in said:
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
    return {unit for unit, text in said if REPAIRED.search(text)}


def interrupted(lines):
    """Whether PostgreSQL, at its last start, found a database that nobody had stopped."""
    starts = [line for line in lines if FOUND in line]
    return bool(starts) and CLEAN not in starts[-1]


def main():
    json.load(sys.stdin)
    try:
        killed, databases = stopped(journal(-1))
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
    print(json.dumps({"killed": sorted(killed), "databases": databases}))


if __name__ == "__main__":
    main()
