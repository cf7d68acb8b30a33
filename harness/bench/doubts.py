"""What casts doubt on a bench: sides that ran one program, a baseline that is not as it was."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from harness.baseline.document import Timing
from harness.model import Measurement
from harness.project.revisions import split_revision
from harness.running.reports import Report
from harness.running.session import Session
from harness.system.git.writing import Git
from harness.system.process.executed import program_of

FAR_OFF = 3.0
"""A baseline this many times faster or slower than when it was sealed is mentioned: machines
and their load differ by less, most of the time."""
_SHOWN = 3


def same_program(labels: tuple[str, str], differing: Iterable[str]) -> Iterator[str]:
    """Yield a warning where two sides ran the same program although these of their files differ."""
    changed = [name for name in differing if not _is_record(name)]
    if changed:
        one, other = labels
        yield (
            f"{one} and {other} ran the same program, byte for byte, although {listed(changed)}"
            f" differ{'s' if len(changed) == 1 else ''}: is what runs built from"
            " these files, and does setup build it anew?"
        )


def one_program(session: Session, report: Report, specs: tuple[str, str]) -> list[str]:
    """Warn where two revisions of one target ran the same program; else the list is empty."""
    (name, one), (other_name, other) = map(split_revision, specs)
    builds = [m.build for group in report.groups for m in group.members if m.build is not None]
    if name != other_name or len(builds) != 2 or program_of(builds[0]) != program_of(builds[1]):
        return []
    git = Git(session.config.root)
    commits = [git.resolve(revision) for revision in (one, other) if revision is not None]
    two = len(commits) == 2
    differing = git.diff_names(*commits) if two else git.differing_here(commits[0])
    return list(same_program(specs, differing))


def twins(report: Report) -> list[str]:
    """Warn where two files under two names are the same, byte for byte."""
    first: dict[object, str] = {}
    said = []
    for group in report.groups:
        for member in group.members:
            if member.build is None or member.cell.target.adapter != "command":
                continue
            target = member.cell.target
            key = program_of(member.build), target.args, target.stdin
            if key in first:
                said.append(f"{first[key]} and {member.cell.name} are the same program")
            first.setdefault(key, member.cell.name)
    return said


def far_from_sealed(sealed: Timing, now: Measurement) -> Iterator[str]:
    """Yield a warning where a baseline takes another time than when it was sealed.

    Its CPU time must say the same as its wall time: that of a short program on a busy machine is
    many times its own at any moment. A program that mostly waits is known by wall time alone.
    """
    if now.wall_ns is None or min(now.wall_ns.point, sealed.wall_ns.point) <= 0:
        return
    ratios = [sealed.wall_ns.point / now.wall_ns.point]
    if _works(sealed) and now.cpu_ns is not None and now.cpu_ns.point > 0:
        ratios.append(sealed.cpu_ns.point / now.cpu_ns.point)
    if min(ratios) >= FAR_OFF:
        how = f"{min(ratios):.1f} times faster"
    elif max(ratios) <= 1 / FAR_OFF:
        how = f"{1 / max(ratios):.1f} times slower"
    else:
        return
    yield (
        f"the baseline ran {how} than when it was sealed ({now.wall_ns.point / 1e6:.3g} ms, then"
        f" {sealed.wall_ns.point / 1e6:.3g} ms): is it the same program, on the same machine and"
        " data?"
    )


def _works(sealed: Timing) -> bool:
    """Did the baseline spend a good part of its time on a CPU?"""
    return sealed.cpu_ns.point > sealed.wall_ns.point / 10


def listed(names: Collection[str]) -> str:
    """Some of the names, and how many more there are."""
    shown = ", ".join(sorted(names)[:_SHOWN])
    more = len(names) - _SHOWN
    return f"{shown} and {more} more" if more > 0 else shown


def _is_record(name: str) -> bool:
    return "optim" in name.split("/")[:-1] or name.rsplit("/", 1)[-1] == "harness.toml"
