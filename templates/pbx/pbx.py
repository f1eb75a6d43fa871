"""The telephone exchange of this host. Written by maquette.

    pbx.py check FILE     exit 1 and what Asterisk has not as FILE says
    pbx.py reload FILE    loads changed phones and numbers; no call is cut
    pbx.py restart FILE   for what cannot be reloaded: says so, waits for calls to end, and restarts
    pbx.py announced FILE exit 1 unless every announcement is there as FILE says it
    pbx.py announce FILE  speaks the announcements into sound files

FILE is JSON: {phones: [ACCOUNT], numbers: [NUMBER], applications: [NAME], transports: [NAME],
announcements: {NAME: TEXT}}
"""

import hashlib
import json
import os
import re
import subprocess
import sys
import syslog
import time

SOUNDS = "/usr/local/share/asterisk/sounds"
# A call that has not ended by then is cut.
PATIENCE_SECONDS = 30
MODULES = ["res_pjsip.so", "res_pjsip_session.so", "app_voicemail.so", "app_confbridge.so"]
MODULES += ["features", "cdr", "cdr_csv.so"]


def asterisk(command):
    """What Asterisk says to a command; None where it does not run."""
    ran = subprocess.run(["asterisk", "-rx", command], capture_output=True, text=True, check=False, timeout=20)
    return ran.stdout if ran.returncode == 0 else None


def missing(wanted):
    if asterisk("core waitfullybooted") is None:
        return ["Asterisk does not answer"]
    found = []
    phones = set(re.findall(r"^ Endpoint:\s+([^/\s<]+)", asterisk("pjsip show endpoints") or "", re.M))
    found += ["no endpoint %s" % name for name in wanted["phones"] if name not in phones]
    found += [
        "endpoint %s is not of the plan" % name for name in sorted(phones - set(wanted["phones"])) if wanted["phones"]
    ]
    transports = set(re.findall(r"^Transport:\s+(\S+)", asterisk("pjsip show transports") or "", re.M))
    found += ["no transport %s" % name for name in wanted["transports"] if name not in transports]
    plan = asterisk("dialplan show internal") or ""
    found += ["number %s is not in the dialplan" % n for n in wanted["numbers"] if "'%s'" % n not in plan]
    for name in wanted["applications"]:
        if not re.search(r"(?m)^\s*%s:" % name, asterisk("core show applications like " + name) or ""):
            found.append("no application " + name)
    return found


def check(wanted):
    found = missing(wanted)
    if found:
        sys.exit("; ".join(found[:5]))


def reload(_wanted):
    if asterisk("core waitfullybooted") is None:
        subprocess.run(["systemctl", "restart", "asterisk"], check=True)
        return
    for command in ["dialplan reload", "logger reload"] + ["module reload " + name for name in MODULES]:
        asterisk(command)


def calls():
    counted = re.search(r"(\d+) active calls?", asterisk("core show channels count") or "")
    return int(counted.group(1)) if counted else 0


def restart(_wanted):
    """Transports, certificate and modules are read at the start alone."""
    busy = calls()
    words = "maquette: Asterisk restarts for a change that cannot be reloaded; %d calls are in progress" % busy
    syslog.syslog(syslog.LOG_WARNING, words)
    print(words, flush=True)
    end = time.monotonic() + PATIENCE_SECONDS
    while busy and time.monotonic() < end:
        time.sleep(0.5)
        busy = calls()
    subprocess.run(["systemctl", "daemon-reload"], check=True)
    subprocess.run(["systemctl", "restart", "asterisk"], check=True)


def spoken(name):
    return os.path.join(SOUNDS, name + ".wav")


def mark(name):
    return os.path.join(SOUNDS, name + ".said")


def digest(text):
    return hashlib.sha256(text.encode()).hexdigest()


def unsaid(wanted):
    """Announcements that are not there, or say something else."""
    for name, text in wanted["announcements"].items():
        try:
            with open(mark(name), encoding="ascii") as file:
                is_said = file.read() == digest(text) and os.path.getsize(spoken(name)) > 0
        except OSError:
            is_said = False
        if not is_said:
            yield name, text


def announced(wanted):
    names = [name for name, _ in unsaid(wanted)]
    if names:
        sys.exit("not spoken: " + ", ".join(names))


def announce(wanted):
    os.makedirs(SOUNDS, exist_ok=True)
    for name, text in unsaid(wanted):
        speech = subprocess.run(
            ["espeak-ng", "-v", "fr", "-s", "140", "--stdout", "--stdin"],
            input=text.encode(),
            capture_output=True,
            check=True,
        )
        # What Asterisk's `wav` is: 8 kHz, 16 bits, one channel.
        subprocess.run(
            ["sox", "-q", "-t", "wav", "-", "-r", "8000", "-c", "1", "-b", "16", spoken(name) + ".new.wav"],
            input=speech.stdout,
            check=True,
        )
        os.rename(spoken(name) + ".new.wav", spoken(name))
        with open(mark(name), "w", encoding="ascii") as file:
            file.write(digest(text))


COMMANDS = {"check": check, "reload": reload, "restart": restart, "announced": announced, "announce": announce}


def main(arguments):
    if len(arguments) != 2 or arguments[0] not in COMMANDS:
        sys.exit("usage: pbx.py %s FILE" % "|".join(COMMANDS))
    with open(arguments[1], encoding="utf-8") as file:
        COMMANDS[arguments[0]](json.load(file))


if __name__ == "__main__":
    main(sys.argv[1:])
