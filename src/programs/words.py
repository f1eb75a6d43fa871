"""What a fault says, in one line."""


def last_words(error):
    """What a server said last."""
    said = getattr(error, "smtp_error", None) or (error.args[-1] if error.args else error)
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
    return " ".join(text.split())[:120]


def why(error):
    """With the kind of fault that it is."""
    return "%s: %s" % (type(error).__name__, last_words(error))
