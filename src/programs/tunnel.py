"""OpenVPN by a profile, with a device that nobody else has and no route of this machine touched.

What goes by it is bound to the device.
"""

import contextlib
import json
import os
import queue
import signal
import socket
import subprocess
import threading
import time


def ip(*words):
    ran = subprocess.run(["ip", *words], capture_output=True, text=True, timeout=10, check=False)
    if ran.returncode != 0:
        raise OSError("ip %s: %s" % (" ".join(words), ran.stderr.strip()))
    return ran.stdout


def move_into(device):
    """From here on this program and what it starts are in a network of their own, in which there is the tunnel alone.

    OpenVPN stays where it is. For programs that cannot bind to a device: whatever they send goes by it, or nowhere.
    """
    found = json.loads(ip("-json", "-4", "address", "show", "dev", device))[0]["addr_info"][0]
    before = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    os.unshare(os.CLONE_NEWNET)
    own = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    os.setns(before, os.CLONE_NEWNET)
    ip("link", "set", "dev", device, "netns", "/proc/%d/fd/%d" % (os.getpid(), own))
    os.setns(own, os.CLONE_NEWNET)
    os.close(before)
    os.close(own)
    ip("link", "set", "dev", "lo", "up")
    ip("address", "add", "%s/%d" % (found["local"], found["prefixlen"]), "dev", device)
    ip("link", "set", "dev", device, "up")
    ip("route", "add", "default", "dev", device)


class Client:
    """Of `{profile, remote, login, password, patience}`: `remote` null for the profile's own, patience in seconds."""

    def __init__(self, asked, folder):
        self.device = "try%d" % os.getpid()
        self.is_greeted = False
        self.asked, self.console = asked, folder + "/console"
        config, password = folder + "/profile", folder + "/password"
        with open(password, "w") as file:
            file.write("%s\n%s\n" % (asked["login"], asked["password"]))
        # An empty one in a file is asked for at a terminal; by its console OpenVPN sends it.
        is_empty = asked["password"] == ""
        with open(asked["profile"]) as profile, open(config, "w") as file:
            for line in profile:
                words = line.split()
                if words[:1] == ["remote"] and asked["remote"] not in (None, words[1]):
                    continue
                is_password = words == ["auth-user-pass"] and not is_empty
                file.write("auth-user-pass %s\n" % password if is_password else line)
        options = ["--dev", self.device, "--dev-type", "tun", "--route-noexec", "--auth-retry", "none"]
        if is_empty:
            options += ["--management", self.console, "unix", "--management-query-passwords"]
        self.process = subprocess.Popen(
            ["openvpn", "--config", config, *options, "--connect-retry-max", "1"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        self.lines = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()
        if is_empty:
            threading.Thread(target=self._say_nothing, daemon=True).start()

    def _say_nothing(self):
        end = time.monotonic() + self.asked["patience"]
        with socket.socket(socket.AF_UNIX) as console:
            while console.connect_ex(self.console) and time.monotonic() < end:
                time.sleep(0.02)
            for line in console.makefile("r"):
                if line.startswith(">PASSWORD:Need"):
                    said = 'username "Auth" "%s"\npassword "Auth" ""\n' % self.asked["login"]
                    console.sendall(said.encode())

    def _read(self):
        with self.process.stdout as said:
            for line in said:
                self.lines.put(line.strip())
        self.lines.put(None)

    def outcome(self):
        """`result`, what was said of it, and the routes that were pushed."""
        end, said, routes = time.monotonic() + self.asked["patience"], "", []
        while True:
            try:
                line = self.lines.get(timeout=max(0, end - time.monotonic()))
            except queue.Empty:
                return "shut", said or "no answer within %d s" % self.asked["patience"], routes
            if line is None:
                return "shut", said or "OpenVPN ended", routes
            if "PUSH_REPLY" in line:
                routes = [part[6:] for part in line.split(",") if part.startswith("route ")]
            elif "Initialization Sequence Completed" in line:
                return "up", "", routes
            elif "AUTH_FAILED" in line:
                return "refused", line.split("AUTH_FAILED", 1)[1].strip(", '"), routes
            elif "VERIFY OK: depth=0" in line:
                self.is_greeted = True
            elif "TLS Error" in line or "Options error" in line:
                said = said or line[line.index("Error") - 4 :].strip()
                if self.is_greeted:
                    return "shut", said, routes

    def end(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(5)
            return
        self.process.kill()
        self.process.wait()
