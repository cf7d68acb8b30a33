"""The short way in: from a program and its arguments to the configuration of a campaign.

Only our own file is written and committed, and only where everything else is committed: what the
user has changed is never taken into a commit unasked.
"""

from __future__ import annotations

import contextlib
import os
import re
import shlex
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import msgspec

from harness.errors import ExitCode, NotAllowed, UsageError
from harness.frozen import dataclass
from harness.model import ParamValue
from harness.model.draws import Range
from harness.optimise.campaign import open_campaign
from harness.optimise.declaring_campaigns import declare_campaign
from harness.project.config import CONFIG_NAME, Config, find_config, load_config
from harness.project.config_file import TargetSection
from harness.project.first_config import (
    CalledProgram,
    config_text,
    has_name,
    is_first_config,
)
from harness.running.cells import Cell, Failed
from harness.running.listening import Listener
from harness.running.session import open_session
from harness.system.git.writing import Git
from harness.system.store.files import storage_errors, write_atomically

_SHOWN = 5

FIRST_SEED = 1
"""The seed of the baseline where none is said; looks and tests draw others."""


@dataclass(frozen=True, slots=True)
class Begun:
    """The configuration that a campaign is to start from."""

    config: Config
    subject: CalledProgram
    written: bool
    """Was it written, and committed, by this call?"""
    declared: bool = False
    """Was there a configuration already, to which no more than the campaign's table was added?"""


def subject_of(
    root: Path,
    sources: Sequence[str],
    arguments: Sequence[str],
    *,
    adapter: str,
    stdin: str | None,
) -> CalledProgram:
    """The program as it is called from `root`; UsageError for a file that is not below it.

    An argument that names a file below `root` is taken for an input.
    """
    known = tuple(_below(root, source, "program") for source in sources)
    inputs = dict.fromkeys(word for word in arguments if _is_input(root, word))
    return CalledProgram(
        adapter=adapter,
        sources=known,
        arguments=tuple(arguments),
        inputs=tuple(inputs),
        stdin=_below(root, stdin, "input") if stdin is not None else None,
    )


def with_values(
    subject: CalledProgram, seed: int | None, params: Mapping[str, ParamValue | Range]
) -> CalledProgram:
    """The program with the values that `{seed}` and other names in its words stand for.

    UsageError for a value that no word has a place for, and for a name that has no value.
    """
    unused = [name for name in params if not has_name(subject.arguments, name)]
    if unused or (seed is not None and not has_name(subject.arguments, "seed")):
        name = unused[0] if unused else "seed"
        option = f"--param {name}" if unused else "--seed"
        raise UsageError(
            f"{option}: no word after `--` has {{{name}}} in it",
            hint=f"Write '{{{name}}}' where the program takes it, in quotes.",
        )
    _demand_values(subject.arguments, {"seed", *params})
    if seed is None and has_name(subject.arguments, "seed"):
        seed = FIRST_SEED
    return replace(subject, seed=seed, params=params)


def with_adapter_options(
    subject: CalledProgram, options: Mapping[str, ParamValue]
) -> CalledProgram:
    """The program with options of its adapter; UsageError for what is no adapter's to say."""
    ours = {field.encode_name for field in msgspec.structs.fields(TargetSection)}
    for name in options:
        if name in ours:
            raise UsageError(
                f"--option {name}: it is a key of every target, and no option of an adapter",
                hint=f"Write {name} into [targets.{subject.name}] of harness.toml, commit it, and"
                " leave it out here.",
            )
    return replace(subject, options=options)


def _demand_values(arguments: Sequence[str], known: Collection[str]) -> None:
    """UsageError for a word such as `{n}` or `--size={n}` whose name has no value."""
    for word in arguments:
        match = re.fullmatch(r"(?:[^{}]*=)?\{([A-Za-z_]\w*)\}", word)
        if match is not None and match[1] not in known:
            raise UsageError(
                f"{word}: nothing says what {match[1]} is, and the program would get these letters",
                hint=f"--param {match[1]}=VALUE says it. `{{seed}}` alone needs no value.",
            )


def _below(root: Path, name: str, what: str) -> str:
    path = root / name
    if path.is_dir():
        raise UsageError(
            f"{what}: {name} is a folder",
            hint="Name the file that is run or compiled; of several sources, each of them.",
        )
    if not path.is_file():
        raise UsageError(f"{what}: no such file: {name}", hint=f"Looked in {root}.")
    if not path.resolve().is_relative_to(root.resolve()):
        raise UsageError(
            f"{what}: {name} is not below {root}",
            hint="Call it in the folder that holds the program and what it reads.",
        )
    return str(path.resolve().relative_to(root.resolve()))


def _is_input(root: Path, word: str) -> bool:
    path = Path(word)
    plain = not path.is_absolute() and ".." not in path.parts and str(path) == word
    return plain and (root / path).is_file()


def begin(root: Path, subject: CalledProgram, listener: Listener | None = None) -> Begun:
    """The configuration of the program, written and committed unless it is there already.

    The program is run once before: what does not run as it was called leaves nothing behind.
    In a configuration that somebody else wrote a campaign is declared on the target that the
    program is. Raises NotAllowed where the user has to commit something first, or has another one.
    """
    git, path = Git(root), root / CONFIG_NAME
    text = config_text(subject)
    known = _known_config(root)
    if known is None and path.is_file():
        _demand_committed(git, root, subject)
        config, added = declare_campaign(path, subject, git)
        return Begun(config, subject, written=added, declared=True)
    started = None if known is None else _started(load_config(path))
    if started is not None and known == text:
        return Begun(load_config(path), subject, written=False)
    if started is not None:
        raise NotAllowed(
            f"the campaign {started!r} was started with other words",
            hint="harness next goes on with it; harness campaign abandon ends it and loses nothing,"
            " then this call begins anew.",
        )
    _demand_committed(git, root, subject)
    ours = git.below_top(path)
    if known == text and ours not in (*git.changes().tracked, *git.changes().untracked):
        return Begun(load_config(path), subject, written=False)
    with _taken_back_unless_whole(path):
        with storage_errors(path):
            write_atomically(path, text.encode("utf-8"))
        config = load_config(path)
        _run_once(config, subject, listener)
    git.commit_paths([ours], f"Say how {subject.name} is run, for the harness")
    return Begun(config, subject, written=True)


@contextlib.contextmanager
def _taken_back_unless_whole(path: Path) -> Iterator[None]:
    """What happens to the file inside is undone where it raises."""
    before = path.read_bytes() if path.exists() else None
    try:
        yield
    except BaseException:
        with storage_errors(path):
            if before is None:
                path.unlink(missing_ok=True)
            else:
                write_atomically(path, before)
        raise


def _run_once(config: Config, subject: CalledProgram, listener: Listener | None) -> None:
    """Build the program and run it as it is called; raises what is wrong, and what to do."""
    target = config.target(subject.name)
    cell = Cell(config.task(target.task), config.case_of(target, None), target)
    with open_session(config, listener=listener, apart=True) as session:
        (made,) = session.orchestrator.prepare([cell])
        session.orchestrator.cleanup([cell])
    if not isinstance(made, Failed):
        return
    if made.failure.exit_code is not ExitCode.ADAPTER:  # no other words bring an adapter
        made.failure.hint = " ".join(filter(None, (made.failure.hint, _how_to_call(subject))))
    raise made.failure


def _how_to_call(subject: CalledProgram) -> str:
    """What is to be said differently where the program does not run as it was called."""
    values: dict[str, ParamValue] = {} if subject.seed is None else {"seed": subject.seed}
    for name, value in subject.params.items():
        values[name] = value.low if isinstance(value, Range) else value
    called = shlex.join(subject.arguments) or "no words"
    given = ", ".join(f"{{{name}}} = {value}" for name, value in values.items())
    return (
        f"It was called with {called}{f' ({given})' if given else ''}; nothing was written or"
        " committed. Say other words after `--` ('{seed}' and --seed N for a seed, '{name}' and"
        " --param name=value for a value), or mend and commit the program; then this call again."
    )


def _known_config(root: Path) -> str | None:
    """The text of the configuration in `root`, where it is one of ours; None for somebody else's.

    NotAllowed where one of a folder above is in force.
    """
    found = find_config(root)
    if found is None:
        return None
    if found.parent.resolve() != root.resolve():
        raise NotAllowed(
            f"{found} is in force here, and {root} is below its folder",
            hint=f"Call it in {found.parent}, with the program's path from there.",
        )
    text = found.read_text("utf-8", errors="replace")
    return text if is_first_config(text) else None


def _started(config: Config) -> str | None:
    """The name of the campaign of a configuration that was started; None where none was."""
    found = (name for name in config.campaigns if open_campaign(config, name).started)
    return next(found, None)


def _demand_committed(git: Git, root: Path, subject: CalledProgram) -> None:
    """NotAllowed where git does not have the program yet, or something is not committed."""
    if not git.is_repository():
        files = " ".join(map(shlex.quote, subject.sources))
        raise NotAllowed(
            f"{root} is in no git repository, which is where a campaign keeps every state",
            hint=f'git init && git add {files} && git commit -m "Before the campaign"',
        )
    changes, ours = git.changes(), git.below_top(root / CONFIG_NAME)
    tracked = git.run("ls-files", "-z", "--", *subject.sources).split(b"\0")
    missing = [name for name in subject.sources if os.fsencode(name) not in tracked]
    data = (*subject.inputs, *filter(None, [subject.stdin]))
    missing += [name for name in data if git.below_top(root / name) in changes.untracked]
    changed = sorted(set(changes.tracked) - {ours, *(git.below_top(root / n) for n in missing)})
    if not (missing or changed):
        return
    add = [f"git add {' '.join(map(shlex.quote, missing))}"] if missing else []
    add += ["git add --update"] if changed else []
    raise NotAllowed(
        "a campaign starts from what is committed, and this is not:"
        f" {', '.join([*missing, *changed][:_SHOWN])}",
        hint=f'{" && ".join(add)} && git commit -m "Before the campaign", then this call again.',
    )
