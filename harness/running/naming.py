"""What callers name: targets, files, command lines and revisions, and what is guessed of each."""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import field
from os import PathLike, fspath
from pathlib import Path
from typing import TypeAlias

from harness.errors import ConfigError, GitFailed, UsageError
from harness.frozen import dataclass
from harness.model.suggesting import did_you_mean
from harness.project.config import Config
from harness.running.guessing import Guess, adapter_by_suffix, guessed_adapter, refuse_no_file
from harness.running.pairs import Program
from harness.running.selecting import Handling
from harness.system.git.writing import Git

TargetSpec: TypeAlias = "str | PathLike[str] | Sequence[str]"
"""A target of harness.toml, a file, a command line, or a command as a list of words."""

SHELL = ("/bin/sh", "-c")
"""What runs a command line that is the shell's."""

_OPERATORS = frozenset({"|", "||", "&", "&&", ";", "<", ">", ">>", "2>", "2>&1", "<<", "&>"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What is said of all that a call names."""

    config: Config
    adapter: str | None = None
    arguments: tuple[str, ...] = ()
    shell: bool = False
    targets_meant: bool = False
    """The configuration was named, and so what is a target and a file is the target."""
    handling: Handling = field(default_factory=Handling)


@dataclass(frozen=True, slots=True)
class Named:
    """One of those that a caller names."""

    label: str
    """What results call it; of a target its name, perhaps at a revision."""
    program: Program | None = None
    """None: a target of harness.toml."""
    note: str = ""
    """What was guessed, for people."""


def named_by(spec: TargetSpec, wishes: Wishes) -> Named:
    """What a caller means by a target, file, command line or list of words.

    UsageError for what is none of them, or could be two.
    """
    words = words_of(spec)
    if words:
        return _of_words(shlex.join(words), words, wishes, guess=False)
    name = name_of(spec)
    if wishes.shell:
        return _of_shell(name, wishes)
    if wishes.adapter is not None:
        return _of_adapter(name, wishes)
    if _is_target(spec, name, wishes):
        return Named(name)
    if Path(name).is_file():
        return _of_file(name, (), wishes)
    at_revision = _at_revision(name, wishes)
    if at_revision is not None:
        return at_revision
    if any(letter.isspace() for letter in name) and not isinstance(spec, PathLike):
        return _of_words(name, split_line(name), wishes)
    return _of_one_word(spec, name, wishes)


def words_of(spec: TargetSpec) -> tuple[str, ...]:
    """The words of a command; none of a name or path. UsageError for what is none of them."""
    if isinstance(spec, (str, PathLike)) and isinstance(fspath(spec), str):
        if not fspath(spec).strip():
            raise UsageError("a target or a file has a name, got an empty text")
        return ()
    words = as_words(spec, "want a target, a file, or a command, which is a list of words")
    if not words or not words[0]:
        raise UsageError('a command is a list of words, such as ["./program", "1000"]; got none')
    return words


def as_words(given: object, want: str) -> tuple[str, ...]:
    """Words of a list; numbers among them become their text."""
    if isinstance(given, (list, tuple)) and all(_is_word(each) for each in given):
        return tuple(fspath(e) if isinstance(e, PathLike) else str(e) for e in given)
    raise UsageError(f'{want}, such as ["./program", "1000"]; got {given!r}')


def _is_word(value: object) -> bool:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return number or (isinstance(value, (str, PathLike)) and isinstance(fspath(value), str))


def name_of(spec: TargetSpec) -> str:
    """A name, path or command line as text; empty of a list of words."""
    return fspath(spec) if isinstance(spec, (str, PathLike)) else ""


def label_of(spec: TargetSpec) -> str:
    """What a target, file or command is called in results."""
    return shlex.join(words_of(spec)) or name_of(spec)


def split_line(line: str) -> tuple[str, ...]:
    """The words of a command line as a shell would split them.

    UsageError for a quote that is not closed, and for what only a shell does.
    """
    try:
        words, quoted = shlex.split(line), shlex.split(line, posix=False)
    except ValueError as problem:
        what = "a quote is not closed" if "quotation" in str(problem) else str(problem).lower()
        raise UsageError(f"{what}: {line}", hint="Quote the whole, and the words in it.") from None
    if not words or not words[0]:
        raise UsageError(f"no program is named in {line!r}")
    for word in quoted:
        if word in _OPERATORS or word.startswith("$("):
            raise UsageError(
                f"{word} is the shell's, and none runs: {line}",
                hint="Say `shell=True` to have each line run by /bin/sh; its start is timed too.",
            )
    return tuple(words)


def command_of(line: str | Sequence[str], *, shell: bool) -> tuple[str, ...]:
    """The words of a command beside the trials; through a shell where that is wanted."""
    if not isinstance(line, str):
        return as_words(line, "want a command line or a list of words")
    return (*SHELL, line) if shell else split_line(line)


# -- each kind -------------------------------------------------------------------------------------


def _of_shell(line: str, wishes: Wishes) -> Named:
    arguments = ("sh", *wishes.arguments) if wishes.arguments else ()
    words = (*SHELL, line, *arguments)
    return _program(line, Guess("command", "by /bin/sh"), None, words, wishes)


def _of_adapter(name: str, wishes: Wishes) -> Named:
    """A file, as the adapter was said; of the command adapter a command line, too."""
    adapter = str(wishes.adapter)
    if adapter == "command" and not Path(name).exists():
        words = split_line(name)
        if len(words) > 1 or "/" not in name:
            check_program(words[0])
            return _program(name, Guess("command"), None, (*words, *wishes.arguments), wishes)
    if wishes.config.path is not None and not looks_like_a_path(name) and not Path(name).exists():
        wishes.config.target(name)  # Which targets there are, and which is near.
    refuse_no_file(name)
    return _program(name, Guess(adapter), name, wishes.arguments, wishes)


def _of_file(name: str, arguments: Sequence[str], wishes: Wishes, label: str = "") -> Named:
    guess = guessed_adapter(Path(name))
    return _program(label or name, guess, name, (*arguments, *wishes.arguments), wishes)


def _of_words(line: str, words: Sequence[str], wishes: Wishes, *, guess: bool = True) -> Named:
    """A command: its first word is a file, whose adapter is guessed, or a program on PATH."""
    first, *rest = words
    if guess and ("/" in first or Path(first).is_file()):
        return _of_file(first, rest, wishes, label=line)
    if guess:
        check_program(first)
    return _program(line, Guess("command"), None, (*words, *wishes.arguments), wishes)


def _of_one_word(spec: TargetSpec, name: str, wishes: Wishes) -> Named:
    """A name that is no target and no file: a revision of the only target, or a program."""
    path = Path(name)
    if isinstance(spec, PathLike) or path.is_dir() or looks_like_a_path(name):
        refuse_no_file(name)
    config = wishes.config
    if config.path is not None and "@" not in name:
        revision = _revision(config, name)
        if revision is not None:
            return revision
        _no_target_of(config, name)
    if "@" in name:
        _explain_revision(name, wishes)
    check_program(name)
    return _program(name, Guess("command", "on PATH"), None, (name, *wishes.arguments), wishes)


def _program(
    label: str, guess: Guess, source: str | None, arguments: Sequence[str], wishes: Wishes
) -> Named:
    made = Program(
        label=label,
        adapter=guess.adapter,
        source=source,
        arguments=tuple(arguments),
        handling=wishes.handling,
    )
    note = f"{label}: adapter {guess.adapter}, {guess.because}" if guess.because else ""
    return Named(label, made, note)


# -- targets and revisions -------------------------------------------------------------------------


def _is_target(spec: TargetSpec, name: str, wishes: Wishes) -> bool:
    """UsageError where the name is a file's, too, and nothing says which of them is meant."""
    targets = wishes.config.targets
    if isinstance(spec, PathLike) or name.partition("@")[0] not in targets:
        return False
    if name in targets and Path(name).is_file() and not wishes.targets_meant:
        raise UsageError(
            f"{name} is a target of {wishes.config.path} and a file here: which one is meant?",
            hint=f"The file is ./{name}; with `config` said, the target is meant.",
        )
    return True


def _revision(config: Config, name: str) -> Named | None:
    """`main` as the only target at that revision."""
    try:
        Git(config.root).resolve(name)
    except (UsageError, GitFailed):
        return None
    if len(config.targets) != 1:
        known = ", ".join(config.targets)
        raise UsageError(
            f"{name} is a revision; of which target?", hint=f"TARGET@{name}, of: {known}."
        )
    only = next(iter(config.targets))
    return Named(f"{only}@{name}", note=f"{name}: target {only}, the only one, at that revision")


def _no_target_of(config: Config, name: str) -> None:
    """ConfigError: what there is, and which name is near; that it is no revision, either."""
    try:
        config.target(name)
    except ConfigError as problem:
        if name in config.targets or not Git(config.root).is_repository():
            raise
        raise ConfigError(
            f"{problem.message}; nor is it a revision of the repository here", hint=problem.hint
        ) from None


def _at_revision(name: str, wishes: Wishes) -> Named | None:
    """`a.py@main` as the file at that revision; None where it is nothing of the kind."""
    file, at, revision = name.rpartition("@")
    if not at or not file or not revision or any(map(str.isspace, file)):
        return None
    if not Path(file).is_file() and not looks_like_a_path(file):
        return None
    git = Git(Path.cwd())
    try:
        commit = git.resolve(revision)
    except GitFailed:
        raise UsageError(
            f"{name}: no git repository is here, and so no revision {revision!r}"
        ) from None
    if not Path(file).is_file():
        raise UsageError(f"no such file: {file}", hint="It must be here now, too.")
    guess = guessed_adapter(Path(file), at_revision=True)
    side = _program(name, guess, file, wishes.arguments, wishes)
    assert side.program is not None
    return Named(name, side.program.at(commit), side.note)


def _explain_revision(name: str, wishes: Wishes) -> None:
    """Raise what is wrong with NAME@REVISION of which NAME is no target and no file."""
    before, _, revision = name.partition("@")
    if not before or not revision:
        raise UsageError(
            f"want TARGET or TARGET@REVISION, got {name!r}", hint="For example nbody-c@main."
        )
    if wishes.config.path is not None:
        wishes.config.target(before)
    refuse_no_file(before)


# -- files and programs that are there -------------------------------------------------------------


def looks_like_a_path(name: str) -> bool:
    """Can a word be no target's name?"""
    return not any(map(str.isspace, name)) and (
        "/" in name.partition("@")[0] or adapter_by_suffix(Path(name).suffix) is not None
    )


def check_program(name: str) -> None:
    """UsageError, with the near name, for what is no program on PATH and no path to one."""
    if "/" in name:
        refuse_no_file(name)
        return
    if shutil.which(name) is not None:
        return
    if Path(name).is_file():
        raise UsageError(
            f"{name} is a file here, and no program on PATH", hint=f"The file is ./{name}."
        )
    near = did_you_mean(name, {*_on_path(), *(p.name for p in Path.cwd().iterdir())}, 0.75)
    raise UsageError(
        f"no target, no file and no program is called {name!r}",
        hint=near or f"Looked for a file in {Path.cwd()}, and for a program on PATH.",
    )


def _on_path() -> Iterator[str]:
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        try:
            yield from (path.name for path in Path(folder or ".").iterdir())
        except OSError:  # a folder of PATH need not be there
            continue


def is_file(name: str, config: Config) -> bool:
    """Is a name that of a file, and of no target?"""
    return name not in config.targets and Path(name).is_file()


def refuse_missing(specs: Sequence[TargetSpec], config: Config) -> None:
    """UsageError for what can be no target's name: a file that is not there, or a command."""
    for spec, name in zip(specs, map(name_of, specs), strict=True):
        if not name or name.partition("@")[0] in config.targets or Path(name).exists():
            continue
        # A revision may have a slash in it, and a target's name none of these.
        if isinstance(spec, PathLike) or ("@" not in name and looks_like_a_path(name)):
            raise UsageError(f"no such file: {name}", hint=f"Looked in {Path.cwd()}.")
        if any(letter.isspace() for letter in name.partition("@")[0]):
            raise UsageError(
                f"no target and no file is called {name!r}",
                hint=f"A command is a list of words: {name.split()}.",
            )
