"""Variants of a target: what somebody names, and each as a cell in a private copy of its own.

A variant is a patch or a folder of files over the code as it is now, a revision, code that was put
aside under a name, or further flags of the compiler or interpreter.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import field, replace
from enum import Enum
from pathlib import Path

from harness.errors import HarnessError, NotAllowed, StorageFailed, UsageError
from harness.frozen import dataclass
from harness.model import Build, Case, Target
from harness.model.suggesting import did_you_mean
from harness.project.config import Config
from harness.project.revisions import target_at
from harness.running import Cell
from harness.running.copies import PrivateCopy, private_copy, settle
from harness.running.session import Session
from harness.running.suites import of_declared
from harness.running.try_results import Leftover, TryResult
from harness.system.git.applying import apply_patch
from harness.system.git.writing import Git, Source
from harness.system.process.executed import program_of, reads_beside
from harness.system.process.given import given_digest
from harness.system.process.os_words import os_words
from harness.system.process.touching import touched_files

ASIDE = "refs/harness/variants/"
"""Where code that was put aside lies, by its name."""

TOGETHER = "refs/harness/together"
"""What keeps the variants that were the best together in the latest call without a campaign."""

_PATCHES = (".patch", ".diff")


class VariantKind(Enum):
    """What a variant is made of."""

    PATCH = "patch"
    FOLDER = "folder"
    REVISION = "revision"
    FLAGS = "flags"
    MERGED = "merged"
    """Several of the others, put together upon the code that they are variants of."""


@dataclass(frozen=True, slots=True)
class Variant:
    """One way to change a target, as it was named."""

    name: str
    kind: VariantKind
    value: str
    """A path, a commit, or the flags as one text."""


@dataclass(frozen=True, slots=True)
class Unmade:
    """A variant that no build can be made of, and why."""

    name: str
    failure: HarnessError


@dataclass(frozen=True, slots=True)
class Field:
    """What runs in a race: the reference, the variants beside it, and those that cannot run."""

    reference: Cell
    variants: tuple[Cell, ...]
    unmade: tuple[Unmade, ...]
    commits: Mapping[str, str] = field(default_factory=dict)
    """What has the code of each variant that has some, by the name of its cell."""
    base: str = ""
    """The commit that is the reference's."""
    same: Mapping[str, str] = field(default_factory=dict)
    """The variants that build to what another one builds to, by the name of their cell, and which:
    the reference, or one of the variants. There is nothing to race."""
    longest_ns: int | None = None
    """How long a trial of a variant may take at most; None: as long as its target says."""


def named_variants(names: Sequence[str], flags: Sequence[str], git: Git) -> tuple[Variant, ...]:
    """The variants that are meant: those named, or where none is all that were put aside.

    Raises UsageError for a name that means nothing, or means two of them.
    """
    aside = {ref.removeprefix(ASIDE): commit for ref, commit in git.refs(ASIDE).items()}
    made = [_named(name, aside, git) for name in names]
    made += [Variant(words, VariantKind.FLAGS, words) for words in flags if _split(words)]
    if not made:
        made = [
            Variant(name, VariantKind.REVISION, commit) for name, commit in sorted(aside.items())
        ]
    if not made:
        raise UsageError(
            "no variant to try",
            hint="Name patches, revisions or folders of files, or further flags of the compiler; or"
            " put the code of now aside under a name.",
        )
    every = [variant.name for variant in made]
    twice = next((name for name in every if every.count(name) > 1), None)
    if twice is not None:
        raise UsageError(
            f"two variants are called {twice}",
            hint="Say each once, and give one of two files another name.",
        )
    return tuple(made)


def _named(name: str, aside: dict[str, str], git: Git) -> Variant:
    path = Path(name)
    if path.is_dir():
        return Variant(path.name or name, VariantKind.FOLDER, str(path.absolute()))
    if path.suffix in _PATCHES:
        if not path.is_file():
            raise UsageError(f"no such patch: {name}", hint=f"Looked in {Path.cwd()}.")
        return Variant(path.stem, VariantKind.PATCH, str(path.absolute()))
    if name in aside:
        return Variant(name, VariantKind.REVISION, aside[name])
    if path.is_file():
        raise UsageError(
            f"{name} is a file, and no patch",
            hint="A patch ends with .patch or .diff; a folder holds whole files, each at its place"
            " below the project's folder.",
        )
    try:
        return Variant(name, VariantKind.REVISION, git.resolve(name))
    except UsageError as problem:
        near = did_you_mean(name, aside)
        raise UsageError(
            f"{name} is no patch, no folder, no revision and not the name of code put aside."
            f" {near}".rstrip(),
            hint=problem.hint,
        ) from None


def put_aside(git: Git, name: str, base: str = "HEAD", paths: Sequence[str] | None = None) -> str:
    """Keep the code of now under a name, and put `base` back; returns the kept commit.

    `paths` are the files that differ; left out: what git knows that differs from HEAD. Other files
    stay as they are. Raises UsageError for a name that git does not take, NotAllowed where nothing
    has changed or other code has that name.
    """
    ref = f"{ASIDE}{name}"
    if git.attempt("check-ref-format", ref).returncode != 0 or "/" in name:
        raise UsageError(f"{name!r} is no name for code", hint="Use letters and dashes.")
    changed = git.changes().tracked if paths is None else tuple(paths)
    if not changed:
        raise NotAllowed(
            f"nothing has changed since {base[:12]}: there is no code to put aside as {name}",
            hint="A new file counts once git knows it: git add FILE.",
        )
    if git.refs(ref):
        raise NotAllowed(
            f"a variant is called {name} already",
            hint=f"Take another name, or forget that one: git update-ref -d {ref}",
        )
    message = f"harness: the variant {name}"
    commit = git.keep_paths(message, Source(git.resolve(base), changed), ref=ref)
    git.restore(base, changed)
    return commit


def keep_leftover(git: Git, result: TryResult, raced: Collection[str]) -> TryResult:
    """Put aside what may still be a gain on top of the best, as it is there, by its own name.

    What git takes no such name for, or has other code under it than what was `raced`, says so.
    """
    kept = git.refs(ASIDE)
    left = list[Leftover]()
    for each in result.leftover:
        ref, why = f"{ASIDE}{each.name}", ""
        if not each.commit:
            pass
        elif "/" in each.name or git.attempt("check-ref-format", ref).returncode != 0:
            why = "git takes no such name"
        elif kept.get(ref, each.commit) not in (each.commit, *raced):
            why = "other code is put aside by that name"
        else:
            git.update_ref(ref, each.commit)
        left.append(replace(each, in_the_way=why))
    return replace(result, leftover=tuple(left))


def keep_together(git: Git, result: TryResult, base: str) -> TryResult:
    """Keep the code of those that are the best together, for whoever wants it in the tree."""
    if result.together is None:
        return result
    git.update_ref(TOGETHER, result.together.commit)
    files = git.diff_names(base, result.together.commit)
    names = " ".join(shlex.quote(f":/{name}") for name in files)
    return replace(result, taking=f"git restore --source={TOGETHER} -- {names}")


@contextlib.contextmanager
def field_of(
    session: Session,
    work: tuple[str, str | None],
    variants: Sequence[Variant],
    base: str = "",
    label: str = "",
) -> Iterator[Field]:
    """All that run in a race, each in a private copy that lasts until the end, built in parallel.

    `work` is the target and the case. The reference is the commit `base`; left out: the code as it
    is now. `label` is what the reference is called; left out: as the target.
    """
    config, (target, case) = session.config, work
    own = config.target(target)
    base = base or Git(config.root).snapshot(f"harness: {target} as variants are tried on it")
    with contextlib.ExitStack() as stack:
        copy = stack.enter_context(private_copy(session, config, base, as_it_is=True))
        reference = settle(session, copy, target_at(config, target, copy.root), target)
        _, built = session.orchestrator.once.made(reference)  # raises what is wrong with all
        task, chosen = config.task(own.task), config.case_of(own, case)
        copies = [_copied(session, target, v, base, stack) for v in variants]
        made = _made_in_parallel(session, target, variants, copies)
        builds = {
            variant_label(target, v.name): m
            for v, m in zip(variants, made, strict=True)
            if isinstance(m, Build)
        }
        label = label or target
        same = _same_programs({label: built, **builds}, chosen)
        first = of_declared(session, Cell(task, chosen, reference, label))
        yield Field(
            first,
            tuple(
                replace(first, target=build.target, label=name)
                for name, build in builds.items()
                if name not in same
            ),
            tuple(m for m in made if isinstance(m, Unmade)),
            same=same,
            commits={
                variant_label(target, v.name): _commit_of(v, c, base)
                for v, c in zip(variants, copies, strict=True)
                if isinstance(c, PrivateCopy) and _has_code(config, target, v)
            },
            base=base,
        )


def _same_programs(builds: Mapping[str, Build], case: Case) -> dict[str, str]:
    """The builds that run what an earlier one runs, in the same way, and which that is.

    Of those that read what lies beside them nothing is known.
    """
    first: dict[tuple[object, ...], str] = {}
    same: dict[str, str] = {}
    for name, build in builds.items():
        if reads_beside(build):
            continue
        found = first.setdefault(_what_runs(build, case), name)
        if found != name:
            same[name] = found
    return same


def _what_runs(build: Build, case: Case) -> tuple[object, ...]:
    """What tells a build's trials from those of another: its program, and what that is given."""
    return program_of(build), given_digest(build.target, case)


def variant_label(target: str, variant: str) -> str:
    """What a variant is called in results, as a target at a revision is."""
    return f"{target}@{variant}"


def _write_flags(path: Path, words: str) -> None:
    """Add flags to a file of them, one per line."""
    own = path.read_text(encoding="utf-8") if path.is_file() else ""
    lines = [*own.splitlines(), *map(shlex.quote, shlex.split(words))]
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    touched_files()


def _has_code(config: Config, target: str, variant: Variant) -> bool:
    """Is the variant made of files, and not of flags that no file has?"""
    return variant.kind is not VariantKind.FLAGS or target in config.flags_files


_COMMITS = (VariantKind.REVISION, VariantKind.MERGED)


def _commit_of(variant: Variant, copy: PrivateCopy, base: str) -> str:
    """The commit that has a variant's code; no branch knows it."""
    if variant.kind in _COMMITS:
        return variant.value
    return Git(copy.top).snapshot(f"harness: the variant {variant.name}", parent=base)


def _copied(
    session: Session, target: str, variant: Variant, base: str, stack: contextlib.ExitStack
) -> PrivateCopy | Unmade:
    """A private copy with the variant's code."""
    config = session.config
    commit = variant.value if variant.kind in _COMMITS else base
    copy = stack.enter_context(
        private_copy(session, config, commit, as_it_is=variant.kind is not VariantKind.REVISION)
    )
    try:
        if variant.kind is VariantKind.PATCH:
            apply_patch(Git(copy.top), Path(variant.value))
        elif variant.kind is VariantKind.FLAGS and target in config.flags_files:
            _write_flags(copy.root / config.flags_files[target], variant.value)
        elif variant.kind is VariantKind.FOLDER:
            shutil.copytree(variant.value, copy.root, dirs_exist_ok=True, symlinks=True)
            touched_files()
    except OSError as problem:
        return Unmade(variant.name, StorageFailed(f"{variant.value}: {os_words(problem)}"))
    except HarnessError as problem:
        return Unmade(variant.name, problem)
    return copy


def _made_in_parallel(
    session: Session,
    target: str,
    variants: Sequence[Variant],
    copies: Sequence[PrivateCopy | Unmade],
) -> list[Build | Unmade]:
    """Every variant set up and built, at most as many at once as there are CPUs.

    What a build fails of is found again, and said, when the run makes its cells ready; one that is
    made is known until then.
    """

    def make(number: int, copy: PrivateCopy | Unmade) -> Build | Unmade:
        if isinstance(copy, Unmade):
            return copy
        variant = variants[number]
        try:
            made = target_at(session.config, target, copy.root)
            if variant.kind is VariantKind.FLAGS and target not in session.config.flags_files:
                made = flagged_target(made, variant.value)
            made = settle(session, copy, made, variant.name)
            with session.orchestrator.telling.about(variant.name, number + 1, len(variants)):
                return replace(session.orchestrator.once.made(made)[1], target=made)
        except StorageFailed:
            raise
        except HarnessError as problem:
            return Unmade(variant.name, _by_its_own_paths(problem, copy.root))

    workers = max(1, min(len(variants), len(os.sched_getaffinity(0))))
    # Each call of an adapter sends what it prints to standard error, and puts standard output back
    # as it found it; what several find and put back at once is put right here.
    with contextlib.redirect_stdout(sys.stderr), ThreadPoolExecutor(workers) as pool:
        return list(pool.map(make, range(len(variants)), copies))


def _by_its_own_paths(problem: HarnessError, root: Path) -> HarnessError:
    """The problem with files named by their place in the project: their copy is gone by then."""
    words = (problem.message, problem.hint)
    message, hint = (w.replace(f"{root}/", "").replace(str(root), ".") for w in words)
    return type(problem)(message, hint=hint)


def _split(words: str) -> list[str]:
    """The flags in a text; UsageError where it has none, or a quotation has no end."""
    try:
        found = shlex.split(words)
    except ValueError as problem:
        raise UsageError(f"flags {words!r}: {str(problem).lower()}") from None
    if not found:
        raise UsageError(f"flags {words!r}: there is no flag in it", hint="For example: -O3.")
    return found


def flagged_target(target: Target, words: str) -> Target:
    """The target with further flags behind its own; its adapter refuses what it does not take."""
    more = _split(words)
    own = target.options.get("flags", ())
    own = shlex.split(own) if isinstance(own, str) else own
    return replace(target, options={**target.options, "flags": (*own, *more)})


def chosen_target(config: Config, asked: str | None) -> str:
    """The target that variants are of: the one asked for, or the only one."""
    if asked is not None:
        return config.target(asked).name
    if len(config.targets) == 1:
        return next(iter(config.targets))
    raise UsageError(
        "which target are these variants of?", hint=f"`target`: {', '.join(config.targets)}."
    )
