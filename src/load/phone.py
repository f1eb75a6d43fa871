"""A softphone of one person: the one that people use (baresip), registered all day, which takes every call.

What the far end says is given back, so that voice goes both ways for as long as a call lasts.
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
import threading
import time

PHONE = "/etc/maquette/softphone"
USER = "maquette-phone"
ACCOUNT = (
    "<sip:%(login)s@%(server)s:%(port)d;transport=tls>;auth_user=%(login)s;auth_pass=%(secret)s;regint=30"
    ";mediaenc=srtp;answermode=auto;audio_codecs=G722/16000/1,PCMA/8000/1\n"
)


class Phone:
    """`account`: `{login, secret, server, port}`; `ports`: the first and the last for its voice.

    `now` is asked for the moment of everything that the phone says.
    """

    def __init__(self, account, ports, now):
        self.account, self.now = account, now
        self.folder = tempfile.mkdtemp(prefix="maquette-load-phone-")
        self.changed = threading.Condition()
        self.is_registered = False
        # Of calls by their id: `{peer, isOurs, began, ended, why}`, times None until then.
        self.calls = {}
        self.end_reason = ""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.write(ports)
        self.log = open(os.path.join(self.folder, "log"), "w+", encoding="utf-8", errors="replace")
        self.process = subprocess.Popen(
            ["baresip", "-4", "-f", self.folder], stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, user=USER
        )
        self.control = self.connect()
        threading.Thread(target=self.listen, daemon=True).start()

    def write(self, ports):
        with open(os.path.join(PHONE, "config"), encoding="utf-8") as file:
            config = re.sub(r"(?m)^ctrl_tcp_listen\s.*$", "ctrl_tcp_listen 127.0.0.1:%d" % self.port, file.read())
        config += "\nrtp_ports %d-%d\n" % ports
        for name, text in {"config": config, "accounts": ACCOUNT % self.account, "contacts": ""}.items():
            path = os.path.join(self.folder, name)
            with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="utf-8") as file:
                file.write(text)
            shutil.chown(path, USER)
        shutil.chown(self.folder, USER)

    def connect(self):
        end = time.monotonic() + 15
        while time.monotonic() < end and self.process.poll() is None:
            with contextlib.suppress(OSError):
                return socket.create_connection(("127.0.0.1", self.port), timeout=2)
            time.sleep(0.05)
        raise OSError("the softphone does not start: " + self.last_line())

    def last_line(self):
        self.log.flush()
        with open(self.log.name, encoding="utf-8", errors="replace") as file:
            return ([line.strip() for line in file if line.strip()] or ["no word"])[-1][:120]

    def tell(self, command, params=""):
        text = json.dumps({"command": command, "params": params, "token": "t"}).encode()
        self.control.sendall(b"%d:%s," % (len(text), text))

    def listen(self):
        rest = b""
        while select.select([self.control], [], [])[0]:
            try:
                data = self.control.recv(65536)
            except OSError:
                data = b""
            if not data:
                break
            rest += data
            while (found := re.match(rb"(\d+):", rest)) and len(rest) > found.end() + int(found.group(1)):
                last = found.end() + int(found.group(1))
                self.heard(json.loads(rest[found.end() : last]))
                rest = rest[last + 1 :]
        with self.changed:
            self.end_reason = "the softphone ended"
            self.changed.notify_all()

    def heard(self, event):
        kind, call, at = event.get("type") or "", event.get("id"), self.now()
        with self.changed:
            # Who calls has no id in the phone's first words about it.
            if call and call not in self.calls:
                self.calls[call] = {
                    **{"peer": event.get("peeruri", ""), "isOurs": event.get("direction") == "outgoing"},
                    **{"began": None, "ended": None, "why": ""},
                }
            if kind.startswith("REGISTER_"):
                self.is_registered = kind == "REGISTER_OK"
            elif call in self.calls and kind == "CALL_ESTABLISHED":
                self.calls[call]["began"] = at
            elif call in self.calls and kind == "CALL_CLOSED":
                self.calls[call]["ended"] = at
                self.calls[call]["why"] = event.get("param", "")
            self.changed.notify_all()

    def until(self, holds, seconds):
        """Whether it came to hold in that time; what is asked has the lock."""
        with self.changed:
            self.changed.wait_for(lambda: holds() or self.end_reason, seconds)
            return bool(holds())

    def dial(self, number, seconds):
        """The call's id once it is answered. Raises OSError."""
        known = set(self.calls)
        self.tell("dial", "sip:%s@%s" % (number, self.account["server"]))

        def ours():
            return [c for c in self.calls if c not in known and self.calls[c]["isOurs"]]

        def settled():
            return any(self.calls[c]["began"] or self.calls[c]["ended"] for c in ours())

        if not self.until(settled, seconds):
            for call in ours():
                self.tell("hangup", call)
            raise OSError(self.end_reason or "no answer within %d s" % seconds)
        call = ours()[0]
        if self.calls[call]["began"] is None:
            raise OSError("refused: " + self.calls[call]["why"])
        return call

    def close(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(5)
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)
