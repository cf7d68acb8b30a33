"""Edits that mean nothing: how often is one called a gain or a loss, with layouts and without?

    python benchmarks/layouts.py                                 ten edits, two minutes
    python benchmarks/layouts.py --edits 200 --budget 2 --out layouts.jsonl      half an hour

A C program of about 15 ms (tight loops with branches) is edited at random in a way that changes
nothing of its work: a dead function of some size at some place, its functions in another order,
other local names, a longer path of its source. Each edit is built and compared with the program as
`harness compare` does, once for each number of layouts. `faster` and `slower` are wrong of all of
them. At most 1 % may be called different at the practical threshold of 1 %.

With `--out` each comparison is a line of a file, and a call with the same file and the same options
goes on where the last one ended.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from figures import of, rate
from rig import rig
from runs import run_of
from tabulate import tabulate

from harness.analysis import Question
from harness.model import Comparison
from harness.project.config import load_config
from harness.running import Settings
from harness.running.session import open_session

FUNCTIONS = {
    "sieve": """\
static unsigned sieve(unsigned top) {
    static unsigned char composite[70000];
    unsigned found = 0;
    memset(composite, 0, sizeof composite);
    for (unsigned value = 2; value < top; value++) {
        if (composite[value]) continue;
        found++;
        for (unsigned other = 2 * value; other < top; other += value) composite[other] = 1;
    }
    return found;
}
""",
    "collatz": """\
static unsigned collatz(unsigned top) {
    unsigned longest = 0;
    for (unsigned start = 1; start < top; start++) {
        unsigned steps = 0;
        for (unsigned long value = start; value != 1; steps++)
            value = value & 1 ? 3 * value + 1 : value / 2;
        if (steps > longest) longest = steps;
    }
    return longest;
}
""",
    "hashed": """\
static unsigned hashed(unsigned rounds) {
    unsigned mixed = 2166136261u;
    for (unsigned step = 0; step < rounds; step++) {
        mixed = (mixed ^ (step & 255)) * 16777619u;
        if ((mixed & 15) == 3) mixed ^= mixed >> 7;
        else if ((mixed & 31) == 9) mixed += step;
    }
    return mixed;
}
""",
    "sorted": """\
static unsigned sorted(unsigned count) {
    static unsigned values[2000];
    unsigned drawn = 1;
    for (unsigned at = 0; at < count; at++) values[at] = drawn = drawn * 1103515245u + 12345u;
    for (unsigned at = 1; at < count; at++) {
        unsigned moved = values[at], to = at;
        for (; to > 0 && values[to - 1] > moved; to--) values[to] = values[to - 1];
        values[to] = moved;
    }
    return values[count / 2];
}
""",
}
MAIN = """\
int main(void) {
    unsigned total = 0;
    for (unsigned turn = 0; turn < 4; turn++)
        total += sieve(60000) + collatz(6000) + hashed(300000) + sorted(1500);
    printf("%u\\n", total);
    return 0;
}
"""
LOCALS = ("found", "value", "other", "longest", "start", "steps", "mixed", "moved", "drawn", "turn")
CONFIG = """\
[tasks.same]
reference = "base"
[tasks.same.outputs.total]
from = "stdout"
kind = "exact"
"""
TARGET = """\
[targets.{name}]
task = "same"
adapter = "c"
sources = ["{source}"]
flags = "{flags}"
layouts = {layouts}
"""


@dataclass(frozen=True, slots=True)
class Answer:
    """What comparing the program with one of its edits said."""

    edit: int
    kind: str
    layouts: int
    verdict: str
    low: float
    point: float
    high: float
    blocks: int
    metric: str
    asked: str

    @property
    def different(self) -> bool:
        """Is the edit called a gain or a loss?"""
        return self.verdict in ("faster", "slower", "mixed")

    def __str__(self) -> str:
        low, point, high = (100 * (x - 1) for x in (self.low, self.point, self.high))
        return (
            f"edit {self.edit} ({self.kind}), {self.layouts} layouts: {self.verdict} {point:+.2f} %"
            f" [{low:+.2f}, {high:+.2f}] after {self.blocks} blocks by {self.metric}"
        )


def program(functions: list[str]) -> str:
    return "#include <stdio.h>\n#include <string.h>\n" + "".join(functions) + MAIN


def edited(rng: random.Random) -> tuple[str, str, str]:
    """A way to change nothing, the path of the source, and its text."""
    functions, path = list(FUNCTIONS.values()), "edit/work.c"
    kind = rng.choice(("dead function", "order", "names", "path"))
    if kind == "dead function":
        lines = "".join(
            f"    x = x * {rng.randrange(3, 99)}u + y;\n" for _ in range(rng.randrange(1, 120))
        )
        dead = f"unsigned dead(unsigned x, unsigned y) {{\n{lines}    return x;\n}}\n"
        functions.insert(rng.randrange(len(functions) + 1), dead)
    elif kind == "order":
        while functions == list(FUNCTIONS.values()):
            rng.shuffle(functions)
    elif kind == "names":
        for name in LOCALS:
            longer = f"{name}_{rng.randrange(10**6)}"
            functions = [re.sub(rf"\b{name}\b", longer, text) for text in functions]
    else:
        path = f"edit/{'longer-' * rng.randrange(1, 20)}path/work.c"
    return kind, path, program(functions)


def compared(folder: Path, path: str, options: argparse.Namespace, layouts: int) -> Comparison:
    """One comparison of the program and its edit, both built in as many layouts."""
    (folder / "harness.toml").write_text(
        CONFIG
        + TARGET.format(name="base", source="base/work.c", layouts=layouts, flags=options.flags)
        + TARGET.format(name="edit", source=path, layouts=layouts, flags=options.flags)
    )
    config = load_config(folder / "harness.toml")
    question = Question(confidence=options.confidence)
    budget_ns = round(options.budget * 1e9)
    settings = Settings(budget_ns=budget_ns, seed=options.seed, question=question)
    with open_session(config) as session:
        return run_of(session, ("base", "edit"), settings).run.comparisons[0]


def answers(options: argparse.Namespace, done: set[tuple[int, int]]) -> Iterator[Answer]:
    """Edit by edit what each number of layouts says, but for what was asked before."""
    for number in range(options.edits):
        todo = [k for k in options.layouts if (number, k) not in done]
        if not todo:
            continue
        kind, path, text = edited(random.Random(f"{options.seed} {number}"))
        with tempfile.TemporaryDirectory(prefix="layouts-") as name:
            folder = Path(name)
            for source, content in (("base/work.c", program([*FUNCTIONS.values()])), (path, text)):
                (folder / source).parent.mkdir(parents=True)
                (folder / source).write_text(content)
            for layouts in todo:
                c = compared(folder, path, options, layouts)
                ends = (c.ratio.low, c.ratio.point, c.ratio.high, c.blocks, c.metric.value)
                yield Answer(number, kind, layouts, c.verdict.value, *ends, asked(options))


def asked(options: argparse.Namespace) -> str:
    """The options that one file of answers has in common."""
    at = f"at {100 * options.confidence:g} %, {options.budget:g} s"
    return f"{options.flags}; {at}; seed {options.seed}"


def report(options: argparse.Namespace, found: list[Answer]) -> None:
    """The table, each wrong answer, and whether the rate is what was promised."""
    rows = []
    for layouts in options.layouts:
        seen = [a for a in found if a.layouts == layouts]
        wrong = [a.different for a in seen]
        same = [a.verdict == "equivalent" for a in seen]
        beyond = [not 0.99 <= a.point <= 1 / 0.99 for a in seen]
        rows.append([layouts, of(wrong), of(same), of(beyond)])
        for answer in seen:
            if answer.different:
                print(answer)
        rate(f"{layouts} layouts: called different", wrong, most=0.01)
    headers = ["layouts", "called different", "equivalent", "median beyond 1 %"]
    print(f"\n{asked(options)}\n{tabulate(rows, headers, 'github')}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--edits", type=int, default=10)
    parser.add_argument("--layouts", type=int, nargs="+", default=[1, 8])
    parser.add_argument("--budget", type=float, default=4.0, help="seconds for each comparison")
    parser.add_argument("--confidence", type=float, default=0.95)
    parser.add_argument(
        "--flags", default="-O2", help="`-O2 -fno-align-loops -fno-align-functions` feels layouts"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, help="append every answer to this file; go on with it")
    options = parser.parse_args()
    print(rig())
    lines = options.out.read_text().splitlines() if options.out and options.out.exists() else []
    found = [a for a in (Answer(**json.loads(line)) for line in lines) if a.asked == asked(options)]
    for answer in answers(options, {(a.edit, a.layouts) for a in found}):
        found.append(answer)
        if options.out:
            with options.out.open("a") as file:
                file.write(json.dumps(asdict(answer)) + "\n")
    report(options, found)


if __name__ == "__main__":
    main()
