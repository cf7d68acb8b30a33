"""A campaign on a target that harness.toml has already: its table is added, and nothing else."""

from __future__ import annotations

from pathlib import Path

from harness.errors import NotAllowed
from harness.model import Target
from harness.model.tasks import as_argument, with_placeholders
from harness.project.config import Config, load_config
from harness.project.config_words import as_toml
from harness.project.first_config import CalledProgram
from harness.system.git.writing import Git
from harness.system.store.files import storage_errors, write_atomically


def declare_campaign(path: Path, subject: CalledProgram, git: Git) -> tuple[Config, bool]:
    """The configuration at `path` with a campaign on the target that is this program.

    Says as well whether the table was added, and committed, now. The file may be new to git, as
    `harness init` leaves it, but not changed since it was committed. Raises NotAllowed where no
    target is the program as it is called, or where the name is taken.
    """
    config = load_config(path)
    target = _target_of(config, subject)
    taken = config.campaigns.get(subject.name)
    if taken is not None:
        if taken.target == target.name:
            return config, False
        raise NotAllowed(
            f"{path}: the campaign {subject.name!r} is one of {taken.target!r}, not of"
            f" {target.name!r}",
            hint=f'Declare another one ([campaigns.NAME] with target = "{target.name}"), then:'
            " harness campaign start.",
        )
    ours = git.below_top(path)
    if ours in git.changes().tracked:
        raise NotAllowed(
            f"{path} is changed, and a campaign starts from what is committed",
            hint=f'git add {ours} && git commit -m "Before the campaign", then this call again.',
        )
    before = path.read_bytes()
    with storage_errors(path):
        write_atomically(path, before.rstrip(b"\n") + b"\n" + _table(subject, target))
    try:
        config = load_config(path)
    except BaseException:
        with storage_errors(path):
            write_atomically(path, before)
        raise
    git.commit_paths([ours], f"Declare a campaign on {target.name}, for the harness")
    return config, True


def _table(subject: CalledProgram, target: Target) -> bytes:
    lines = ["", f"[campaigns.{subject.name}]", f"target = {as_toml(target.name)}"]
    if subject.objective:
        lines.append(f"objective = {as_toml(subject.objective)}")
    return "\n".join((*lines, "")).encode()


def _demand_options(config: Config, subject: CalledProgram, target: Target) -> None:
    """NotAllowed where an option of the adapter was said that the target does not have so."""
    for name, value in subject.options.items():
        if target.options.get(name) != value:
            raise NotAllowed(
                f"{config.path} has {' '.join(subject.sources)} with another {name} than"
                f" {value!r}: {_said(target, name)}",
                hint=f"Say {name} = {as_toml(value)} in [targets.{target.name}] and commit it, or"
                " leave --option out to optimise the program as it is declared.",
            )


def _said(target: Target, name: str) -> str:
    return repr(target.options[name]) if name in target.options else "none is said"


def _target_of(config: Config, subject: CalledProgram) -> Target:
    """The one target that is built from the program's files; NotAllowed where none is."""
    root = config.root.resolve()
    files = {root / source for source in subject.sources}
    found = [t for t in config.targets.values() if {s.resolve() for s in t.sources} == files]
    if len(found) != 1:
        many = f"targets are: {', '.join(t.name for t in found)}" if found else "target is"
        raise NotAllowed(
            f"{config.path} is there already, and {'several' if found else 'no'} {many} of"
            f" {', '.join(subject.sources)} alone",
            hint='Declare a campaign in it ([campaigns.NAME] with target = "..."), then: harness'
            " campaign start.",
        )
    (target,) = found
    _demand_options(config, subject, target)
    said = tuple(with_placeholders(as_argument(w), subject.names) for w in subject.arguments)
    if said and said != target.args:
        raise NotAllowed(
            f"{config.path} has {' '.join(subject.sources)} called with"
            f" {' '.join(target.args) or 'no words'}, not with {' '.join(said)}",
            hint="Leave out what follows `--` to optimise it as it is declared, or change `args`"
            f" of [targets.{target.name}] and commit it.",
        )
    return target
