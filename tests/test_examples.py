"""The examples through the harness itself: every language computes the same."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness.correctness import agree, agree_all, equivalent_over_seeds
from harness.model import Case, Mode, Output, OutputKind, Task, Tolerance, TrialPlan
from harness.plugins import Adapters
from harness.project.config import load_config
from harness.running import Orchestrator
from harness.system.process.runner import LocalRunner

ROOT = Path(__file__).parents[1]
CONFIG = load_config(ROOT / "harness.toml")
TASKS = [name for name in CONFIG.tasks if name != "overhead"]
"""Those of the examples; the harness's own overhead is there in Python alone."""
LANGUAGES = ["c", "python", pytest.param("julia", marks=pytest.mark.julia)]
PROGRAMS = {
    "cpp": "c++",
    "fortran": "gfortran",
    "rust": "rustc",
    "go": "go",
    "javascript": "node",
    "java": "javac",
    "lua": "luajit",
    "ocaml": "ocamlopt",
}
"""The languages that two of the tasks are written in as well, and what each needs."""
FIRST_VERSIONS = [
    pytest.param(name, marks=pytest.mark.julia if "julia" in name else ())
    for name in CONFIG.targets
    if name.endswith("-plain")
]


class Examples:
    """Runs targets on a case of their task, each once."""

    def __init__(self, runner: LocalRunner, builds: Path) -> None:
        self._orchestrator = Orchestrator(Adapters(), runner, builds)
        self._outputs: dict[tuple[str, int | None, str], Output] = {}

    def output(self, name: str, seed: int | None = None, case: str = "tiny") -> Output:
        target = CONFIG.target(name)
        task = CONFIG.task(target.task)
        chosen = task.case(case)
        if seed is not None:
            chosen = replace(chosen, seed=seed)
        key = (name, seed, case)
        if key not in self._outputs:
            adapter, build = self._orchestrator.build(target)
            self._outputs[key] = self._orchestrator.check(adapter, build, task, chosen)
        return self._outputs[key]


@pytest.fixture(scope="module")
def examples(local_runner: LocalRunner, tmp_path_factory: pytest.TempPathFactory) -> Examples:
    return Examples(local_runner, tmp_path_factory.mktemp("builds"))


def exactly(task: Task) -> Task:
    """The task with what is random under its seed held to be the same but for rounding."""
    tight = {OutputKind.STOCHASTIC: OutputKind.DETERMINISTIC, OutputKind.COUNT: OutputKind.EXACT}
    specs = []
    for spec in task.outputs:
        kind = tight.get(spec.tolerance.kind)
        if kind is not None:
            rtol = 1e-9 if kind is OutputKind.DETERMINISTIC else 0.0
            spec = replace(spec, tolerance=Tolerance(spec.name, kind, rtol=rtol))
        specs.append(spec)
    return replace(task, outputs=tuple(specs))


def first_version(name: str) -> str:
    """The target as it was before a campaign changed it."""
    return f"{name}-plain" if f"{name}-plain" in CONFIG.targets else name


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("task", TASKS)
def test_first_versions_agree_in_every_language(
    examples: Examples, task: str, language: str
) -> None:
    declared = CONFIG.task(task)
    reference = examples.output(first_version(declared.reference or ""))
    output = examples.output(first_version(f"{task}-{language}"))
    said = agree_all(exactly(declared), reference.values, output.values)
    assert said.ok, said.summary
    assert said.checked > 0


@pytest.mark.parametrize(
    "adapter", [pytest.param(a, marks=pytest.mark.needs(p)) for a, p in PROGRAMS.items()]
)
@pytest.mark.parametrize("name", ["nbody", "percolation"])
def test_the_other_languages_agree_with_c(examples: Examples, name: str, adapter: str) -> None:
    task = CONFIG.task(name)
    reference = examples.output(first_version(f"{name}-c"), case="fast")
    said = agree_all(
        task, reference.values, examples.output(f"{name}-{adapter}", case="fast").values
    )
    assert said.ok, said.summary
    assert said.checked > 0


@pytest.mark.parametrize("name", FIRST_VERSIONS)
def test_what_a_campaign_made_agrees_with_the_first_version(examples: Examples, name: str) -> None:
    task = CONFIG.task(CONFIG.target(name).task)
    current = examples.output(name.removesuffix("-plain"))
    said = agree_all(task, examples.output(name).values, current.values)
    assert said.ok, said.summary


@pytest.mark.parametrize("name", ["log_evidence", "std_error", "frequency"])
def test_what_the_evidence_campaign_made_is_equivalent_over_seeds(
    examples: Examples, name: str
) -> None:
    task = CONFIG.task("evidence")
    tolerance = next(spec.tolerance for spec in task.outputs if spec.name == name)
    seeds = range(1, tolerance.seeds + 1)
    sides = [
        [examples.output(target, seed).values[name] for seed in seeds]
        for target in ("evidence-python-plain", "evidence-python")
    ]
    said = equivalent_over_seeds(*sides, tolerance, paired=True)
    assert said.ok, said.summary


@pytest.mark.parametrize("task", TASKS)
def test_another_seed_gives_another_output(examples: Examples, task: str) -> None:
    declared = CONFIG.task(task)
    one, other = (examples.output(f"{task}-c", seed) for seed in (1, 2))
    assert not agree_all(exactly(declared), one.values, other.values).ok


def test_the_declared_tolerance_tells_a_changed_law_of_gravity(
    examples: Examples, tmp_path: Path, local_runner: LocalRunner
) -> None:
    source = (ROOT / "examples/c/plain/nbody.c").read_text()
    assert "#define SOFTENING 0.05\n" in source
    changed = tmp_path / "nbody.c"
    changed.write_text(source.replace("#define SOFTENING 0.05\n", "#define SOFTENING 0.05001\n"))
    target = replace(CONFIG.target("nbody-c-plain"), sources=(changed,))
    task = CONFIG.task("nbody")
    orchestrator = Orchestrator(Adapters(), local_runner, tmp_path / "builds")
    adapter, build = orchestrator.build(target)
    wrong = orchestrator.check(adapter, build, task, task.case("tiny"))
    right = examples.output("nbody-c")
    for spec in task.outputs:
        assert not agree(right.values[spec.name], wrong.values[spec.name], spec.tolerance).ok


@pytest.mark.parametrize("adapter", ["c", "julia", "python"])
def test_every_task_is_there_in_every_language(adapter: str) -> None:
    tasks = {target.task for target in CONFIG.targets.values() if target.adapter == adapter}
    assert tasks >= set(TASKS)


SUITES = [
    pytest.param("suite-pytest", "python/test_words.py::test_join", id="pytest"),
    pytest.param("suite-go", "BenchmarkJoin/size-100", id="go", marks=pytest.mark.needs("go")),
    pytest.param(
        *("suite-google", "BM_sort/8000"),
        id="google",
        marks=pytest.mark.skipif(
            not Path("/usr/include/benchmark/benchmark.h").exists(),
            reason="no google-benchmark: make tools",
        ),
    ),
]


@pytest.mark.parametrize(("name", "one"), SUITES)
def test_the_suites_of_other_frameworks_run_where_they_lie(
    name: str, one: str, local_runner: LocalRunner, tmp_path: Path
) -> None:
    orchestrator = Orchestrator(Adapters(), local_runner, tmp_path / "builds")
    target = load_config(ROOT / "examples/suite/harness.toml").target(name)
    adapter, build = orchestrator.once.made(target)
    assert one in adapter.benchmarks(build, local_runner)
    trial = adapter.time(
        build, Case(one, {"benchmark": one}), TrialPlan(mode=Mode.STEADY), local_runner
    )
    assert trial.ok, trial.message
    assert trial.samples


EXAMPLES = [name for name, one in CONFIG.campaigns.items() if one.target != "harness"]
"""The campaigns on examples; those on the harness itself keep no first version of it."""


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_first_version_of_a_campaigns_target_is_protected(name: str) -> None:
    campaign = CONFIG.campaigns[name]
    kept = CONFIG.target(f"{campaign.target}-plain").sources[0].relative_to(ROOT)
    assert any(str(kept).startswith(folder) for folder in campaign.protect)
