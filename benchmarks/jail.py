"""What a strict jail adds to a trial, and that it adds the same to both sides.

    python benchmarks/jail.py [--rounds 200]

In every round /bin/true runs once in each of these ways, in random order: under the launcher alone,
in each jail that this machine can make, and under the launcher through bubblewrap with about the
same view. Two figures of each are compared by their medians: the time on the clock, and the time
of the whole trial in the harness, what is made ready for the next one included where that takes
longer than the harness itself.

Bias: the same program stands for two sides, each of which has a policy and a jail of its own;
what they differ by is shown with the share that chance would show.
"""

from __future__ import annotations

import argparse
import random
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from figures import figure
from rig import rig

from harness.model import Command, Jail, JailTerms, Target, TrialPlan
from harness.system.jail.means import Means
from harness.system.process.runner import LocalRunner

PROGRAM = "/bin/true"
MOST_MS = 0.5
BWRAP = (
    *("--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL"),
    *("--ro-bind", "/usr", "/usr", "--symlink", "usr/bin", "/bin", "--symlink", "usr/lib", "/lib"),
    *("--symlink", "usr/lib64", "/lib64", "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"),
)


@dataclass
class Way:
    """One way to run the program, and what its trials took, in milliseconds."""

    command: Command
    runner: LocalRunner
    clock: list[float] = field(default_factory=list)
    whole: list[float] = field(default_factory=list)

    def once(self) -> None:
        begun = time.perf_counter_ns()
        trial = self.runner.trial(self.command, TrialPlan())
        if trial.output is None:
            sys.exit(f"{self.command.argv[0]}: {trial.message}")
        self.runner.discard(trial.output)
        self.whole.append((time.perf_counter_ns() - begun) / 1e6)
        self.clock.append(trial.wall_ns / 1e6)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--rounds", type=int, default=200)
    options.add_argument("--seed", type=int, default=1)
    asked = options.parse_args()
    print(rig())
    with tempfile.TemporaryDirectory(dir="/dev/shm") as name:
        ways = made(Path(name))
        rng = random.Random(asked.seed)
        for _ in range(asked.rounds + 5):
            for way in rng.sample(list(ways.values()), len(ways)):
                way.once()
        for way in ways.values():
            del way.clock[:5], way.whole[:5]  # the first ones make jails and find programs
            way.runner.close()
    sys.exit(0 if shown(ways) else 1)


def made(folder: Path) -> dict[str, Way]:
    """Every way that this machine offers, each with a launcher of its own."""

    def runner(change: Callable[[LocalRunner], None] = lambda runner: None) -> LocalRunner:
        count = len(list(folder.iterdir()))
        one = LocalRunner(folder / f"scratch-{count}", folder / "cache")
        one._scratch._folder.mkdir(parents=True)  # counts
        change(one)
        return one

    def strict(means: Means) -> Callable[[LocalRunner], None]:
        def change(one: LocalRunner) -> None:
            one.jail = Jail.STRICT
            one.confining._found = replace(one.confining.found, best=means)

        return change

    def of(side: str) -> Command:
        terms = JailTerms(read=(str(folder / side),))
        return Command((PROGRAM,), {}, Target(side, "t", "command", folder, jail=terms))

    plain = runner()
    ways = {"launcher alone": Way(of("a"), plain)}
    failing = dict(plain.confining.found.problems)
    for means in Means:
        if means in failing:
            print(f"no jail by {means.value} here: {failing[means]}")
        else:
            ways[means.value] = Way(of("a"), runner(strict(means)))
    if Means.NAMESPACES not in failing:
        ways["the other side"] = Way(of("b"), ways[Means.NAMESPACES.value].runner)
    if shutil.which("bwrap"):
        ways["bubblewrap"] = Way(Command(("bwrap", *BWRAP, PROGRAM)), runner())
    return ways


def shown(ways: dict[str, Way]) -> bool:
    plain = ways["launcher alone"]
    print(f"\n{PROGRAM}, medians of {len(plain.clock)}, interleaved")
    for name, way in ways.items():
        clock, whole = statistics.median(way.clock), statistics.median(way.whole)
        more = (
            f"{clock - statistics.median(plain.clock):+7.3f}",
            f"{whole - statistics.median(plain.whole):+7.3f}",
        )
        print(
            f"  {name:15} on the clock {clock:6.3f} ms {more[0]}   whole trial {whole:6.3f} ms"
            f" {more[1]}"
        )
    good = True
    for name in (means.value for means in Means if means.value in ways):
        for kind in ("clock", "whole"):
            over = statistics.median(getattr(ways[name], kind)) - statistics.median(
                getattr(plain, kind)
            )
            what = "on the clock" if kind == "clock" else "of a whole trial"
            wanted = f"at most {MOST_MS} ms"
            good &= figure(f"jail by {name}, {what}", f"{over:+.3f} ms", wanted, over <= MOST_MS)
    if "the other side" in ways:
        good &= unbiased(ways[Means.NAMESPACES.value], ways["the other side"])
    return good


def unbiased(one: Way, other: Way) -> bool:
    """Are two sides alike? Of the differences within rounds about half have either sign."""
    pairs = list(zip(one.clock, other.clock, strict=True))
    below = sum(a < b for a, b in pairs)
    share, chance = below / len(pairs), 2.6 * 0.5 / len(pairs) ** 0.5  # 99 %
    return figure(
        "rounds in which the first of two equal sides was faster",
        f"{share:.3f}",
        f"0.5 within {chance:.3f}",
        abs(share - 0.5) <= chance,
    )


if __name__ == "__main__":
    main()
