"""Pull requests that change nothing and that slow a function down, at a gate and beside it.

    python benchmarks/gate.py [--nothing 200] [--slower 50] [--budget 60s] [--neighbour] [--out F]
        [--peers-every 1]

Each pull request is a branch of a small Python project. Those that change nothing add a comment, a
document string, a function that nobody calls or a dependency of the documents; the others do 2, 5
or 10 % more work (`--slower 12,40,12`: so many of each). Each is judged on this machine by

- `harness ci` (whole processes, the start of the interpreter among them, threshold 1 %);
- hyperfine, head after base, 10 runs each: an alarm where the mean is larger by more than 2 or 5 %;
- pytest-benchmark, head after base, one second each: an alarm where the median is larger by more
  than 2 or 5 %, as `--benchmark-compare-fail=median:5%` has it;
- `asv continuous`, two rounds of each commit in turn: an alarm where it calls the change
  significant, and larger than the factor of 1.02 or 1.05. It times the function in a virtual
  environment, which it makes once; what a pull request installs is one file.

`--peers-every 3` asks all but `harness ci` about every third pull request only. `--neighbour` has
another program burn both cores, now and then. With `--out` each pull request is appended to a file,
and one that is there already is not tried again.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
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
PEERS = {
    "hyperfine": "hyperfine, head after base",
    "pytest-benchmark": "pytest-benchmark, head after base",
    "asv": "asv continuous",
}
ALARMS = (2, 5)
NOTHING = (
    "# A comment that nobody reads.\n",
    "\n\ndef unused():\n    return [None] * 100\n",
    '\n\n"""Words at the end."""\n',
    "",  # a dependency of the documents in place of a change of the program
)
ASV = "from work import work\n\n\ndef time_work():\n    work(SIZE)\n"
INSTALL = "import shutil, sysconfig; shutil.copy('work.py', sysconfig.get_paths()['purelib'])"
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
    (folder / ".gitignore").write_text(".harness/\n__pycache__/\n*.json\n.asv/\n")
    (folder / "docs").mkdir()
    (folder / "docs" / "requirements.txt").write_text("furo\n")
    with_asv(folder)
    sh(folder, "git", "init", "-q", "-b", "main")
    for key, value in (("user.name", "gate"), ("user.email", "gate@localhost")):
        sh(folder, "git", "config", key, value)
    sh(folder, "git", "add", "-A")
    sh(folder, "git", "commit", "-qm", "Base")


def with_asv(folder: Path) -> None:
    """A suite of asv over the same function, and this machine made known to it."""
    (folder / "benchmarks").mkdir()
    (folder / "benchmarks" / "__init__.py").write_text("")
    (folder / "benchmarks" / "suite.py").write_text(ASV.replace("SIZE", str(SIZE)))
    config = {
        "version": 1,
        "project": "work",
        "repo": ".",
        "branches": ["main"],
        "environment_type": "virtualenv",
        "pythons": [f"{sys.version_info.major}.{sys.version_info.minor}"],
        "build_command": [],
        "install_command": [f"python -c {shlex.quote(INSTALL)}"],
        "uninstall_command": [],
    }
    (folder / "asv.conf.json").write_text(json.dumps(config))
    (folder / ".asv").mkdir()
    sh(folder, *asv(folder), "machine", "--yes")


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


def asv(folder: Path) -> tuple[str, ...]:
    """How asv is called, with what it knows of machines kept in the project."""
    return ("env", f"HOME={folder / '.asv'}", sys.executable, "-m", "asv")


def by_asv(folder: Path) -> float:
    """How much slower asv says that HEAD is than main; 1 where it says no such thing."""
    done = sh(folder, *asv(folder), "continuous", "--factor", "1.02", "main", "HEAD", check=False)
    if "SIGNIFICANTLY CHANGED" not in done.stdout and "Ratio" not in done.stdout:
        raise SystemExit(f"asv continuous: {done.stdout[-500:]}{done.stderr[-500:]}")
    worse = re.search(r"^\| \+ .*\| +([0-9.]+) +\| suite\.time_work", done.stdout, re.MULTILINE)
    return float(worse[1]) if worse else 1.0


def proposed(folder: Path, percent: int, number: int) -> None:
    """The pull request as a branch, checked out."""
    sh(folder, "git", "checkout", "-q", "-b", f"change-{percent}-{number}")
    text = changed(percent, number)
    if text == (folder / "work.py").read_text():
        (folder / "docs" / "requirements.txt").write_text("furo\nmyst-parser\n")
    (folder / "work.py").write_text(text)
    sh(folder, "git", "commit", "-qam", "Change")


def tried(
    folder: Path, percent: int, number: int, budget: str, peers: bool = True
) -> dict[str, object]:
    """One pull request, by everyone, or without the peers."""
    sh(folder, "git", "checkout", "-q", "main")
    ways = {"hyperfine": by_hyperfine, "pytest-benchmark": by_pytest} if peers else {}
    base = {name: measure(folder) for name, measure in ways.items()}
    proposed(folder, percent, number)
    after = {name: measure(folder) / base[name] for name, measure in ways.items()}
    if peers:
        after["asv"] = by_asv(folder)
    started = time.monotonic()
    said = by_harness(folder, budget)
    row = {"percent": percent, "number": number, "harness": said, **after}
    return {**row, "seconds": round(time.monotonic() - started, 1)}


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
    counts = [int(n) for n in str(asked.slower).split(",")]
    each = counts if len(counts) == len(SLOWER) else counts[:1] * len(SLOWER)
    wanted += [
        (percent, n) for percent, many in zip(SLOWER, each, strict=True) for n in range(many)
    ]
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
        words = "`harness ci`" if name == "harness" else f"{PEERS[name]}, {percent} %"
        cells = [
            of([alarmed(r, name, percent) for r in rows if r["percent"] == wanted and name in r])
            for wanted in (0, *SLOWER)
        ]
        print(f"| {words} | {' | '.join(cells)} |")
    for name in PEERS:
        off = [abs(float(str(r[name])) - 1) for r in rows if r["percent"] == 0 and name in r]
        if off:
            print(f"{name}: nothing changed, and it sees {statistics.median(off):.1%} (median)")
    for wanted in (0, *SLOWER):
        said = Counter(str(r["harness"]) for r in rows if r["percent"] == wanted)
        took = [float(str(r["seconds"])) for r in rows if r["percent"] == wanted]
        if took:
            words = ", ".join(f"{many} {status}" for status, many in said.most_common())
            print(f"harness ci, {wanted} %: {words}; {statistics.median(took):.0f} s (median)")


def main() -> None:
    """Try the series, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nothing", type=int, default=200)
    parser.add_argument("--slower", default="50", help="of each, or 2,5,10 %% apart: 12,40,12")
    parser.add_argument("--peers-every", type=int, default=1)
    parser.add_argument("--budget", default="60s")
    parser.add_argument("--neighbour", action="store_true")
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    kept = asked.out.read_text().splitlines() if asked.out and asked.out.exists() else []
    rows: list[dict[str, object]] = [json.loads(line) for line in kept]
    done = {(row["percent"], row["number"]) for row in rows}
    with tempfile.TemporaryDirectory() as name, neighbour(asked.neighbour):
        project(Path(name))
        for place, (percent, number) in enumerate(series(asked)):
            if (percent, number) in done:
                continue
            peers = place % asked.peers_every == 0
            rows.append(tried(Path(name), percent, number, asked.budget, peers))
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
