"""Right verdicts, and how soon: real runs in quiet and in company, peers beside us.

    python benchmarks/verdicts.py runs --repeats 1                      a short form, two minutes
    python benchmarks/verdicts.py runs --repeats 200 --peers --out v.jsonl      half an hour
    python benchmarks/verdicts.py runs --repeats 20 --effects 0 0.02 --out p.jsonl  peers: as long
    python benchmarks/verdicts.py peeking --simulated 1000 --real 200
    python benchmarks/verdicts.py table v.jsonl                         what has been measured
    python benchmarks/verdicts.py kinds --repeats 1 --budget 5          twenty kinds of programs

A program whose size is its argument runs as reference and as candidate; the candidate's size is
such that its whole time is longer by the effect. Every tool gets the same wall budget in the same
session (`--budget`; where there is no effect, ours may go on to `--equal-budget` until it can say
`equivalent`, which the peers cannot say). With `--out`, each run is a line of a file, and a run
that was stopped can be gone on with.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import kinds
import numpy as np
import peers
from figures import FEW, figure, of, rate
from neighbours import REGIMES, neighbour
from noise_trace import read_trace
from rig import rig
from runs import run_of
from tabulate import tabulate

from harness.analysis import Question
from harness.analysis.blocks import block_ns
from harness.model import Comparison, Metric, Target, Verdict
from harness.project.config import load_config
from harness.running import Settings
from harness.running.session import Session, open_session
from harness.stats.boundary import sign_boundary
from harness.stats.paired import PairedSequence

SOURCE = Path(__file__).parent / "workload.c"
EFFECTS = (0.0, 0.01, 0.02, 0.05, 0.1)
TARGET_S = 0.022
"""How long the reference shall take."""
FOUND_S = 5.0
"""Budget for finding an effect."""
EQUAL_S = 20.0
"""Budget for saying that there is none."""

CONFIG = """
[tasks.work]
reference = "base"
[tasks.work.cases.only]
params = {{ {params} }}
[tasks.work.outputs.sum]
from = "stdout"
kind = "stochastic"
pattern = "(\\\\d+)"
"""
TARGET = """
[targets.{name}]
task = "work"
adapter = "c"
sources = ["workload.c"]
flags = ["-O2"]
args = ["{{{name}}}"]
"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One question answered by one tool: a line of the file."""

    tool: str
    regime: str
    effect: float
    verdict: str
    seconds: float
    """The time that the whole command took."""
    blocks_s: float | None = None
    """The part of it from the first block's beginning to the last one's end."""
    blocks: int = 0
    metric: str = ""
    low: float | None = None
    """The interval of the ratio of times, candidate / reference."""
    high: float | None = None
    seed: int | None = None
    """The seed of the order and the layout."""

    @property
    def called(self) -> bool:
        return self.verdict in ("faster", "slower")

    @property
    def wrong(self) -> bool:
        """A difference where there is none, the wrong sign, or `equivalent` of what is not."""
        if self.effect == 0:
            return self.called
        return self.verdict == "faster" or (self.verdict == "equivalent" and self.effect > 0.01)

    @property
    def covers(self) -> bool | None:
        """Does the interval hold the truth? None where the tool gives no interval."""
        if self.tool != "harness":
            return None
        low, high = (math.nan if v is None else v for v in (self.low, self.high))
        truth = 1 + self.effect
        return not (low > truth or high < truth)


# -- the workload ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Workload:
    """The program, and its sizes by effect."""

    folder: Path
    program: Path
    sizes: dict[float, int]

    def command(self, effect: float) -> list[str]:
        return [str(self.program), str(self.sizes[effect])]

    def write_config(self) -> Path:
        names = {_name(effect): size for effect, size in self.sizes.items()}
        names["base"] = self.sizes[0.0]
        params = ", ".join(f"{name} = {size}" for name, size in names.items())
        text = CONFIG.format(params=params) + "".join(TARGET.format(name=n) for n in names)
        path = self.folder / "harness.toml"
        path.write_text(text, encoding="utf-8")
        return path


def _name(effect: float) -> str:
    return f"plus{round(effect * 1000)}"


def make_workload(folder: Path) -> Workload:
    """Compile, and find the sizes at which the whole process takes 1 + effect times as long."""
    (folder / "workload.c").write_bytes(SOURCE.read_bytes())
    program = folder / "workload"
    subprocess.run(["cc", "-O2", "-o", program, SOURCE], check=True)
    start_s, steps = _fastest(program, 0), 5_000_000
    each_s = (_fastest(program, steps) - start_s) / steps
    base = round((TARGET_S - start_s) / each_s)
    return Workload(
        folder,
        program,
        {e: base + round(e * (base + start_s / each_s)) for e in EFFECTS},
    )


def _fastest(program: Path, size: int, times: int = 40) -> float:
    """The fastest of several calls, as the undisturbed time, in s."""
    found = []
    for _ in range(times):
        begun = time.perf_counter()
        subprocess.run([program, str(size)], check=True, stdout=subprocess.DEVNULL)
        found.append(time.perf_counter() - begun)
    return min(found)


# -- the tools ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Asked:
    """What a run of the harness is to tell apart."""

    targets: Sequence[Target | str]
    """The reference, and the candidate with its effect."""
    regime: str
    effect: float


def harness_outcome(session: Session, asked: Asked, budget_s: float, seed: int) -> Outcome:
    regime, effect = asked.regime, asked.effect
    settings = Settings(budget_ns=round(budget_s * 1e9), seed=seed)
    begun = time.monotonic()
    report = run_of(session, asked.targets, settings)
    seconds = time.monotonic() - begun
    if not report.run.comparisons:
        return Outcome("harness", regime, effect, "failed", seconds)
    made, blocks = report.run.comparisons[0], report.groups[0].blocks
    return Outcome(
        tool="harness",
        regime=regime,
        effect=effect,
        verdict=made.verdict.value,
        seconds=seconds,
        blocks_s=block_ns(blocks) * len(blocks) / 1e9,
        blocks=made.blocks,
        metric=made.metric.value,
        low=1 / made.ratio.high if made.ratio.high else None,
        high=1 / made.ratio.low if made.ratio.low else None,
        seed=seed,
    )


PEERS: dict[str, Callable[[Sequence[str], Sequence[str], float], str]] = {
    "hyperfine": peers.hyperfine,
    "pyperf": peers.pyperf,
}


def peer_outcome(name: str, work: Workload, regime: str, effect: float, budget_s: float) -> Outcome:
    begun = time.monotonic()
    verdict = PEERS[name](work.command(0.0), work.command(effect), budget_s)
    return Outcome(name, regime, effect, verdict, time.monotonic() - begun)


def measure(options: argparse.Namespace, work: Workload, session: Session) -> Iterator[Outcome]:
    """Round by round, every tool and effect in turn, so that all meet the same hours."""
    seeds = random.Random(options.seed)
    if options.peers:
        peers.calibrate(work.command(0.0))
    for regime in options.regimes:
        with neighbour(regime, work.program):
            for _ in range(options.repeats):
                for effect in options.effects:
                    budget_s = options.budget if effect else options.equal_budget
                    asked = Asked(("base", _name(effect)), regime, effect)
                    yield harness_outcome(session, asked, budget_s, seeds.getrandbits(32))
                    for name in options.peers:
                        yield peer_outcome(name, work, regime, effect, options.budget)


# -- tables ---------------------------------------------------------------------------------------


def table(outcomes: Sequence[Outcome]) -> str:
    """A row for each regime, effect and tool."""
    kinds = sorted(
        {(REGIMES.index(o.regime), o.effect, o.tool != "harness", o.tool) for o in outcomes}
    )
    rows = []
    for regime, effect, _, tool in kinds:
        own = [
            o for o in outcomes if (o.regime, o.effect, o.tool) == (REGIMES[regime], effect, tool)
        ]
        measured = [o.blocks_s for o in own if o.blocks_s is not None]
        rows.append(
            [
                REGIMES[regime],
                f"{effect:.0%}",
                tool,
                of([o.wrong for o in own]),
                of([o.called and not o.wrong for o in own]) if effect else "-",
                of([o.verdict == "equivalent" for o in own]) if tool == "harness" else "-",
                f"{np.median(measured):.2f}" if measured else "-",
                f"{np.median([o.seconds for o in own]):.1f}",
                of([bool(o.covers) for o in own]) if tool == "harness" else "-",
                of([o.metric == "cpu" for o in own]) if tool == "harness" else "-",
            ]
        )
    headers = ["regime", "effect", "tool", "wrong", "found", "equivalent"]
    headers += ["blocks, s (median)", "in all, s", "interval holds the truth", "by CPU time"]
    return tabulate(rows, headers, "github", disable_numparse=True)


def figures(outcomes: Sequence[Outcome]) -> None:
    """What is wanted of the harness, by regime, and whether it holds."""
    for regime in REGIMES:
        own = [o for o in outcomes if o.tool == "harness" and o.regime == regime]
        by = {effect: [o for o in own if o.effect == effect] for effect in EFFECTS}
        soon = 0.95 if regime == "quiet" else 0.9
        rate(f"{regime}, nothing changed: wrong", [o.wrong for o in by[0.0]], most=0.05)
        rate(
            f"{regime}, nothing changed: equivalent within {EQUAL_S:g} s",
            [_said(o, "equivalent", EQUAL_S) for o in by[0.0]],
            least=0.9,
        )
        rate(
            f"{regime}, 2 %: found within {FOUND_S:g} s",
            [_said(o, "slower", FOUND_S) for o in by[0.02]],
            least=soon,
        )
        for effect, wanted_s in ((0.02, 1.5), (0.1, 0.6)):
            if by[effect]:
                took = np.median([_found_s(o) for o in by[effect]])
                holds = bool(took <= wanted_s) if len(by[effect]) >= FEW else None
                name = f"{regime}, {effect:.0%}: blocks until it is found, median"
                figure(name, f"{took:.2f} s", f"at most {wanted_s} s", holds)
        for effect, some in by.items():
            name = f"{regime}, {effect:.0%}: interval holds the truth"
            rate(name, [bool(o.covers) for o in some], least=0.93, most=0.97)
    effects = [o for o in outcomes if o.tool == "harness" and o.effect]
    rate("wrong sign", [o.verdict == "faster" for o in effects], most=1 / 200)


def _found_s(outcome: Outcome) -> float:
    """What the blocks of a run took until the effect was found; infinity where it was not."""
    if outcome.blocks_s is None or outcome.verdict != "slower":
        return math.inf
    return outcome.blocks_s


def _said(outcome: Outcome, verdict: str, within_s: float) -> bool:
    return outcome.verdict == verdict and (outcome.blocks_s or 0.0) <= within_s


# -- peeking --------------------------------------------------------------------------------------


PEEKING = ["noise or metric", "looks", "ever called different"]


def peeking_simulated(runs: int, seed: int, blocks: int = 444) -> list[bool]:
    """Identical programs under four kinds of noise, judged after every block of 20 s."""
    rng = np.random.default_rng(seed)
    recorded = read_trace().log_ratio("identical", Metric.WALL)
    noises: dict[str, Callable[[], np.ndarray]] = {
        "Gaussian": lambda: rng.standard_normal(blocks),
        "Cauchy (no mean)": lambda: rng.standard_cauchy(blocks),
        "log-normal against log-normal": lambda: np.subtract(*rng.lognormal(0, 1.5, (2, blocks))),
        "recorded, order drawn anew": lambda: (
            rng.choice(recorded, blocks) * rng.choice([-1, 1], blocks)
        ),
    }
    rows, everything = [], []
    for name, draw in noises.items():
        ever = [_ever_different(draw()) for _ in range(runs)]
        rows.append([name, blocks, of(ever)])
        everything += ever
    rows.append(["all", blocks, of(everything)])
    print(tabulate(rows, PEEKING, "github"))
    return everything


def _ever_different(differences: np.ndarray) -> bool:
    """Does the interval leave out "no difference" at any look?"""
    sequence = PairedSequence(sign_boundary(0.95), resolution=1e-12)
    for reference in np.exp(1e-3 * differences.clip(-1e5, 1e5)):
        sequence.add(float(reference), 1.0)
        interval = sequence.interval()
        if interval.low > 0 or interval.high < 0:
            return True
    return False


def peeking_real(session: Session, options: argparse.Namespace) -> list[bool]:
    """Identical programs, judged after every block, never stopped for being equivalent."""
    seeds = random.Random(options.seed)
    rows, everything = [], []
    for name in options.metrics:
        question = Question(None if name == "auto" else Metric(name), threshold=1e-9)
        ever: list[bool] = []
        for _ in range(options.real):
            comparison = _to_the_end(session, question, options.blocks, seeds.getrandbits(32))
            ever.append(comparison.verdict in (Verdict.FASTER, Verdict.SLOWER))
        rows.append([name, options.blocks, of(ever)])
        everything += ever
    print(tabulate(rows, PEEKING, "github"))
    return everything


def _to_the_end(session: Session, question: Question, blocks: int, seed: int) -> Comparison:
    settings = Settings(question=question, budget_ns=600 * 10**9, max_blocks=blocks, seed=seed)
    return run_of(session, ("base", _name(0.0)), settings).run.comparisons[0]


# -- twenty kinds ---------------------------------------------------------------------------------


def measure_kinds(options: argparse.Namespace, folder: Path) -> Iterator[Outcome]:
    """Every kind of program with every effect; the regime of an outcome is its kind."""
    seeds = random.Random(options.seed)
    sizes = kinds.write_programs(folder, options.kinds, options.scale)
    print("\n".join(f"{s.kind}: {s.units}" for s in sizes))
    with open_session(load_config(folder / "harness.toml")) as session:
        for _ in range(options.repeats):
            for kind in options.kinds:
                for effect in options.effects:
                    asked = Asked(_of_kind(session, kind, effect), kind, effect)
                    yield harness_outcome(session, asked, options.budget, seeds.getrandbits(32))


def _of_kind(session: Session, kind: str, effect: float) -> tuple[Target, Target]:
    """The reference of a kind, and the candidate with its effect."""
    base, candidate = (
        session.config.target(kinds.target_name(kind, each)) for each in (0.0, effect)
    )
    if effect == 0:
        # The same units in another target: a copy of the reference under a name of its own.
        candidate = replace(base, name=f"{kind}-same")
    return base, candidate


def kinds_table(outcomes: Sequence[Outcome]) -> str:
    """A row for each kind, a column for each effect: right / all, and what the blocks took."""
    rows = []
    effects = sorted({o.effect for o in outcomes})
    for kind in dict.fromkeys(o.regime for o in outcomes):
        row = [kind]
        for effect in effects:
            own = [o for o in outcomes if (o.regime, o.effect) == (kind, effect)]
            said = Counter("wrong" if o.wrong else o.verdict for o in own)
            row.append(", ".join(f"{count} {word}" for word, count in said.most_common()))
        row.append(f"{np.median([o.blocks_s or 0.0 for o in outcomes if o.regime == kind]):.1f}")
        rows.append(row)
    headers = ["program", *(f"{100 * e:g} %" for e in effects), "blocks, s (median)"]
    return tabulate(rows, headers, "github", disable_numparse=True)


def report_kinds(outcomes: Sequence[Outcome]) -> None:
    print(f"\n{kinds_table(outcomes)}\n")
    rate("kinds of programs: a verdict that is wrong", [o.wrong for o in outcomes], most=0.05)
    for effect, within_s in ((0.01, 1.0), (0.005, 5.0)):
        own = [o for o in outcomes if o.effect == effect]
        found = [o.verdict == "slower" and (o.blocks_s or 0.0) <= within_s for o in own]
        rate(
            f"kinds of programs, {100 * effect:g} %: found within {within_s:g} s", found, least=0.9
        )


# -- command line ---------------------------------------------------------------------------------


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    runs = commands.add_parser("runs", help="real runs, peers beside us")
    runs.add_argument("--repeats", type=int, default=1)
    runs.add_argument("--regimes", nargs="+", choices=REGIMES, default=list(REGIMES))
    runs.add_argument("--effects", nargs="+", type=float, choices=EFFECTS, default=list(EFFECTS))
    runs.add_argument("--peers", nargs="*", choices=list(PEERS), default=list(PEERS))
    runs.add_argument("--budget", type=float, default=FOUND_S, help="seconds for finding an effect")
    runs.add_argument(
        "--equal-budget", type=float, default=EQUAL_S, help="seconds where there is none"
    )
    runs.add_argument("--out", type=Path, help="append every run to this file")
    peeking = commands.add_parser("peeking", help="identical programs, looked at all the time")
    peeking.add_argument("--simulated", type=int, default=1000)
    peeking.add_argument("--real", type=int, default=0)
    peeking.add_argument("--blocks", type=int, default=60, help="looks of a real run")
    peeking.add_argument("--metrics", nargs="+", choices=("auto", "wall", "cpu"), default=["auto"])
    for command in (runs, peeking):
        command.add_argument("--seed", type=int, help="of orders and layouts; drawn and printed")
    many = commands.add_parser("kinds", help="twenty kinds of programs")
    many.add_argument("--repeats", type=int, default=1)
    many.add_argument("--kinds", nargs="+", choices=kinds.KINDS, default=list(kinds.KINDS))
    many.add_argument(
        "--effects", nargs="+", type=float, choices=kinds.EFFECTS, default=list(kinds.EFFECTS)
    )
    many.add_argument("--budget", type=float, default=FOUND_S, help="seconds of each run")
    many.add_argument("--scale", type=float, default=0.01, help="of the 10 s of the long program")
    many.add_argument("--out", type=Path, help="append every run to this file")
    many.add_argument("--seed", type=int, help="of orders and layouts; drawn and printed")
    shown = commands.add_parser("table", help="the table of a file of runs")
    shown.add_argument("file", type=Path)
    return parser.parse_args()


def read(file: Path) -> list[Outcome]:
    return [Outcome(**json.loads(line)) for line in file.read_text().splitlines()]


def report(outcomes: Sequence[Outcome]) -> None:
    print(f"\n{table(outcomes)}\n")
    figures(outcomes)


def _written(outcomes: Iterator[Outcome], out: Path | None) -> list[Outcome]:
    """All outcomes; with a file, each is appended to it at once, and those before count too."""
    if out is None:
        return list(outcomes)
    for outcome in outcomes:
        with out.open("a") as file:
            file.write(json.dumps(asdict(outcome)) + "\n")
    return read(out)


def main() -> None:
    options = parse()
    if options.command != "table" and options.seed is None:
        options.seed = random.SystemRandom().getrandbits(32)
    if options.command == "table":
        outcomes = read(options.file)
        (report if outcomes[0].regime in REGIMES else report_kinds)(outcomes)
        return
    print(rig())
    if options.command == "peeking" and options.simulated:
        print(f"\nsimulated, seed {options.seed}\n")
        hits = peeking_simulated(options.simulated, options.seed)
        rate("looked at after every block, simulated: ever wrong", hits, most=0.05)
    if options.command == "peeking" and not options.real:
        return
    with tempfile.TemporaryDirectory(prefix="verdicts-") as name:
        if options.command == "kinds":
            print(f"seed {options.seed}")
            report_kinds(_written(measure_kinds(options, Path(name)), options.out))
            return
        work = make_workload(Path(name))
        print(f"\nsizes {work.sizes}; seed {options.seed}")
        with open_session(load_config(work.write_config())) as session:
            if options.command == "peeking":
                print()
                hits = peeking_real(session, options)
                rate("looked at after every block, real: ever wrong", hits, most=0.05)
                return
            report(_written(measure(options, work, session), options.out))


if __name__ == "__main__":
    main()
