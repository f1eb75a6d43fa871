"""How a helper and the agent speak: one JSON object a line, on standard input and output."""

import json
import os
import selectors
import sys


def tell(**event):
    sys.stdout.write(json.dumps(event) + "\n")
    sys.stdout.flush()


class Lines:
    """The agent's messages, each handed on as it comes; `is_ended` once the agent has closed."""

    def __init__(self, selector, on_message):
        self.on_message = on_message
        self.rest = b""
        self.is_ended = False
        os.set_blocking(0, False)
        selector.register(0, selectors.EVENT_READ, self.read)

    def read(self):
        data = os.read(0, 1 << 20)
        if not data:
            self.is_ended = True
            return
        *lines, self.rest = (self.rest + data).split(b"\n")
        for line in lines:
            self.on_message(json.loads(line))
