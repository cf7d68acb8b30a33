"""The same two programs through every front end: does each say the same ratio?

    python benchmarks/front_ends.py [--cold 60] [--steady 30] [--budget 60s] [--percent 5]
                                    [--only NAME...]

The reference does 5 % more of the same loop than the candidate, so that the ratio is known: 1.05.
Where whole processes are timed the start of the interpreter takes a part of it away. Two groups:
whole processes (`cold`), and the work within one (`steady`). Each front end is asked as its user
asks it: the command line, the API, the gate in a repository, a test of pytest, a notebook's cells
in a kernel, the tool of `harness mcp` by the SDK's client; then what the store says of their runs.

Each has the same blocks and, in steady mode, the same budget: on a busy machine hardly a trial
comes to a steady state, and trials become longer as far as the budget lets them.

They agree where the mean of all (weighed by the width of the intervals, so that it is nobody's own)
lies in the interval of each. With intervals of 95 % one of twenty may miss by chance alone.
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from figures import figure

SIZES = {"cold": 2_000_000, "steady": 100_000}
"""How much each does: a steady trial repeats it until it has seen enough."""
WORK = '''\
def work(n):
    """A sum that cannot be guessed."""
    total = 1
    for i in range(n):
        total = (total * 31 + i) % 1000003
    return total


def old():
    return work(OLD) > 0


def new():
    return work(NEW) > 0
'''
CONFIG = """\
[tasks.work.cases.usual]
[targets.work]
task = "work"
adapter = "python"
sources = ["main.py"]
"""
SHOWN = """\
import json
def shown(c):
    r = c.ratio
    return json.dumps([r.point, r.low, r.high, c.metric.value, c.blocks])
"""
TEST = """\
import work
from shown import shown
def test_it(harness):
    outcome = harness.compare(SIDES, HOW, MORE)
    open("told.json", "w").write(shown(outcome.comparison))
"""
IN_PROCESS = """\
import work
from shown import shown
def test_it(harness):
    outcome = harness.compare(work.old, work.new, budget="20s", in_process=True)
    open("told.json", "w").write(shown(outcome.comparison))
"""


@dataclass(frozen=True, slots=True)
class Told:
    """What one front end said of the ratio."""

    point: float
    low: float
    high: float
    metric: str
    blocks: int

    @property
    def width(self) -> float:
        """Of the interval on the log scale; infinite where an end is not known."""
        return math.log(self.high / self.low) if self.low else math.inf

    def agrees(self, ratio: float) -> bool:
        """Does the interval hold it, and has two ends?"""
        return self.low <= ratio <= self.high and self.width < math.inf


@dataclass(frozen=True, slots=True)
class Asking:
    """The folder of the two programs, and how many blocks each front end makes."""

    folder: Path
    trials: int
    budget: str = ""
    """Empty: as long as the trials take."""

    @property
    def words(self) -> tuple[str, ...]:
        """What a command is told."""
        budget = ("--budget", self.budget) if self.budget else ()
        return ("--trials", str(self.trials), *budget)

    @property
    def keywords(self) -> str:
        """What a function in Python is told."""
        return f"trials={self.trials}" + (f", budget={self.budget!r}" if self.budget else "")

    def run(self, *words: str) -> str:
        """Standard output of a Python module; what it says is shown where it did not work."""
        line = (sys.executable, "-m", *words)
        done = subprocess.run(line, cwd=self.folder, capture_output=True, text=True, check=False)
        fine = done.returncode in (0, 1, 8)  # 1: the answer is no, 8: undecided
        if not fine or not done.stdout.strip():
            raise SystemExit(f"{' '.join(words)}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
        return done.stdout

    def command(self, *words: str) -> dict[str, Any]:
        """The result of a command of the harness."""
        answer: dict[str, Any] = json.loads(self.run("harness", *words, "--json"))["result"]
        return answer


def of_json(comparison: dict[str, Any]) -> Told:
    """A comparison as the JSON of the commands and tools has it."""
    ratio = comparison["ratio"]
    metric, blocks = str(comparison["metric"]), int(str(comparison["blocks"]))
    if ratio["point"] is None:
        raise SystemExit(f"no ratio of {blocks} blocks: more are wanted")
    low, high = (math.nan if ratio[end] is None else float(ratio[end]) for end in ("low", "high"))
    return closed(Told(float(ratio["point"]), low, high, metric, blocks))


def closed(told: Told) -> Told:
    """The same with 0 and infinity for an end that is not known: blocks without a figure, as of a
    steady trial that never settled, may lie anywhere."""
    low = told.low if told.low > 0 else 0.0
    return replace(told, low=low, high=told.high if told.high > 0 else math.inf)


def of_line(text: str) -> Told:
    """A comparison as `shown` writes it."""
    point, low, high, metric, blocks = json.loads(text)
    ends = (math.nan if end is None else end for end in (low, high))
    return closed(Told(point, *ends, metric, blocks))


def by_command(asking: Asking, mode: str) -> Told:
    words = ("compare", "old.py", "new.py", "--mode", mode, *asking.words)
    return of_json(asking.command(*words)["comparison"])


def by_api(asking: Asking, mode: str) -> Told:
    code = f"""
    import harness
    from shown import shown
    done = harness.compare("old.py", "new.py", mode="{mode}", {asking.keywords})
    print(shown(done.comparison))
    """
    (asking.folder / "by_api.py").write_text(textwrap.dedent(code))
    return of_line(asking.run("by_api"))


def by_gate(asking: Asking, mode: str) -> Told:
    """Base is the old program, head the new one, in a repository within the folder."""
    folder = asking.folder / "repository"
    folder.mkdir()

    def git(*words: str) -> None:
        who = ("-c", "user.name=gate", "-c", "user.email=gate@localhost")
        subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True)

    git("init", "-q", "-b", "main")
    (folder / "harness.toml").write_text(CONFIG)
    (folder / ".gitignore").write_text(".harness/\n__pycache__/\n")
    for name, branch in (("old", "main"), ("new", "change")):
        if branch != "main":
            git("checkout", "-q", "-b", branch)
        (folder / "main.py").write_text((asking.folder / f"{name}.py").read_text())
        git("add", "-A")
        git("commit", "-qm", name)
    words = ("ci", "--base", "main", "--mode", mode, *asking.words)
    (row,) = Asking(folder, asking.trials, asking.budget).command(*words)["rows"]
    return of_json(row["comparison"])


def by_test(asking: Asking, mode: str) -> Told:
    """Files where whole processes are timed, else functions in fresh interpreters."""
    sides = '"old.py", "new.py"' if mode == "cold" else "work.old, work.new"
    text = TEST.replace("SIDES", sides).replace("HOW", asking.keywords)
    return tested(asking, text.replace("MORE", f'mode="{mode}"'))


def by_test_in_process(asking: Asking, _: str) -> Told:
    return tested(asking, IN_PROCESS)


def tested(asking: Asking, text: str) -> Told:
    """What a test of pytest finds."""
    (asking.folder / "test_it.py").write_text(text)
    asking.run("pytest", "-q", "-p", "no:cacheprovider", "test_it.py")
    return of_line((asking.folder / "told.json").read_text())


def by_notebook(asking: Asking, mode: str) -> Told:
    """Two cells, compared in a kernel."""
    import nbformat
    from nbclient import NotebookClient

    compare = f"said = %harness compare old new --mode {mode} {' '.join(asking.words)}"
    cells = [
        "%load_ext harness",
        "from shown import shown",
        f"%%harness --setup\n{(asking.folder / 'work.py').read_text()}",
        "%%harness old\nprint(old())",
        "%%harness new\nprint(new())",
        f"{compare}\nprint(shown(said.comparison))",
    ]
    made: Any = nbformat.v4
    notebook = made.new_notebook(cells=[made.new_code_cell(c) for c in cells])
    where = {"metadata": {"path": str(asking.folder)}}
    NotebookClient(notebook, timeout=None, resources=where).execute()
    outputs = notebook.cells[-1]["outputs"]
    (text,) = [o["text"] for o in outputs if o.get("name") == "stdout"]
    return of_line(text)


def by_tool(asking: Asking, mode: str) -> Told:
    """The tool `compare` of `harness mcp`, by the SDK's client over standard input and output."""
    import anyio
    import mcp

    words = ["-m", "harness", "mcp", "--project", str(asking.folder)]
    server = mcp.StdioServerParameters(command=sys.executable, args=words)
    asked = {"names": ["old.py", "new.py"], "mode": mode, "trials": asking.trials}
    asked |= {"budget": asking.budget} if asking.budget else {}

    async def meet() -> dict[str, Any]:
        async with mcp.Client(mcp.stdio_client(server)) as client:
            said = await client.call_tool("compare", asked)
            answer: dict[str, Any] = json.loads(said.content[0].text)
            return answer

    answer = anyio.run(meet)
    if "comparison" not in answer.get("result", {}):
        raise SystemExit(f"harness mcp: {answer}")
    return of_json(answer["result"]["comparison"])


def by_store(asking: Asking, mode: str) -> Told:
    """All stored runs of the two files together: those of the command, the API and others."""
    found = asking.command("compare", "--stored", "old.py", "new.py", "--mode", mode)
    told = [of_json(finding["comparison"]) for finding in found["findings"]]
    return max(told, key=lambda one: one.blocks)


FRONT_ENDS: dict[str, Callable[[Asking, str], Told]] = {
    "harness compare": by_command,
    "harness.compare (API)": by_api,
    "harness ci": by_gate,
    "pytest, fixture": by_test,
    "notebook, %harness": by_notebook,
    "harness mcp, tool": by_tool,
    "pytest, in_process": by_test_in_process,
    "compare --stored": by_store,
}


def project(folder: Path, size: int, percent: float) -> None:
    """The two programs, and the module that has what both call."""
    folder.mkdir()
    sizes = {"NEW": size, "OLD": round(size * (1 + percent / 100))}
    text = WORK
    for name, size in sizes.items():
        text = text.replace(name, str(size))
    (folder / "work.py").write_text(text)
    (folder / "shown.py").write_text(SHOWN)
    for name in ("old", "new"):
        (folder / f"{name}.py").write_text(f"{text}\n\nprint({name}())\n")


def agreed(told: dict[str, Told]) -> tuple[float, list[str]]:
    """The mean of all on the log scale, weighed by their widths, and whose interval misses it."""
    weights = {n: 1 / max(t.width, 1e-6) ** 2 for n, t in told.items()}
    total = sum(weights.values())
    if not total:
        raise SystemExit("not one interval has two ends: more blocks are wanted")
    mean = math.exp(sum(w * math.log(told[n].point) for n, w in weights.items()) / total)
    return mean, [name for name, t in told.items() if not t.agrees(mean)]


def table(mode: str, told: dict[str, Told]) -> None:
    """Side by side, with the verdict."""
    mean, missing = agreed({n: t for n, t in told.items() if n != "compare --stored"})
    print(f"\n| {mode} | ratio | 95 % interval | metric | blocks | |")
    print("| --- | --- | --- | --- | --- | --- |")
    for name, t in told.items():
        word = "agrees" if t.agrees(mean) else "DISAGREES" if t.width < math.inf else "too few"
        ends = f"[{t.low:.4f}, {t.high:.4f}]"
        print(f"| {name} | {t.point:.4f} | {ends} | {t.metric} | {t.blocks} | {word} |")
    print(f"mean of all: {mean:.4f}")
    seen = f"{len(told) - len(missing)} of {len(told)} have the mean {mean:.4f} in their interval"
    figure(f"front ends, {mode}: agree", seen, "all", not missing)


def main() -> None:
    """Ask every front end in both modes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cold", type=int, default=60, help="blocks of whole processes; 0: none")
    parser.add_argument("--steady", type=int, default=30, help="blocks in steady mode; 0: none")
    parser.add_argument("--budget", default="60s", help="of each front end in steady mode")
    parser.add_argument("--percent", type=float, default=5)
    parser.add_argument("--only", nargs="*", default=list(FRONT_ENDS), choices=list(FRONT_ENDS))
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        for mode, size in SIZES.items():
            budget = asked.budget if mode == "steady" else ""
            asking = Asking(Path(name, mode), getattr(asked, mode), budget)
            if not asking.trials:
                continue
            project(asking.folder, size, asked.percent)
            told = {}
            for front_end in asked.only:
                if front_end == "pytest, in_process" and mode == "cold":
                    continue
                told[front_end] = FRONT_ENDS[front_end](asking, mode)
                print(f"{mode}: {front_end}: {told[front_end]}", file=sys.stderr, flush=True)
            table(mode, told)


if __name__ == "__main__":
    main()
