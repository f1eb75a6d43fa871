"""One after the other, so many a second."""

import time


def paced(packets, per_second, deadline):
    """Those whose turn comes before the deadline, each at its turn."""
    start = time.monotonic()
    for number, packet in enumerate(packets):
        wait = start + number / per_second - time.monotonic()
        if wait > 0:
            time.sleep(wait)
        if time.monotonic() > deadline:
            return
        yield packet
