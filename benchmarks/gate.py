"""Pull requests that change nothing and that slow a function down, at a gate and beside it.

    python benchmarks/gate.py [--nothing 200] [--slower 50] [--budget 60s] [--neighbour] [--out F]
        [--peers-every 1]

Each pull request is a branch of a small Python project. Those that change nothing add a comment, a
document string, a function that nobody calls or a dependency of the documents; the others do 2, 5
or 10 % more work (`--slower 12,40,12`: so many of each). Each is judged on this machine by

- `harness ci` (whole processes, the start of the interpreter among them, threshold 1 %);
- pytest-benchmark: `--benchmark-save` at base, then `--benchmark-compare` with
  `--benchmark-compare-fail mean:5% min:5%` at head; an alarm is a field that it says failed;
- `asv continuous --factor 1.05`: an alarm is its exit code. It times the function in a virtual
  environment, which it makes once; what a pull request installs is one file;
- hyperfine, head after base, 10 runs each: an alarm where the mean is larger by more than 5 %.

`--peers-every 3` asks all but `harness ci` about each third pull request of a kind only.
`--neighbour` has another program burn both cores, now and then. With `--out` each pull request is
appended to a file, and one that is there already is not tried again, so that a series goes on where
it was interrupted, and one of more pull requests after one of fewer. `--until 10:15` tries no
further one from that time on.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shlex
import shutil
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
    "mean": "`pytest --benchmark-compare-fail mean:5%`",
    "min": "`pytest --benchmark-compare-fail min:5%`",
    "asv": "`asv continuous --factor 1.05`",
    "hyperfine": "hyperfine, head after base, mean of 10, beyond 5 %",
}
ALARM = 1.05
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
    (folder / ".gitignore").write_text(".harness/\n__pycache__/\n*.json\n.asv/\n.benchmarks/\n")
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


def by_harness(folder: Path, budget: str) -> dict[str, object]:
    """What the gate says of the branch: the status of its one target, and what it rests on."""
    words = (sys.executable, "-m", "harness", "ci", "--base", "main", "--budget", budget, "--json")
    started = time.monotonic()
    done = sh(folder, *words, check=False)
    seconds = round(time.monotonic() - started, 1)
    answer = json.loads(done.stdout)
    rows = answer["result"].get("rows")
    if not rows:
        raise SystemExit(f"harness ci: {answer['error']}")
    found = rows[0]["comparison"] or {}
    said = {"harness": rows[0]["status"], "said": rows[0]["sentence"], "pairs": found.get("blocks")}
    return {**said, "seconds": seconds}


def by_hyperfine(folder: Path) -> float:
    """The mean of 10 runs."""
    words = ("-w1", "-r10", "--export-json", "h.json", f"{sys.executable} work.py {SIZE}")
    sh(folder, "hyperfine", "-N", *words)
    return float(json.loads((folder / "h.json").read_text())["results"][0]["mean"])


def by_pytest(folder: Path, *options: str) -> str:
    """What pytest-benchmark writes; it fails where it calls the function slower."""
    words = ("-B", "-m", "pytest", "-p", "no:cacheprovider", "-q", "test_work.py", *options)
    done = sh(folder, sys.executable, *words, check=False)
    if not any(said in done.stdout + done.stderr for said in ("1 passed", "has regressed")):
        raise SystemExit(f"pytest-benchmark: {done.stdout[-500:]}{done.stderr[-500:]}")
    return done.stdout + done.stderr


def pytest_saves(folder: Path) -> None:
    """Has pytest-benchmark keep what base takes, and nothing of earlier pull requests."""
    shutil.rmtree(folder / ".benchmarks", ignore_errors=True)
    by_pytest(folder, "--benchmark-save=base")


def pytest_compares(folder: Path) -> dict[str, object]:
    """Which fields pytest-benchmark says that head failed by."""
    # Of an option that is given twice the last one counts alone: both are words of one.
    fails = ("--benchmark-compare-fail", "mean:5%", "min:5%")
    said = by_pytest(folder, "--benchmark-compare", *fails)
    return {field: f"Field '{field}' has failed" in said for field in ("mean", "min")}


def asv(folder: Path) -> tuple[str, ...]:
    """How asv is called, with what it knows of machines kept in the project."""
    return ("env", f"HOME={folder / '.asv'}", sys.executable, "-m", "asv")


def by_asv(folder: Path) -> bool:
    """Does `asv continuous` end with an alarm?"""
    done = sh(folder, *asv(folder), "continuous", "--factor", "1.05", "main", "HEAD", check=False)
    if "CHANGED" not in done.stdout:
        raise SystemExit(f"asv continuous: {done.stdout[-500:]}{done.stderr[-500:]}")
    return done.returncode == 1


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
    if peers:
        before = by_hyperfine(folder)
        pytest_saves(folder)
    proposed(folder, percent, number)
    row: dict[str, object] = {"percent": percent, "number": number, "budget": budget}
    if peers:
        row["hyperfine"] = by_hyperfine(folder) / before
        row |= pytest_compares(folder)
        row["asv"] = by_asv(folder)
    row |= by_harness(folder, budget)
    return {**row, "load": round(os.getloadavg()[0], 1)}


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


def alarmed(row: dict[str, object], name: str) -> bool:
    """Does a tool say that the pull request is slower?"""
    if name == "harness":
        return row["harness"] == "slower"
    if name == "hyperfine":
        return float(str(row[name])) > ALARM
    return bool(row[name])


def table(rows: list[dict[str, object]]) -> None:
    """False alarms and what was found, of each tool; and on what the gate's answers rest."""
    print("| gate | alarms where nothing changed | " + " | ".join(f"{p} % found" for p in SLOWER))
    for name, words in {"harness": "`harness ci`", **PEERS}.items():
        cells = [
            of([alarmed(r, name) for r in rows if r["percent"] == wanted and name in r])
            for wanted in (0, *SLOWER)
        ]
        print(f"| {words} | {' | '.join(cells)} |")
    off = [
        abs(float(str(r["hyperfine"])) - 1) for r in rows if "hyperfine" in r and not r["percent"]
    ]
    if off:
        print(f"hyperfine: nothing changed, and it sees {statistics.median(off):.1%} (median)")
    for wanted in (0, *SLOWER):
        these = [r for r in rows if r["percent"] == wanted]
        if these:
            said = Counter(str(r["harness"]) for r in these).most_common()
            words = ", ".join(f"{many} {status}" for status, many in said)
            print(f"harness ci, {wanted} %: {words}; {spread(these, 'seconds')} s")
    print(f"load: {spread(rows, 'load')}")


def spread(rows: list[dict[str, object]], name: str) -> str:
    """The least, the middle and the most of a figure."""
    found = sorted(float(str(row[name])) for row in rows)
    return f"{found[0]:.3g} to {found[-1]:.3g} ({statistics.median(found):.3g} in the middle)"


def main() -> None:
    """Try the series, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nothing", type=int, default=200)
    parser.add_argument("--slower", default="50", help="of each, or 2,5,10 %% apart: 12,40,12")
    parser.add_argument("--peers-every", type=int, default=1)
    parser.add_argument("--budget", default="60s")
    parser.add_argument("--neighbour", action="store_true")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--until", default="", metavar="HH:MM")
    asked = parser.parse_args()
    kept = asked.out.read_text().splitlines() if asked.out and asked.out.exists() else []
    rows: list[dict[str, object]] = [json.loads(line) for line in kept]
    done = {(row["percent"], row["number"]) for row in rows}
    with tempfile.TemporaryDirectory() as name, neighbour(asked.neighbour):
        project(Path(name))
        for percent, number in series(asked):
            if asked.until and time.strftime("%H:%M") >= asked.until:
                break
            if (percent, number) in done:
                continue
            peers = number % asked.peers_every == 0
            rows.append(tried(Path(name), percent, number, asked.budget, peers))
            print(json.dumps(rows[-1]), file=sys.stderr, flush=True)
            if asked.out:
                with asked.out.open("a") as file:
                    file.write(f"{json.dumps(rows[-1])}\n")
    table(rows)
    alarms = [alarmed(r, "harness") for r in rows if r["percent"] == 0]
    rate("gate: false alarms", alarms, most=0.01)
    found = [alarmed(r, "harness") for r in rows if r["percent"] == 5]
    rate("gate: 5 % found within the budget", found, least=0.95)


if __name__ == "__main__":
    main()
