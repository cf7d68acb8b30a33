"""The blocks of a run in little memory: a trial that ended as most do is kept as its numbers."""

from __future__ import annotations

import struct
import zlib
from array import array
from collections.abc import Iterable, Iterator, Sequence
from operator import attrgetter
from typing import overload

from harness.analysis.disturbances import is_disturbed
from harness.analysis.numbers_seen import NumbersSeen
from harness.analysis.schedule import Block
from harness.model import Trial, TrialRecord

_LONG, _SHORT = -(2**63), -(2**31)
"""What stands for a number that is not known."""

_ROW = struct.Struct("=6q8iqi")
_numbers_of = attrgetter(
    *("started_at_ns", "trial.wall_ns", "trial.user_ns", "trial.sys_ns", "trial.max_rss_bytes"),
    "trial.steal_ns",
    *("block", "position", "trial.voluntary_switches", "trial.involuntary_switches"),
    *("trial.minor_faults", "trial.major_faults", "trial.left_behind", "trial.pad_bytes"),
)
"""All of a row but its last two, which may not be known: `pressure_ns` and `threads`."""
_alike_of = attrgetter(
    *("target", "build_digest", "run_id", "output_ok", "disturbed", "disagreement", "warmup"),
    *("task", "case", "adapter", "language", "mode"),
    *("trial.exit_code", "trial.signal", "trial.max_rss_is_floor", "trial.message"),
    *("trial.layout", "trial.ready_ns", "trial.handshake_ns"),
)
"""All else that tells one trial from another, but for what only trials that are kept whole have."""

_MOST_KINDS = 4096
_PART = 1024
"""So many rows are squeezed at once, which takes a millisecond."""


def note_span(spans: dict[str, tuple[int, int]], record: TrialRecord) -> None:
    """Take a trial into the time that its run's trials took, from the first to the last one."""
    begun, ended = record.started_at_ns, record.started_at_ns + record.trial.wall_ns
    first, last = spans.get(record.run_id, (begun, ended))
    spans[record.run_id] = min(first, begun), max(last, ended)


class KeptBlocks(Sequence[Block]):
    """Blocks that can be added to; each is made again when it is asked for.

    A trial takes some 30 bytes, and 1.2 kB as a value. Trials that failed, and those with samples,
    phases, metrics or ranks, are kept as they are: those take long, so that there are few of them.
    What a trial computed is not kept here: only its digest is, in the store.
    """

    def __init__(self, blocks: Iterable[Block] = ()) -> None:
        self._rows = _Rows()
        self._kinds = array("H")
        """Which of `_first_of` each trial is like."""
        self._begins = array("q", [0])
        """The first trial of each block, and after the last one their number."""
        self._first_of: list[TrialRecord] = []
        self._kind_of: dict[tuple[object, ...], int] = {}
        self._latest_alike: tuple[object, ...] = ()
        self._latest_kind = -1
        self._whole: dict[int, TrialRecord] = {}
        self._draws: dict[int, str] = {}
        self._latest: Block | None = None
        self.spans: dict[str, tuple[int, int]] = {}
        """When the first trial of each run began, and the last one to end ended; by its run."""
        self.disturbed = NumbersSeen()
        """The numbers of the blocks in which a trial was kept from a CPU."""
        for block in blocks:
            self.append(block)

    def append(self, block: Block) -> None:
        """Take in the next block."""
        for records in block.values():
            for record in records:
                self._add(record)
                if is_disturbed(record):
                    self.disturbed.add(record.block)
        self._begins.append(len(self._kinds))
        self._latest = block

    def _add(self, record: TrialRecord) -> None:
        at, trial = len(self._kinds), record.trial
        note_span(self.spans, record)
        kind = 0
        plain = trial.ok and not (trial.samples or trial.phases or trial.metrics or trial.ranks)
        if plain:
            kind = self._kind(record)
            plain = kind >= 0
        row = _row(record) if plain else None
        if row is None:
            self._whole[at] = record
        elif record.draw:
            self._draws[at] = record.draw
        self._rows.append(row or bytes(_ROW.size))
        self._kinds.append(max(kind, 0))

    def _kind(self, record: TrialRecord) -> int:
        """The number of the trials that it is like but for its numbers; -1 where there are many."""
        alike = _alike_of(record)
        if alike == self._latest_alike:  # as most are; to hash it takes ten times as long
            return self._latest_kind
        kind = self._kind_of.get(alike, -1)
        if kind < 0 and len(self._first_of) < _MOST_KINDS:
            kind = self._kind_of[alike] = len(self._first_of)
            self._first_of.append(record)
        self._latest_alike, self._latest_kind = alike, kind
        return kind

    def __len__(self) -> int:
        return len(self._begins) - 1

    @overload
    def __getitem__(self, at: int) -> Block: ...
    @overload
    def __getitem__(self, at: slice) -> list[Block]: ...
    def __getitem__(self, at: int | slice) -> Block | list[Block]:
        if isinstance(at, slice):
            return [self[n] for n in range(*at.indices(len(self)))]
        at = range(len(self))[at]
        if at == len(self) - 1 and self._latest is not None:
            return self._latest
        block: Block = {}
        for number in range(self._begins[at], self._begins[at + 1]):
            record = self._record(number)
            block.setdefault(record.target, []).append(record)
        return block

    def of(self, target: str) -> Iterator[TrialRecord]:
        """The trials of one target, one at a time."""
        for at, kind in enumerate(self._kinds):
            whole = self._whole.get(at)
            like = whole if whole is not None else self._first_of[kind]
            if like.target == target:
                yield self._record(at)

    def _record(self, at: int) -> TrialRecord:
        whole = self._whole.get(at)
        if whole is not None:
            return whole
        row = _ROW.unpack(self._rows[at])
        return _made(self._first_of[self._kinds[at]], row, self._draws.get(at, ""))


class _Rows:
    """Rows of numbers, which are squeezed once there are enough of them; read one after the other.

    Most bytes of a number are those of the rows before: all first bytes are put together, then all
    second ones, and so on (as Blosc's shuffle does), and zlib makes little of them.
    """

    def __init__(self) -> None:
        self._squeezed: list[bytes] = []
        self._latest = bytearray()
        self._read = -1, b""
        """The place of the part that was read last, and its rows."""

    def append(self, row: bytes) -> None:
        """Take in the next row."""
        self._latest += row
        if len(self._latest) == _PART * _ROW.size:
            columns = b"".join(self._latest[at :: _ROW.size] for at in range(_ROW.size))
            self._squeezed.append(zlib.compress(columns, 1))
            self._latest.clear()

    def __getitem__(self, at: int) -> bytes:
        part, place = divmod(at, _PART)
        rows = self._latest if part == len(self._squeezed) else self._part(part)
        return bytes(rows[place * _ROW.size : (place + 1) * _ROW.size])

    def _part(self, part: int) -> bytes:
        if self._read[0] != part:
            columns = zlib.decompress(self._squeezed[part])
            rows = bytearray(len(columns))
            for at in range(_ROW.size):
                rows[at :: _ROW.size] = columns[at * _PART : (at + 1) * _PART]
            self._read = part, bytes(rows)
        return self._read[1]


class BlocksOf(Sequence[Block]):
    """Blocks as they are for some targets; each is cut when it is asked for."""

    def __init__(self, targets: Sequence[str], blocks: Sequence[Block]) -> None:
        self._targets = targets
        self._blocks = blocks

    def __len__(self) -> int:
        return len(self._blocks)

    @overload
    def __getitem__(self, at: int) -> Block: ...
    @overload
    def __getitem__(self, at: slice) -> list[Block]: ...
    def __getitem__(self, at: int | slice) -> Block | list[Block]:
        if isinstance(at, slice):
            return [self[n] for n in range(*at.indices(len(self)))]
        block = self._blocks[at]
        return {name: block[name] for name in self._targets if name in block}


def _row(record: TrialRecord) -> bytes | None:
    """A trial's numbers; None where one is too large to be kept so."""
    pressure, threads = record.trial.pressure_ns, record.trial.threads
    try:
        return _ROW.pack(
            *_numbers_of(record),
            _LONG if pressure is None else pressure,
            _SHORT if threads is None else threads,
        )
    except struct.error:
        return None


def _made(like: TrialRecord, row: tuple[int, ...], draw: str) -> TrialRecord:
    """A trial like another one, with numbers of its own."""
    started, wall, user, system, rss, steal, *rest = row
    block, position, gave, taken, minor, major, left, pad, pressure, threads = rest
    trial = Trial(
        status=like.trial.status,
        wall_ns=wall,
        user_ns=user,
        sys_ns=system,
        max_rss_bytes=rss,
        max_rss_is_floor=like.trial.max_rss_is_floor,
        exit_code=like.trial.exit_code,
        signal=like.trial.signal,
        message=like.trial.message,
        voluntary_switches=gave,
        involuntary_switches=taken,
        minor_faults=minor,
        major_faults=major,
        steal_ns=steal,
        pressure_ns=None if pressure == _LONG else pressure,
        left_behind=left,
        threads=None if threads == _SHORT else threads,
        pad_bytes=pad,
        layout=like.trial.layout,
        ready_ns=like.trial.ready_ns,
        handshake_ns=like.trial.handshake_ns,
    )
    return TrialRecord(
        run_id=like.run_id,
        task=like.task,
        case=like.case,
        target=like.target,
        adapter=like.adapter,
        language=like.language,
        build_digest=like.build_digest,
        mode=like.mode,
        block=block,
        position=position,
        warmup=like.warmup,
        started_at_ns=started,
        trial=trial,
        output_ok=like.output_ok,
        disturbed=like.disturbed,
        disagreement=like.disagreement,
        draw=draw,
    )
