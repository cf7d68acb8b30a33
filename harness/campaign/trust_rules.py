"""What decides in a campaign and lies out of the candidate's reach, and what a change of it means;
pure.

At the start each part is *held*: known by its digest. A step that finds another one refuses, or
records the change for ever, by the rule of its kind. What was refused goes on once it is put back,
or once somebody accepts it with a reason, which is recorded too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from harness.frozen import dataclass
from harness.model.held import (
    BYTECODE,
    HARNESS,
    IN_TREE,
    LAUNCHER,
    LOADER,
    OF_TOOLCHAIN,
    PLUGINS,
    PROGRAM,
    PYTHON,
    SHOWN,
    STARTUP,
    Held,
    Trusted,
)


@dataclass(frozen=True, slots=True)
class TrustChange:
    """What changed, and what became of that."""

    at_ns: int
    changes: tuple[str, ...]
    reason: str = ""
    """Why it was accepted; empty where it needed no acceptance."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A part of the trusted side that is not what it was."""

    name: str
    words: str
    refused: bool
    remedy: str = ""
    """What puts it back."""


@dataclass(frozen=True, slots=True)
class _Rule:
    """What a change of a kind means."""

    what: str
    remedy: str = ""
    """Empty: a change is recorded and nothing else."""


_RULES: Mapping[str, _Rule] = {
    HARNESS: _Rule("the files of the harness", "install the harness anew"),
    LAUNCHER: _Rule(
        "the launcher, which starts and times every trial",
        "remove the file: the harness makes it anew, or comes with it when it is installed anew",
    ),
    PYTHON: _Rule("the Python that runs the harness", "install it anew"),
    STARTUP: _Rule(
        "what Python runs before the harness (sitecustomize, usercustomize, .pth files)",
        "take away what was added",
    ),
    LOADER: _Rule(
        "what the system and its libraries load into programs (/etc/ld.so.preload, LD_PRELOAD,"
        " LD_AUDIT, LD_LIBRARY_PATH, GCONV_PATH, OPENSSL_CONF and the like, COMPILER_PATH)",
        "put it back",
    ),
    PLUGINS: _Rule("the plugins in force"),
    PROGRAM: _Rule("a program of the toolchain", "put it, and PATH, back"),
    OF_TOOLCHAIN: _Rule(
        "libraries that every program of the toolchain loads from", "put them back as they were"
    ),
    SHOWN: _Rule(
        "what [jail] read shows of the machine outside of the tree", "put it back as it was"
    ),
    BYTECODE: _Rule(
        "the bytecode of the interpreter's own folders, which the builds of both sides load",
        "remove .harness/builds, which is made anew",
    ),
    "config": _Rule("the configuration that is read", "leave --config out"),
    "inputs": _Rule(
        "data that the target reads and git does not track, or that links lead to outside of the"
        " tree",
        "put the data back as they were",
    ),
    "made inputs": _Rule("data that git does not track, beside a setup that may make them"),
    "untracked": _Rule("files that were untracked at the start"),
    "git config": _Rule("git's settings that change contents", "put them back: git config --list"),
    "git attributes": _Rule(
        "git's attributes outside of the tree", "put .git/info/attributes and the like back"
    ),
    "git hooks": _Rule("git's hooks"),
    "git replaced": _Rule("replace refs, grafts or other places of objects, which are ignored"),
}


def rule_of(name: str) -> _Rule:
    """The rule of a part: that of its whole name, or of its kind."""
    return _RULES.get(name) or _RULES.get(name.partition(" ")[0]) or _Rule(name, "put it back")


def differences(before: Trusted, now: Trusted) -> tuple[Difference, ...]:
    """What of the trusted side is not what it was; on another machine all of it was taken anew."""
    if before.host != now.host:
        words = "the campaign goes on on another machine, where what decides was taken anew"
        return (Difference("machine", words, refused=False),)
    return tuple(_differing(before.held, now.held))


def _differing(before: Mapping[str, Held], now: Mapping[str, Held]) -> Iterator[Difference]:
    for name in {**before, **now}:
        old, new = before.get(name), now.get(name)
        same = (
            old
            and new
            and (old.digest, old.version, old.place)
            == (
                new.digest,
                new.version,
                new.place,
            )
        )
        if not same:
            yield _difference(name, old, new)


def _difference(name: str, old: Held | None, new: Held | None) -> Difference:
    rule = rule_of(name)
    upgraded = old is not None and new is not None and old.version != new.version
    in_tree = new is not None and new.version == IN_TREE
    refused = bool(rule.remedy) and not upgraded and not in_tree
    return Difference(name, f"{name}: {_words(rule, old, new)}", refused, rule.remedy)


def _words(rule: _Rule, old: Held | None, new: Held | None) -> str:
    if new is None:
        return f"{rule.what}: it is not there any more"
    if old is None:
        return f"{rule.what}: it was not there before"
    if old.version != new.version:
        return f"{rule.what}: {old.version or 'none'} -> {new.version or 'none'}"
    if old.place != new.place:
        return f"{rule.what}: {old.place or 'nothing'} -> {new.place or 'nothing'}"
    return f"{rule.what} changed ({old.digest[:12]} -> {new.digest[:12]})"
