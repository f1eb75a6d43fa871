"""A web site by TLS, under its own name and with the lab's authority, as a browser of somebody's opens it.

`asked` is what way.py yields, with `{name, port}` of the site. An address of null is the name's, as it is resolved.
"""

import base64
import http.client
import socket
import ssl

from way import connected

MOVED = (301, 302, 303, 307, 308)
MOST_STEPS = 4


class Site(http.client.HTTPSConnection):
    def __init__(self, asked, address):
        self.asked, self.address = asked, address
        super().__init__(asked["name"], asked["port"], context=ssl.create_default_context())

    def connect(self):
        address = self.address or socket.gethostbyname(self.host)
        self.sock = self._context.wrap_socket(connected(self.asked, address, self.port), server_hostname=self.host)


def said(asked, address, login=None, path="/", cookies=None):
    """
    Status, headers and text of one question, by a connection of its own.
    @param cookies kept there, as a browser does
    """
    site = Site(asked, address)
    headers = {"Connection": "close"}
    if cookies:
        headers["Cookie"] = "; ".join("%s=%s" % pair for pair in cookies.items())
    if login is not None:
        pair = "%s:%s" % (login["login"], login["password"])
        headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
    try:
        site.request("GET", path, headers=headers)
        answer = site.getresponse()
        if cookies is not None:
            for morsel in answer.headers.get_all("Set-Cookie", []):
                name, _, value = morsel.split(";")[0].partition("=")
                cookies[name.strip()] = value.strip()
        return answer.status, answer.headers, answer.read().decode("utf-8", "replace")
    finally:
        site.close()


def visited(asked, address, login, cookies, ask=said):
    """The answer to the first page, or to where that leads on the same site; and the path that was asked last."""
    path = "/"
    for _ in range(MOST_STEPS):
        answer = ask(asked, address, login, path, cookies)
        onwards = answer[1].get("Location", "")
        if answer[0] not in MOVED or not onwards.startswith("/"):
            break
        path = onwards
    return answer, path
