"""What the suite measures."""


def join(words: list[str]) -> str:
    """The words one after the other."""
    out = ""
    for word in words:
        out += word
    return out
