"""People at work at one machine, side by side, each in a process of its own, by the script of their day.

    {people: {LOGIN: {password, address, phone}}, actions: [ACTION], boxes, web, run,
     folder, limit, patience} → {pid} or {failure}

`phone` is `{login, secret, server, port}` of somebody whose telephone stands here, or null. `boxes` is the mail server
as post.py takes it, `web` the pages' `{name, port}`. An action is `{id, who, kind, at, …}` with `at` in milliseconds
from the start, which is a SIGUSR1 once this program has answered:

    send     {to}              a letter, submitted again until it is taken
    read     {}                the box, and the newest letter in it
    web      {}                the page behind the directory's login
    vpn      {profile, mail, web}
                             a tunnel by a profile, and by it the box and the page at their addresses
    call     {to, seconds}   a call to somebody's number

Each ends with a line of JSON in the folder's `log`: `{id, who, kind, began, ended, ok, tries, why}`, times in
milliseconds of this guest's clock from the start. `send` has also `letters: [{token, taken}]`, one for each time that
it was submitted; `call` has `said` (what passed this guest's cards of it, wire.py), `from` and `to` between which it
stood, and whether it `stood` as long as it should. Whoever is called writes
`{kind: "answer", who, from, began, ended, said}`.
`{kind: "held", who, began, ended}` is a time in which a person's process did not run when it should have.
"""

import contextlib
import email.message
import email.utils
import http.client
import imaplib
import json
import os
import signal
import smtplib
import socket
import sys
import threading
import time

from background import begin
from browser import visited
from phone import Phone
from post import Box, Outgoing, whole
from way import way
from wire import Wire
from words import why

HEADER = "X-Maquette-Load"
# So long people try again what did not work.
PATIENCE = 30
RING_SECONDS = 10
AGAIN = 0.5
REGISTER_SECONDS = 30
# Each person's voice has ports of its own.
FIRST_PORT, PORTS = 21000, 40
BEAT, HELD_UP = 0.1, 0.5
FAULTS = (OSError, EOFError, smtplib.SMTPException, imaplib.IMAP4.error, http.client.HTTPException, ValueError)


class Person:
    def __init__(self, asked, login, place, log):
        self.asked, self.login, self.log = asked, login, log
        self.own = asked["people"][login]
        self.actions = [a for a in asked["actions"] if a["who"] == login]
        self.is_over = threading.Event()
        self.lock = threading.Lock()
        self.start = None
        self.taken, self.told = [], set()
        # One browser for the whole day.
        self.cookies = {}
        self.phone = self.wire = None
        if self.own["phone"]:
            ports = FIRST_PORT + place * PORTS, FIRST_PORT + place * PORTS + PORTS - 2
            self.wire = Wire(*ports)
            self.phone = Phone(self.own["phone"], ports, lambda: time.time_ns() // 1000)

    def since(self, at=None):
        """Milliseconds from the start."""
        return round(((time.monotonic() if at is None else at) - self.start) * 1000)

    def of_epoch(self, at):
        """The same of a moment of the clock that the kernel stamps packets with."""
        return self.since() - (time.time_ns() // 1000 - at) // 1000

    def write(self, **line):
        with self.lock:
            os.write(self.log, (json.dumps(line) + "\n").encode())

    def ready(self):
        """Why not; None where it is."""
        if self.phone is None or self.phone.until(lambda: self.phone.is_registered, REGISTER_SECONDS):
            return None
        return "the softphone of %s is not registered: %s" % (self.login, self.phone.last_line())

    def run(self):
        self.start = time.monotonic()
        threading.Thread(target=self.beat, daemon=True).start()
        for action in self.actions:
            self.is_over.wait(max(0, action["at"] / 1000 - (time.monotonic() - self.start)))
            if self.is_over.is_set():
                return
            self.act(action)
            self.answered()
        # Others may still call.
        while not self.is_over.wait(0.2):
            self.answered()

    def beat(self):
        before = time.monotonic()
        while not self.is_over.wait(BEAT):
            at = time.monotonic()
            if at - before > HELD_UP:
                self.write(kind="held", who=self.login, began=self.since(before), ended=self.since(at))
            before = at

    def act(self, action):
        began, tries, told = time.monotonic(), 0, {}
        result = {"ok": False, "why": ""}
        end = began + PATIENCE
        while not result["ok"] and not self.is_over.is_set() and (tries == 0 or time.monotonic() < end):
            tries += 1
            try:
                told = DOES[action["kind"]](self, action, tries, told) or told
                result = {"ok": True, "why": ""}
            except FAULTS as error:
                result = {"ok": False, "why": why(error)}
                self.is_over.wait(AGAIN)
        whose = {"id": action["id"], "who": self.login, "kind": action["kind"]}
        ended = told.pop("ended", time.monotonic())
        self.write(**whose, began=self.since(began), ended=self.since(ended), **result, tries=tries, **told)

    def box(self, asked):
        box = Box(asked)
        try:
            box.login(self.login, self.own["password"])
            box.select("INBOX", readonly=True)
            found = box.uid("SEARCH", "ALL")[1][0].split()
            if found:
                whole(box, found[-1])
        finally:
            with contextlib.suppress(*FAULTS):
                box.logout()

    def page(self, asked, address):
        login = {"login": self.login, "password": self.own["password"]}
        (status, _, _), _ = visited({**asked, **asked["web"]}, address, login, self.cookies)
        if status != 200:
            raise ConnectionError("HTTP %d" % status)

    def answered(self):
        """Calls of others that are over, each told once."""
        if self.phone is None:
            return
        for call, state in list(self.phone.calls.items()):
            if call in self.told or state["isOurs"] or state["ended"] is None:
                continue
            self.told.add(call)
            if state["began"] is not None:
                caller = state["peer"].partition(":")[2].partition("@")[0]
                self.write(
                    **{"kind": "answer", "who": self.login, "from": caller},
                    **{"began": self.of_epoch(state["began"]), "ended": self.of_epoch(state["ended"])},
                    said=self.wire.call(state["began"], state["ended"], self.taken),
                )

    def close(self):
        self.is_over.set()
        if self.phone:
            # Whoever has not hung up yet is told too.
            now = time.time_ns() // 1000
            for state in self.phone.calls.values():
                if state["ended"] is None:
                    state["ended"] = now
            self.answered()
            self.phone.close()
            self.wire.close()


def named(asked):
    """The mail server as its name is resolved now, as a mail program does it."""
    boxes = asked["boxes"]
    return {**boxes, "address": socket.gethostbyname(boxes["name"]), "device": None}


def send(person, action, tries, told):
    asked = person.asked
    token = "%s.%s.%d" % (asked["run"], action["id"], tries)
    letters = [*told.get("letters", []), {"token": token, "taken": False}]
    told["letters"] = letters
    message = email.message.EmailMessage()
    message["From"], message["To"] = person.own["address"], action["to"]
    message["Subject"] = "Main courante : point de situation"
    message["Date"] = email.utils.formatdate(localtime=True)
    message["Message-ID"] = "<%s@acceptance.invalid>" % token
    message[HEADER] = token
    message.set_content("Crue à Ménétréol, 3 m 20. Point à suivre.\n")
    with Outgoing(named(asked)).secured() as smtp:
        smtp.login(person.login, person.own["password"])
        smtp.send_message(message)
        letters[-1]["taken"] = True
        # What follows is politeness: the letter is the server's now.
        told["ended"] = time.monotonic()
    return told


def read(person, *_):
    person.box(named(person.asked))


def web(person, *_):
    person.page({**person.asked["boxes"], "device": None, "web": person.asked["web"]}, None)


def vpn(person, action, *_):
    """In by the tunnel, and then what it is for."""
    boxes = person.asked["boxes"]
    tunnel = {"profile": action["profile"], "remote": None, "login": person.login}
    tunnel.update(password=person.own["password"], patience=PATIENCE)
    with way({**boxes, "address": action["mail"], "tunnel": tunnel, "web": person.asked["web"]}) as asked:
        person.box(asked)
        person.page(asked, action["web"])


def call(person, action, tries, told):
    """`ended` is when it was answered: how long a call is to last is the script's."""
    phone = person.phone
    call_id = phone.dial(action["to"], RING_SECONDS)
    answered = time.monotonic()
    state = phone.calls[call_id]
    stood = not phone.until(lambda: state["ended"] is not None, action["seconds"])
    ended = state["ended"] or time.time_ns() // 1000
    # Before it is hung up: afterwards nothing comes any more.
    said = person.wire.call(state["began"], ended, person.taken)
    if stood:
        phone.hang_up(call_id)
        phone.until(lambda: state["ended"] is not None, 5)
    spans = {"from": person.of_epoch(state["began"]), "to": person.of_epoch(ended)}
    return {"ended": answered, "said": said, "stood": stood, "stoodWhy": state["why"] if not stood else "", **spans}


DOES = {"send": send, "read": read, "web": web, "vpn": vpn, "call": call}


def live(asked, login, place, log, told, started):
    """One person's process: `told` is where it says that it is ready, `started` what it waits for."""
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    person = None
    try:
        try:
            person = Person(asked, login, place, log)
            why = person.ready()
        except OSError as error:
            why = "%s: %s" % (login, error)
        os.write(told, (json.dumps(why) + "\n").encode())
        os.close(told)
        # Its other end closes at the start, for all at once.
        os.read(started, 1)
        if why is None and not ended.is_set():
            work = threading.Thread(target=person.run, daemon=True)
            work.start()
            ended.wait()
    finally:
        if person:
            person.close()
        os._exit(0)


def main():
    background = begin()
    asked = background.asked
    os.makedirs(asked["folder"], mode=0o700, exist_ok=True)
    log = os.open(asked["folder"] + "/log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    # Blocked from here on: it waits for whoever asks for it.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
    told_read, told_write = os.pipe()
    started_read, started_write = os.pipe()
    children = []
    for place, login in enumerate(asked["people"]):
        child = os.fork()
        if child == 0:
            os.close(started_write)
            os.close(told_read)
            live(asked, login, place, log, told_write, started_read)
        children.append(child)
    os.close(told_write)
    os.close(started_read)
    with os.fdopen(told_read) as told:
        answers = [json.loads(line) for line in told]
    wrong = [why for why in answers if why]
    if wrong or len(answers) < len(children):
        background.answer(failure="; ".join(wrong) or "somebody ended before they were ready")
    else:
        background.answer(pid=os.getpid())
        while not background.is_over():
            if signal.sigtimedwait({signal.SIGUSR1}, 0.5):
                break
        os.close(started_write)
        while not background.is_over():
            time.sleep(0.1)
    for child in children:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGTERM)
    with contextlib.suppress(OSError):
        os.close(started_write)
    for child in children:
        os.waitpid(child, 0)
    sys.exit(0)


if __name__ == "__main__":
    main()
