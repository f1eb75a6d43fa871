"""Calls from a softphone of its own and says what was heard, as JSON.

The phone is the one that people use (baresip), with the account of this desk, beside the desk's own and without
registering: so calls of several probes do not meet, and nobody's phone rings for them.

    {dial: [NUMBER], digits, listen, meet, seconds, stay, outside}

Where somebody is outside, `outside` is `{tunnel, resolvers, account}`: the tunnel as tunnel.py takes it, by which alone
the phone then speaks, who says names there, and `{login, secret, server, port}` of the account. Not with `stay`:
the tunnel ends with this program, and who stays outlives it.

`listen` is `tone`, the one that it plays, given back by an echo at the far end: heard, both ways carry; or `speech`.
`digits` and # are pressed once there is an answer. With `stay` it answers as soon as the call stands, and remains
for that many seconds, giving back what it hears.

`meet` is for a room, in which nothing is given back: `{own, content, others: {NAME: {own, content}}}`, tones in Hz,
each a multiple of 100. Everybody plays the own tone until all others were heard, and the other one from then on: so
whoever hears that from everybody knows, by ear alone, that each heard each.
→ `[{number, result, setup, heard, tone, other, met, secured, sent, received}]`; `tone` and `other`: for how much of the
best half second, in percent, there was our tone, and another sound; `met`: by name, `silent`, `own` or `content`
"""

import array
import contextlib
import json
import math
import os
import re
import signal
import sys
import tempfile
import time
import wave

from baresip import ACCOUNT, PHONE, Baresip, Ended
from tunnel import Client, move_into

# What G.722 carries: a file of another rate is played too fast or too slow.
RATE = 16000
TONE = 440
# Of samples of 16 bits: what is below is silence.
LOUD = 200
FRAMES = 50
# Of a frame's power: two tones of one strength have half each, and a voice beside them takes from that.
AMONG_OTHERS = 0.15


class Stop(Exception):
    """Said in one line."""


def tone(folder, frequency):
    """A source of sound: baresip's `aufile`."""
    path = os.path.join(folder, "%d.wav" % frequency)
    with wave.open(path, "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        # After a second each tone of ours begins anew: one is made, and the rest are the same.
        second = array.array("h", (int(9000 * math.sin(2 * math.pi * frequency * n / RATE)) for n in range(RATE)))
        file.writeframes(second.tobytes() * 30)
    return "aufile," + path


class Phone:
    """A softphone that asks one thing at a time: what it says in between is kept until somebody waits for it."""

    def __init__(self, asked):
        self.events = []
        self.seen = set()
        self.calls = 0
        outside, more = asked.get("outside"), ""
        if outside:
            regint = 30 if asked.get("registers") else 0
            account = ACCOUNT % {**outside["account"], "regint": regint, "answers": "manual"}
            more = "".join("dns_server %s:53\n" % address for address in outside["resolvers"])
        else:
            with open(os.path.join(PHONE, "accounts"), encoding="utf-8") as file:
                account = re.sub(r";regint=\d+", ";regint=0", file.read())
        self.server = re.search(r"@([^>]+)>", account).group(1)
        try:
            self.baresip = Baresip(account, lambda folder: self.settings(folder, asked), more)
        except OSError as error:
            raise Stop(str(error)) from error

    def settings(self, folder, asked):
        meet = asked.get("meet")
        self.heard = os.path.join(folder, "heard.wav")
        if asked.get("stay") and not meet:
            source = player = "aubridge,back"
        else:
            source, player = tone(folder, meet["own"] if meet else TONE), "aufile," + self.heard
        return {"audio_source": source, "audio_player": player, "sip_listen": "0.0.0.0:0"}

    def last_line(self):
        return self.baresip.last_line()

    def tell(self, command, params=""):
        self.baresip.console.tell(command, params)

    def play(self, frequency):
        self.tell("ausrc", tone(self.baresip.folder, frequency))

    def wait(self, seconds, *types):
        """The next event of one of these types, or None."""
        end = time.monotonic() + seconds
        while True:
            while self.events:
                event = self.events.pop(0)
                if event.get("type") in types:
                    return event
            left = end - time.monotonic()
            if left <= 0:
                return None
            try:
                said = self.baresip.console.said(left)
            except Ended as error:
                raise Stop("%s: %s" % (error, self.last_line())) from error
            for message in said:
                if message.get("event"):
                    self.events.append(message)
                    self.seen.add(message.get("type"))
                elif message.get("response"):
                    self.events.append({"type": "RESPONSE", "data": message.get("data", "")})

    def figures(self):
        """How many packets the last call sent and received, as baresip prints it a moment after its end."""
        self.calls += 1
        end = time.monotonic() + 2
        found = []
        while len(found) < self.calls and time.monotonic() < end:
            self.wait(0.05)
            found = re.findall(r"packets:\s+(\d+)\s+(\d+)", self.baresip.words())
        return {"sent": int(found[-1][0]), "received": int(found[-1][1])} if len(found) == self.calls else {}

    def close(self):
        self.baresip.close()


def sound_in(path):
    """The last second that was written so far, and its rate; a header's length is not true before the end."""
    try:
        with open(path, "rb") as file:
            header = file.read(44)
            if len(header) < 44:
                return array.array("h"), RATE
            rate = int.from_bytes(header[24:28], "little")
            size = os.fstat(file.fileno()).st_size - 44
            file.seek(44 + max(0, size - 2 * rate) // 2 * 2)
            data = file.read()
    except OSError:
        return array.array("h"), RATE
    return array.array("h", data[: len(data) // 2 * 2]), rate


def power(samples, frequency, rate):
    """Of one frequency among the whole, 0 to 1 (Goertzel)."""
    total = sum(s * s for s in samples)
    if not total:
        return 0.0
    factor = 2 * math.cos(2 * math.pi * frequency / rate)
    one = two = 0.0
    for s in samples:
        one, two = s + factor * one - two, one
    return 2 * (one * one + two * two - factor * one * two) / (len(samples) * total)


def loud_frames(samples, rate):
    """Those of the last half second, 10 ms each, that are no silence.

    Frame by frame, because a machine with much to do tears holes into a voice, and after each the tone goes on at
    another phase: over the whole it would be no tone any more, though anybody hears it.
    """
    size = rate // 100
    frames = [samples[start : start + size] for start in range(len(samples) % size, len(samples), size)][-FRAMES:]
    return [frame for frame in frames if math.sqrt(sum(s * s for s in frame) / size) >= LOUD]


def sound(samples, rate):
    """Of the last half second, in percent: how much of it carries our own tone, and how much another sound."""
    loud = loud_frames(samples, rate)
    tones = sum(power(frame, TONE, rate) > 0.5 for frame in loud)
    return {"tone": tones * 100 // FRAMES, "other": (len(loud) - tones) * 100 // FRAMES}


def tones(samples, rate, frequencies):
    """Of the last half second, in percent: how much of it carries each of these, several at once too."""
    loud = loud_frames(samples, rate)
    return {f: sum(power(frame, f, rate) > AMONG_OTHERS for frame in loud) * 100 // FRAMES for f in frequencies}


def is_heard(found, what):
    """For half of that time: our own tone, or any sound at all that is none."""
    return found["tone" if what == "tone" else "other"] >= 50


def one(phone, number, asked):
    seconds = asked.get("seconds", 8)
    began = time.monotonic()
    phone.tell("dial", "sip:%s@%s" % (number, phone.server))
    event = phone.wait(seconds, "CALL_ESTABLISHED", "CALL_CLOSED")
    if event is None or event["type"] == "CALL_CLOSED":
        return {"number": number, "result": "no answer" if event is None else "refused: " + event.get("param", "")}
    found = {"number": number, "result": "answered", "setup": round((time.monotonic() - began) * 1000), "heard": False}
    if asked.get("digits"):
        phone.tell("sndcode", asked["digits"] + "#")
    if asked.get("stay"):
        return found
    if asked.get("meet"):
        found["heard"] = Meeting(phone, asked["meet"]).last(seconds, found)
    elif asked.get("listen"):
        found["heard"] = listen(phone, found, asked["listen"], seconds)
    else:
        phone.wait(seconds, "CALL_CLOSED")
    phone.tell("hangup")
    phone.wait(2, "CALL_CLOSED")
    return {**found, "secured": "CALL_MENC" in phone.seen, **phone.figures()}


def listen(phone, found, what, seconds):
    # Each call's sound is written from the start of the file on.
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        last = sound(*sound_in(phone.heard))
        found.update({kind: max(share, found.get(kind, 0)) for kind, share in last.items()})
        if is_heard(last, what):
            return True
        event = phone.wait(0.1, "CALL_CLOSED")
        if event:
            found["result"] = "ended: " + event.get("param", "")
            return False
    return False


class Meeting:
    """In a room, among others."""

    def __init__(self, phone, meet):
        self.phone, self.meet = phone, meet
        self.met = dict.fromkeys(meet["others"], "silent")

    def hear(self):
        samples, rate = sound_in(self.phone.heard)
        wanted = [f for other in self.meet["others"].values() for f in (other["own"], other["content"])]
        found = tones(samples, rate, wanted)
        for name, other in self.meet["others"].items():
            if found[other["content"]] >= 50:
                self.met[name] = "content"
            elif found[other["own"]] >= 50 and self.met[name] == "silent":
                self.met[name] = "own"

    def last(self, seconds, found):
        """Whether everybody was heard to be content, within so many seconds."""
        until = time.monotonic() + seconds
        is_content = False
        found["met"] = self.met
        while time.monotonic() < until:
            self.hear()
            if not is_content and "silent" not in self.met.values():
                self.phone.play(self.meet["content"])
                is_content = True
            if all(word == "content" for word in self.met.values()):
                return True
            event = self.phone.wait(0.1, "CALL_CLOSED")
            if event:
                found["result"] = "ended: " + event.get("param", "")
                return False
        return False


def leave():
    """From here on a process of its own, which nobody waits for; of the one before nothing is to be taken away.

    Where acceptance is over, logind ends what its session left (SIGTERM): what was laid down is taken away then too.
    """
    if os.fork():
        os._exit(0)
    os.setsid()
    null = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(null, fd)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())


@contextlib.contextmanager
def cleared(*takes_away):
    """Whatever happens within; then this process ends."""
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        for take in takes_away:
            take()
        os._exit(0)


def remain(phone, asked):
    leave()
    until = time.monotonic() + asked["seconds"]
    found = {}
    with cleared(phone.close):
        if asked.get("meet"):
            Meeting(phone, asked["meet"]).last(asked["seconds"], found)
        if "result" not in found and phone.wait(until - time.monotonic(), "CALL_CLOSED") is None:
            phone.tell("hangup")
            phone.wait(2, "CALL_CLOSED")


@contextlib.contextmanager
def where(asked):
    """Where the phone speaks from: here, or by a tunnel of its own."""
    if not asked.get("outside"):
        yield
        return
    with tempfile.TemporaryDirectory() as folder:
        client = Client(asked["outside"]["tunnel"], folder)
        try:
            result, said, _ = client.outcome()
            if result != "up":
                sys.exit("no tunnel: %s (%s)" % (said, result))
            move_into(client.device)
            yield
        finally:
            client.end()


def main():
    asked = json.load(sys.stdin)
    with where(asked):
        speak(asked)


def speak(asked):
    phone = Phone(asked)
    try:
        found = [one(phone, number, asked) for number in asked["dial"]]
    except Stop as stop:
        phone.close()
        sys.exit(str(stop))
    is_answered = all(call["result"] == "answered" for call in found)
    # Nobody judges what was only to be begun.
    if not is_answered and (asked.get("stay") or not (asked.get("listen") or asked.get("meet"))):
        phone.close()
        sys.exit("%s: %s" % (found[0]["number"], found[0]["result"]))
    print(json.dumps(found), flush=True)
    if asked.get("stay"):
        remain(phone, asked)
    else:
        phone.close()


if __name__ == "__main__":
    main()
