"""The errors that reach a user, and the exit code of each.

::

    HarnessError                    70  never raised itself
    ├── AnswerIsNo                   1  the question was answered: no
    ├── UsageError                   2  the command line or the arguments are wrong
    │   ├── ConfigError              2  harness.toml is wrong; names file, key and value
    │   ├── GitFailed                2  git refused; carries its words
    │   └── StorageFailed            2  a folder cannot be written: full, read-only, not ours
    ├── AdapterError                 3
    │   ├── AdapterNotFound          3  no such adapter; suggests the near one
    │   └── ToolchainMissing         3  no compiler, interpreter or program; says how to get it
    ├── BuildFailed                  4  the toolchain refused the sources; carries its words
    ├── TrialFailed                  5  a program crashed, hung, or gave no output
    ├── DataUnreadable               6  never raised itself: what is stored cannot be read
    │   ├── DataDamaged              6  stored data is broken or was tampered with
    │   │   └── DataClosed           6  it may not be read by us; nobody knows more of it
    │   └── MadeByNewer              2  a newer harness wrote it: nothing is wrong with it; upgrade
    ├── NotAllowed                   7  the state does not allow the command now, or a lock is held
    ├── Undecided                    8  the budget ended before the answer was sure
    ├── Detached                   130  Ctrl-C: we wait no longer for jobs that go on elsewhere
    └── PluginFailed                70  an adapter or plugin broke its contract

The command line answers each with its exit code. Who reads many things (stored runs, campaigns,
plugins) catches what one of them cannot be read for, and names it; no other code catches them.
"""

from __future__ import annotations

from enum import IntEnum
from typing import ClassVar

__all__ = [
    "AdapterError",
    "AdapterNotFound",
    "AnswerIsNo",
    "BuildFailed",
    "ConfigError",
    "DataClosed",
    "DataDamaged",
    "DataUnreadable",
    "Detached",
    "ExitCode",
    "GitFailed",
    "HarnessError",
    "MadeByNewer",
    "NotAllowed",
    "PluginFailed",
    "StorageFailed",
    "ToolchainMissing",
    "TrialFailed",
    "Undecided",
    "UsageError",
]


class ExitCode(IntEnum):
    """What the process answers to its caller."""

    FINE = 0
    ANSWER_IS_NO = 1
    USAGE = 2
    ADAPTER = 3
    BUILD = 4
    TRIAL = 5
    DAMAGED = 6
    NOT_ALLOWED = 7
    UNDECIDED = 8
    BUG = 70
    INTERRUPTED = 130


class HarnessError(Exception):
    """Anything that went wrong in a way we can explain.

    `message` says what failed and the value seen; `hint` says what to do about it.
    """

    exit_code: ClassVar[ExitCode] = ExitCode.BUG

    def __init__(self, message: str, *, hint: str = "") -> None:
        # The message alone: pickle calls with these again, and puts the hint back by itself.
        super().__init__(message)
        self.message = message
        self.hint = hint


class AnswerIsNo(HarnessError):
    """The command did its work and the answer is no: a regression, a wrong output."""

    exit_code = ExitCode.ANSWER_IS_NO


class UsageError(HarnessError):
    """The command line asks for something that does not exist or does not fit together."""

    exit_code = ExitCode.USAGE


class ConfigError(UsageError):
    """A configuration file cannot be read or says something we do not understand."""


class GitFailed(UsageError):
    """git refused what it was asked for; the message ends with its words."""


class StorageFailed(UsageError):
    """The folder that results go to cannot be written."""


class AdapterError(HarnessError):
    """An adapter cannot serve; see the two kinds below."""

    exit_code = ExitCode.ADAPTER


class AdapterNotFound(AdapterError):
    """No installed adapter has this name."""


class ToolchainMissing(AdapterError):
    """The compiler, interpreter or program that an adapter needs is not on this machine."""


class BuildFailed(HarnessError):
    """The toolchain refused a target's sources; its message ends with the toolchain's words."""

    exit_code = ExitCode.BUILD


class TrialFailed(HarnessError):
    """A target's program did not end well, or what it left cannot be used."""

    exit_code = ExitCode.TRIAL


class DataUnreadable(HarnessError):
    """A stored file cannot be used; see the two kinds below. Who reads many passes over it."""

    exit_code = ExitCode.DAMAGED


class DataDamaged(DataUnreadable):
    """A stored file is not what was written: truncated, unreadable or changed by another hand."""


class DataClosed(DataDamaged):
    """A stored file may not be read by us: nobody knows whether it is what was written."""


class MadeByNewer(DataUnreadable):
    """A stored file is whole, and of a later schema than this harness knows.

    Whoever takes exit code 6 for damage would mend or remove a sound file: this is the code of
    what the user has to set right.
    """

    exit_code = ExitCode.USAGE

    def __init__(self, message: str, *, hint: str = "") -> None:
        upgrade = "Upgrade optim-harness to read it; nothing is wrong with the file."
        super().__init__(message, hint=hint or upgrade)


class NotAllowed(HarnessError):
    """The campaign's state or a held lock does not allow this now; the hint says what helps."""

    exit_code = ExitCode.NOT_ALLOWED


class Undecided(HarnessError):
    """The budget ended before the interval could decide."""

    exit_code = ExitCode.UNDECIDED


class Detached(HarnessError):
    """Ctrl-C while a cluster runs our jobs: they go on, and the hint says how to come back."""

    exit_code = ExitCode.INTERRUPTED


class PluginFailed(HarnessError):
    """A plugin raised something unexpected or returned a value outside the contract."""

    exit_code = ExitCode.BUG
    traceback_kept = False
    """The message already names the file that the traceback is kept in."""
