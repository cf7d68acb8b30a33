"""`baseline.json`: what a baseline is, in a form that people and programs read.

Times are in nanoseconds. Intervals that reach to infinity (one trial says nothing of its scatter)
have no upper end here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

import msgspec

from harness.errors import DataDamaged
from harness.frozen import dataclass
from harness.model import Case, Estimate, Host, Measurement, OutputSpec, Target, Toolchain
from harness.model.relations import Relation
from harness.system.store.files import from_newer

SCHEMA_VERSION = 2
"""2: inputs keep the folder that they lie in."""


@dataclass(frozen=True, slots=True)
class StoredEstimate:
    """An Estimate as JSON can hold it."""

    statistic: str
    point: float
    low: float
    high: float | None
    confidence: float

    @classmethod
    def of(cls, estimate: Estimate) -> StoredEstimate:
        high = estimate.high if math.isfinite(estimate.high) else None
        return cls(estimate.statistic, estimate.point, estimate.low, high, estimate.confidence)


@dataclass(frozen=True, slots=True)
class PhaseTime:
    """A phase as the target reported it."""

    path: str
    calls: float
    total_ns: StoredEstimate
    share: float


@dataclass(frozen=True, slots=True)
class Timing:
    """What the trials of the baseline took. For the record: comparisons measure it again."""

    trials: int
    wall_ns: StoredEstimate
    cpu_ns: StoredEstimate
    max_rss_bytes: int
    phases: tuple[PhaseTime, ...] = ()

    @classmethod
    def of(cls, measurement: Measurement) -> Timing:
        """The figures of a measurement that has at least one good trial."""
        if measurement.wall_ns is None or measurement.cpu_ns is None:
            raise ValueError("a measurement without a trial that ended well")
        return cls(
            trials=measurement.trials,
            wall_ns=StoredEstimate.of(measurement.wall_ns),
            cpu_ns=StoredEstimate.of(measurement.cpu_ns),
            max_rss_bytes=measurement.max_rss_bytes or 0,
            phases=tuple(
                PhaseTime(p.path, p.calls, StoredEstimate.of(p.total_ns), p.share)
                for p in measurement.phases
            ),
        )


@dataclass(frozen=True, slots=True)
class CaseRecord:
    """One case of the baseline: its parameters, outputs and timing."""

    case: Case
    outputs: Mapping[str, Mapping[str, Any]]
    """Each output's size, SHA-256 and statistics."""
    output_digest: str
    """SHA-256 over standard output and all files that the program left."""
    timing: Timing
    run: str
    """The run that the timing is of."""
    layout_seed: int
    """The seed of the layout of its trials."""
    seeds: tuple[int, ...] = ()
    """The further seeds that outputs are stored for; of a case without a seed, the numbers of the
    runs."""


@dataclass(frozen=True, slots=True)
class FileRecord:
    """A file below `baseline_results/`."""

    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class BuildRecord:
    """What the toolchain made of the recipe."""

    digest: str
    build_ns: int


@dataclass(frozen=True, slots=True)
class BaselineDocument:
    """All of `baseline.json`."""

    campaign: str
    task: str
    made_at: str
    """UTC, as `2026-01-31T17:59:59Z`."""
    harness_version: str
    commit: str
    """The commit that was built and measured."""
    dirty: bool
    """Files differed from that commit when the baseline was made: they were not measured."""
    changed_files: tuple[str, ...]
    recipe: Target
    """Sources, flags and arguments; paths relative to the folder of harness.toml."""
    toolchain: Toolchain
    build: BuildRecord
    host: Host
    outputs: tuple[OutputSpec, ...]
    """Where the outputs are found and how close is right."""
    cases: tuple[CaseRecord, ...]
    """The fast case first, then the full one where there is any."""
    files: Mapping[str, FileRecord]
    relations: tuple[Relation, ...] = ()
    """What its build obeyed, and every later one is to obey."""
    schema_version: int = SCHEMA_VERSION

    def record(self, case: Case) -> CaseRecord | None:
        """What is stored of a case; None where the baseline does not have it."""
        return next((r for r in self.cases if r.case.name == case.name), None)


def encode(document: BaselineDocument) -> bytes:
    """The document as indented JSON."""
    text = msgspec.json.encode(document, enc_hook=_to_json)
    return msgspec.json.format(text, indent=1) + b"\n"


def decode(text: bytes, source: str) -> BaselineDocument:
    """The inverse of `encode`; DataUnreadable where it is not what was written, or a newer's."""
    try:
        # Asked before the rest is read: a newer document need not have the fields of this one.
        version = msgspec.json.decode(text, type=dict[str, Any]).get("schema_version")
        if isinstance(version, int) and version > SCHEMA_VERSION:
            raise from_newer(source, version, SCHEMA_VERSION)
        found = msgspec.json.decode(text, type=BaselineDocument, dec_hook=_from_json)
    except (msgspec.DecodeError, ValueError) as problem:
        raise DataDamaged(
            f"{source}: is not a baseline as it was written: {problem}",
            hint="Restore it from the tag's commit, or from a copy; it must not be edited.",
        ) from None
    return _upgraded(found)


def _upgraded(document: BaselineDocument) -> BaselineDocument:
    """What an older harness wrote, said so that it is measured as it was then."""
    if document.schema_version >= SCHEMA_VERSION:
        return document
    return replace(document, recipe=replace(document.recipe, inputs_by_name=True))


def _to_json(value: object) -> Any:
    if isinstance(value, Path):
        return value.as_posix()
    raise NotImplementedError(type(value).__name__)


def _from_json(kind: type, value: Any) -> Any:
    if issubclass(kind, Path):
        return Path(value)
    raise NotImplementedError(kind.__name__)


def recipe_of(target: Target) -> Target:
    """A target with paths relative to its root, which becomes `.`: the same in every checkout."""

    def relative(path: Path) -> Path:
        below = path.is_relative_to(target.root)
        return Path(PurePosixPath(path.relative_to(target.root))) if below else path

    return replace(
        target,
        root=Path(),
        sources=tuple(map(relative, target.sources)),
        inputs=tuple(map(relative, target.inputs)),
        build_inputs=tuple(map(relative, target.build_inputs)),
        stdin=relative(target.stdin) if target.stdin else None,
    )


def rooted(recipe: Target, root: Path) -> Target:
    """The inverse of `recipe_of`."""
    return replace(
        recipe,
        root=root,
        sources=tuple(root / path for path in recipe.sources),
        inputs=tuple(root / path for path in recipe.inputs),
        build_inputs=tuple(root / path for path in recipe.build_inputs),
        stdin=root / recipe.stdin if recipe.stdin else None,
    )
