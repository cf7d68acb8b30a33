"""A campaign without timing: real git and journal, and a workbench that reads what it finds.

The "program" is the file `work.txt`, whose keys say how it behaves::

    time = 100          milliseconds on the fast case
    full = 1000         milliseconds on the full case
    output = right      anything else is wrong
    full_output = right
    build = works       anything else does not build
    run = works         anything else crashes
    noise = 0           half the interval's width as a share; 1 cannot be decided
    wrong_on = 12       the seed that its output is wrong on, which only the end draws
    forces = 0.8        every other key is a phase with its share
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from harness.campaign.events import builtins
from harness.campaign.port import BenchRequest, SealedBaseline
from harness.campaign.profile_values import ProfileOutcome, ProfileRow
from harness.campaign.values import BenchOutcome, CaseResult, Guards, Ratio, TestOutcome, TestStatus
from harness.campaign.wrongs import Counterexample, FirstWrong
from harness.model import Noise, Verdict
from harness.model.given_values import given_words
from harness.model.proposals import Option, Plan, Prediction, Reflection, Thought
from harness.optimise import Campaign
from harness.optimise.outcomes import outcome_of
from harness.project.config import load_config
from harness.system.git.writing import Git

CONFIG = """
[tasks.work]
cases.fast.params = { n = 1 }
cases.full.params = { n = 10 }

[targets.work]
task = "work"
adapter = "command"
sources = ["work.txt"]

[campaigns.work]
target = "work"
case = "fast"
full_case = "full"
target_speedup = 10.0
max_iterations = 12
protect = ["harness.toml", "tests/"]
"""

WORK = "time = 100\nfull = 1000\noutput = right\nforces = 0.8\nread = 0.17\nsetup = 0.03\n"

_OWN = {"time", "full", "output", "full_output", "build", "run", "noise", "wide", "deep"}
_OWN |= {"wrong_on"}


def parse(text: str) -> dict[str, str]:
    """The program's keys."""
    pairs = (line.partition("=") for line in text.splitlines() if "=" in line)
    return {key.strip(): value.strip() for key, _, value in pairs}


@dataclass
class FakeWorkbench:
    """Answers from `work.txt`, here and at commits, exactly and at once."""

    root: Path
    calls: list[str] = field(default_factory=list)

    tested_with: str = ""
    """The seed that a test draws, where it draws any."""

    def under_way(self, request: BenchRequest) -> bool:
        return False

    def first_wrong(
        self, states: Sequence[str], shown: Counterexample, tries: int = 1
    ) -> FirstWrong:
        self.calls.append("first_wrong")
        for index, commit in enumerate(states):
            found = self.at(commit)
            own = found.get("full_output" if shown.case == "full" else "output", "right")
            if problem := wrong_on(found, shown.given) or own.replace("right", ""):
                return FirstWrong(index, problem)
        return FirstWrong(None)

    def here(self) -> dict[str, str]:
        return parse((self.root / "work.txt").read_text())

    def at(self, commit: str) -> dict[str, str]:
        content = Git(self.root).read_file(commit, "work.txt")
        assert content is not None
        return parse(content.decode())

    def baseline(self) -> SealedBaseline:
        self.calls.append("baseline")
        path = self.root / "optim" / "baseline.json"
        git = Git(self.root)
        if not path.exists():
            path.parent.mkdir(exist_ok=True)
            path.write_text(json.dumps({"campaign": "work", "commit": git.head()}))
        commit = json.loads(path.read_text())["commit"]
        if git.tag("pre-optimization") is None:
            git.create_tag("pre-optimization", commit, "the baseline")
        return self._sealed(git)

    def _sealed(self, _: Git) -> SealedBaseline:
        path = self.root / "optim" / "baseline.json"
        commit = json.loads(path.read_text())["commit"]
        root = hashlib.sha256(path.read_bytes()).hexdigest()
        found = self.at(commit)
        total = float(found["time"]) * 1e6
        phases = tuple((k, float(v) * total) for k, v in found.items() if k not in _OWN)
        return SealedBaseline(commit, root, total, phases)

    def check_baseline(self) -> tuple[SealedBaseline, tuple[str, ...]]:
        git = Git(self.root)
        missing = git.tag("pre-optimization") is None
        found = self._sealed(git)
        return found, ("the tag pre-optimization is not here",) if missing else ()

    def programs(self) -> tuple[str, ...]:
        return ()

    def libraries(self) -> dict[str, tuple[Path, ...]]:
        return {}

    def profile(self) -> ProfileOutcome:
        self.calls.append("profile")
        shares = {k: float(v) for k, v in self.here().items() if k not in _OWN}
        rows = sorted(shares.items(), key=lambda pair: -pair[1])
        return ProfileOutcome("fast", tuple(ProfileRow(k, v) for k, v in rows))

    def test(self, *, full: bool) -> TestOutcome:
        self.calls.append("test")
        found = self.here()
        case = "full" if full else "fast"
        if found.get("build", "works") != "works":
            return TestOutcome(TestStatus.BUILD_FAILED, case, "work.c:1: error: expected ';'")
        if found.get("run", "works") != "works":
            return TestOutcome(TestStatus.CRASHED, case, "work ended with signal 11")
        if found["output"] != "right":
            return TestOutcome(
                TestStatus.WRONG, case, f"energy: expected right, got {found['output']}"
            )
        if problem := wrong_on(found, self.tested_with):
            return TestOutcome(TestStatus.WRONG, case, problem)
        return TestOutcome(TestStatus.PASSED, case, "energy agrees")

    def bench(self, request: BenchRequest) -> BenchOutcome:
        self.calls.append(f"bench {request.look}")
        fast = self._case(request, "fast", "time")
        slower = bool(request.look) and fast.step.verdict is Verdict.SLOWER
        full = request.full and not slower
        more = [] if slower else [self._case(request, name, name) for name in request.cases]
        more += [self._case(request, "full", "full")] if full else []
        return outcome_of([fast, *more], request)

    def merged(self, request: BenchRequest) -> BenchOutcome:
        outcome = self.bench(replace(request, look=-1))
        for run in (self.root / "optim" / "runs").glob("bench--1-*"):
            run.unlink()
        return outcome

    def _case(self, request: BenchRequest, case: str, key: str) -> CaseResult:
        here = self.here()
        kept, baseline = (
            float(self.at(commit)[key]) for commit in (request.kept, request.baseline)
        )
        current, noise = float(here[key]), float(here.get("noise", 0.005))
        output = here["output"] if key == "time" else here.get("full_output", "right")
        before = kept if request.weighed else baseline
        mark = f"{request.look}-{request.end}" if request.end else request.look
        drawn = "" if request.look else wrong_on(here, f'{{"seed": {here.get("wrong_on", 0)}}}')
        run = self.root / "optim" / "runs" / f"bench-{mark}-{case}.json"
        run.parent.mkdir(parents=True, exist_ok=True)
        run.write_text(json.dumps([kept, baseline, current, noise]))
        return CaseResult(
            case=case,
            correct=output == "right" and not drawn,
            problem=drawn if output == "right" else f"energy: got {output}",
            step=ratio(kept / current, noise, request),
            cumulative=ratio(baseline / current, noise, request),
            baseline_ns=before * 1e6,
            current_ns=current * 1e6,
            guards=Guards(baseline_wall_ns=before * 1e6, current_wall_ns=current * 1e6),
            blocks=10,
            block_ns=request.budget_ns // 10,
            host="here",
            noise=Noise(18, 0.02),
            stopped_because="decided",
            budget_needed_ns=120_000_000_000 if noise >= 1 else None,
            run=f"runs/{run.name}",
            sha256=hashlib.sha256(run.read_bytes()).hexdigest(),
        )

    def recompute(self, request: BenchRequest, stored: BenchOutcome) -> BenchOutcome:
        results = []
        for result in stored.results:
            if not result.run:
                results.append(result)
                continue
            content = (self.root / "optim" / result.run).read_text()
            kept, baseline, current, noise = json.loads(content)
            values = builtins(result)
            import msgspec

            values["step"] = builtins(ratio(kept / current, noise, request))
            values["cumulative"] = builtins(ratio(baseline / current, noise, request))
            results.append(msgspec.convert(values, CaseResult))
        return outcome_of(results, request)


def wrong_on(found: dict[str, str], given: str) -> str:
    """What is wrong with a program on given values; empty: nothing."""
    seed = found.get("wrong_on")
    if seed is None or given != f'{{"seed": {seed}}}':
        return ""
    return given_words(given, "energy: expected right, got wrong")


def ratio(point: float, noise: float, request: BenchRequest) -> Ratio:
    """A speed-up known to within `noise`."""
    low, high = point * (1 - noise), point * (1 + noise)
    limit = request.threshold
    verdict = Verdict.UNDECIDED
    if low > 1 + limit:
        verdict = Verdict.FASTER
    elif high < 1 - limit:
        verdict = Verdict.SLOWER
    elif 1 - limit <= low and high <= 1 + limit:
        verdict = Verdict.EQUIVALENT
    return Ratio(point, low, high, request.confidence, verdict)


@dataclass
class World:
    """A repository with a campaign in it, and everything a test does to it."""

    root: Path
    bench: FakeWorkbench

    @property
    def git(self) -> Git:
        return Git(self.root)

    @property
    def campaign(self) -> Campaign:
        """The campaign, read from the disk anew and recovered, as every step does."""
        campaign = self.reader
        campaign.warnings = []
        campaign.load(recover=True)
        return campaign

    @property
    def reader(self) -> Campaign:
        """The campaign as those commands see it that hold no lock."""
        return Campaign(load_config(self.root / "harness.toml"), "work")

    def write(self, **changes: object) -> None:
        """Change keys of the program."""
        path = self.root / "work.txt"
        found = parse(path.read_text()) | {k: str(v) for k, v in changes.items()}
        path.write_text("".join(f"{k} = {v}\n" for k, v in found.items()))

    def shell(self, *argv: str) -> str:
        done = subprocess.run(
            ["git", *argv], cwd=self.root, check=True, capture_output=True, text=True
        )
        return done.stdout


def make_thought(
    low: float = 1.5, high: float = 2.5, bottleneck: str = "forces", **more: str
) -> Thought:
    """A complete thought."""
    return Thought(
        hypothesis="the inner loop divides",
        options=(Option("multiply", "cheap", "rounding"), Option("threads", "fast", "CPU time")),
        chosen="multiply: it is the smallest change",
        prediction=Prediction(bottleneck, low, high),
        reasoning="a division costs 4 times a product",
        risk="rounding changes the output",
        **more,
    )


def make_plan(title: str = "multiply by the reciprocal") -> Plan:
    return Plan(title, "replace the division by a product, since it is slower")


NOTE = Reflection("it was as if the compiler had known", "try vectors next", "it knew", "read it")


def name_the_author(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{name}_NAME", "Test")
        monkeypatch.setenv(f"GIT_{name}_EMAIL", "test@example.org")


@pytest.fixture(scope="session")
def templates(tmp_path_factory: pytest.TempPathFactory) -> dict[str, World]:
    """A repository that has begun, and one whose campaign was started and profiled.

    Each is made once: a start calls git sixty times, a copy not at all.
    """
    from harness.optimise import run_profile, start

    made = {}
    with pytest.MonkeyPatch.context() as patch:
        name_the_author(patch)
        for name in ("begun", "started"):
            root = tmp_path_factory.mktemp(name) / "repo"
            root.mkdir()
            made[name] = World(root, FakeWorkbench(root))
            begin(made[name])
        start(made["started"].campaign, made["started"].bench)
        run_profile(made["started"].campaign, made["started"].bench)
        keep_witness(made["started"])
    return made


def keep_witness(world: World) -> None:
    """Keep what a witness has seen beside the repository: a test may have a state folder of its
    own."""
    shutil.copyfile(world.reader.witness, world.root.parent / "witness")


@pytest.fixture
def world(templates: dict[str, World], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """A fresh repository on `main` with the program and its campaign."""
    name_the_author(monkeypatch)
    return copy_of(templates["begun"], tmp_path / "repo")


def copy_of(world: World, root: Path) -> World:
    """The same repository elsewhere; what its witness has seen goes with it."""
    shutil.copytree(world.root, root, symlinks=True)
    made = World(root, FakeWorkbench(root, list(world.bench.calls)))
    if (seen := world.root.parent / "witness").exists():
        witness = made.reader.witness
        witness.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(seen, witness)
    return made


def write_program(root: Path) -> None:
    """The program, its campaign, and a file that no iteration may change."""
    (root / "harness.toml").write_text(CONFIG)
    (root / "work.txt").write_text(WORK)
    (root / ".gitignore").write_text(".harness/\n")
    (root / "tests").mkdir()
    (root / "tests" / "check.txt").write_text("checked\n")


def begin(world: World) -> None:
    """Fill an empty folder with the program, its campaign, and a first commit."""
    write_program(world.root)
    world.shell("init", "--quiet", "--initial-branch=main")
    world.shell("add", "-A")
    world.shell("commit", "--quiet", "-m", "Begin")


@pytest.fixture
def started(templates: dict[str, World], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """The same, with the campaign started and profiled."""
    name_the_author(monkeypatch)
    return copy_of(templates["started"], tmp_path / "repo")


@pytest.fixture
def thought() -> Callable[..., Thought]:
    return make_thought


@pytest.fixture
def planned() -> Callable[..., Plan]:
    return make_plan


@pytest.fixture
def note() -> Reflection:
    return NOTE
