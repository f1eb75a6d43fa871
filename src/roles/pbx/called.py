"""Answers the next call of somebody on the road, whose phone registers by a tunnel of its own.

    {from, seconds, outside}

`outside` as in call.py. Ends as soon as the exchange has taken the registration; the rest is a process of its own,
which answers whom it is to hear, gives back what that one says, and takes phone and tunnel away. One call, one tunnel.
"""

import json
import shutil
import sys
import tempfile
import time

from baresip import end, takes_registration
from call import Phone, Stop, cleared, leave
from tunnel import Client, move_into

# A tunnel that is up carries a registration at once; on a busy machine some time later.
REGISTER_SECONDS = 10


def answer(phone, asked):
    until = time.monotonic() + asked["seconds"]
    answered = None
    while (left := until - time.monotonic()) > 0:
        event = phone.wait(left, "CALL_INCOMING", "CALL_CLOSED")
        if event is None:
            break
        call = event.get("id", "")
        if event["type"] == "CALL_CLOSED" and call == answered:
            return
        if event["type"] == "CALL_INCOMING" and answered is None and "sip:%s@" % asked["from"] in event["peeruri"]:
            phone.tell("accept", call)
            answered = call
    phone.tell("hangup")
    phone.wait(2, "CALL_CLOSED")


def is_registered(phone):
    """Asked again and again: its event may have come before anybody listened."""
    until = time.monotonic() + REGISTER_SECONDS
    while time.monotonic() < until:
        phone.tell("reginfo")
        answer = phone.wait(1, "RESPONSE")
        if answer and takes_registration(answer):
            return True
        phone.wait(0.1)
    return False


def registered(outside, folder):
    """A phone that the exchange knows, and the tunnel by which it speaks."""
    client = Client(outside["tunnel"], folder)
    phone = None
    try:
        result, said, _ = client.outcome()
        if result != "up":
            raise Stop("no tunnel: %s (%s)" % (said, result))
        move_into(client.device)
        phone = Phone({"outside": outside, "stay": True, "registers": True})
        if not is_registered(phone):
            raise Stop("the exchange does not take the registration: " + phone.last_line())
        return client, phone
    except Stop:
        if phone:
            phone.close()
        client.end()
        raise


def main():
    asked = json.load(sys.stdin)
    folder = tempfile.mkdtemp(prefix="maquette-called-")
    try:
        client, phone = registered(asked["outside"], folder)
    except Stop as stop:
        shutil.rmtree(folder, ignore_errors=True)
        sys.exit(str(stop))
    leave()
    with cleared(phone.close, lambda: end(client.process.pid), lambda: shutil.rmtree(folder)):
        answer(phone, asked)


if __name__ == "__main__":
    main()
