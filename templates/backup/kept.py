"""What this host holds that no `maquette up` makes again, taken as one archive. Written by maquette.

    kept.py asked      what the backup host's key is answered with; what it asks for stands in SSH_ORIGINAL_COMMAND
    kept.py about      {instance}: which guest this is
    kept.py take SET   a tar archive on standard output: the set's files, and in `maquette-kept/` what was dumped for it
    kept.py put SET    the other way, from standard input: {files, aside}; what was there lies in the folder `aside`

A set is a member of FILE: {paths, except, sqlite, dump, units, load}. Whatever fails ends with words on standard error
and another exit code than 0; then what was written before is no archive, and what was to be put back is as it was.
"""

import contextlib
import fcntl
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import syslog
import tempfile
import time

FILE = "/etc/maquette/kept.json"
FOLDER = "/var/lib/maquette/kept"
INSTANCE = "/var/lib/maquette/steps/instance"
# In each archive: whoever wrote it last can be told from the archive alone.
MARKER = FOLDER + "/marker"
DUMPED = "maquette-kept"
SUDO = ["/usr/bin/sudo", "-n", "/usr/bin/python3", "-I", "/usr/local/lib/maquette/kept.py"]
USAGE = 64
# Another one at work is waited for so long.
PATIENCE_SECONDS = 120
# tar(1): files that changed while they were read. Of what must not, there is a dump.
CHANGED = 1


class Failed(Exception):
    """In words for whoever reads the backup host's journal."""


def sets():
    with open(FILE) as file:
        return json.load(file)


def allowed(words, known):
    """The words that the backup host may say; None where it may not say these."""
    if words == ["about"]:
        return words
    if len(words) == 2 and words[0] == "take" and words[1] in known:
        return words
    return None


def asked():
    """In the place of whatever was asked for: one of the words above as root, or nothing."""
    said = os.environ.get("SSH_ORIGINAL_COMMAND", "")
    words = allowed(said.split(" "), sets())
    if words is None:
        shown = re.sub(r"[^ -~]", "?", said)[:80]
        syslog.openlog("maquette-kept", facility=syslog.LOG_AUTH)
        syslog.syslog(syslog.LOG_WARNING, "refused: %s" % shown)
        sys.stderr.write("refused: this key takes backups and does nothing else\n")
        return USAGE
    return subprocess.run(SUDO + words, check=False).returncode


def about():
    with open(INSTANCE) as file:
        print(json.dumps({"instance": file.read().strip()}))
    return 0


@contextlib.contextmanager
def alone():
    """One at a time: dumps stop each other, and a disk has room for one of them."""
    os.makedirs(FOLDER, mode=0o700, exist_ok=True)
    with open(FOLDER + "/lock", "w") as lock:
        end = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > end:
                    raise Failed("another backup of this host has been at work for %d s" % PATIENCE_SECONDS) from None
                time.sleep(0.2)
        yield


def dump_sqlite(path, folder):
    """A copy by SQLite itself, whole while others write, with the owner and the rights of the first."""
    copy = folder + path
    os.makedirs(os.path.dirname(copy), mode=0o700, exist_ok=True)
    with contextlib.closing(sqlite3.connect("file:%s?mode=ro" % path, uri=True)) as source:
        with contextlib.closing(sqlite3.connect(copy)) as target:
            source.backup(target)
    seen = os.stat(path)
    os.chown(copy, seen.st_uid, seen.st_gid)
    os.chmod(copy, seen.st_mode & 0o7777)


def dump(kept, folder):
    """@raises Failed naming the program and its last words"""
    for path in kept["sqlite"]:
        if os.path.exists(path):
            dump_sqlite(path, folder)
    for argv in kept["dump"]:
        done = subprocess.run(
            argv,
            cwd=folder,
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        if done.returncode != 0:
            said = done.stdout.decode(errors="replace").strip().split("\n")[-1]
            raise Failed("%s ended with %d: %s" % (argv[0], done.returncode, said))


def archive(kept, folder):
    """@raises Failed"""
    there = [path for path in kept["paths"] + [MARKER] if os.path.lexists(path)]
    argv = ["tar", "--create", "--file=-", "--format=posix", "--sort=name", "--acls", "--xattrs", "--one-file-system"]
    # Without the time of reading and a process's number: what has not changed is the same bytes.
    argv += ["--pax-option=delete=atime,delete=ctime,exthdr.name=%d/PaxHeaders/%f"]
    argv += ["--warning=no-file-changed", "--warning=no-file-removed", "--warning=no-file-ignored"]
    argv += ["--exclude=" + pattern for pattern in kept["except"]]
    argv += ["--directory=/"] + [path.lstrip("/") for path in there] + ["--directory=" + folder, DUMPED]
    done = subprocess.run(argv, check=False, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
    if done.returncode not in (0, CHANGED):
        said = done.stderr.decode(errors="replace").strip().split("\n")[-1]
        raise Failed("tar ended with %d: %s" % (done.returncode, said))


def take(name):
    kept = sets()[name]
    with alone():
        # What one that was killed has left: nobody else is at work.
        for left in os.listdir(FOLDER):
            if left.startswith("taking-"):
                shutil.rmtree(os.path.join(FOLDER, left), ignore_errors=True)
        with tempfile.TemporaryDirectory(prefix="taking-", dir=FOLDER) as folder:
            inner = os.path.join(folder, DUMPED)
            os.mkdir(inner, mode=0o700)
            dump(kept, inner)
            archive(kept, folder)
    return 0


def run(argv, what, **how):
    """@raises Failed in the program's own last words"""
    done = subprocess.run(argv, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **how)
    if done.returncode != 0:
        said = done.stdout.decode(errors="replace").strip().split("\n")[-1]
        raise Failed("%s: %s ended with %d: %s" % (what, argv[0], done.returncode, said))


def moved(source, target):
    """By mv(1): a folder of a lower layer is no one rename, and owners stay."""
    os.makedirs(os.path.dirname(target), mode=0o700, exist_ok=True)
    run(["mv", "-T", source, target], "putting back")


def swapped(pairs, gone, aside):
    """Each staged path in the place of the live one, which goes aside, as `gone` do: all, or none. @raises Failed"""
    done = []
    try:
        for live in gone:
            moved(live, aside + live)
            done.append(live)
        for staged, live in pairs:
            if os.path.lexists(live):
                moved(live, aside + live)
            done.append(live)
            moved(staged, live)
    except (Failed, OSError):
        undo(done, aside)
        raise
    return done


def undo(done, aside):
    for live in reversed(done):
        if os.path.isdir(live) and not os.path.islink(live):
            shutil.rmtree(live)
        elif os.path.lexists(live):
            os.remove(live)
        if os.path.lexists(aside + live):
            moved(aside + live, live)


def put(name, stream):
    """@raises Failed, and then all is as it was before, and runs"""
    kept = sets()[name]
    with alone():
        for left in os.listdir(FOLDER):
            if left.startswith("putting-"):
                shutil.rmtree(os.path.join(FOLDER, left), ignore_errors=True)
        aside = "%s/before-%s" % (FOLDER, time.strftime("%Y%m%dT%H%M%S"))
        with tempfile.TemporaryDirectory(prefix="putting-", dir=FOLDER) as folder:
            # All of it, before anything that lives is touched.
            argv = ["tar", "--extract", "--file=-", "--directory=" + folder, "--preserve-permissions"]
            run([*argv, "--acls", "--xattrs"], "the archive is not whole, nothing was touched", stdin=stream)
            inner = os.path.join(folder, DUMPED)
            if not os.path.isdir(inner):
                raise Failed("the archive is none of this program's, nothing was touched")
            pairs = [(folder + path, path) for path in kept["paths"]]
            pairs += [(inner + path, path) for path in kept["sqlite"]]
            pairs = [(staged, live) for staged, live in pairs if os.path.lexists(staged)]
            files = sum(len(names) for _, _, names in os.walk(folder))
            stopped = kept["units"]
            if stopped:
                run(["systemctl", "stop", *stopped], "stopping what uses it")
            try:
                # What SQLite had not yet written into a database is of that database.
                logs = [path + end for path in kept["sqlite"] for end in ("-wal", "-shm", "-journal")]
                done = swapped(pairs, [path for path in logs if os.path.exists(path)], aside)
                try:
                    for argv in kept["load"]:
                        run(argv, "taking in what was dumped", cwd=inner, stdin=subprocess.DEVNULL)
                except Failed:
                    undo(done, aside)
                    raise
            finally:
                for unit in stopped:
                    run(["systemctl", "start", unit], "it is back, but not all of it runs")
        print(json.dumps({"files": files, "aside": aside if os.path.isdir(aside) else None}))
    return 0


def main(argv):
    try:
        if argv == ["asked"]:
            return asked()
        if argv == ["about"]:
            return about()
        if len(argv) == 2 and argv[0] == "take":
            return take(argv[1])
        if len(argv) == 2 and argv[0] == "put":
            return put(argv[1], sys.stdin.buffer)
    except (Failed, OSError, KeyError, ValueError, sqlite3.Error) as error:
        sys.stderr.write("%s\n" % (error if isinstance(error, Failed) else "%s: %s" % (type(error).__name__, error)))
        return 1
    sys.stderr.write(__doc__)
    return USAGE


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
