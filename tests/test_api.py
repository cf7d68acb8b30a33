"""The Python API: what `import harness` gives, and that docs/api.md says the same and runs."""

from __future__ import annotations

import dataclasses
import datetime
import inspect
import json
import os
import pickle
import re
import subprocess
import sys
import threading
from collections.abc import Callable
from operator import attrgetter
from pathlib import Path
from types import SimpleNamespace
from typing import Any, get_type_hints

import pytest

import harness
from harness.cli import cli
from harness.cli.shared.base import guard
from harness.hookspecs import hookimpl
from harness.model import SteadyPlan
from harness.model.declaring import options_of
from harness.plugins import Executor
from harness.running.gate_keywords import CiOptions
from harness.running.keywords import (
    BisectOptions,
    CompareOptions,
    HistoryOptions,
    LoadOptions,
    Place,
    ProfileOptions,
    ReportOptions,
    RunOptions,
    StoredOptions,
    TrendOptions,
    TryOptions,
)
from harness.running.settings import Settings, of_plan
from harness.running.workload_keywords import BaselineOptions, BenchKeywords, CheckOptions
from harness.system.machine import diagnosis
from harness.system.store.run_file import read_run

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs/api.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```python\n(.*?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL)

HEAVY = (
    *("numpy", "scipy", "pandas", "pyarrow", "rich", "msgspec", "pluggy", "tabulate", "click"),
    *("asyncio", "subprocess", "dataclasses", "inspect", "harness.api", "harness.model"),
)

CONFIG = """
[tasks.echo]
reference = "slow"
[tasks.echo.cases.fast]
[targets.slow]
task = "echo"
adapter = "command"
args = ["sh", "-c", "sleep 0.02; echo 1"]
[targets.fast]
task = "echo"
adapter = "command"
args = ["sh", "-c", "echo 1"]
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, times: object) -> Path:
    """A folder with two targets and two files, which is the current one."""
    (tmp_path / "harness.toml").write_text(CONFIG)
    (tmp_path / "old.py").write_text("print(sum(range(200000)))\n")
    (tmp_path / "new.py").write_text("print(199999 * 200000 // 2)\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def envelope(capfd: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    """What the command line answers in this process."""
    capfd.readouterr()
    guard(cli, [*words, "--json"])
    loaded: dict[str, Any] = json.loads(capfd.readouterr().out)
    return loaded


# -- names ----------------------------------------------------------------------------------------


def test_every_name_is_there_and_is_listed():
    for name in harness.__all__:
        assert getattr(harness, name) is not None
    assert set(harness.__all__) <= set(dir(harness))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = harness.nothing  # type: ignore[attr-defined]


def test_every_name_is_documented_and_every_documented_name_is_there():
    listed = re.findall(r"^\| `(?:harness\.)?(\w+)\b[^|]*\|", PAGE, flags=re.MULTILINE)
    settings = {option.keyword for option in options_of(Settings)}
    assert sorted(set(listed) - {*settings, "project"}) == sorted(harness.__all__)


def test_the_keywords_of_settings_are_documented_as_they_are_declared():
    table = PAGE.partition("<!-- settings -->\n")[2].partition("<!-- /settings -->")[0]
    rows = ["| keyword | meaning |", "| --- | --- |"]
    for option in options_of(Settings):
        default = f" Default: {option.default}." if option.default else ""
        rows.append(f"| `{option.keyword}` | {option.help}{default} |")
    assert table.splitlines() == rows


def test_the_page_names_the_fields_of_settings():
    listed = PAGE.partition("Its fields\nare ")[2].partition("They take")[0]
    kinds = (Settings, harness.Question)
    assert [n for n in re.findall(r"`(\w+)`", listed) if n not in ("budget", "max_trials")] == [
        field.name
        for kind in kinds
        for field in sorted(dataclasses.fields(kind), key=lambda f: f.name == "question")
    ]


KEYWORDS_OF = {
    "run": RunOptions,
    "resume": Place,
    "compare": CompareOptions,
    "compare_stored": StoredOptions,
    "history": HistoryOptions,
    "profile": ProfileOptions,
    "try_variants": TryOptions,
    "report": ReportOptions,
    "trends": TrendOptions,
    "bisect": BisectOptions,
    "ci": CiOptions,
    "Project.run": RunOptions,
    "Project.resume": Place,
    "Project.compare": CompareOptions,
    "Project.compare_stored": StoredOptions,
    "Project.history": HistoryOptions,
    "Project.profile": ProfileOptions,
    "Project.baseline": BaselineOptions,
    "Project.test": CheckOptions,
    "Project.bench": BenchKeywords,
    "Project.load": LoadOptions,
}


@pytest.mark.parametrize("name", KEYWORDS_OF)
def test_help_lists_every_keyword_with_its_meaning(name: str):
    function, keywords = attrgetter(name)(harness), get_type_hints(KEYWORDS_OF[name])
    listed = re.findall(r"^    (\w+): (.+)$", function.__doc__, flags=re.MULTILINE)
    assert [keyword for keyword, _ in listed] == [*keywords]
    assert all(len(words) > 10 for _, words in listed)
    parameters = inspect.signature(function).parameters.values()
    assert [p.name for p in parameters if p.kind is p.KEYWORD_ONLY] == [*keywords]


def test_help_says_unit_and_default_of_every_setting_as_declared():
    words = " ".join((harness.run.__doc__ or "").split())
    for option in options_of(Settings):
        if option.keyword != "budget":
            assert option.help in words
        default = "True" if option.kind is bool else option.default
        assert not default or f"Default: {default}." in words
        assert option.unit in words
    assert "budget: str | float, seconds or a text such as 20s. Measure for at most" in words
    assert "warmup: int = 1" in str(inspect.signature(harness.run)).replace("'", "")


def test_the_import_loads_nothing_heavy():
    script = f"import sys; import harness; print([m for m in {HEAVY!r} if m in sys.modules])"
    said = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True
    )
    assert said.stdout.strip() == "[]"


def test_type_checkers_see_what_is_loaded_late(tmp_path: Path, pytestconfig: pytest.Config):
    # Kept from one session to the next: all that the API imports is checked but once.
    kept = getattr(pytestconfig, "cache", None)
    cache = kept.mkdir("mypy") if kept else tmp_path / "cache"
    (tmp_path / "user.py").write_text(
        "import harness\n"
        "result: harness.RunResult = harness.run('a', trials=3, budget='2s', cpus=[0])\n"
        "ratio: float = harness.compare('a', ['b']).run.comparisons[0].ratio.low\n"
        "harness.run('a', trialz=3)\n"
        "project: harness.Project = harness.Project.open('.')\n"
        "verdict: harness.Verdict = project.compare('a', 'b').verdict\n"
    )
    said = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(cache), "user.py"],
        cwd=tmp_path,
        env={**os.environ, "MYPYPATH": f"{ROOT}:{ROOT / 'adapters'}"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert re.findall(r"user\.py:(\d+): error", said.stdout) == ["4"], said.stdout


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_examples_of_the_page_run(number: int, project: Path):
    exec(compile(EXAMPLES[number], f"docs/api.md, example {number}", "exec"), {})
    assert list((project / ".harness/results").iterdir())


# -- run and compare ------------------------------------------------------------------------------


def test_a_run_is_what_the_command_says(project: Path, capfd: pytest.CaptureFixture[str]):
    result = harness.run("slow", "fast", trials=2)
    asked = envelope(capfd, "run", "slow", "fast", "--trials", "2")["result"]
    assert result.to_dict().keys() == asked.keys()
    stored = envelope(capfd, "run", "--resume", result.id)["result"]
    assert json.loads(json.dumps(result.to_dict())) == stored
    assert result.ok
    assert result["slow"].trials == 2
    assert result._repr_html_().startswith("<table>")
    with pytest.raises(KeyError, match="slow, fast"):
        _ = result["none"]


RESULTS = sorted(
    name
    for name in harness.__all__
    if name.endswith("Result") or name in ("DoctorReport", "Installation", "StoredVerdicts")
)


@pytest.mark.parametrize("name", RESULTS)
def test_every_result_has_what_the_page_says_of_all(name: str):
    kind = getattr(harness, name)
    for attribute in ("to_dict", "exit_code", "ok", "_repr_html_"):
        assert hasattr(kind, attribute)
    assert kind.__repr__ is kind.__str__, "a session without a notebook shows it too"
    assert kind.__dataclass_params__.frozen


def test_html_is_escaped(project: Path):
    (project / "<b>.py").write_text("print(1)\n")
    shown = harness.run("<b>.py", trials=2)._repr_html_()
    assert "&lt;b&gt;" in shown
    assert "<b>" not in shown


def test_a_comparison_is_what_the_command_says(project: Path, capfd: pytest.CaptureFixture[str]):
    result = harness.compare("slow", "fast", trials=8)
    asked = envelope(capfd, "compare", "slow", "fast", "--trials", "8")["result"]
    assert result.to_dict().keys() == asked.keys()
    assert result.comparison is not None
    assert result.comparison.blocks == 8
    assert str(result).splitlines()[0] in result._repr_html_()


def test_stored_blocks_are_judged_as_the_command_does(
    project: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    # What the machine did in one of the runs and not in the other decides nothing here.
    monkeypatch.setattr("harness.stats.between_runs.CHANCE", 0.0)
    for _ in range(2):
        harness.compare("slow", "fast", trials=4)
    found = harness.compare_stored("slow", "fast", metric="wall")
    said = envelope(capfd, "compare", "slow", "fast", "--stored", "--metric", "wall")
    assert said["result"] == json.loads(json.dumps(found.to_dict()))
    assert [f.comparison.blocks for f in found.findings] == [8]
    assert found.current == found.findings
    assert said["ok"] is found.ok
    assert (said["error"], said["hint"]) == (found.problem or (None, None))
    assert "from stored blocks" in found._repr_html_()
    opened = harness.Project.open(project)
    assert opened.compare_stored("slow", "fast", metric="wall") == found
    with pytest.raises(harness.UsageError, match="no stored block in which both"):
        harness.compare_stored("slow", "fast", case="none")


def test_files_and_commands_are_compared_without_configuration(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.py").write_text("print(1)\n")
    result = harness.compare(Path("a.py"), [sys.executable, "-c", "print(1)"], trials=2)
    assert not result.failures
    assert [m.adapter for m in result.run.measurements] == ["python", "command"]


def test_what_is_handed_out_goes_to_another_process_and_back(project: Path):
    told: list[Any] = []
    ran = harness.run("slow", "fast", trials=2, progress=told.append)
    opened = harness.Project.open()
    values = (
        *(harness.history(), harness.adapters()),
        *(ran, harness.compare("slow", "fast", trials=4), harness.profile("old.py")),
        *(harness.doctor(watch_s=0), opened, harness.Settings(), harness.Question(), *told),
    )
    for value in (*values, harness.compare_stored("slow", "fast")):
        assert pickle.loads(pickle.dumps(value)) == value
    again = pickle.loads(pickle.dumps(ran))
    assert (again.to_dict(), again.table("csv")) == (ran.to_dict(), ran.table("csv"))


def test_what_a_baseline_a_test_and_a_bench_give_goes_there_too(project: Path):
    (project / ".gitignore").write_text(".harness/\n")
    for words in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "first"]):
        who = ["-c", "user.name=a", "-c", "user.email=a@b.example"]
        subprocess.run(["git", *who, *words], cwd=project, check=True)
    opened = harness.Project.open()
    for value in (
        opened.baseline(target="fast", trials=2),
        opened.test(target="fast"),
        opened.bench(target="fast", trials=2),
    ):
        assert pickle.loads(pickle.dumps(value)) == value


def test_campaigns_go_there_too():
    opened = harness.Project.open(ROOT)
    campaign = opened.campaign("nbody-c")
    again = pickle.loads(pickle.dumps(campaign))
    assert (again.name, again.state, again.events) == (
        campaign.name,
        campaign.state,
        campaign.events,
    )
    every = pickle.loads(pickle.dumps(opened.campaigns()))
    assert every.to_dict() == opened.campaigns().to_dict()


def errors() -> list[type[harness.HarnessError]]:
    """Every error of the API."""
    named = (getattr(harness, name) for name in harness.__all__)
    return [e for e in named if isinstance(e, type) and issubclass(e, harness.HarnessError)]


@pytest.mark.parametrize("kind", errors())
def test_an_error_goes_to_another_process_and_back(kind: type[harness.HarnessError]):
    again = pickle.loads(pickle.dumps(kind("what failed", hint="what helps")))
    assert type(again) is kind
    assert (again.message, again.hint, str(again)) == ("what failed", "what helps", "what failed")


def test_a_failure_is_a_value_and_no_exception(project: Path):
    result = harness.run(["sh", "-c", "exit 3"], trials=2)
    assert not result.ok
    assert result.exit_code is harness.ExitCode.TRIAL
    assert "sh" in result.failures


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: harness.run("slow", trialz=2), TypeError, "did you mean 'trials'"),  # type: ignore[call-arg]
        (lambda: harness.run("slo"), harness.ConfigError, "no target named 'slo'"),
        (lambda: harness.run("slow", budget="soon"), harness.UsageError, "budget: want a duration"),
        (lambda: harness.run(["a"], ["b"]), harness.UsageError, "one file or command at a time"),
        (lambda: harness.compare("slow"), harness.UsageError, "of two or more, got slow alone"),
        (lambda: harness.compare(["a"], ["a"]), harness.UsageError, "the same program twice"),
        (lambda: harness.compare("slow", "slow"), harness.UsageError, "against itself"),
        (lambda: harness.compare("slow", "new.py"), harness.UsageError, "no task in common"),
        (lambda: harness.load("nowhere"), harness.UsageError, "no such folder"),
        (lambda: harness.load(of="rows"), harness.UsageError, "want one of trials, measurements"),  # type: ignore[arg-type]
        (lambda: harness.history(since="soon"), harness.UsageError, "since: want a date"),
        (lambda: harness.history(since=3), harness.UsageError, "since: want a date"),  # type: ignore[arg-type]
        (lambda: harness.compare_stored("slow", "no"), harness.UsageError, "no stored trial of"),
        (lambda: harness.compare_stored("a", "b", trials=2), TypeError, "unexpected keyword"),  # type: ignore[call-arg]
        (lambda: harness.resume(), harness.UsageError, "was interrupted"),
        (lambda: harness.run(3), harness.UsageError, "want a target, a file, or a command"),  # type: ignore[arg-type]
        (lambda: harness.run(None), harness.UsageError, "want a target, a file, or a command"),  # type: ignore[arg-type]
        (lambda: harness.run(b"x"), harness.UsageError, "want a target, a file, or a command"),  # type: ignore[arg-type]
        (lambda: harness.run("slow", arguments="10 00"), harness.UsageError, "a list of words"),
        (lambda: harness.run("old.py", progress=3), harness.UsageError, "progress: want a func"),  # type: ignore[arg-type]
        (lambda: harness.run("old.py", settings={"trials": 1}), harness.UsageError, "settings: "),  # type: ignore[arg-type]
        (lambda: harness.run("old.py", case=1), harness.UsageError, "case: want a text"),  # type: ignore[arg-type]
        (lambda: harness.run("nope.py"), harness.UsageError, "no such file: nope.py"),
        (lambda: harness.run([]), harness.UsageError, "a command is a list of words"),
        (lambda: harness.run(""), harness.UsageError, "a target or a file has a name"),
        (lambda: harness.run("ecoh 1"), harness.UsageError, "no target, no file and no program"),
        (lambda: harness.compare("old.py", "nope.py"), harness.UsageError, "no such file"),
        (lambda: harness.compare("slow", 3), harness.UsageError, "want a target, a file"),  # type: ignore[arg-type]
        (lambda: harness.profile(["python3", "old.py"]), harness.UsageError, "want a target or"),  # type: ignore[arg-type]
        (lambda: harness.profile("nope.py"), harness.UsageError, "no such file"),
        (lambda: harness.profile("old.py", results="x"), TypeError, "unexpected keyword"),  # type: ignore[call-arg]
        (lambda: harness.profile("old.py", trials=0), harness.UsageError, "of at least 1, got 0"),
        (lambda: harness.doctor(watch_s=-1), harness.UsageError, "seconds from 0 to 60"),
        (lambda: harness.Project.open("/"), harness.ConfigError, "no harness.toml"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(
    project: Path, call: Callable[[], object], error: type[Exception], words: str
):
    with pytest.raises(error, match=words):
        call()


def test_numbers_among_the_words_of_a_program_are_texts(project: Path):
    (project / "old.py").write_text("import sys; assert sys.argv[1:] == ['10', '2'], sys.argv")
    assert harness.run("old.py", arguments=[10, "2"], trials=1).ok  # type: ignore[list-item]
    result = harness.run(["sh", "-c", 'test "$0" = 3', 3], trials=1)  # type: ignore[list-item]
    assert result.ok
    with pytest.raises(harness.UsageError, match="style: want one of"):
        result.table("nope")


def test_settings_may_be_given_as_one_value_with_changes_beside_it(project: Path):
    result = harness.run("fast", settings=harness.Settings(trials=5, warmup=0), trials=2)
    assert result["fast"].trials == 2
    assert of_plan(read_run(result.folder).plan).warmup == 0


# -- interruption, resuming, threads -----------------------------------------------------------


class Interrupting:
    """Ctrl-C after so many trials."""

    def __init__(self, after: int) -> None:
        self.left = after

    def __call__(self, event: object) -> None:
        self.left -= isinstance(event, harness.TrialStored)
        if self.left == 0:
            raise KeyboardInterrupt


def test_ctrl_c_raises_with_what_was_measured_and_resume_goes_on(project: Path):
    with pytest.raises(KeyboardInterrupt) as caught:
        harness.run("slow", "fast", trials=4, warmup=0, progress=Interrupting(5))
    stop = caught.value
    assert isinstance(stop, harness.Interrupted)
    assert stop.result.interrupted
    assert pickle.loads(pickle.dumps(stop)).result == stop.result
    assert len(harness.load(stop.result)) == 5
    whole = harness.resume()
    assert isinstance(stop.result, harness.RunResult)
    assert whole.id == stop.result.id
    assert [m.trials for m in whole.measurements] == [4, 4]


def stop_at_once(event: object) -> None:
    raise KeyboardInterrupt


INTERRUPTIBLE: dict[str, Callable[[Any], object]] = {
    "run": lambda told: harness.run("fast", trials=1, progress=told),
    "compare": lambda told: harness.compare("slow", "fast", trials=1, progress=told),
    "profile": lambda told: harness.profile("fast", by="phase", trials=2, progress=told),
}


@pytest.mark.parametrize("in_a_thread", [False, True])
@pytest.mark.parametrize("name", INTERRUPTIBLE)
def test_ctrl_c_is_one_error_wherever_it_comes(project: Path, name: str, in_a_thread: bool):
    caught: list[BaseException] = []

    def call() -> None:
        try:
            INTERRUPTIBLE[name](stop_at_once)
        except BaseException as stop:
            caught.append(stop)

    if in_a_thread:
        thread = threading.Thread(target=call)
        thread.start()
        thread.join()
    else:
        call()
    (stop,) = caught
    assert isinstance(stop, harness.Interrupted)
    assert stop.result is None
    assert harness.run("fast", trials=1).ok


@pytest.mark.parametrize("finished", [0, 1])
def test_ctrl_c_under_another_executor_gives_what_finished_shards_stored(
    project: Path, monkeypatch: pytest.MonkeyPatch, finished: int
):
    def stop_after_some(shards: Any, results: Path) -> None:
        for shard in shards[:finished]:
            subprocess.run(shard.command, cwd=shard.root, check=True, capture_output=True)
        raise KeyboardInterrupt

    plugin = SimpleNamespace(harness_execute=hookimpl(stop_after_some))
    harness.run("fast", trials=1)
    monkeypatch.setattr(Executor, "find", lambda name: Executor(name, plugin))
    with pytest.raises(harness.Interrupted) as caught:
        harness.run("slow", "fast", trials=2, executor="mine")
    result = caught.value.result
    if not finished:
        assert result is None
        return
    assert isinstance(result, harness.RunResult)
    assert result.interrupted
    assert result.exit_code is harness.ExitCode.INTERRUPTED
    assert [(m.target, m.trials) for m in result.measurements] == [("slow", 2), ("fast", 2)]


def test_the_doctor_is_interrupted_alike(monkeypatch: pytest.MonkeyPatch):
    def stop(watch_s: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(diagnosis, "diagnose", stop)
    with pytest.raises(harness.Interrupted):
        harness.doctor()


def test_every_setting_survives_a_resume(project: Path, monkeypatch: pytest.MonkeyPatch):
    asked: dict[str, Any] = {
        "trials": 2,
        "budget": "50s",
        "warmup": 2,
        "seed": 5,
        "seeds": "fresh",
        "given": "{}",
        "cpus": "0",
        "design": "mirrored",
        "vary_layout": False,
        "metric": "cpu",
        "confidence": 0.9,
        "threshold": 0.02,
        "family": 3,
    }
    settings = Settings(steady=SteadyPlan(5, 6, 7), max_blocks=9)
    with pytest.raises(harness.Interrupted) as caught:
        harness.run("fast", settings=settings, progress=Interrupting(1), **asked)
    before = of_plan(read_run(caught.value.result.folder).plan)
    seen = []
    from harness.running import executing

    perform = executing.perform
    monkeypatch.setattr(
        executing, "perform", lambda *a: (seen.append(a[2].settings), perform(*a))[1]
    )
    harness.resume()
    assert seen == [before]
    same = [f for f in dataclasses.fields(Settings) if f.name not in ("mode", "metrics")]
    assert [f.name for f in same if getattr(before, f.name) == getattr(Settings(), f.name)] == []


def test_a_second_call_at_once_is_refused_and_a_later_one_is_not(project: Path):
    began, done = threading.Event(), threading.Event()

    def hold(_: object) -> None:
        began.set()
        assert done.wait(60)

    first = threading.Thread(target=lambda: harness.run("fast", trials=1, progress=hold))
    first.start()
    try:
        assert began.wait(60)
        with pytest.raises(harness.NotAllowed, match="another call of harness measures"):
            harness.run("fast", trials=1)
    finally:
        done.set()
        first.join()
    assert harness.run("fast", trials=1).ok


def test_what_progress_raises_ends_the_run_and_frees_the_next(project: Path):
    def refuse(event: object) -> None:
        if "block" in getattr(event, "what", ""):
            raise LookupError("enough")

    with pytest.raises(LookupError, match="enough"):
        harness.run("fast", trials=3, progress=refuse)
    assert harness.run("fast", trials=1).ok

    def leave(event: object) -> None:
        raise SystemExit(3)

    with pytest.raises(SystemExit):
        harness.run("fast", trials=1, progress=leave)


# -- load, doctor, profile, project ------------------------------------------------------------


def test_trials_and_measurements_are_loaded_as_tables(project: Path):
    result = harness.run("fast", trials=3)
    trials = harness.load(result)
    assert len(trials) == 4
    assert trials.warmup.sum() == 1
    measured = harness.load(of="measurements").iloc[0]
    assert measured.target == "fast"
    assert measured.wall_low_ns <= measured.wall_ns <= measured.wall_high_ns
    assert measured.wall_ns == result["fast"].wall_ns.point  # type: ignore[union-attr]


def test_the_history_is_what_the_command_says(project: Path, capfd: pytest.CaptureFixture[str]):
    harness.run("fast", trials=1)
    harness.run("slow", trials=1)
    found = harness.history()
    assert found.to_dict() == envelope(capfd, "history")["result"]
    assert [m["target"] for run in found.runs for m in run["measurements"]] == ["fast", "slow"]
    assert harness.Project.open(project).history(target="slow").runs == found.runs[1:]
    assert "<table>" in found._repr_html_()


@pytest.mark.parametrize(
    ("since", "runs"),
    [
        ("1h", 1),
        (datetime.timedelta(hours=1), 1),
        (datetime.timedelta(0), 0),
        (datetime.date(2020, 1, 1), 1),
        (datetime.datetime(2999, 1, 1), 0),
        ("99999999999w", 1),
    ],
)
def test_a_history_begins_at_a_date_or_an_age(project: Path, since: Any, runs: int):
    harness.run("fast", trials=1)
    assert len(harness.history(since=since).runs) == runs


def test_a_damaged_run_is_named_and_the_others_are_listed(project: Path):
    damaged, sound = (harness.run("fast", trials=1).folder for _ in range(2))
    (damaged / "run.json").write_text("{")
    found = harness.history()
    assert not found.ok
    assert found.exit_code is harness.ExitCode.DAMAGED
    assert str(damaged) in found.damaged[0]
    assert [run["folder"] for run in found.runs] == [str(sound)]


def test_the_doctor_is_the_command(capfd: pytest.CaptureFixture[str]):
    report = harness.doctor(watch_s=0)
    asked = envelope(capfd, "doctor", "--watch", "0")["result"]
    assert report.to_dict().keys() == asked.keys()
    assert [f["name"] for f in asked["findings"]] == [f.name for f in report.findings]
    assert "<table>" in report._repr_html_()


def test_the_installation_is_what_the_command_says(capfd: pytest.CaptureFixture[str]):
    found = harness.adapters()
    asked = envelope(capfd, "adapters")["result"]
    assert json.loads(json.dumps(found.to_dict())) == asked
    assert {"c", "command", "julia", "python"} <= {a.name for a in found.adapters}
    ours = [e.name for e in found.others["executors"] if e.distribution == "optim-harness"]
    assert ours == ["local", "slurm"]
    assert "<table>" in found._repr_html_()


def test_a_profile_of_phases_is_what_the_command_says(
    project: Path, capfd: pytest.CaptureFixture[str]
):
    result = harness.profile("fast", by="phase", trials=2)
    asked = envelope(capfd, "profile", "fast", "--by", "phase", "--trials", "2")["result"]
    assert result.ok
    assert result.to_dict()["profiles"][0].keys() == asked["profiles"][0].keys()
    assert result.reports[0].target == "fast"
    assert "fast on fast" in result._repr_html_()


def test_a_project_is_found_from_below_and_by_its_file(project: Path):
    below = project / "deep"
    below.mkdir()
    opened = harness.Project.open(below)
    assert opened.targets == ("slow", "fast")
    assert repr(opened) == f"<Project {project / 'harness.toml'}: slow, fast>"
    assert opened == harness.Project.open(project / "harness.toml")
    assert opened.run("fast", trials=1).folder.is_relative_to(project / ".harness/results")


def test_the_typed_keywords_are_those_of_the_command():
    own = {"adapter", "arguments", "input", "config", "results", "progress", "settings", "case"}
    own |= {"prepare", "conclude", "shell", "ignore_output"}
    own |= {"sweep", "matrix", "resume", "yes", "point", "executor"}
    declared = {option.keyword for option in options_of(Settings)}
    assert set(get_type_hints(CompareOptions)) == own | declared | {"task", "tag"}
    assert set(get_type_hints(RunOptions)) == own | declared | {"task"}
