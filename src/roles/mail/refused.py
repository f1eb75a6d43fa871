"""What the mail server says to whoever asks for what it must not give.

Beside what post.py asks for: `{tries: {NAME: TRY}}` → `{NAME: {step, code, said}}`, in the order of the tries. A try is

    {kind: "imap", login, password}
    {kind: "smtp", service, login?, password?, sender?, recipient?, from?, content?}
                              without `from` no letter is sent; `content` is what its one part is, in base64
    {kind: "clear", service}                                           a password in clear, an invented one

`step` is where it ended: `connect`, `login`, `sender`, `recipient`, `letter`, or `taken` where nothing was refused.
"""

import base64
import json
import smtplib
import sys

from post import Box, Outgoing, opened
from way import way
from words import last_words, why


def imap(asked, one):
    box = Box(asked)
    try:
        box.login(one["login"], one["password"])
        return "taken", 0, ""
    except box.error as error:
        return "login", 0, last_words(error)
    finally:
        box.logout()


def smtp(asked, one):
    with Outgoing(asked, one["service"]).secured() as out:
        if "login" in one:
            try:
                # `login` would try every mechanism, and each is a wrong password that is counted.
                out.user, out.password = one["login"], one["password"]
                out.auth("PLAIN", out.auth_plain)
            except smtplib.SMTPAuthenticationError as error:
                return "login", error.smtp_code, last_words(error)
        for step, command in (("sender", out.mail), ("recipient", out.rcpt)):
            if step in one:
                code, said = command(one[step])
                if code >= 300:
                    return step, code, last_words(Exception(said))
        if "from" in one:
            # letter.py takes away what should have been refused.
            lines = ["From: " + one["from"], "Subject: Recette", "X-Maquette-Acceptance: forged"]
            if "content" in one:
                lines += ["MIME-Version: 1.0", "Content-Type: application/octet-stream"]
                lines += ["Content-Transfer-Encoding: base64"]
            code, said = out.data("\r\n".join([*lines, "", one.get("content", ""), ""]))
            if code >= 300:
                return "letter", code, last_words(Exception(said))
        return "taken", 0, ""


def clear(asked, one):
    invented = base64.b64encode(b"\0acceptance\0an-invented-password").decode()
    if one["service"] == "managesieve":
        with opened(asked, "managesieve") as s, s.makefile("rw", encoding="utf-8", newline="\r\n") as talk:
            until_ok(talk)
            talk.write('AUTHENTICATE "PLAIN" "%s"\r\n' % invented)
            talk.flush()
            said = talk.readline().strip()
            # Before STARTTLS it must not be known (RFC 5804 §1.7), and an invented one must not have been judged.
            return ("login" if "encrypted" in said or "TLS" in said else "taken"), 0, said[:120]
    with Outgoing(asked, one["service"]) as out:
        out.ehlo()
        if out.has_extn("auth"):
            return "taken", 0, "it offers a login in clear"
        code, said = out.docmd("AUTH", "PLAIN " + invented)
        return ("login" if code >= 500 and code != 535 else "taken"), code, last_words(Exception(said))


def until_ok(talk):
    for line in talk:
        if line.startswith("OK"):
            return
    raise ConnectionError("no greeting")


KINDS = {"imap": imap, "smtp": smtp, "clear": clear}


def main():
    found = {}
    with way(json.load(sys.stdin)) as asked:
        for name, one in asked["tries"].items():
            try:
                step, code, said = KINDS[one["kind"]](asked, one)
            except Exception as error:
                step, code, said = "connect", 0, why(error)
            found[name] = {"step": step, "code": code, "said": said}
    print(json.dumps(found))


if __name__ == "__main__":
    main()
