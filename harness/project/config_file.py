"""`harness.toml` as it is written: its tables, their keys, types and defaults."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from harness.correctness import default_tolerance
from harness.errors import ConfigError, UsageError
from harness.model import (
    Better,
    FileFormat,
    Jail,
    JailTerms,
    Metric,
    OutputKind,
    OutputSource,
    OutputSpec,
    WorkingFolder,
)
from harness.model.declaring import share_or_number
from harness.model.draws import Seeds
from harness.model.guards import Guard, guards_in

CONFIG_NAME = "harness.toml"

_TOLERANCE_KEYS = (
    *("rtol", "atol", "ulp", "max_differing", "nan_equal", "ignore_layout"),
    *("margin", "margin_abs", "confidence", "seeds"),
)


SAME = "same"
"""What a relation expects where it names no command that compares."""


class Section(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A table of the file: an unknown key is an error, not a silent nothing."""


class OutputSection(Section):
    """[tasks.<task>.outputs.<output>]"""

    source: OutputSource = msgspec.field(default=OutputSource.STDOUT, name="from")
    path: str | None = None
    format: FileFormat | None = None
    pattern: str | None = None
    key: str | None = None
    json: str | None = None
    dtype: str | None = None
    shape: list[int] | None = None
    kind: OutputKind = OutputKind.EXACT
    rtol: float | None = None
    atol: float | None = None
    ulp: int | None = None
    max_differing: int | str | None = None
    nan_equal: bool | None = None
    ignore_layout: bool | None = None
    margin: float | None = None
    margin_abs: float | None = None
    confidence: float | None = None
    seeds: int | None = None
    statistics: list[str] | None = None


class MetricSection(Section):
    """[tasks.<task>.metrics.<metric>]: a figure that the targets report of themselves"""

    unit: str = ""
    better: Better = Better.NEITHER
    resolution: float | None = None
    deterministic: bool = False
    source: OutputSource | None = msgspec.field(default=None, name="from")
    path: str | None = None
    format: FileFormat | None = None
    pattern: str | None = None
    key: str | None = None
    json: str | None = None


class DrawSection(Section):
    """A table in place of a case's value: what blocks draw it from"""

    low: int | float | None = msgspec.field(default=None, name="from")
    high: int | float | None = msgspec.field(default=None, name="to")
    any: list[bool | int | float | str] | None = None
    files: str | None = None


class CaseSection(Section):
    """[tasks.<task>.cases.<case>]"""

    params: dict[str, bool | int | float | str | DrawSection] = {}
    seed: int | DrawSection | None = None
    holdout: str = ""


class RelationSection(Section):
    """[[tasks.<task>.relations]]: what a right program does when its input is changed"""

    name: str
    transform: list[str]
    expect: str | list[str] = SAME


class TaskSection(Section):
    """[tasks.<task>]"""

    reference: str | None = None
    args: list[str] | None = None
    generate: list[str] = []
    cases: dict[str, CaseSection] = {}
    outputs: dict[str, OutputSection] = {}
    metrics: dict[str, MetricSection] = {}
    work: str | None = None
    relations: list[RelationSection] = []


class TargetCaseSection(Section):
    """[targets.<target>.cases.<case>]"""

    params: dict[str, bool | int | float | str] = {}


# No Section: a key that is not listed here may be one of the adapter's, who alone can refuse it.
class TargetSection(msgspec.Struct, kw_only=True):
    """[targets.<target>]; keys that are not listed here are options of the adapter."""

    task: str
    adapter: str
    sources: list[str] = []
    entry: str | None = None
    args: list[str] = []
    launch: list[str] = []
    env: dict[str, str] = {}
    flags_file: str | None = None
    inputs: list[str] = []
    build_inputs: list[str] = []
    stdin: str | None = None
    setup: list[list[str]] = []
    build: list[str | list[str]] = []
    cleanup: list[list[str]] = []
    prepare: list[list[str]] = []
    conclude: list[list[str]] = []
    setup_timeout: str | int | float = "30m"
    timeout: str | int | float = "10m"
    max_output_bytes: int = 268_435_456
    working_folder: WorkingFolder = WorkingFolder.SCRATCH
    tags: list[str] = []
    cases: dict[str, TargetCaseSection] = {}


class MatrixSection(msgspec.Struct, kw_only=True):
    """[matrix.<name>]; keys that are not listed here are those of its targets."""

    adapter: str
    tasks: list[str] | None = None


FALSE_KEEP_RATE = 0.05
"""The expected share of false keeps where the configuration says nothing."""


class CampaignSection(Section):
    """[campaigns.<campaign>]"""

    target: str
    case: str | None = None
    cases: list[str] = []
    full_case: str | None = None
    target_speedup: float | None = None
    max_iterations: int = 15
    min_gain: float | str = 0.05
    patience: int = 3
    full_every: int = 3
    time_budget: str | int | float | None = None
    threshold: float | str = 0.01
    false_keep_rate: float | str | None = None
    total_level: float | str | None = None
    bench_budget: str | int | float = "60s"
    objective: str = Metric.WALL.value
    guards: dict[str, str] = {}
    seeds: Seeds | None = None
    jail: Jail = Jail.STRICT
    executor: str = "local"
    commit_prefix: str = ""
    witness: str | None = None
    signing_key: str | None = None
    protect: list[str] = msgspec.field(default_factory=lambda: ["harness.toml", "tests/"])
    paths: list[str] = []
    scope: list[str] = []

    def __post_init__(self) -> None:
        """ValueError for cases, an objective or a guard that make no sense."""
        if self.case is not None and self.cases:
            raise ValueError("case and cases: want one of them; the first of the cases is the case")
        if self.case is not None and self.case == self.full_case:
            raise ValueError(f"full_case: {self.case} is the case itself, not a larger one")
        names = [*self.cases, *filter(None, [self.full_case])]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None and self.cases:
            raise ValueError(f"cases: {twice} is named twice")
        try:
            Metric(self.objective)
        except ValueError:
            raise ValueError(
                "objective: want wall, cpu or the name of a figure such as instructions, got"
                f" {self.objective!r}"
            ) from None
        try:
            guards_in(self.guards, "guards")
            for name in ("min_gain", "threshold", "false_keep_rate", "total_level"):
                if isinstance(said := getattr(self, name), str):
                    share_or_number(said, name)
        except UsageError as problem:
            raise ValueError(problem.message) from None

    @property
    def first_case(self) -> str | None:
        """The case that is profiled, tested and predicted; None: the task's first one."""
        return self.cases[0] if self.cases else self.case

    @property
    def all_guards(self) -> tuple[Guard, ...]:
        """What must not get worse by more than is said; UsageError for what makes no sense."""
        return guards_in(self.guards, "guards")

    @property
    def rate_of_false_keeps(self) -> float:
        """As it is said here; a level of the whole campaign, the older key, is taken for it."""
        said = (self.false_keep_rate, self.total_level, FALSE_KEEP_RATE)
        return share_or_number(next(rate for rate in said if rate is not None), "false_keep_rate")


class JailSection(Section):
    """[jail]: what trials may see and change beside their build, inputs, toolchain and system"""

    read: list[str] = []
    write: list[str] = []
    devices: list[str] = []
    network: bool = False
    env: list[str] = []


class ConfigFile(Section):
    """The whole file."""

    tasks: dict[str, TaskSection] = {}
    targets: dict[str, TargetSection] = {}
    defaults: dict[str, dict[str, Any]] = {}
    matrix: dict[str, MatrixSection] = {}
    campaigns: dict[str, CampaignSection] = {}
    metrics: list[str] = []
    jail: JailSection = msgspec.field(default_factory=JailSection)
    executors: dict[str, dict[str, Any]] = {}


def schema_json() -> str:
    """The JSON schema of `harness.toml`, for editors."""
    schema = msgspec.json.schema(ConfigFile)
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = CONFIG_NAME
    return json.dumps(schema, indent=2)


def jail_terms(section: JailSection) -> JailTerms:
    """What `[jail]` lets through."""
    return JailTerms(
        read=tuple(section.read),
        write=tuple(section.write),
        devices=tuple(section.devices),
        network=section.network,
        env=tuple(section.env),
    )


def output_spec(name: str, section: OutputSection, where: str) -> OutputSpec:
    """A declared output with the tolerances of its kind filled in."""
    tolerance = default_tolerance(section.kind, name)
    given = {
        key: getattr(section, key) for key in _TOLERANCE_KEYS if getattr(section, key) is not None
    }
    if section.statistics is not None:
        given["statistics"] = tuple(section.statistics)
    try:
        tolerance = replace(tolerance, **given)
    except ValueError as problem:
        raise ConfigError(f"{where}: {problem}") from None
    if section.source is OutputSource.FILE and not section.path:
        raise ConfigError(f'{where}: from = "file" needs a path', hint='path = "result.csv"')
    if section.pattern is not None:
        _check_pattern(section.pattern, f"{where}.pattern")
    return OutputSpec(
        name=name,
        source=section.source,
        path=section.path,
        format=_file_format(section),
        pattern=section.pattern,
        key=section.key,
        json_path=section.json,
        dtype=section.dtype,
        shape=tuple(section.shape) if section.shape is not None else None,
        tolerance=tolerance,
    )


def _file_format(section: OutputSection) -> FileFormat:
    if section.format is not None:
        return section.format
    suffix = Path(section.path or "").suffix.lstrip(".").lower()
    if suffix in ("jsonl", "ndjson"):
        return FileFormat.JSONL
    if section.json is not None:
        return FileFormat.JSON
    if section.path is not None and suffix in {f.value for f in FileFormat}:
        return FileFormat(suffix)
    return FileFormat.RAW if section.dtype is not None else FileFormat.TEXT


def _check_pattern(pattern: str, where: str) -> None:
    try:
        re.compile(pattern)
    # A repetition such as {99999999999} overflows: as much the user's to mend as a lost bracket.
    except (re.error, OverflowError) as problem:
        raise ConfigError(
            f"{where}: not a regular expression: {problem}: {pattern[:200]!r}"
        ) from None
    except RecursionError:
        raise ConfigError(f"{where}: its groups are nested too deep: {pattern[:200]!r}") from None
