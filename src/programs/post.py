"""Mail as a mail program speaks it: TLS with the lab's authority, the server by its own name.

`asked` has the server's `name` and `address`, the `ports` by service, `wait` in seconds, and `tunnel`, by which all
of it goes (what tunnel.py asks for), or null for where the routes lead.
"""

import imaplib
import smtplib
import ssl

from way import connected


def opened(asked, service):
    return connected(asked, asked["address"], asked["ports"][service])


class Outgoing(smtplib.SMTP):
    def __init__(self, asked, service="submission"):
        self.asked, self.service = asked, service
        # A name of this machine's own would be looked up.
        super().__init__(local_hostname="acceptance.invalid", timeout=asked["wait"])
        self.connect(asked["address"], asked["ports"][service])
        # By which `starttls` knows the server.
        self._host = asked["name"]

    def _get_socket(self, _host, _port, _timeout):
        return opened(self.asked, self.service)

    def secured(self):
        self.starttls(context=ssl.create_default_context())
        self.ehlo()
        return self


class Box(imaplib.IMAP4_SSL):
    def __init__(self, asked):
        self.asked = asked
        super().__init__(asked["name"], asked["ports"]["imaps"], ssl_context=ssl.create_default_context())

    def _create_socket(self, _timeout):
        return self.ssl_context.wrap_socket(opened(self.asked, "imaps"), server_hostname=self.host)


def whole(box, uid):
    """A letter as it lies there. Between the parts of an answer stands what others did in the box meanwhile."""
    return next(part[1] for part in box.uid("FETCH", uid, "(RFC822)")[1] if isinstance(part, tuple))
