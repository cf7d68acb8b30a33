"""What all tests share: a Julia on PATH where the project has installed one, and a real runner."""

from __future__ import annotations

import contextlib
import os
import random
import re
import shlex
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from harness.baseline import (
    Baseline,
    BaselineSettings,
    load_baseline,
    make_baseline,
    run_test,
    tag_baseline,
)
from harness.baseline import TestReport as Tested
from harness.bench import BenchSettings, run_bench, run_stored
from harness.model import BenchReport, Command, Trial, TrialPlan
from harness.project.config import load_config
from harness.project.workload import Wanted, Workload, find_workload
from harness.running import further_draws
from harness.running.session import open_session
from harness.system.git.writing import Git
from harness.system.process.opening import runners_from
from harness.system.process.runner import LocalRunner

INSTALLED_JULIA = Path(__file__).parents[1] / ".tools" / "julia" / "bin"


ANY_TIME = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
"""No example is held to wall time: on a busy machine it may take what it likes."""

settings.register_profile("suite", derandomize=True, database=None, **ANY_TIME)
settings.register_profile("fuzz", max_examples=2000, print_blob=True, **ANY_TIME)
settings.load_profile("fuzz" if os.environ.get("HARNESS_FUZZ") else "suite")
"""The suite draws the same examples every time: it fails for a change alone. `make fuzz` draws
new ones, and many."""


def pytest_configure() -> None:
    """Find what `make julia` installed, also where pytest is called by hand; hear Ctrl-C.

    What a shell starts in the background ignores that signal, and so would all that tests start.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if shutil.which("julia") is None and INSTALLED_JULIA.is_dir():
        os.environ["PATH"] += os.pathsep + str(INSTALLED_JULIA)


@pytest.fixture(autouse=True)
def _few_further_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    """Try a gain on few further draws: what many of them find has tests of its own."""
    monkeypatch.setattr(further_draws, "MOST_FURTHER", 3)


JOURNEYS = ("tests/test_tutorial.py", "tests/test_recorded_campaigns.py", "tests/soak/")
"""Tests that do what a person does in a quarter of an hour."""

TOOLS = (
    *("tests/adapters/", "tests/cli/", "tests/profiling/", "tests/running/", "tests/testing/"),
    *("tests/system/launcher/", "tests/system/process/", "examples/", "tests/test_scripts.py"),
    *("tests/test_examples.py", "tests/system/outputs/", "tests/system/store/"),
)
"""Tests that compile something, or start other programs than git."""

GIT = ("tests/optimise/", "tests/baseline/", "tests/bench/", "tests/system/git/")


def need_of(item: pytest.Item) -> str:
    """What a test needs beside Python: the marker by which it can be asked for or left out."""
    place = item.nodeid
    if item.get_closest_marker("journey") or place.startswith(JOURNEYS):
        return "journey"
    if place.startswith(TOOLS) or "local_runner" in getattr(item, "fixturenames", ()):
        return "toolchain"
    if place.startswith(GIT) or "git_settings" in getattr(item, "fixturenames", ()):
        return "git"
    return "pure"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark each test by what it needs, and skip what cannot or should not run here.

    Without Julia its tests are skipped, but never in continuous integration: there they fail. Those
    marked `soak` take minutes to hours: `make soak` asks for them.
    """
    soak = bool(os.environ.get("HARNESS_SOAK"))
    julia = shutil.which("julia") is not None or bool(os.environ.get("CI"))
    for item in items:
        item.add_marker(need_of(item))
        if item.get_closest_marker("soak") and not soak:
            item.add_marker(pytest.mark.skip(reason="the long form: make soak"))
        if item.get_closest_marker("julia") and not julia:
            item.add_marker(pytest.mark.skip(reason="no Julia on PATH: make julia"))
        needs = item.get_closest_marker("needs")
        if needs and not os.environ.get("CI") and shutil.which(needs.args[0]) is None:
            reason = f"no {needs.args[0]} on PATH: make tools"
            item.add_marker(pytest.mark.skip(reason=reason))


def shared_folder(factory: pytest.TempPathFactory, name: str) -> Path:
    """One folder for the whole session, also where several processes run the tests."""
    base = factory.getbasetemp()
    shared = base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base
    folder = shared / name
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="session", autouse=True)
def user_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A cache and state that all tests share, and not the user's; the launcher is made once."""
    os.environ.pop("COLUMNS", None)  # what runs tests in parallel says how wide *its* page is
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(shared_folder(tmp_path_factory, "user-cache")))
        patch.setenv("XDG_STATE_HOME", str(shared_folder(tmp_path_factory, "user-state")))
        yield


@contextlib.contextmanager
def the_same_chance(name: str) -> Iterator[None]:
    """Let what is drawn of the system's chance within follow from a name alone.

    The order of trials, the seeds of a bench and the like: a test of them is then the same every
    time, and so are the verdicts that follow.
    """
    chance = random.Random(name)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(random, "SystemRandom", lambda: chance)
        yield


@pytest.fixture(autouse=True)
def chance(request: pytest.FixtureRequest) -> Iterator[None]:
    """Each test draws the same whenever it runs, alone or after others."""
    with the_same_chance(request.node.nodeid):
        yield


@pytest.fixture(scope="session")
def launcher_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the compiled launcher is kept: compiling it takes a moment."""
    return shared_folder(tmp_path_factory, "launcher")


@pytest.fixture(scope="session")
def local_runner(
    tmp_path_factory: pytest.TempPathFactory, launcher_cache: Path
) -> Iterator[LocalRunner]:
    """A real runner with scratch folders of its own."""
    runner = LocalRunner(tmp_path_factory.mktemp("runner") / "scratch", launcher_cache)
    yield runner
    runner.close()


def sleeps_in(words: str) -> float:
    """How many milliseconds a program sleeps by its own words: `sleep 0.02`, `usleep(500)`."""
    seconds = sum(map(float, re.findall(r"\bsleep ([\d.]+)", words)))
    return 1e3 * seconds + sum(int(n) / 1e3 for n in re.findall(r"\busleep\((\d+)\)", words))


@dataclass
class Times:
    """What programs are said to have taken, by their words: command line, sources, inputs."""

    cpu_ms: Callable[[str], float] = lambda _: 1.0
    waited_ms: Callable[[str], float] = sleeps_in
    noise: float = 0.002
    rng: random.Random = field(default_factory=lambda: random.Random(7))

    def of(self, words: str) -> tuple[int, int]:
        """Nanoseconds of CPU and of wall time of the next trial."""
        cpu = self.cpu_ms(words) * (1 + self.rng.uniform(-self.noise, self.noise))
        waited = self.waited_ms(words) * (1 + self.rng.uniform(-self.noise, self.noise))
        return round(cpu * 1e6) | 1, round((cpu + waited) * 1e6) | 1


CALM: dict[str, Any] = {
    "sys_ns": 0,
    "steal_ns": 0,
    "pressure_ns": 0,
    "threads": None,
    "voluntary_switches": 3,
    "involuntary_switches": 0,
}
"""What a trial shows on a machine that nobody else uses."""


class ScriptedRunner(LocalRunner):
    """Runs programs, and says that they took what their words say."""

    times: Times

    def trial(self, command: Command, plan: TrialPlan) -> Trial:
        trial = super().trial(command, plan)
        words = [" ".join(command.argv)]
        if command.target is not None:
            for path in (*command.target.sources, *command.target.inputs):
                if path.is_file():
                    words.append(path.read_text(encoding="utf-8", errors="replace"))
        cpu_ns, wall_ns = self.times.of("\n".join(words))
        return replace(trial, wall_ns=wall_ns, user_ns=cpu_ns, **CALM)


@pytest.fixture
def times() -> Iterator[Times]:
    """Trials take what their programs' words say: no verdict depends on how fast this machine is.

    Whatever is opened in this process is meant, in cold mode.
    """
    times = Times()

    def opened(scratch: Path, cache: Path) -> LocalRunner:
        runner = ScriptedRunner(scratch, cache)
        runner.times = times
        return runner

    with runners_from(opened):
        yield times


@dataclass(frozen=True)
class Repository:
    """A git repository of a test's own."""

    path: Path

    def sh(self, command: str) -> str:
        """Run a shell command at its top; what it printed."""
        done = subprocess.run(
            command, shell=True, cwd=self.path, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    def write(self, name: str, content: str) -> Path:
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
        return path

    def read(self, name: str) -> str:
        return (self.path / name).read_text(encoding="utf-8")

    def commit(self, message: str = "step") -> str:
        """Commit everything; the new HEAD."""
        self.sh(f"git add -A && git commit -q -m {shlex.quote(message)}")
        return self.head()

    def head(self) -> str:
        return self.sh("git rev-parse HEAD")


GIT_SETTINGS = {
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_SYSTEM": "/dev/null",
    **{f"GIT_{role}_NAME": "Ada" for role in ("AUTHOR", "COMMITTER")},
    **{f"GIT_{role}_EMAIL": "ada@example.org" for role in ("AUTHOR", "COMMITTER")},
}


@pytest.fixture
def git_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """git as on a machine where nobody has configured anything, with a name to commit under."""
    for name, value in GIT_SETTINGS.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def repository(tmp_path_factory: pytest.TempPathFactory, git_settings: None) -> Repository:
    """A repository with the files `a` and `s/b` in one commit on `main`."""
    made = Repository(tmp_path_factory.mktemp("repository"))
    made.sh("git init -q -b main")
    made.write("a", "one\n")
    made.write("s/b", "two\n")
    made.commit("first")
    return made


@dataclass(frozen=True)
class Project(Repository):
    """A repository with a harness.toml and a target, and what the commands do on it."""

    def workload(self, campaign: str | None = None) -> Workload:
        return find_workload(load_config(self.path / "harness.toml"), Wanted(campaign))

    def make(self, trials: int = 2) -> Baseline:
        """Make the baseline, and tag it."""
        workload = self.workload()
        with open_session(workload.config, apart=True) as session:
            baseline = make_baseline(session, workload, BaselineSettings(10**9, trials))
        tag_baseline(workload, Git(self.path), baseline)
        return baseline

    def load(self) -> Baseline:
        return load_baseline(self.workload(), Git(self.path))

    def test(self, *, full: bool = False) -> Tested:
        """Check the working tree by the baseline."""
        workload = self.workload()
        with open_session(workload.config, apart=True) as session:
            return run_test(session, workload, self.load(), full=full)

    def bench(self, *, stored: bool = False, **plan: object) -> BenchReport:
        """Compare the working tree with the baseline; 8 blocks unless told."""
        workload = self.workload()
        asked = BenchSettings(**{"budget_ns": 10**11, "trials": 8, **plan})  # type: ignore[arg-type]
        with open_session(workload.config, apart=True) as session:
            run = run_stored if stored else run_bench
            return run(session, workload, self.load(), asked)


@pytest.fixture
def project(repository: Repository) -> Project:
    """A repository to which a test adds its harness.toml and its program."""
    return Project(repository.path)


Begin = Callable[[str, Callable[[Project], None]], Project]


@pytest.fixture(scope="session")
def prepared(
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[[str, Callable[[Project], None]], Path]:
    """Makes a project of that name once for all tests; they work on copies of it."""
    made: dict[str, Path] = {}

    def prepare(name: str, fill: Callable[[Project], None]) -> Path:
        if name not in made:
            folder = tmp_path_factory.mktemp(name)
            project = Project(folder)
            project.sh("git init -q -b main")
            with the_same_chance(name):
                fill(project)
            made[name] = folder
        return made[name]

    return prepare


@pytest.fixture
def begin(
    prepared: Callable[[str, Callable[[Project], None]], Path],
    tmp_path_factory: pytest.TempPathFactory,
    git_settings: None,
) -> Begin:
    """`begin(name, fill)`: a copy of a project that `fill` made, with its history and baseline."""

    def copy(name: str, fill: Callable[[Project], None]) -> Project:
        folder = tmp_path_factory.mktemp("copies") / "project"
        shutil.copytree(prepared(name, fill), folder, symlinks=True)
        return Project(folder)

    return copy
