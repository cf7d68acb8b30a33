"""A trial as a row of the store: its columns, there and back; `docs/store.md` describes them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from operator import attrgetter, itemgetter
from typing import TYPE_CHECKING, Annotated, Any, TypedDict

import msgspec

from harness.frozen import dataclass
from harness.model import Mode, Phase, RankReport, Sample, Trial, TrialRecord, TrialStatus

if TYPE_CHECKING:
    import pyarrow as pa

SCHEMA_VERSION = 2

SCHEMA_METADATA = {b"harness_schema_version": str(SCHEMA_VERSION).encode()}
"""What says in a Parquet file of which version its columns are."""

Row = dict[str, Any]
"""A trial by the names of the columns."""

Int32 = Annotated[int, msgspec.Meta(ge=-(2**31), le=2**31 - 1)]
Int64 = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
Finite = Annotated[float, msgspec.Meta(ge=-sys.float_info.max, le=sys.float_info.max)]


class PhaseCell(TypedDict):
    """A phase within its column."""

    path: str
    calls: Int64
    total_ns: Int64


class SampleCell(TypedDict):
    """A sample within its column."""

    index: Int32
    batch: Int64
    wall_ns: Int64
    cpu_ns: Int64
    calibration: bool


class RankCell(TypedDict):
    """A rank within its column; what is not known of it is null."""

    rank: Int32 | None
    host: str | None
    cpus: str | None
    wall_ns: Int64 | None
    user_ns: Int64 | None
    sys_ns: Int64 | None
    max_rss_bytes: Int64 | None
    exit_code: Int32 | None
    signal: Int32 | None


class RankPhaseCell(TypedDict):
    """A phase of one rank within its column."""

    at: Int32
    path: str
    calls: Int64
    total_ns: Int64


class CellKind(msgspec.Struct, frozen=True):
    """What a column may hold: as Python checks it, and as Arrow stores it."""

    python: Any
    arrow: Callable[[], pa.DataType]
    empty: Any
    """What stands for a cell where a file has no such column, or it may be null."""


def _arrow(name: str) -> Callable[[], pa.DataType]:
    def make() -> pa.DataType:
        import pyarrow as pa

        return pa.type_for_alias(name)

    return make


def _structs(**fields: str) -> Callable[[], pa.DataType]:
    def make() -> pa.DataType:
        import pyarrow as pa

        return pa.list_(pa.struct([(n, pa.type_for_alias(alias)) for n, alias in fields.items()]))

    return make


def _figures() -> pa.DataType:
    import pyarrow as pa

    return pa.map_(pa.string(), pa.float64())


NESTED: Mapping[str, Mapping[str, str]] = {
    "phases": {"path": "string", "calls": "int64", "total_ns": "int64"},
    "samples": {
        "index": "int32",
        "batch": "int64",
        "wall_ns": "int64",
        "cpu_ns": "int64",
        "calibration": "bool",
    },
    "ranks": {
        "rank": "int32",
        "host": "string",
        "cpus": "string",
        "wall_ns": "int64",
        "user_ns": "int64",
        "sys_ns": "int64",
        "max_rss_bytes": "int64",
        "exit_code": "int32",
        "signal": "int32",
    },
    "rank_phases": {"at": "int32", "path": "string", "calls": "int64", "total_ns": "int64"},
}
"""The kinds of the fields in the cells of a list."""

KINDS: Mapping[str, CellKind] = {
    "string": CellKind(str, _arrow("string"), ""),
    "bool": CellKind(bool, _arrow("bool"), False),
    "int32": CellKind(Int32, _arrow("int32"), 0),
    "int64": CellKind(Int64, _arrow("int64"), 0),
    "phases": CellKind(list[PhaseCell], _structs(**NESTED["phases"]), []),
    "samples": CellKind(list[SampleCell], _structs(**NESTED["samples"]), []),
    "ranks": CellKind(list[RankCell], _structs(**NESTED["ranks"]), []),
    "rank_phases": CellKind(list[RankPhaseCell], _structs(**NESTED["rank_phases"]), []),
    "figures": CellKind(dict[str, Finite], _figures, {}),
}


@dataclass(frozen=True, slots=True)
class Column:
    """A column: stream, Parquet and checks are all made from this."""

    name: str
    kind: str
    source: str = ""
    """Where a `TrialRecord` has it; empty where `to_cells` makes it."""
    nullable: bool = False

    @property
    def needed(self) -> bool:
        """Is a trial without it no trial? Every other column may be missing in a file."""
        return self.name in _NEEDED

    @property
    def default(self) -> Any:
        """What stands for it in a row of a file that lacks it."""
        return None if self.nullable else KINDS[self.kind].empty


_NEEDED = frozenset(
    (
        *("host_id", "task", "case", "target", "build_digest"),
        *("mode", "block", "warmup", "status", "wall_ns"),
    )
)
"""What a trial belongs to and what it took: a guess would compare trials that must not be."""


def _columns(names: str, kind: str, of: str = "", *, nullable: bool = False) -> list[Column]:
    return [Column(name, kind, f"{of}{name}", nullable) for name in names.split()]


COLUMNS: tuple[Column, ...] = (
    *_columns("run_id", "string"),
    Column("host_id", "string"),
    *_columns("task case target adapter language build_digest", "string"),
    Column("mode", "string", "mode._value_"),
    *_columns("block position", "int32"),
    *_columns("warmup disturbed", "bool"),
    *_columns("started_at_ns", "int64"),
    Column("status", "string", "trial.status._value_"),
    Column("message", "string"),
    *_columns("exit_code signal", "int32", "trial.", nullable=True),
    *_columns("output_ok", "bool", nullable=True),
    Column("disagreement", "string"),
    Column("output_digest", "string", nullable=True),
    *_columns("draw", "string"),
    *_columns("wall_ns user_ns sys_ns max_rss_bytes", "int64", "trial."),
    *_columns("max_rss_is_floor", "bool", "trial."),
    *_columns("voluntary_switches involuntary_switches", "int64", "trial."),
    *_columns("minor_faults major_faults steal_ns", "int64", "trial."),
    *_columns("pressure_ns", "int64", "trial.", nullable=True),
    *_columns("left_behind", "int32", "trial."),
    Column("threads", "int32", "trial.threads", nullable=True),
    *_columns("pad_bytes", "int32", "trial."),
    *_columns("layout", "int32", "trial.", nullable=True),
    *_columns("ready_ns handshake_ns", "int64", "trial.", nullable=True),
    Column("phases", "phases"),
    Column("samples", "samples"),
    Column("metrics", "figures"),
    Column("node", "string", nullable=True),
    Column("cpus", "string", nullable=True),
    Column("job", "string", nullable=True),
    Column("attempt", "int32", nullable=True),
    Column("ranks", "ranks"),
    Column("rank_phases", "rank_phases"),
    Column("cpu_model", "string", nullable=True),
)
"""In the order in which they are stored; every name carries its unit."""

NAMES = tuple(column.name for column in COLUMNS)
_KNOWN = frozenset(NAMES)

# One getter reads most of a row: rows are made between trials, where all work is disturbance. Of an
# enum it reads `_value_`: until Python 3.12 `value` is a property that is written in Python.
_DIRECT = tuple(column for column in COLUMNS if column.source)
_read_direct = attrgetter(*(column.source for column in _DIRECT))
_MADE_NAMES = (
    *("host_id", "message", "disagreement", "output_digest", "phases", "samples", "metrics"),
    *("node", "cpus", "job", "attempt", "ranks", "rank_phases", "cpu_model"),
)
"""The others, as `to_cells` makes them."""
_READ_AND_MADE = (*(column.name for column in _DIRECT), *_MADE_NAMES)
_in_order = itemgetter(*map(_READ_AND_MADE.index, NAMES))
_OF_RANKS = tuple(NESTED["ranks"])
_OF_SAMPLES = ("index", "batch", "wall_ns", "cpu_ns", "calibration")


@lru_cache(maxsize=1)
def trials_schema() -> pa.Schema:
    """The columns as Arrow has them."""
    import pyarrow as pa

    return pa.schema(
        [(column.name, KINDS[column.kind].arrow()) for column in COLUMNS],
        metadata=SCHEMA_METADATA,
    )


def column_type(column: Column) -> Any:
    """The type of a column's cells, for msgspec to check."""
    python = KINDS[column.kind].python
    return python | None if column.nullable else python


@lru_cache(maxsize=1)
def cells_type() -> Any:
    """The type of a row's cells in the order of the columns, for msgspec to check."""
    kinds = map(column_type, COLUMNS)
    return tuple[tuple(kinds)]  # type: ignore[misc]


class NewerSchema(Exception):
    """A file is of a later version of the schema than this harness knows."""

    def __init__(self, version: int) -> None:
        super().__init__(f"a newer harness wrote it (schema {version}, known {SCHEMA_VERSION})")
        self.version = version


def check_version(version: int) -> None:
    """NewerSchema for a version that is not known yet."""
    if version > SCHEMA_VERSION:
        raise NewerSchema(version)


def unknown_names(rows: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """The columns that rows have beside those of this version, in the order of their appearance."""
    found: dict[str, None] = {}
    for row in rows:
        found.update(dict.fromkeys(name for name in row if name not in _KNOWN))
    return tuple(found)


def checked_row(row: Mapping[str, Any]) -> Row:
    """A row of any file as this version has it, every known cell of the right type.

    What the file did not have gets its default; columns that are not known are kept. Raises
    ValueError for a missing column that a trial needs, or a cell of another type.
    """
    cells = [row[c.name] if c.name in row else empty_cell(c) for c in COLUMNS]
    known = zip(NAMES, msgspec.convert(cells, cells_type()), strict=True)
    return {**row, **dict(known)}


def empty_cell(column: Column) -> Any:
    """What stands for a column that a file lacks; ValueError where a trial needs it."""
    if column.needed:
        raise ValueError(f"it has no column {column.name}, without which a trial means nothing")
    return column.default


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Where the trials of a run are made, beside the kind of machine."""

    node: str | None = None
    """The machine's own name."""
    cpus: str | None = None
    """The CPUs that trials may run on: `0-3,8`."""
    job: str | None = None
    """The scheduler's name of the job; None outside of a cluster."""
    attempt: int | None = None
    """The how manieth attempt at its shard the trial belongs to."""
    cpu_model: str | None = None
    """The name of the machine's kind of CPU."""


UNKNOWN = Whereabouts()


def to_row(record: TrialRecord, host_id: str, where: Whereabouts = UNKNOWN) -> Row:
    """A trial as the schema's columns."""
    return dict(zip(NAMES, to_cells(record, host_id, where), strict=True))


def to_cells(record: TrialRecord, host_id: str, where: Whereabouts = UNKNOWN) -> tuple[Any, ...]:
    """The cells of a trial's row, in the order of the columns."""
    trial = record.trial
    made = (
        host_id,
        _sayable(trial.message),
        _sayable(record.disagreement),
        trial.output.digest if trial.output else None,
        [_phase(phase) for phase in trial.phases] if trial.phases else [],
        [_fields(s, _OF_SAMPLES) for s in trial.samples] if trial.samples else [],
        dict(trial.metrics) if trial.metrics else {},
        where.node,
        where.cpus,
        where.job,
        where.attempt,
        [_fields(rank, _OF_RANKS) for rank in trial.ranks] if trial.ranks else [],
        _rank_phases(trial) if trial.ranks else [],
        where.cpu_model,
    )
    cells: tuple[Any, ...] = _in_order(_read_direct(record) + made)
    return cells


def _phase(phase: Phase) -> dict[str, Any]:
    return {"path": _sayable(phase.path), "calls": phase.calls, "total_ns": phase.total_ns}


def _rank_phases(trial: Trial) -> list[dict[str, Any]]:
    """The phases of each rank, with its place among the ranks."""
    return [
        {"at": at, **_phase(phase)} for at, rank in enumerate(trial.ranks) for phase in rank.phases
    ]


def _ranks_of(row: Mapping[str, Any]) -> tuple[RankReport, ...]:
    phases: dict[int, list[Phase]] = {}
    for cell in row["rank_phases"]:
        phases.setdefault(cell["at"], []).append(
            Phase(cell["path"], cell["calls"], cell["total_ns"])
        )
    return tuple(
        RankReport(**rank, phases=tuple(phases.get(at, ()))) for at, rank in enumerate(row["ranks"])
    )


def _sayable(text: str) -> str:
    """A text that UTF-8 can hold: a lone surrogate becomes its escape."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


def from_row(row: Mapping[str, Any]) -> TrialRecord:
    """The inverse of `to_row`, but for the output, of which only the digest is kept."""
    skip = {"status", "phases", "samples", "ranks", "cpu_ns", "ok"}
    trial_fields = [f for f in Trial.__dataclass_fields__ if f not in {*skip, "output"}]
    trial = Trial(
        status=TrialStatus(row["status"]),
        phases=tuple(Phase(**phase) for phase in row["phases"]),
        samples=tuple(Sample(**sample) for sample in row["samples"]),
        ranks=_ranks_of(row) if row["ranks"] else (),
        **{name: row[name] for name in trial_fields},
    )
    record_fields = [f for f in TrialRecord.__dataclass_fields__ if f not in {"trial", "mode"}]
    return TrialRecord(
        trial=trial, mode=Mode(row["mode"]), **{name: row[name] for name in record_fields}
    )


def _fields(value: object, names: Sequence[str]) -> dict[str, Any]:
    return {name: getattr(value, name) for name in names}
