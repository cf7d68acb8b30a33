"""Pull requests that change nothing and that slow a function down, at a gate and beside it.

    python benchmarks/gate.py [--nothing 200] [--slower 50] [--budget 60s] [--neighbour] [--out F]

Each pull request is a branch of a small Python project. Those that change nothing add a comment, a
document string or a function that nobody calls; the others do 2, 5 or 10 % more work. Each is
judged on this machine by

- `harness ci` (whole processes, the start of the interpreter among them, threshold 1 %);
- hyperfine, head after base, 10 runs each: an alarm where the mean is larger by more than 2 or 5 %;
- pytest-benchmark, head after base, one second each: an alarm where the median is larger by more
  than 2 or 5 %, as `--benchmark-compare-fail=median:5%` has it.

`asv continuous` is left out: it builds an environment for each commit, with packages of a network.
`--neighbour` has another program burn both cores, now and then. With `--out` each pull request is
appended to a file, and one that is there already is not tried again.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from figures import of, rate

WORK = '''\
"""What the pull requests change."""

import sys


def work(n):
    """A sum that cannot be guessed."""
    total = 1
    for i in range(n):
        total = (total * 31 + i) % 1000003
    wasted = 1
    for i in range(n * MORE // 100):
        wasted = (wasted * 31 + i) % 1000003
    return total


if __name__ == "__main__":
    print(work(int(sys.argv[1])))
'''
TEST = "from work import work\n\n\ndef test_work(benchmark):\n    benchmark(work, SIZE)\n"
CONFIG = """\
[tasks.work.cases.usual]
params = { n = SIZE }
[targets.work]
task = "work"
adapter = "python"
sources = ["work.py"]
args = ["{n}"]
"""
SIZE = 1_000_000
SLOWER = (2, 5, 10)
PEERS = ("hyperfine", "pytest-benchmark")
ALARMS = (2, 5)
NOTHING = (
    "# A comment that nobody reads.\n",
    "\n\ndef unused():\n    return [None] * 100\n",
    '\n\n"""Words at the end."""\n',
)
NEIGHBOUR = """\
import os, random, time
PARENT = os.getpid()
for _ in range(2):
    if os.fork() == 0:
        while os.getppid() == PARENT:
            end = time.monotonic() + random.uniform(5, 30)
            while time.monotonic() < end and os.getppid() == PARENT:
                pass
            time.sleep(random.uniform(5, 30))
        os._exit(0)
os.wait()
"""


def changed(percent: int, number: int) -> str:
    """The file of one pull request."""
    text = WORK.replace("MORE", str(percent))
    return text if percent else text + NOTHING[number % len(NOTHING)]


def sh(folder: Path, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, cwd=folder, check=check, capture_output=True, text=True)


def project(folder: Path) -> None:
    """The project at base."""
    (folder / "work.py").write_text(WORK.replace("MORE", "0"))
    (folder / "test_work.py").write_text(TEST.replace("SIZE", str(SIZE)))
    (folder / "harness.toml").write_text(CONFIG.replace("SIZE", str(SIZE)))
    (folder / ".gitignore").write_text(".harness/\n__pycache__/\n*.json\n")
    sh(folder, "git", "init", "-q", "-b", "main")
    for key, value in (("user.name", "gate"), ("user.email", "gate@localhost")):
        sh(folder, "git", "config", key, value)
    sh(folder, "git", "add", "-A")
    sh(folder, "git", "commit", "-qm", "Base")


def by_harness(folder: Path, budget: str) -> str:
    """What the gate says of the branch: the status of its one target."""
    words = (sys.executable, "-m", "harness", "ci", "--base", "main", "--budget", budget, "--json")
    done = sh(folder, *words, check=False)
    answer = json.loads(done.stdout)
    rows = answer["result"].get("rows")
    if not rows:
        raise SystemExit(f"harness ci: {answer['error']}")
    return str(rows[0]["status"])


def by_hyperfine(folder: Path) -> float:
    """The mean of 10 runs."""
    words = ("-w1", "-r10", "--export-json", "h.json", f"{sys.executable} work.py {SIZE}")
    sh(folder, "hyperfine", "-N", *words)
    return float(json.loads((folder / "h.json").read_text())["results"][0]["mean"])


def by_pytest(folder: Path) -> float:
    """The median of about a second of calls."""
    options = ("-p", "no:cacheprovider", "-q", "--benchmark-json=p.json", "--benchmark-max-time=1")
    sh(folder, sys.executable, "-m", "pytest", *options, "test_work.py")
    return float(json.loads((folder / "p.json").read_text())["benchmarks"][0]["stats"]["median"])


def tried(folder: Path, percent: int, number: int, budget: str) -> dict[str, object]:
    """One pull request, by everyone."""
    sh(folder, "git", "checkout", "-q", "main")
    peers = {"hyperfine": by_hyperfine, "pytest-benchmark": by_pytest}
    base = {name: measure(folder) for name, measure in peers.items()}
    sh(folder, "git", "checkout", "-q", "-b", f"change-{percent}-{number}")
    (folder / "work.py").write_text(changed(percent, number))
    sh(folder, "git", "commit", "-qam", "Change")
    after = {name: measure(folder) / base[name] for name, measure in peers.items()}
    said = by_harness(folder, budget)
    return {"percent": percent, "number": number, "harness": said, **after}


@contextmanager
def neighbour(wanted: bool) -> Iterator[None]:
    """Another program that burns both cores now and then, where it is wanted."""
    if not wanted:
        yield
        return
    with subprocess.Popen([sys.executable, "-c", NEIGHBOUR]) as other:
        try:
            yield
        finally:
            other.kill()


def series(asked: argparse.Namespace) -> list[tuple[int, int]]:
    """All pull requests in an order by chance, the same each time."""
    wanted = [(0, n) for n in range(asked.nothing)]
    wanted += [(percent, n) for percent in SLOWER for n in range(asked.slower)]
    random.Random(1).shuffle(wanted)
    return wanted


def alarmed(row: dict[str, object], name: str, percent: int) -> bool:
    """Does a tool say that the pull request is slower?"""
    if name == "harness":
        return row["harness"] == "slower"
    return float(str(row[name])) > 1 + percent / 100


def table(rows: list[dict[str, object]]) -> None:
    """False alarms and what was found, of each tool."""
    tools = [("harness", 1), *((name, percent) for name in PEERS for percent in ALARMS)]
    print("| gate | alarms where nothing changed | " + " | ".join(f"{p} % found" for p in SLOWER))
    for name, percent in tools:
        words = "`harness ci`" if name == "harness" else f"{name}, head after base, {percent} %"
        cells = [
            of([alarmed(r, name, percent) for r in rows if r["percent"] == wanted])
            for wanted in (0, *SLOWER)
        ]
        print(f"| {words} | {' | '.join(cells)} |")
    for name in PEERS:
        off = [abs(float(str(r[name])) - 1) for r in rows if r["percent"] == 0]
        if off:
            print(f"{name}: nothing changed, and it sees {statistics.median(off):.1%} (median)")


def main() -> None:
    """Try the series, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nothing", type=int, default=200)
    parser.add_argument("--slower", type=int, default=50)
    parser.add_argument("--budget", default="60s")
    parser.add_argument("--neighbour", action="store_true")
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    kept = asked.out.read_text().splitlines() if asked.out and asked.out.exists() else []
    rows: list[dict[str, object]] = [json.loads(line) for line in kept]
    done = {(row["percent"], row["number"]) for row in rows}
    with tempfile.TemporaryDirectory() as name, neighbour(asked.neighbour):
        project(Path(name))
        for percent, number in series(asked):
            if (percent, number) in done:
                continue
            rows.append(tried(Path(name), percent, number, asked.budget))
            print(json.dumps(rows[-1]), file=sys.stderr, flush=True)
            if asked.out:
                with asked.out.open("a") as file:
                    file.write(f"{json.dumps(rows[-1])}\n")
    table(rows)
    alarms = [alarmed(r, "harness", 1) for r in rows if r["percent"] == 0]
    rate("gate: false alarms", alarms, most=0.01)
    found = [alarmed(r, "harness", 1) for r in rows if r["percent"] == 5]
    rate("gate: 5 % found within the budget", found, least=0.95)


if __name__ == "__main__":
    main()
