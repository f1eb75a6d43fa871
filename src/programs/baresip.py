"""The softphone that people use (baresip), of somebody's own and beside the desk's, told what to do over loopback.

Its console (ctrl_tcp) speaks netstrings of JSON: `{command, params}` to it; events and answers from it.
"""

import contextlib
import json
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import time

# What the desk's phone is made of (src/roles/pbx/softphone.ts).
PHONE = "/etc/maquette/softphone"
USER = "maquette-phone"
# `{login, secret, server, port}`, how often it registers in seconds (0: never), and how it answers.
ACCOUNT = (
    "<sip:%(login)s@%(server)s:%(port)d;transport=tls>;auth_user=%(login)s;auth_pass=%(secret)s;regint=%(regint)d"
    ";mediaenc=srtp;answermode=%(answers)s;audio_codecs=G722/16000/1,PCMA/8000/1\n"
)


class Ended(OSError):
    pass


class Console:
    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=2)
        self.rest = b""

    def tell(self, command, params=""):
        text = json.dumps({"command": command, "params": params, "token": "t"}).encode()
        self.socket.sendall(b"%d:%s," % (len(text), text))

    def said(self, seconds=None):
        """What the phone says next, nothing where it is silent for so long. Raises Ended when it has closed."""
        try:
            if not select.select([self.socket], [], [], seconds)[0]:
                return []
            data = self.socket.recv(65536)
        except (OSError, ValueError):
            # Closed at this end, by somebody who waits for nothing more.
            data = b""
        if not data:
            raise Ended("the softphone ended")
        self.rest += data
        found = []
        while (head := re.match(rb"(\d+):", self.rest)) and len(self.rest) > head.end() + int(head.group(1)):
            end = head.end() + int(head.group(1))
            found.append(json.loads(self.rest[head.end() : end]))
            self.rest = self.rest[end + 1 :]
        return found

    def close(self):
        self.socket.close()


def takes_registration(answer):
    """Of what it says to `reginfo`: beside the account, in colour, stands OK, ERR, or zzz."""
    return "\x1b[32mOK" in answer.get("data", "")


class Baresip:
    """One that runs, in a folder that goes with it."""

    def __init__(self, account, settings, more=""):
        """`settings` of the folder take the place of lines of the desk's file, and `more` is added.

        Raises OSError with its last words.
        """
        self.folder = tempfile.mkdtemp(prefix="maquette-phone-")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        with open(os.path.join(PHONE, "config"), encoding="utf-8") as file:
            config = file.read() + more
        for key, value in {**settings(self.folder), "ctrl_tcp_listen": "127.0.0.1:%d" % port}.items():
            config = re.sub(r"(?m)^%s\s.*$" % key, "%s %s" % (key, value), config)
        for name, text in {"config": config, "accounts": account, "contacts": ""}.items():
            path = os.path.join(self.folder, name)
            with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="utf-8") as file:
                file.write(text)
            shutil.chown(path, USER)
        shutil.chown(self.folder, USER)
        self.log = open(os.path.join(self.folder, "log"), "w+", encoding="utf-8", errors="replace")
        self.process = subprocess.Popen(
            ["baresip", "-4", "-f", self.folder], stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, user=USER
        )
        self.console = self.connected(port)

    def connected(self, port):
        end = time.monotonic() + 15
        while time.monotonic() < end and self.process.poll() is None:
            with contextlib.suppress(OSError):
                return Console(port)
            time.sleep(0.05)
        words = self.last_line()
        self.close()
        raise OSError("the softphone does not start: " + words)

    def words(self):
        self.log.flush()
        with open(self.log.name, encoding="utf-8", errors="replace") as file:
            return file.read()

    def last_line(self):
        return ([line.strip() for line in self.words().splitlines() if line.strip()] or ["no word"])[-1][:120]

    def close(self):
        end(self.process.pid)
        if hasattr(self, "console"):
            self.console.close()
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def end(pid):
    """Ends a process, and waits until it is gone.

    Whoever remains has it from a parent that has ended: of such a one subprocess says that it is over already, and
    signals nobody.
    """
    until = time.monotonic() + 3
    sign = signal.SIGTERM
    while not is_gone(pid):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, sign)
        while not is_gone(pid) and time.monotonic() < until:
            time.sleep(0.02)
        until, sign = time.monotonic() + 3, signal.SIGKILL


def is_gone(pid):
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    except ChildProcessError:
        try:
            with open("/proc/%d/stat" % pid) as file:
                # Ended, and its own parent has not looked yet.
                return file.read().rpartition(")")[2].split()[0] == "Z"
        except OSError:
            return True
