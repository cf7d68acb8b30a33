"""Does it pay to work with the harness? Scripted engineers try the same edits by several means.

    python benchmarks/loop_pays.py [PROGRAM...] [--policies ...] [--edits N] [--rounds 31]
                                   [--budget 20s] [--objective cpu] [--neighbour]
                                   [--short]

The programs and their edits lie in `loop_pays/`: some edits gain 2x or 10x, some a few per cent,
some nothing; some are wrong for inputs other than the one that is tried, some fitted to it. The
engineers: by hand with hyperfine (the lower mean, or the lowest of three runs), a campaign by the
second edition of the rules, one as it is now, and one that races all edits at once by `harness
try`, which puts together what gains; all campaigns by the command line.

The truth is measured apart, on inputs that no engineer saw: states run by turns in random order,
and what counts is the median ratio of CPU time. The programs wait for nothing and have one thread,
so that this is the wall time of an empty machine, on a busy one too; but Julia itself has more as
it starts, so that its programs are held to wall time where that is the objective. Prints for each
program and policy: the speed reached, wall and CPU time spent, edits kept that are no gain (under
1 %), gains of 1 % missed, edits kept that are wrong or fitted, and whether the claim holds what was
measured; how many edits a campaign took back that it found to be wrong after they had been kept;
then where the time went. Short form: --short (2 programs, 5 edits).
"""

from __future__ import annotations

import argparse
import math
import random
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path

from engineers import Session, Tried, by_hand, campaign
from figures import figure
from neighbours import neighbour
from rig import child_cpu_s, rig
from scripted import SEED, Program, all_names, load_program
from tabulate import tabulate

LEAST = 1.01
"""A true speed-up below this is none: the threshold of a campaign."""
SHORT = (("pairs", "report"), (0, 1, 2, 4, 5))
HEADERS = (
    *("program", "policy", "speed", "wall s", "CPU s", "kept", "false keeps", "missed"),
    *("wrong kept", "fitted kept", "claim", "holds", "own CPU s a verdict", "taken back"),
)


@dataclass(frozen=True, slots=True)
class Ratio:
    """A true speed-up with its 95 % interval."""

    point: float
    low: float
    high: float


class Truth:
    """Measures states of a program against one another, on fresh inputs; each pair once."""

    def __init__(self, program: Program, shop: Path, rounds: int, objective: str) -> None:
        self.program, self.shop, self.rounds = program, shop, rounds
        by_wall = objective == "wall" and program.adapter == "julia"
        self.clock = time.perf_counter if by_wall else child_cpu_s
        self.rng = random.Random(time.time_ns())
        self.known: dict[tuple[str, str], Ratio] = {}
        self.seeds = [self.rng.randrange(SEED + 1, 2**31) for _ in range(8)]
        self.wrong: dict[str, bool] = {}

    def is_wrong(self, text: str) -> bool:
        """Does a state say something else than the base program for any of the fresh inputs?"""
        if text not in self.wrong:
            run, base = self.program.run, self.program.base
            self.wrong[text] = any(
                run(text, self.shop, seed).stdout != run(base, self.shop, seed).stdout
                for seed in self.seeds
            )
        return self.wrong[text]

    def ratio(self, old: str, new: str) -> Ratio:
        """Old time / new time."""
        if (old, new) not in self.known:
            logs = sorted(self._log_ratio(old, new) for _ in range(self.rounds))
            middle, reach = self.rounds // 2, math.ceil(0.98 * math.sqrt(self.rounds))
            low, high = max(0, middle - reach), min(self.rounds - 1, middle + reach)
            self.known[old, new] = Ratio(*(math.exp(logs[i]) for i in (middle, low, high)))
        return self.known[old, new]

    def _log_ratio(self, old: str, new: str) -> float:
        seed, sides = self.rng.randrange(SEED + 1, 2**31), [old, new]
        self.rng.shuffle(sides)
        took = {}
        for text in sides:
            before = self.clock()
            self.program.run(text, self.shop, seed)
            took[text] = self.clock() - before
        return math.log(took[old] / took[new]) if old != new else 0.0


@dataclass(frozen=True, slots=True)
class Score:
    """What a session was worth."""

    speed: float | None
    """None: the final program is wrong."""
    false_keeps: int
    missed: int
    wrong: int
    fitted: int
    holds: bool | None


def score(session: Session, truth: Truth) -> Score:
    """Hold a session against what is true."""
    count: Counter[str] = Counter(_fault(tried, truth) for tried in session.tried)
    base, final = session.program.base, session.final
    if truth.is_wrong(final):
        return Score(None, count["false"], count["missed"], count["wrong"], count["fitted"], False)
    reached = truth.ratio(base, final)
    holds = None
    if session.claim is not None:  # the truth has an interval too: both have a figure in common
        holds = session.claim[0] <= reached.high and reached.low <= session.claim[1]
    faults = (count["false"], count["missed"], count["wrong"], count["fitted"])
    return Score(reached.point, *faults, holds)


def _fault(tried: Tried, truth: Truth) -> str:
    """How a decision was mistaken; empty: it was not, or nobody can tell."""
    if tried.kept and truth.is_wrong(tried.after) and not truth.is_wrong(tried.before):
        return "wrong"
    if tried.kept and tried.edit.kind == "fitted":
        return "fitted"
    if truth.is_wrong(tried.after):
        return ""
    gain = truth.ratio(tried.before, tried.after)
    if tried.kept:
        return "false" if gain.high < LEAST else ""
    return "missed" if gain.low > LEAST else ""


def policies(budget: str, objective: str = "wall") -> dict[str, Callable[..., None]]:
    """What works through a session, by the policy's name."""
    terms = f'objective = "{objective}"'
    return {
        "by hand, mean": by_hand(best_of_three=False),
        "by hand, best of 3": by_hand(best_of_three=True),
        "campaign, edition 2": campaign(2, budget),
        "campaign": campaign(3, budget, terms),
        "campaign with try": campaign(3, budget, terms, tries=True),
    }


def work(name: str, program: Program, given: argparse.Namespace, shop: Path) -> Session:
    """One session of a policy on a program."""
    chosen = SHORT[1] if given.short else range(given.edits or len(program.edits))
    edits = tuple(program.edits[i] for i in chosen)
    session = Session(name, program, program.base)
    figures = program.figures(shop)
    began, used = time.perf_counter(), child_cpu_s()
    policies(given.budget, given.objective)[name](session, edits, figures, shop)
    session.wall_s, session.cpu_s = time.perf_counter() - began, child_cpu_s() - used
    return session


def row(session: Session, found: Score) -> list[object]:
    """A row of the table."""
    claim = "-" if session.claim is None else "[{:.2f}, {:.2f}]".format(*session.claim)
    own = sum(session.own_cpu) / len(session.own_cpu) if session.own_cpu else None
    return [
        *(session.program.name, session.policy),
        "WRONG" if found.speed is None else f"{found.speed:.2f}x",
        *(f"{session.wall_s:.0f}", f"{session.cpu_s:.0f}"),
        *(sum(tried.kept for tried in session.tried), found.false_keeps, found.missed),
        *(found.wrong, found.fitted, claim),
        {True: "yes", False: "NO", None: "-"}[found.holds],
        "-" if own is None else f"{own:.1f}",
        session.taken_back,
    ]


def totals(done: list[tuple[Session, Score]]) -> None:
    """Print each policy's totals, and where its time went."""
    rows, times = [], []
    for policy in dict.fromkeys(session.policy for session, _ in done):
        own = [(s, f) for s, f in done if s.policy == policy]
        speeds = [f.speed for _, f in own if f.speed is not None]
        mean = math.exp(sum(map(math.log, speeds)) / len(speeds)) if speeds else math.nan
        held = [f.holds for _, f in own if f.holds is not None]
        rows.append(
            [
                *(
                    policy,
                    f"{mean:.2f}x of {len(speeds)} right",
                    f"{sum(s.wall_s for s, _ in own):.0f}",
                ),
                f"{sum(s.cpu_s for s, _ in own):.0f}",
                *(sum(getattr(f, key) for _, f in own) for key in ("false_keeps", "missed")),
                *(sum(getattr(f, key) for _, f in own) for key in ("wrong", "fitted")),
                f"{sum(held)}/{len(held)}",
            ]
        )
        spent = {k: sum(s.by_step[k] for s, _ in own) for k in own[0][0].by_step}
        most = sorted(spent, key=lambda k: -spent[k])
        times.append([policy, "; ".join(f"{k} {spent[k]:.1f} s" for k in most)])
    heads = ("policy", "speed (geometric mean)", "wall s", "CPU s", "false", "missed", "wrong")
    print(tabulate(rows, (*heads, "fitted", "claims hold"), disable_numparse=True))
    print(tabulate(times, ("policy", "where the wall time went")))


def judge(done: list[tuple[Session, Score]]) -> bool:
    """Print whether the campaign as it is reaches what is wanted of it."""
    fine = True
    for policy in ("campaign", "campaign with try"):
        own = [(s, f) for s, f in done if s.policy == policy]
        fine &= not own or _judge_one(policy, own, done)
    return fine


def _judge_one(
    policy: str, own: list[tuple[Session, Score]], done: list[tuple[Session, Score]]
) -> bool:
    bad = sum(f.wrong + f.fitted for _, f in own)
    fine = figure(f"wrong or fitted edits that a {policy} keeps", str(bad), "0", bad == 0)
    hand = {s.program.name: (s, f) for s, f in done if s.policy == "by hand, mean"}
    both = [(s, hand[s.program.name][0]) for s, _ in own if s.program.name in hand]
    if both:
        share = sum(a.wall_s for a, _ in both) / sum(b.wall_s for _, b in both)
        few = None if len(both) < 6 else share <= 0.5
        fine &= figure(f"a {policy}'s wall time over that by hand", f"{share:.2f}", "0.5", few)
    return fine


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("programs", nargs="*", metavar="PROGRAM", help="otherwise all")
    parser.add_argument("--policies", nargs="+", choices=list(policies("1s")))
    parser.add_argument("--edits", type=int, help="how many of each program's; otherwise all")
    parser.add_argument("--rounds", type=int, default=31, help="of each true ratio (%(default)s)")
    parser.add_argument("--budget", default="20s", help="of a look (%(default)s)")
    parser.add_argument("--objective", choices=("wall", "cpu"), default="wall", help="%(default)s")
    parser.add_argument("--neighbour", action="store_true", help="with one who comes and goes")
    parser.add_argument("--short", action="store_true", help="2 programs, 5 edits")
    given = parser.parse_args()
    names = given.programs or (SHORT[0] if given.short else all_names())
    print(rig())
    done, rows = [], []
    for program in map(load_program, names):
        with tempfile.TemporaryDirectory() as place, ExitStack() as stack:
            shop = Path(place)
            if given.neighbour:
                stack.enter_context(company(shop))
            sessions = [work(n, program, given, shop) for n in given.policies or policies("1s")]
            stack.close()
            truth = Truth(program, shop, given.rounds, given.objective)
            for session in sessions:
                done.append((session, score(session, truth)))
                rows.append(row(*done[-1]))
                print(*rows[-1], sep=" | ", flush=True)
    print(tabulate(rows, HEADERS, disable_numparse=True))
    totals(done)
    print(rig())
    return 0 if judge(done) else 1


def company(shop: Path) -> AbstractContextManager[None]:
    """A busy program that comes and goes on the last CPU."""
    busy = shop / "busy"
    subprocess.run(
        ["cc", "-O2", "-o", busy, Path(__file__).with_name("workload.c"), "-lm"], check=True
    )
    return neighbour("on-off", busy)


if __name__ == "__main__":
    raise SystemExit(main())
