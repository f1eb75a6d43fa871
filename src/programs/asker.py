"""A client that keeps asking the servers of a service.

Each question by itself: in the servers' order and as a client does (`q`: whoever answers first within its patience),
and each server alone (`d`).

`{servers: [{name, address}], every, timeout, folder, limit, patience}`, and what the questions need → `{pid}`; times
are this guest's, monotonic, in microseconds. The folder then holds `log`, and `state` for whoever waits:
  q QUESTION STARTED ENDED SERVER|-      asked as a client does
  d QUESTION STARTED ENDED SERVER 1|0    asked of one server
  h FROM TO                              the program itself was held up: what it heard then, it may have heard late
"""

import json
import os
import subprocess
import threading
import time

from background import begin, now

BEAT = 0.1
# Far beyond a beat and what a busy machine lets everybody wait.
HELD_UP = 0.2


class Asker:
    """Keeps asking, each question in a thread of its own, and notes what became of it.

    `questions`: by name a function of a server that returns when it answered as it must, and raises OSError when not.
    """

    def __init__(self, background, questions):
        self.background = background
        self.questions = questions
        self.servers = background.asked["servers"]
        self.every = background.asked["every"] / 1000
        self.folder = background.asked["folder"]
        self.log = open(self.folder + "/log", "w", buffering=1)
        self.lock = threading.Lock()
        self.answered, self.direct, self.why = {}, {}, {}
        self.threads = [self.thread(self.client, q) for q in questions]
        self.threads += [self.thread(self.alone, q, s) for q in questions for s in self.servers]

    def thread(self, work, *what):
        return threading.Thread(target=self.keep, args=(work, *what), daemon=True)

    def keep(self, work, *what):
        while not self.background.is_over():
            begun = time.monotonic()
            work(*what)
            rest = begun + self.every - time.monotonic()
            if rest > 0:
                time.sleep(rest)

    def says(self, question, server):
        try:
            self.questions[question](server)
            return True
        except (OSError, ValueError, IndexError, subprocess.SubprocessError) as error:
            with self.lock:
                self.why["%s %s" % (question, server["name"])] = str(error)[:160]
            return False

    def client(self, question):
        started = now()
        name = next((s["name"] for s in self.servers if self.says(question, s)), None)
        with self.lock:
            self.log.write("q %s %d %d %s\n" % (question, started, now(), name or "-"))
            if name:
                self.answered[question] = started

    def alone(self, question, server):
        started = now()
        is_good = self.says(question, server)
        with self.lock:
            self.log.write("d %s %d %d %s %d\n" % (question, started, now(), server["name"], is_good))
            self.direct["%s %s" % (question, server["name"])] = {"at": started, "good": is_good}

    def run(self):
        for t in self.threads:
            t.start()
        self.background.answer(pid=os.getpid())
        beat = now()
        while not self.background.is_over():
            self.tell()
            time.sleep(BEAT)
            beat = self.beaten(beat)
        for t in self.threads:
            t.join(self.background.asked["timeout"] / 1000 + 2)
        self.log.close()

    def beaten(self, before):
        at = now()
        if at - before > HELD_UP * 1e6:
            with self.lock:
                self.log.write("h %d %d\n" % (before, at))
        return at

    def tell(self):
        with self.lock:
            state = {"now": now(), "answered": self.answered, "direct": self.direct, "why": self.why}
            text = json.dumps(state)
        with open(self.folder + "/state.new", "w") as f:
            f.write(text)
        os.rename(self.folder + "/state.new", self.folder + "/state")


def keep_asking(questions_of):
    """Goes to the background with the questions that it makes of what is asked."""
    background = begin()
    os.makedirs(background.asked["folder"], mode=0o700, exist_ok=True)
    Asker(background, questions_of(background.asked)).run()
