"""A softphone of one person: the one that people use (baresip), registered all day, which takes every call.

What the far end says is given back, so that voice goes both ways for as long as a call lasts.
"""

import threading

from baresip import ACCOUNT, Baresip, Ended


class Phone:
    """`account`: `{login, secret, server, port}`; `ports`: the first and the last for its voice.

    `now` is asked for the moment of everything that the phone says.
    """

    def __init__(self, account, ports, now):
        self.account, self.now = account, now
        self.changed = threading.Condition()
        self.is_registered = False
        # Of calls by their id: `{peer, isOurs, began, ended, why}`, times None until then.
        self.calls = {}
        self.end_reason = ""
        own = ACCOUNT % {**account, "regint": 30, "answers": "auto"}
        self.baresip = Baresip(own, lambda _folder: {}, "\nrtp_ports %d-%d\n" % ports)
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        try:
            while True:
                for event in self.baresip.console.said():
                    self.heard(event)
        except Ended as error:
            with self.changed:
                self.end_reason = str(error)
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
        self.baresip.console.tell("dial", "sip:%s@%s" % (number, self.account["server"]))

        def ours():
            return [c for c in self.calls if c not in known and self.calls[c]["isOurs"]]

        def settled():
            return any(self.calls[c]["began"] or self.calls[c]["ended"] for c in ours())

        if not self.until(settled, seconds):
            for call in ours():
                self.hang_up(call)
            raise OSError(self.end_reason or "no answer within %d s" % seconds)
        call = ours()[0]
        if self.calls[call]["began"] is None:
            raise OSError("refused: " + self.calls[call]["why"])
        return call

    def hang_up(self, call):
        self.baresip.console.tell("hangup", call)

    def close(self):
        self.baresip.close()
