"""Variants put together: merged in their order, built, and checked for output."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import field as listed
from dataclasses import replace

from harness.errors import HarnessError, StorageFailed
from harness.frozen import dataclass
from harness.model import Output
from harness.model.draws import Seeds
from harness.running import Cell
from harness.running.cells import LONG_CHECK_NS
from harness.running.further_draws import BothSides, check_case, check_further
from harness.running.session import Session
from harness.running.variants import Field, Variant, VariantKind, field_of, variant_label
from harness.system.git.three_way import ADDS_NOTHING, Merging

_LONG = 60
"""Letters of a name that has room for all parts."""


@dataclass(frozen=True, slots=True)
class Union:
    """Variants that are one commit, and the cell that runs it."""

    commit: str
    parts: tuple[str, ...]
    """By the names of their cells, in the order in which they were merged."""
    cell: Cell

    @property
    def name(self) -> str:
        return self.cell.name


@dataclass(slots=True)
class Unions:
    """Makes unions of the variants of a field."""

    session: Session
    field: Field
    merges: Merging
    stack: ExitStack
    """Private copies last as long as it does."""
    seeds: Seeds
    apart: dict[str, str] = listed(default_factory=dict)
    """Those that gain and do not go with the others, and why."""
    contained: dict[str, None] = listed(default_factory=dict)
    """Those of them that the others have all of: nothing is left of them to be tried."""
    clashes: list[frozenset[str]] = listed(default_factory=list)
    """Those that are wrong together, or do not build."""

    def short(self, name: str) -> str:
        """A variant as it was named."""
        return name.removeprefix(variant_label(self.field.reference.name, ""))

    def joined(
        self, union: Union | None, names: Sequence[str], *, thoroughly: bool = False
    ) -> Union | None:
        """The union with further variants, without those that do not go with it; None: with none.

        `thoroughly` has each of them checked on further draws, too.
        """
        whole = None if thoroughly else self._merged(union, names)
        if isinstance(whole, Union):
            return whole
        for name in names:
            more = self._merged(union, [name], thoroughly)
            if isinstance(more, Union):
                union = more
            elif more:
                self.part(union, name, more)
        return union

    def part(self, union: Union | None, name: str, why: str) -> None:
        """Note that a variant is wrong upon a union, or by itself, and how."""
        self.apart[name] = f"{self._with(union)}: {why}"
        self.clashes.append(frozenset((*(union.parts if union else ()), name)))

    def is_wrong(self, name: str) -> bool:
        """Is a variant wrong by itself, as was seen when it was put together?"""
        return frozenset((name,)) in self.clashes

    def go_together(self, union: Union, name: str) -> bool:
        """Can a variant be right on top of a union, as far as is known?"""
        parts = {*union.parts, name}
        return not any(name in each and each <= parts for each in self.clashes)

    def _with(self, union: Union | None) -> str:
        return f"together with {self.short(union.name)}" if union is not None else "by itself"

    def _merged(
        self, union: Union | None, names: Sequence[str], thoroughly: bool = False
    ) -> Union | str:
        """The union with further variants; why it cannot run, or is wrong, as text.

        Those that do not merge are left out; where that are all, the text is empty.
        """
        commit = self.field.base if union is None else union.commit
        parts = () if union is None else union.parts
        for name in names:
            label = self._label((*parts, name))
            made, why = self.merges.merged(commit, self.field.commits[name], f"harness: {label}")
            if made:
                commit, parts = made, (*parts, name)
            else:
                self._leave_out(name, parts, why)
        if parts == (() if union is None else union.parts):
            return ""
        return self._made(commit, parts, thoroughly)

    def _leave_out(self, name: str, parts: Sequence[str], why: str) -> None:
        """Note why one goes with these parts no further; the first reason stands."""
        if why == ADDS_NOTHING and parts:
            self.contained[name] = None
            why = f"{self._label(parts)} has all of it"
        else:
            why = f"{self._with_parts(parts)}: {why}"
        self.apart.setdefault(name, why)

    def _with_parts(self, parts: Sequence[str]) -> str:
        return f"does not merge with {self._label(parts)}" if parts else "does not merge"

    def _label(self, parts: Sequence[str]) -> str:
        """The name of a union, by its parts."""
        names = [self.short(name) for name in parts]
        whole = " + ".join(names)
        return whole if len(whole) <= _LONG else f"{names[0]} + {len(names) - 1} others"

    def _made(self, commit: str, parts: tuple[str, ...], thoroughly: bool) -> Union | str:
        """The union of merged variants, built; why it cannot run, or is wrong, as text."""
        if len(parts) == 1 and not thoroughly:  # it has run, and was right
            cell = next(cell for cell in self.field.variants if cell.name == parts[0])
            return Union(commit, parts, cell)
        variant = Variant(self._label(parts), VariantKind.MERGED, commit)
        with self.session.orchestrator.telling.part("putting variants together"):
            return self._built_together(variant, parts, thoroughly)

    def _built_together(
        self, variant: Variant, parts: tuple[str, ...], thoroughly: bool
    ) -> Union | str:
        """The union that a variant has, built and checked."""
        field = self.stack.enter_context(self._field([variant], self.field.base))
        if field.unmade:
            return f"it does not build: {field.unmade[0].failure.message}"
        if not field.variants:
            return "it builds to the same bytes as the code as it is now"
        (cell,) = field.variants
        wrong = self._wrong(cell, thoroughly)
        return wrong or Union(variant.value, parts, cell)

    def _wrong(self, cell: Cell, thoroughly: bool) -> str:
        """What is wrong with the output of a union; empty: nothing is seen."""
        try:
            both = BothSides.of(self.session, self.field.reference, cell)
            found = check_case(self.session, both, cell.case)
            if found.ok and thoroughly:
                found = check_further(self.session, both, cell.case, self.seeds).wrong or found
        except StorageFailed:
            raise
        except HarnessError as problem:
            return problem.message
        return "" if found.ok else f"its output is wrong: {found.summary}"

    @contextmanager
    def _field(self, variants: Sequence[Variant], base: str, label: str = "") -> Iterator[Field]:
        reference = self.field.reference
        work = (reference.target.name, reference.case.name)
        with field_of(self.session, work, variants, base, label) as field:
            yield in_time(field, self.field.longest_ns)

    @contextmanager
    def upon(self, union: Union, names: Sequence[str]) -> Iterator[Field]:
        """A field in which variants run on top of a union; without those that do not merge."""
        made = [
            Variant(self.short(name), VariantKind.MERGED, commit)
            for name, commit in self.commits_upon(union, names).items()
        ]
        with self._field(made, union.commit, union.name) as field:
            yield field

    @contextmanager
    def unchecked(self, field: Field, run_ns: float) -> Iterator[Field]:
        """A field whose variants are not run for their output before they are timed, where such
        runs would be long: each of their trials is held against what the reference says.

        `run_ns`: about how long a run takes.
        """
        if len(field.variants) * run_ns < LONG_CHECK_NS:
            yield field
            return
        with self.first_output(field.reference) as first:
            variants = (replace(cell, first=first) for cell in field.variants)
            yield replace(field, variants=tuple(variants))

    @contextmanager
    def first_output(self, reference: Cell) -> Iterator[Output]:
        """What a reference computes, to stand for the first outputs of others; gone afterwards."""
        orchestrator = self.session.orchestrator
        adapter, build = orchestrator.build(reference.target)
        first = orchestrator.check(adapter, build, reference.task, reference.case)
        try:
            yield first
        finally:
            orchestrator.runner.discard(first)

    @contextmanager
    def built(self, commits: Mapping[str, str], base: str) -> Iterator[Field]:
        """A field of commits by their names, over the commit `base`."""
        made = [Variant(name, VariantKind.MERGED, commit) for name, commit in commits.items()]
        with self._field(made, base) as field:
            yield field

    def commits_upon(self, union: Union, names: Sequence[str]) -> Mapping[str, str]:
        """What has each of some variants on top of a union, where that can be had."""
        found = {}
        for name in names:
            message = f"harness: {self.short(name)} on top of {self.short(union.name)}"
            made, why = self.merges.merged(union.commit, self.field.commits[name], message)
            if made:
                found[name] = made
            else:
                self._leave_out(name, union.parts, why)
        return found


def in_time(field: Field, longest_ns: int | None) -> Field:
    """The field, a trial of whose variants may take as long, or less where their target says so."""
    if longest_ns is None:
        return field
    targets = [c.target for c in field.variants]
    limited = [replace(t, timeout_ns=min(t.timeout_ns, longest_ns)) for t in targets]
    cells = (replace(c, target=t) for c, t in zip(field.variants, limited, strict=True))
    return replace(field, variants=tuple(cells), longest_ns=longest_ns)
