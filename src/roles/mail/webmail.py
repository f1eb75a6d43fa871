"""The webmail as a browser uses it: its pages, forms, cookies and tokens (Roundcube 1.6)."""

import contextlib
import html
import http.client
import http.cookies
import json
import re
import time
import urllib.parse

from web import Site

ROW = re.compile(r"this\.add_message_row\((\d+),")
TEXT = "La préfète et le directeur sont prévenus : crue à Ménétréol, 3 m 20."


class Refused(Exception):
    """It did not let somebody in, or did not do what it was told."""


class Webmail:
    def __init__(self, asked, host):
        self.site = Site(asked, host)
        self.cookies = {}
        self.token = None

    def page(self, method, where, form=None, headers=None):
        """The answer and its text; a redirection is not followed."""
        headers = {**(headers or {}), "Cookie": "; ".join("%s=%s" % pair for pair in self.cookies.items())}
        body = None
        if form is not None:
            body = urllib.parse.urlencode(form)
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        answer, text = self.site.say(method, where, body, headers)
        for line in answer.headers.get_all("Set-Cookie") or []:
            for name, one in http.cookies.SimpleCookie(line).items():
                self.cookies[name] = one.value
        return answer, text

    def opened(self, **query):
        """A page of somebody who is in, after the redirections that lead to it."""
        where = "/?" + urllib.parse.urlencode(query)
        for _ in range(3):
            answer, text = self.page("GET", where)
            if answer.status == 200:
                found = re.search(r'"request_token":"(\w+)"', text)
                self.token = found.group(1) if found else self.token
                return text
            if answer.status != 302:
                raise Refused("HTTP %d for %s" % (answer.status, where))
            where = urllib.parse.urljoin(where, answer.headers["Location"])
        raise Refused("no end of redirections for " + where)

    def said(self, method, form=None, **query):
        """What a script of the page asks for and is told to do."""
        where = "/?" + urllib.parse.urlencode({"_task": "mail", **query, "_remote": 1})
        headers = {"X-Roundcube-Request": self.token, "X-Requested-With": "XMLHttpRequest"}
        answer, text = self.page(method, where, form, headers)
        if answer.status != 200:
            raise Refused("HTTP %d for %s" % (answer.status, where))
        return json.loads(text).get("exec", "")

    def log_on(self, login, password):
        _, text = self.page("GET", "/")
        fields = {**hidden(text), "_user": login, "_pass": password}
        if "_token" not in fields:
            raise Refused("no login page")
        answer, text = self.page("POST", "/?_task=login", fields)
        if answer.status != 302:
            raise Refused("HTTP %d at the login" % answer.status)
        return self

    def log_out(self):
        # Whatever kept somebody from coming in keeps this from being heard too.
        with contextlib.suppress(OSError, http.client.HTTPException):
            self.page("GET", "/?_task=logout&_token=" + (self.token or ""))
        self.site.close()

    def rows(self, folder):
        """`(uid, subject)` of what lies there, the newest first."""
        return rows_in(self.said("GET", _action="list", _mbox=folder, _page=1))

    def take_away(self, folder, uids):
        if uids:
            self.said("POST", {"_uid": ",".join(uids), "_mbox": folder}, _action="delete")

    def send(self, to, subject):
        form = self.opened(_task="mail", _action="compose")
        identity = re.search(r'<option value="(\d+)"[^>]*selected', form)
        fields = {
            **hidden(form),
            **({"_from": identity.group(1)} if identity else {}),
            **{"_to": to, "_subject": subject, "_message": TEXT, "_is_html": 0, "_framed": 1, "_store_target": "Sent"},
        }
        _, text = self.page("POST", "/?_task=mail&_action=send", fields)
        if "sent_successfully" not in text:
            said = re.search(r'display_message\("([^"]*)"', text)
            raise Refused("not sent: " + (said.group(1) if said else " ".join(text.split())[:80]))


def hidden(text):
    """What a page's forms send along by themselves."""
    found = {}
    for tag in re.findall(r"<input[^>]*>", text):
        said = {name: html.unescape(value) for name, value in re.findall(r'(\w+)="([^"]*)"', tag)}
        if said.get("type") == "hidden" and "name" in said:
            found[said["name"]] = said.get("value", "")
    return found


def rows_in(orders):
    decoder = json.JSONDecoder()
    return [
        (row.group(1), html.unescape(re.sub(r"<[^>]*>", "", decoder.raw_decode(orders, row.end())[0]["subject"])))
        for row in ROW.finditer(orders)
    ]


@contextlib.contextmanager
def somebody(asked, host, login):
    browser = Webmail(asked, host)
    try:
        yield browser.log_on(login["login"], login["password"])
    finally:
        browser.log_out()


def exchange(asked, wanted):
    """Sends as one, reads as another, takes away what was sent; `{sent, arrived, wrong}` as letter.py has them."""
    subject = "%s %s" % (wanted["subject"], time.time_ns())
    began = time.monotonic()
    with somebody(asked, wanted["host"], wanted["sender"]) as browser:
        browser.send(wanted["to"], subject)
        taken = time.monotonic()
        browser.take_away("Sent", of_ours(browser.rows("Sent"), wanted))
    with somebody(asked, wanted["host"], wanted["reader"]) as browser:
        browser.opened(_task="mail", _mbox="INBOX")
        end = time.monotonic() + wanted["seconds"]
        found = browser.rows("INBOX")
        while subject not in [said for _, said in found] and time.monotonic() < end:
            time.sleep(0.2)
            found = browser.rows("INBOX")
        came = time.monotonic()
        wrong = differences(browser, found, subject)
        browser.take_away("INBOX", of_ours(found, wanted))
    return {"sent": round((taken - began) * 1000), "arrived": round((came - taken) * 1000), "wrong": wrong}


def of_ours(rows, wanted):
    """What a run before this left too."""
    return [uid for uid, subject in rows if subject.startswith(wanted["subject"] + " ")]


def differences(browser, rows, subject):
    uid = next((uid for uid, said in rows if said == subject), None)
    if uid is None:
        return ["it is not in the list"]
    text = html.unescape(browser.opened(_task="mail", _action="show", _mbox="INBOX", _uid=uid))
    return [] if TEXT in text else ["the text is another"]


def refused(asked, host, login):
    """`in`, or how somebody was kept out."""
    browser = Webmail(asked, host)
    try:
        browser.log_on(login["login"], login["password"])
        return "in"
    except Refused as why:
        return str(why)
    finally:
        browser.log_out()
