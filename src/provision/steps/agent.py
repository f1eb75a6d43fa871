"""What runs on a Debian host: Python's minimal standard library, which cloud images and the twin's guests have.

It is sent with every run, so nothing of it stays on the host and no version of it is old. Standard input: the length of
this program and the program, the length of a JSON document and the document (each length a line). Whatever comes short
of that was cut, and nothing is begun. Standard output: a JSON document a line.
"""

import errno
import fcntl
import grp
import hashlib
import json
import os
import pwd
import select
import signal
import stat
import subprocess
import sys
import time

STATE = "/var/lib/maquette/steps"
SHOWN = 256 * 1024
ENV = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "LC_ALL": "C.UTF-8",
    "HOME": "/root",
    "DEBIAN_FRONTEND": "noninteractive",
}
OLD, NEW = ".maquette-old", ".maquette-new"


class Failed(Exception):
    def __init__(self, what, **facts):
        Exception.__init__(self, what)
        self.facts = dict(facts, what=what)


def say(**event):
    sys.stdout.write(json.dumps(event) + "\n")
    sys.stdout.flush()


def beside(path, suffix):
    folder, name = os.path.split(path)
    return os.path.join(folder, "." + name + suffix)


def load_now():
    """What waits for a processor: the average of a minute, or this moment's where that is more (proc(5), loadavg)."""
    try:
        with open("/proc/loadavg") as f:
            words = f.read().split()
        return max(float(words[0]), float(words[3].split("/")[0]))
    except (OSError, ValueError, IndexError):
        return 0.0


class Patience:
    """
    A deadline on a machine that may be busy with others. A second counts for as much of a processor as a task gets
    in it, a sign of progress begins anew, and at a quarter of an hour it ends whatever comes. While it lasts, whoever
    asked is told now and then that somebody is here.
    """

    LONGEST = 900
    TOLD = 5

    def __init__(self, seconds):
        self.seconds = self.left = seconds
        self.begun = self.at = self.told = time.monotonic()
        self.load = 0.0
        self.processors = os.cpu_count() or 1

    def progress(self):
        self.left, self.at = self.seconds, time.monotonic()

    def is_over(self):
        now = time.monotonic()
        load = load_now()
        self.load = max(self.load, load)
        self.left -= (now - self.at) * min(1.0, self.processors / max(load, 0.01))
        self.at = now
        if now - self.told >= self.TOLD:
            self.told = now
            say(event="wait")
        return self.left <= 0 or now - self.begun >= self.LONGEST

    def facts(self):
        """How long it was, and why."""
        took = round(time.monotonic() - self.begun, 1)
        return {"seconds": self.seconds, "took": took, "load": round(self.load, 1), "processors": self.processors}


def run(command, patience, argv=None):
    """Runs to its end or to the deadline (seconds, or one that others share), with everything that it started."""
    argv = argv or command["argv"]
    if not isinstance(patience, Patience):
        patience = Patience(patience)
    # Its input as a file without a name: nothing has to be fed to it while it is listened to.
    given = os.memfd_create("input")
    try:
        data = memoryview((command.get("input") or "").encode())
        while data:
            data = data[os.write(given, data) :]
        os.lseek(given, 0, os.SEEK_SET)
        child = subprocess.Popen(
            argv,
            stdin=given,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=ENV,
            cwd="/",
            start_new_session=True,
        )
    except OSError as e:
        return {"argv": argv, "exit": 127, "said": "%s: %s" % (argv[0], e.strerror), "late": None}
    finally:
        os.close(given)
    out, late = b"", None

    def hear(seconds):
        """Whether it may still say something."""
        nonlocal out
        if not select.select([child.stdout], [], [], seconds)[0]:
            return True
        part = os.read(child.stdout.fileno(), 65536)
        out = (out + part)[-65536:]
        if part:
            patience.progress()
        return bool(part)

    while hear(0.5):
        if patience.is_over():
            late = patience.facts()
            os.killpg(child.pid, signal.SIGKILL)
            # Whoever left the group and holds the pipe must not hold us.
            last = time.monotonic() + 2
            while hear(0.2) and time.monotonic() < last:
                pass
            break
    # It has closed its output, and is about to end.
    while late is None and child.poll() is None:
        if patience.is_over():
            late = patience.facts()
            os.killpg(child.pid, signal.SIGKILL)
        time.sleep(0.005)
    child.wait()
    child.stdout.close()
    text = out.decode("utf-8", "replace").strip().split("\n")[-12:]
    return {"argv": argv, "exit": child.returncode, "said": "\n".join(text)[-2000:], "late": late}


def must(command, seconds, what, argv=None):
    result = run(command, seconds, argv)
    if result["late"]:
        raise Failed(what, argv=result["argv"], said=result["said"], **result["late"])
    if result["exit"] != 0:
        raise Failed(what, argv=result["argv"], exit=result["exit"], said=result["said"])
    return result["said"]


def until(command, seconds, what):
    patience = Patience(seconds)
    # What an attempt says is no progress: it says the same each time.
    patience.progress = lambda: None
    last = None
    while True:
        result = run(command, patience)
        if result["exit"] == 0 and not result["late"]:
            return
        # An attempt that the deadline cuts says nothing: the one before it does.
        last = result if last is None or not result["late"] else last
        if patience.is_over():
            raise Failed(what, argv=last["argv"], exit=last["exit"], said=last["said"], **patience.facts())
        # Services tell nobody but their manager that they listen, and not all tell it.
        time.sleep(0.1)


def tail_of(unit):
    return run({"argv": ["journalctl", "-u", unit, "-n", "8", "-o", "cat", "--no-pager"]}, 10)["said"]


# Files


def account(owner):
    user, _, group = owner.partition(":")
    try:
        return pwd.getpwnam(user).pw_uid, grp.getgrnam(group or user).gr_gid
    except KeyError:
        raise Failed("there is no account %s on the host" % owner) from None


def name_of(kind, number):
    try:
        return pwd.getpwuid(number).pw_name if kind == "user" else grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)


def look(path):
    """What a path is now; None when nothing is there. A link is no file of ours."""
    try:
        facts = os.lstat(path)
    except OSError as e:
        if e.errno in (errno.ENOENT, errno.ENOTDIR):
            return None
        raise
    if not stat.S_ISREG(facts.st_mode):
        kind = "link" if stat.S_ISLNK(facts.st_mode) else "other"
        return {"digest": "", "mode": "", "owner": "", "content": None, "kind": kind}
    with open(path, "rb") as f:
        content = f.read()
    return {
        "digest": hashlib.sha256(content).hexdigest(),
        "mode": "%04o" % stat.S_IMODE(facts.st_mode),
        "owner": "%s:%s" % (name_of("user", facts.st_uid), name_of("group", facts.st_gid)),
        "content": content,
    }


def differs(now, wanted):
    return now is None or any(now[k] != wanted[k] for k in ("digest", "mode", "owner"))


def make_folders(path, made):
    folder = os.path.dirname(path)
    if os.path.isdir(folder):
        return
    make_folders(folder, made)
    os.mkdir(folder, 0o755)
    os.chmod(folder, 0o755)  # noqa: S103 - as a folder of a package has it, whatever the umask
    made.append(folder)


def write_new(path, wanted):
    """A temporary beside the file, on the disk before it gets the file's name, and never readable by others."""
    temporary = beside(path, NEW)
    try:
        os.unlink(temporary)
    except FileNotFoundError:
        pass
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        uid, gid = account(wanted["owner"])
        os.fchown(fd, uid, gid)
        data = memoryview(wanted["content"].encode())
        while data:
            data = data[os.write(fd, data) :]
        os.fchmod(fd, int(wanted["mode"], 8))
        os.fsync(fd)
    finally:
        os.close(fd)
    return temporary


def remove(path):
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass


class State:
    """Which files were loaded, and which guest this is."""

    def __init__(self, role):
        self.path = os.path.join(STATE, role + ".json")
        try:
            with open(self.path) as f:
                self.loaded = json.load(f)
        except (OSError, ValueError):
            self.loaded = {}

    def keep(self):
        os.makedirs(STATE, 0o755, exist_ok=True)
        temporary = self.path + NEW
        with open(temporary, "w") as f:
            json.dump(self.loaded, f)
            f.flush()
            os.fsync(f.fileno())
        os.rename(temporary, self.path)


def instance(is_made):
    path = os.path.join(STATE, "instance")
    try:
        with open(path) as f:
            return f.read().strip()
    except OSError:
        if not is_made:
            return None
    # Of the boot that made it: random, and Python's random module is not among the minimal ones.
    with open("/proc/sys/kernel/random/uuid") as f:
        made = f.read().strip()
    os.makedirs(STATE, 0o755, exist_ok=True)
    with open(path + NEW, "w") as f:
        f.write(made + "\n")
        f.flush()
        os.fsync(f.fileno())
    os.rename(path + NEW, path)
    return made


def check_files(step, state):
    wrong, present = {}, []
    for path, wanted in step["files"].items():
        now = look(path)
        if not differs(now, wanted):
            continue
        if now is None:
            wrong[path] = None
            continue
        content = now.pop("content")
        now["isSame"] = now["digest"] == wanted["digest"]
        if content is not None and len(content) <= SHOWN and not now["isSame"]:
            now["content"] = content.decode("utf-8", "replace")
        wrong[path] = now
    for path in step["absent"]:
        if os.path.lexists(path):
            present.append(path)
    is_loaded = state.loaded.get(step["name"]) == step["key"]
    return {"wrong": wrong, "present": present, "isLoaded": is_loaded}


def load(command, what):
    """
    Loads files. A unit that failed too often with the ones before gets another chance (systemd.unit(5),
    StartLimitBurst=).
    """
    if command["argv"][0] == "systemctl":
        run({"argv": ["systemctl", "reset-failed"]}, 30)
    must(command, 60, what)


def apply_files(step, state):
    found = check_files(step, state)
    wrong, present = list(found["wrong"]), found["present"]
    if not wrong and not present and found["isLoaded"]:
        return False
    for path in wrong:
        now = found["wrong"][path]
        if now is not None and now.get("kind") == "other":
            raise Failed("%s is no file" % path)
    made, written, renamed = [], [], []
    try:
        for path in wrong:
            make_folders(path, made)
            written.append(write_new(path, step["files"][path]))
        for command in step["check"]:
            argv = []
            for word in command["argv"]:
                path = word[4:] if word.startswith("new:") else None
                argv.append(word if path is None else beside(path, NEW) if path in wrong else path)
            must(command, 30, "the checker refuses it", argv)
    except BaseException:
        for temporary in [beside(path, NEW) for path in wrong]:
            remove(temporary)
        for folder in reversed(made):
            try:
                os.rmdir(folder)
            except OSError:
                pass
        raise
    touched = set()
    try:
        for path in wrong + present:
            old = beside(path, OLD)
            # One that is there is from a run that was cut before it knew whether its file is good: older, so better.
            if os.path.lexists(path) and not os.path.lexists(old):
                os.link(path, old, follow_symlinks=False)
            renamed.append(path)
            if path in step["files"]:
                os.rename(beside(path, NEW), path)
            else:
                os.unlink(path)
            touched.add(os.path.dirname(path))
        for folder in touched:
            fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(fd)
            finally:
                os.close(fd)
        for command in step["verify"]:
            must(command, 30, "the checker refuses it in its place")
        for command in step["reload"]:
            load(command, "loading it failed")
        if step.get("probe"):
            until(step["probe"], 30, "loaded, it does not work")
    except BaseException as failure:
        back = [p for p in list(step["files"]) + present if os.path.lexists(beside(p, OLD))]
        for path in wrong:
            remove(beside(path, NEW))
        for path in renamed:
            if path not in back:
                remove(path)
        for path in back:
            os.rename(beside(path, OLD), path)
        for folder in reversed(made):
            try:
                os.rmdir(folder)
            except OSError:
                pass
        again = []
        for command in step["reload"] if renamed or back else []:
            run({"argv": ["systemctl", "reset-failed"]}, 30)
            again.append(run(command, 60))
        if isinstance(failure, Failed):
            bad = [r["said"] for r in again if r["exit"] != 0]
            failure.facts["back"] = "the files before are back" + (
                ", but loading them again failed too: " + bad[0] if bad else ""
            )
        raise
    for path in list(step["files"]) + present:
        remove(beside(path, OLD))
    state.loaded[step["name"]] = step["key"]
    state.keep()
    return True


# Packages


def missing(packages):
    """Those of the packages that dpkg does not have installed."""
    out = subprocess.run(
        ["dpkg-query", "-W", "-f", "${Package}\t${db:Status-Status}\n", *packages],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=ENV,
        check=False,
    ).stdout.decode()
    there = {line.split("\t")[0] for line in out.split("\n") if line.endswith("\tinstalled")}
    return [p for p in packages if p not in there]


def apply_packages(step):
    wanted = missing(step["packages"])
    if not wanted:
        return False
    options = ["-o", "Dpkg::Options::=--force-confold", "-o", "DPkg::Lock::Timeout=60"]
    strict = ["-o", "APT::Update::Error-Mode=any"]
    install = {"argv": ["apt-get", "-y", "-q", "--no-install-recommends", *options, *strict, "install", *wanted]}
    patience = Patience(900)
    if run(install, patience)["exit"] != 0:
        # A fresh image has no lists, and old lists name versions that are gone.
        must({"argv": ["apt-get", "-q", *strict, "update"]}, 120, "the archive cannot be read")
        must(install, patience, "they cannot be installed")
    left = missing(step["packages"])
    if left:
        raise Failed("installed, %s is still missing" % ", ".join(left))
    return True


# Units

ENABLED = ("enabled", "enabled-runtime", "static", "alias", "generated", "indirect", "transient")


def units_of(step):
    """Units that are not as the step wants them, each with why."""
    names = "ActiveState,UnitFileState,LoadState,ConditionResult,SubState"
    out = subprocess.run(
        ["systemctl", "show", "-p", names, "--", *step["units"]],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=ENV,
        check=False,
    ).stdout.decode()
    blocks = [dict(line.split("=", 1) for line in b.split("\n") if "=" in line) for b in out.strip().split("\n\n")]
    wrong = {}
    for unit, facts in zip(step["units"], blocks, strict=False):
        active, file, load = facts.get("ActiveState"), facts.get("UnitFileState"), facts.get("LoadState")
        if step["state"] == "running":
            if load != "loaded":
                wrong[unit] = "is %s" % load
            elif active not in ("active", "reloading"):
                wrong[unit] = "is %s" % active
            elif file not in ENABLED:
                wrong[unit] = "is not enabled"
        elif active not in ("inactive", "failed"):
            wrong[unit] = "is %s" % active
        elif step["state"] == "masked" and load != "masked":
            wrong[unit] = "is not masked"
        elif step["state"] == "off" and file in ("enabled", "enabled-runtime"):
            wrong[unit] = "is enabled"
    return wrong


def apply_units(step):
    wrong = list(units_of(step))
    if not wrong:
        return False
    if step["state"] == "masked":
        must({"argv": ["systemctl", "mask", "--now", "--", *wrong]}, 60, "they cannot be masked")
    elif step["state"] == "off":
        must({"argv": ["systemctl", "disable", "--now", "--", *wrong]}, 60, "they cannot be switched off")
    else:
        run({"argv": ["systemctl", "reset-failed", "--", *wrong]}, 30)
        must({"argv": ["systemctl", "enable", "--", *wrong]}, 60, "they cannot be enabled")
        result = run({"argv": ["systemctl", "start", "--", *wrong]}, 120)
        if result["exit"] != 0 or result["late"]:
            late = result["late"] or {"exit": result["exit"]}
            raise Failed("they do not start", argv=result["argv"], said=tail_of(wrong[0]), **late)
    patience = Patience(30)
    while True:
        left = units_of(step)
        if not left:
            return True
        if patience.is_over():
            unit = next(iter(left))
            raise Failed("%s %s" % (unit, left[unit]), said=tail_of(unit), **patience.facts())
        # What a unit does after it was started is told on a bus that minimal Python does not speak.
        time.sleep(0.1)


# Commands


def apply_command(step):
    if run(step["unless"], 30)["exit"] == 0:
        return False
    must(step["run"], step["seconds"], "it failed")
    result = run(step["unless"], 30)
    if result["exit"] != 0:
        facts = {"argv": result["argv"], "exit": result["exit"], "said": result["said"]}
        raise Failed("done, its guard still does not hold", **facts)
    return True


def apply(step, state, is_changed):
    kind = step["kind"]
    if kind == "packages":
        return apply_packages(step)
    if kind == "files":
        return apply_files(step, state)
    if kind == "units":
        return apply_units(step)
    if kind == "command":
        return apply_command(step)
    if is_changed or state.loaded.get(step["name"]) != "passed":
        state.loaded.pop(step["name"], None)
        state.keep()
        until(step["run"], step["seconds"], "it does not hold")
        state.loaded[step["name"]] = "passed"
        state.keep()
    return False


def check(step, state):
    kind = step["kind"]
    if kind == "packages":
        return {"missing": missing(step["packages"])}
    if kind == "files":
        return check_files(step, state)
    if kind == "units":
        return {"wrong": units_of(step)}
    if kind == "command":
        result = run(step["unless"], 30)
        return {"holds": result["exit"] == 0, "said": result["said"]}
    return {"holds": state.loaded.get(step["name"]) == "passed"}


def words_of(e):
    if e.errno == errno.ENOSPC:
        return "the disk is full (%s)" % (e.filename or "no space left on device")
    return "%s: %s" % (e.filename or "a file", e.strerror)


def main():
    source = sys.stdin.buffer
    length = int(source.readline() or b"-1")
    text = source.read(length) if length >= 0 else b""
    if len(text) != length:
        sys.exit(75)
    asked = json.loads(text)
    os.umask(0o022)
    if asked["mode"] == "check":
        answer = {}
        known = instance(False)
        for role in asked["roles"] if known else []:
            state = State(role["role"])
            answer[role["role"]] = [check(step, state) for step in role["steps"]]
        say(event="state", instance=known, roles=answer)
        return
    # One at a time: the run before may have lost its connection and still be at work.
    os.makedirs(STATE, 0o755, exist_ok=True)
    lock = os.open(STATE, os.O_RDONLY | os.O_DIRECTORY)
    patience = Patience(60)
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except OSError:
            if patience.is_over():
                what = "another run's steps are still at work on the host"
                say(event="fail", role=asked["roles"][0]["role"], step=0, what=what)
                return
            time.sleep(0.1)
    is_off = "clock" in asked and abs(time.time() - asked["clock"]["now"]) > asked["clock"]["seconds"]
    try:
        say(event="hello", instance=instance(True), now=time.time())
    except OSError as e:
        say(event="fail", role=asked["roles"][0]["role"], step=0, what=words_of(e))
        return
    if is_off:
        # Who asked reads it in the hello, and says so.
        return
    for role in asked["roles"]:
        state = State(role["role"])
        is_changed = False
        for number, step in enumerate(role["steps"]):
            begun = time.monotonic()
            say(event="begin", role=role["role"], step=number)
            try:
                changed = apply(step, state, is_changed)
            except Failed as e:
                say(event="fail", role=role["role"], step=number, **e.facts)
                return
            except OSError as e:
                say(event="fail", role=role["role"], step=number, what=words_of(e))
                return
            is_changed = is_changed or changed
            ms = round(1000 * (time.monotonic() - begun))
            say(event="done", role=role["role"], step=number, changed=changed, ms=ms)
    say(event="end")


if __name__ == "__main__":
    main()
