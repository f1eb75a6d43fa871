"""Questions of DNS (RFC 1035 §4) for addresses of names, and what is answered."""


def question_of(name, number):
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    return number + b"\1\0\0\1\0\0\0\0\0\0" + labels + b"\0\0\1\0\1"


def _after_name(message, at):
    while message[at]:
        if message[at] >= 0xC0:
            return at + 2
        at += 1 + message[at]
    return at + 1


def address_in(answer):
    """The first address; None where there is none, whatever the reason."""
    at = _after_name(answer, 12) + 4
    for _ in range(int.from_bytes(answer[6:8], "big")):
        at = _after_name(answer, at)
        kind, length = answer[at : at + 2], int.from_bytes(answer[at + 8 : at + 10], "big")
        at += 10
        if kind == b"\0\1":
            return ".".join(str(byte) for byte in answer[at : at + length])
        at += length
    return None
