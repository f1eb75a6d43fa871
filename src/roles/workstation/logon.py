"""Logs on at this host's console as a person does, with login(1) at a terminal, and says what came of it.

`{attempts: [{login, password}], seconds}` → `[{result, said, uid, home, mode, ticket, took}]`

`result` is `in`, `wrong` (login(1) takes name and password for wrong, or the account for closed), `no right` (they are
right, and it says that this person may not log on here) or `nothing`. `home`, its `mode` and the `ticket`'s owner are
what the person's own shell says there. The password goes into the terminal where login asks for it, and nowhere else.
"""

import json
import os
import pty
import re
import select
import signal
import sys
import time

# What the shell is to say, between words that no echo of the command has.
ASKED = (
    "printf '%s%s ' BEG IN; id -u; pwd; stat -c %a .; klist 2>/dev/null | sed -n 's/^Default principal: //p'; "
    "printf '%s%s\\n' EN D; exit\n"
)
ANSWER = re.compile(r"BEGIN (\d+)\s+(\S+)\s+(\d+)\s+(\S*?)\s*END", re.S)
WRONG = "Login incorrect"
# pam_strerror(3) of PAM_PERM_DENIED and PAM_ACCT_EXPIRED, which login(1) prints.
NO_RIGHT = ("Permission denied", "User account has expired")


class Terminal:
    """login(1) at a terminal of its own."""

    def __init__(self, login):
        self.said = ""
        self.has_ended = False
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            # PAM's words in English, whatever the host's language; the rest login(1) sets itself.
            os.execve("/usr/bin/login", ["login", login], {"LC_ALL": "C.UTF-8", "TERM": "dumb"})  # noqa: S606 - a terminal is its only way

    def until(self, end, is_there):
        """Whether it is there before the end: a moment of time.monotonic()."""
        while not is_there(self.said):
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.fd], [], [], left)[0]:
                return False
            try:
                data = os.read(self.fd, 4096)
            except OSError:
                # login(1) hangs its terminal up and opens it again: for a moment nobody has it.
                if self.is_over():
                    return is_there(self.said)
                time.sleep(0.01)
                continue
            self.said += data.decode("utf-8", "replace").replace("\r", "")
        return True

    def type(self, text):
        os.write(self.fd, text.encode())

    def is_over(self):
        self.has_ended = self.has_ended or os.waitpid(self.pid, os.WNOHANG)[0] == self.pid
        return self.has_ended

    def close(self):
        """Its terminal goes, which ends what still waits there for a name or a password."""
        os.close(self.fd)
        end = time.monotonic() + 2
        while not self.is_over() and time.monotonic() < end:
            time.sleep(0.02)
        if not self.has_ended:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)


def outcome_of(said):
    """What login(1) has come to by what it said so far; None while it has come to nothing."""
    if WRONG in said:
        return "wrong"
    if any(words in said for words in NO_RIGHT):
        return "no right"
    return "in" if re.search(r"[$#] $", said) else None


def attempt(login, password, seconds):
    began = time.monotonic()
    end = began + seconds
    terminal = Terminal(login)
    found = {"result": "nothing"}
    try:
        if terminal.until(end, lambda said: "Password: " in said):
            terminal.said = ""
            terminal.type(password + "\n")
            terminal.until(end, outcome_of)
            found["result"] = outcome_of(terminal.said) or "nothing"
            found["took"] = round((time.monotonic() - began) * 1000)
        if found["result"] == "in":
            terminal.said = ""
            terminal.type(ASKED)
            terminal.until(end, ANSWER.search)
            answer = ANSWER.search(terminal.said)
            if answer:
                found.update(zip(("uid", "home", "mode", "ticket"), answer.groups(), strict=True))
    finally:
        terminal.close()
    found["said"] = last_line(terminal.said, password)
    return found


def last_line(said, password):
    lines = [line.strip() for line in said.split("\n") if line.strip()]
    return lines[-1].replace(password, "…")[:120] if lines else ""


def main():
    asked = json.load(sys.stdin)
    print(json.dumps([attempt(a["login"], a["password"], asked["seconds"]) for a in asked["attempts"]]))


if __name__ == "__main__":
    main()
