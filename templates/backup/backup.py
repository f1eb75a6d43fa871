"""The backups of this lab: taken from its hosts, kept in a repository of restic's. Written by maquette.

    backup.py opened         exit 1 unless the repository is there and has the key of now
    backup.py open           makes it, or gives it that key where the one before opens it
    backup.py run            takes what is due or asked for; once a day drops what is too old, and checks the rest
    backup.py now [SET...]   has sets taken now, of all hosts or HOST/ROLE, says how it went; exit 1 where one failed
    backup.py status         what is had of each set, as JSON
    backup.py had SET        its backups, as JSON, the last one first: [{id, at, instance}]
    backup.py get SET [ID]   the archive of one on standard output; the last one's where none is named

FILE has {repository, key, ssh, state, everySeconds, keep: {last, hourly, daily, weekly, monthly},
sets: [{host, address, role}]}.
What fails is told in status.json of the state's folder, and leaves what was taken before as it was.
"""

import contextlib
import datetime
import fcntl
import json
import os
import subprocess
import sys
import time

FILE = "/etc/maquette/backup/backup.json"
USAGE = 64
# What starts a run for those who ask.
TAKER = "maquette-backup.path"
DAY = 24 * 3600
# Less, and none is begun: dropping old ones needs room too.
RESERVE_BYTES = 256 << 20
# Less, and one that is being taken is ended: restic itself would try to write for a quarter of an hour.
LEAST_BYTES = 64 << 20
CALL_SECONDS = 1800
# One that failed is tried again after that; one that never went well in the next minute, for its host may just be made.
RETRY_SECONDS = 300
# Late by less than this share of its interval, a backup is no older than it should be.
SLACK = 1.5
# Old backups are dropped while nobody reads; who wants to read then waits until that is done.
RETRY_LOCK = "--retry-lock=15m"
# restic's own exit codes (restic help, "EXIT STATUS").
NO_REPOSITORY, WRONG_KEY = 10, 12


class Failed(Exception):
    """In words for an administrator: what, and what to do."""


def now():
    return datetime.datetime.now(datetime.UTC)


def text_of(moment):
    return moment.astimezone(datetime.UTC).isoformat(timespec="milliseconds")


def seconds_since(text):
    return (now() - datetime.datetime.fromisoformat(text)).total_seconds()


def read(file):
    with open(file) as source:
        return json.load(source)


def written(file, text, mode=0o644):
    """In one piece, or not at all."""
    with open(file + ".new", "w", opener=lambda path, flags: os.open(path, flags, mode)) as target:
        target.write(text)
        target.flush()
        os.fsync(target.fileno())
    os.rename(file + ".new", file)


def sees_what_is_asked():
    return subprocess.run(["systemctl", "is-active", "--quiet", TAKER], check=False).returncode == 0


class Backups:
    def __init__(self, told, restic="restic", ssh="ssh"):
        self.told, self.restic, self.ssh = told, restic, ssh
        self.state, self.repository, self.key = told["state"], told["repository"], told["key"]
        # The key that opened the repository last: with it another one takes its place.
        self.opens = self.state + "/key.opens"
        self.sets = {"%s/%s" % (s["host"], s["role"]): s for s in told["sets"]}

    # The repository.

    def words(self, key, *words):
        told = ["--repo", self.repository, "--password-file", key, RETRY_LOCK, "--no-cache", "--quiet"]
        return [self.restic, *told, *words]

    def call(self, *words, key=None, fills=False):
        """What restic says on standard output. @param fills it needs room for what it does @raises Failed"""
        argv, end = self.words(key or self.key, *words), time.monotonic() + CALL_SECONDS
        pipe = subprocess.PIPE
        with subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe) as process:
            while True:
                try:
                    said, wrong = process.communicate(timeout=0.5)
                    break
                except subprocess.TimeoutExpired:
                    why = None
                    if fills and self.free() < LEAST_BYTES:
                        why = self.full()
                    elif time.monotonic() > end:
                        why = "restic %s was at work for %d s and was ended" % (words[0], CALL_SECONDS)
                    if why is not None:
                        process.terminate()
                        process.communicate()
                        raise Failed(why) from None
        if process.returncode != 0:
            raise Failed(self.why(process.returncode, wrong.decode(errors="replace")))
        return said.decode()

    def why(self, code, said):
        """What restic or the host said, as an administrator can use it."""
        if code == WRONG_KEY or "wrong password" in said:
            return (
                "the key in %s does not open the repository %s; nothing was written and nothing is lost: "
                "put the stack's secret back with which it was made, then run maquette up" % (self.key, self.repository)
            )
        if code == NO_REPOSITORY:
            return "there is no repository in %s; maquette up makes one" % self.repository
        if "no space left on device" in said.lower():
            return self.full()
        lines = [line for line in said.strip().split("\n") if line.strip() != ""]
        # Of a host that answers nothing restic says the command's end, after what the command said.
        own = [line for line in lines if not line.startswith(("Fatal:", "subprocess ", "Warning:"))]
        return (own or lines or ["exit %d" % code])[-1]

    def full(self):
        seen = os.statvfs(self.repository)
        size = seen.f_blocks * seen.f_frsize
        return (
            "the disk under %s is full (%d of %d MiB free, %d are kept free); nothing more is taken, and what was "
            "taken before is as it was: give the host a larger disk, or keep fewer backups (settings.backup.keep in "
            "roles.yaml)" % (self.repository, self.free() >> 20, size >> 20, RESERVE_BYTES >> 20)
        )

    def free(self):
        seen = os.statvfs(self.repository)
        return seen.f_bavail * seen.f_frsize

    def has_room(self):
        return self.free() >= RESERVE_BYTES

    def is_made(self):
        return os.path.exists(self.repository + "/config")

    def opened(self):
        try:
            with open(self.key) as wanted, open(self.opens) as known:
                return self.is_made() and wanted.read() == known.read()
        except FileNotFoundError:
            return False

    def open(self):
        """@raises Failed"""
        if not self.is_made():
            self.call("init")
        else:
            try:
                self.call("cat", "config")
            except Failed:
                if not os.path.exists(self.opens):
                    raise
                # The stack's secret is another one since: what was opened by the one before is kept.
                self.call("key", "passwd", "--new-password-file", self.key, key=self.opens)
        with open(self.key) as key:
            written(self.opens, key.read(), 0o600)

    # What is known of it.

    def status(self):
        try:
            known = read(self.state + "/status.json")
        except (FileNotFoundError, ValueError):
            known = {}
        known.setdefault("upkeep", {"at": None, "error": None})
        sets = known.setdefault("sets", {})
        known["sets"] = {name: sets.get(name, {"ok": None, "tried": None, "error": None}) for name in self.sets}
        return known

    def keep_status(self, known):
        written(self.state + "/status.json", json.dumps(known, indent=1) + "\n")
        tried = [*known["sets"].values(), known["upkeep"]]
        failed = self.state + "/failed"
        # Of a host that has just been made the first may fail.
        if any(one.get("failures", 0) > 1 for one in tried):
            written(failed, "".join("%s\n" % one["error"] for one in tried if one["error"]))
        elif os.path.exists(failed):
            os.remove(failed)
        if all(self.is_young(one) for one in known["sets"].values()):
            written(self.state + "/done", text_of(now()) + "\n")

    def is_young(self, one):
        return one["ok"] is not None and seconds_since(one["ok"]["at"]) < self.told["everySeconds"] * SLACK

    def is_due(self, one):
        if one["error"] is not None and seconds_since(one["tried"]) < (RETRY_SECONDS if one["ok"] else 0):
            return False
        return one["ok"] is None or seconds_since(one["ok"]["at"]) >= self.told["everySeconds"]

    # Taking.

    def asks(self, of, *words):
        return [self.ssh, "-F", self.told["ssh"], of["address"], *words]

    def about(self, of):
        """@raises Failed"""
        try:
            done = subprocess.run(
                self.asks(of, "about"), stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=60
            )
        except subprocess.TimeoutExpired:
            raise Failed("%s did not answer within a minute" % of["host"]) from None
        if done.returncode != 0:
            said = done.stderr.decode(errors="replace").strip().split("\n")[-1]
            raise Failed("%s does not answer: %s" % (of["host"], said or "exit %d" % done.returncode))
        return json.loads(done.stdout)["instance"]

    def take(self, name):
        """One archive, as one snapshot, or none. @returns what is known of it @raises Failed"""
        of, began = self.sets[name], time.monotonic()
        if not self.has_room():
            raise Failed(self.full())
        instance, at = self.about(of), now()
        path = "/%s.tar" % of["role"]
        said = self.call(
            *["backup", "--json", "--host", of["host"], "--tag", instance, "--group-by", "host,paths"],
            *["--stdin-from-command", "--stdin-filename", path, "--", *self.asks(of, "take", of["role"])],
            fills=True,
        )
        summary = next(m for m in map(json.loads, said.splitlines()) if m["message_type"] == "summary")
        return {
            "at": text_of(at),
            "seconds": round(time.monotonic() - began, 1),
            "bytes": summary["total_bytes_processed"],
            "added": summary.get("data_added_packed", summary["data_added"]),
            "snapshot": summary["snapshot_id"],
            "instance": instance,
        }

    def try_one(self, known, work):
        """What failed is told and remembered; what was had before stays."""
        try:
            ok = work()
            known.update({"error": None, "failures": 0})
            return ok
        except (Failed, OSError, ValueError, KeyError, StopIteration) as error:
            said = str(error) if isinstance(error, Failed) else "%s: %s" % (type(error).__name__, error)
            known.update({"error": said, "failures": known.get("failures", 0) + 1})
            return None

    def run(self):
        with self.alone():
            known = self.status()
            wanted = self.asked() + [name for name, one in known["sets"].items() if self.is_due(one)]
            if wanted:
                self.try_one({}, lambda: self.call("unlock"))
            for name in dict.fromkeys(wanted):
                one = known["sets"][name]
                ok = self.try_one(one, lambda of=name: self.take(of))
                one["tried"] = text_of(now())
                if ok is not None:
                    one["ok"] = ok
                print(line_of(name, one), flush=True)
                self.keep_status(known)
            self.look_after(known)
            self.keep_status(known)

    def look_after(self, known):
        """Once a day, and where the disk is full: what is too old goes, and what stays is whole."""
        upkeep, any_had = known["upkeep"], any(one["ok"] for one in known["sets"].values())
        # Of one that failed the moment is told too: it is not tried each minute.
        is_late = upkeep["at"] is None or seconds_since(upkeep["at"]) >= (RETRY_SECONDS if upkeep["error"] else DAY)
        if not any_had or not (is_late or (not self.has_room() and seconds_since(upkeep["at"]) > RETRY_SECONDS)):
            return
        self.try_one(upkeep, self.drop_and_check)
        upkeep["at"] = text_of(now())
        print("upkeep: %s" % (upkeep["error"] or "well"), flush=True)

    def drop_and_check(self):
        keep = [word for unit, count in self.told["keep"].items() for word in ("--keep-" + unit, str(count))]
        self.call("forget", "--group-by", "host,paths", *keep, "--prune")
        # A tenth of the data is read too, another one each day.
        self.call("check", "--read-data-subset=10%")

    @contextlib.contextmanager
    def alone(self):
        with open(self.state + "/lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    # Asking for it, and having it.

    def asked(self):
        """Sets that somebody asked for; from now on that is seen to."""
        folder = self.state + "/asked"
        names = []
        for file in sorted(os.listdir(folder)):
            with contextlib.suppress(FileNotFoundError):
                os.remove(os.path.join(folder, file))
            name = file.replace("@", "/")
            if name in self.sets:
                names.append(name)
        return names

    def ask(self, names, seconds):
        """@returns whether all went well; says of each how it went as soon as it is known"""
        if not sees_what_is_asked():
            print("%s does not run, so nobody takes what is asked for; maquette up starts it" % TAKER, flush=True)
            return False
        before = {name: self.status()["sets"][name]["tried"] for name in names}
        for name in names:
            with open("%s/asked/%s" % (self.state, name.replace("/", "@")), "w"):
                pass
        end, well, left = time.monotonic() + seconds, True, list(names)
        while left and time.monotonic() < end:
            known = self.status()["sets"]
            for name in [name for name in left if known[name]["tried"] != before[name]]:
                left.remove(name)
                well = well and known[name]["error"] is None
                print(line_of(name, known[name]), flush=True)
            time.sleep(0.2)
        for name in left:
            print("%s: nobody took it within %d s" % (name, seconds), flush=True)
        return well and not left

    def had(self, name):
        """@raises Failed"""
        of = self.sets[name]
        path = "/%s.tar" % of["role"]
        found = json.loads(self.call("snapshots", "--json", "--host", of["host"], "--path", path))
        moments = [(datetime.datetime.fromisoformat(one["time"]), one) for one in found]
        moments.sort(key=lambda pair: pair[0], reverse=True)
        return [{"id": s["id"], "at": text_of(at), "instance": (s.get("tags") or [""])[0]} for at, s in moments]

    def get(self, name, snapshot=None):
        """@returns restic's exit code @raises Failed where nothing is had of it"""
        had = [one["id"] for one in self.had(name)]
        if not had or snapshot not in (None, *had):
            raise Failed("there is no such backup of %s" % name if had else "nothing was ever taken of %s" % name)
        path = "/%s.tar" % self.sets[name]["role"]
        return subprocess.run(self.words(self.key, "dump", snapshot or had[0], path), check=False).returncode


def line_of(name, one):
    if one["error"] is not None:
        return "%s: FAILED: %s" % (name, one["error"])
    ok = one["ok"]
    return "%s: %.1f MiB in %.1f s, %.1f MiB of it new" % (
        name,
        ok["bytes"] / (1 << 20),
        ok["seconds"],
        ok["added"] / (1 << 20),
    )


# Longer than all sets of a lab take; whoever asks for one alone waits as long where others are before it.
NOW_SECONDS = 1800


def main(argv):
    backups = Backups(read(FILE))
    verb, names = (argv or [""])[0], argv[1:]
    snapshot = names.pop() if verb == "get" and len(names) == 2 else None
    unknown = [name for name in names if name not in backups.sets]
    if unknown:
        sys.stderr.write("no set %s; they are %s\n" % (", ".join(unknown), ", ".join(backups.sets)))
        return USAGE
    try:
        if verb == "opened":
            return 0 if backups.opened() else 1
        if verb == "open":
            backups.open()
        elif verb == "run":
            backups.run()
        elif verb == "status":
            print(json.dumps(backups.status()))
        elif verb == "now":
            return 0 if backups.ask(names or list(backups.sets), NOW_SECONDS) else 1
        elif verb == "get" and len(names) == 1:
            return backups.get(names[0], snapshot)
        elif verb == "had" and len(names) == 1:
            print(json.dumps(backups.had(names[0])))
        else:
            sys.stderr.write(__doc__)
            return USAGE
    except (Failed, OSError) as error:
        sys.stderr.write("%s\n" % error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
