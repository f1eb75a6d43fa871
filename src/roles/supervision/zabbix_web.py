"""Zabbix' web as a browser and a program use it, by its name and with the lab's authority: `{name, port, wait}`."""

import html
import http.client
import http.cookies
import json
import re
import ssl
import urllib.parse


class Refused(Exception):
    pass


class Browser:
    def __init__(self, asked):
        self.site = http.client.HTTPSConnection(
            asked["name"], asked["port"], timeout=asked["wait"], context=ssl.create_default_context()
        )
        self.cookies = {}

    def page(self, method, path, form=None):
        headers = {"Cookie": "; ".join("%s=%s" % pair for pair in self.cookies.items())}
        body = None
        if form is not None:
            body = urllib.parse.urlencode(form)
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        self.site.request(method, path, body, headers)
        answer = self.site.getresponse()
        text = answer.read().decode("utf-8", "replace")
        for line in answer.headers.get_all("Set-Cookie") or []:
            for name, one in http.cookies.SimpleCookie(line).items():
                self.cookies[name] = one.value
        return answer, text

    def log_on(self, login, password):
        """The page that somebody sees who has come in."""
        answer, _ = self.page("GET", "/index.php")
        if answer.status != 200:
            raise Refused("HTTP %d for the login page" % answer.status)
        form = {"name": login, "password": password, "autologin": 0, "enter": "Sign in"}
        answer, text = self.page("POST", "/index.php", form)
        if answer.status != 302:
            raise Refused("HTTP %d: %s" % (answer.status, complaint(text)))
        answer, text = self.page("GET", "/" + answer.headers["Location"].removeprefix("/"))
        if answer.status != 200 or "zi-sign-out" not in text:
            raise Refused("HTTP %d after the login" % answer.status)
        return text

    def log_out(self):
        self.page("GET", "/index.php?reconnect=1")

    def call(self, method, parameters, session=None):
        headers = {"Content-Type": "application/json-rpc"}
        if session:
            headers["Authorization"] = "Bearer " + session
        call = {"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters}
        self.site.request("POST", "/api_jsonrpc.php", json.dumps(call), headers)
        answer = self.site.getresponse()
        text = answer.read().decode("utf-8", "replace")
        if answer.status != 200:
            raise Refused("HTTP %d of the API" % answer.status)
        said = json.loads(text)
        if "result" not in said:
            raise Refused("the API: %s" % said["error"].get("data", "?"))
        return said["result"]


def complaint(text):
    """What the login page says to whoever did not get in."""
    found = re.search(r'<div class="red">(.*?)</div>', text, re.S)
    return " ".join(html.unescape(re.sub(r"<[^>]*>", "", found.group(1))).split()) if found else "no login"
