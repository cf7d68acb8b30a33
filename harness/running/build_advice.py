"""What a build's own words tell of what it lacks, and what to do about it."""

from __future__ import annotations

import re

from harness.model import Jail
from harness.on_demand import pattern

NETWORK = pattern(
    r"could not resolve|name or service not known|name resolution|network is unreachable"
    r"|no address associated|getaddrinfo|failed to connect|couldn't connect|connection refused"
    r"|dial tcp|\bEAI_AGAIN\b|\bENOTFOUND\b|failed to download|unable to access 'http",
    re.IGNORECASE,
)
"""What programs say that do not reach the network."""
OUTSIDE = pattern(r"read-only file system|permission denied|operation not permitted", re.I)
"""What programs say that may not write where they want to."""
QUESTION = pattern(
    r"[\[(]y(es)?/n(o)?[\])]|/dev/tty|EOFError|EOF when reading|not a (tty|terminal)"
    r"|(password|passphrase)[^\n]*:\s*$|\?\s*(\[[^\]\n]*\])?:?\s*$",
    re.IGNORECASE,
)
"""A question, or what programs say that do not get their answer."""
MODULE = pattern(
    r"invalid command '(?P<command>bdist_wheel)'"
    r"|(No module named|Cannot import) '?(?P<module>[A-Za-z_]\w*)"
)
"""What Python and pip say where a module that the build wants is not installed."""
HIDDEN = pattern(r"no such file or directory|not found|cannot find", re.IGNORECASE)


def advice_on(stdout: str, stderr: str, jail: Jail) -> str:
    """What to do about a build that failed with these words; nothing where they tell nothing."""
    said, strict = f"{stdout}\n{stderr}", jail is Jail.STRICT
    if NETWORK.search(said):
        if not strict:
            return "It did not reach the network: fetch what it wants beforehand, or try it again."
        return (
            "A build in a strict jail has no network: vendor what it fetches, or let it by"
            " `network = true` in [jail]."
        )
    if QUESTION.search(stdout.rstrip("\n")) or QUESTION.search(stderr):
        return (
            "It asks a question, and a build has no terminal and an empty standard input: give the"
            " answer in the command (such as -y, or an environment variable in `env`)."
        )
    if found := MODULE.search(said):
        name = "wheel" if found["command"] else found["module"]
        return (
            f"The Python that builds has no module {name!r}: install it there. pip with"
            " --no-build-isolation wants setuptools and wheel."
        )
    if strict and OUTSIDE.search(said):
        return (
            "A build in a strict jail writes to its own tree and its HOME and TMPDIR alone: let it"
            " write there, or name the folder in `write` of [jail]."
        )
    if strict and HIDDEN.search(said):
        return (
            "A build in a strict jail sees its tree, the toolchain and the system: name what else"
            " it reads in `read` of [jail]."
        )
    return ""
