"""One exporter behind a typed facade, and the choice of one by a file's suffix."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import ClassVar

from harness.errors import AdapterError, PluginFailed, UsageError
from harness.hookspecs import ExporterSpec
from harness.model import Run, TrialRecord
from harness.plugins.found import Problem, say
from harness.plugins.single import SinglePlugin


class Exporter(SinglePlugin):
    """One exporter's hooks as ordinary typed methods."""

    KIND: ClassVar = "exporter"
    GROUP: ClassVar = "harness.exporters"
    SPEC: ClassVar = ExporterSpec
    REQUIRED: ClassVar = ("harness_suffix", "harness_export")

    def suffix(self) -> str:
        """The ending of the files that it writes, in small letters: `.csv`."""
        found: str = self._required("harness_suffix", str)
        if not found.startswith(".") or "/" in found:
            raise PluginFailed(
                f"exporter {self.name!r}: want a suffix such as '.csv', got {found!r}"
            )
        return found.lower()

    def export(
        self,
        run: Run,
        failures: Mapping[tuple[str, str, str], str],
        trials: Iterable[TrialRecord] = (),
    ) -> str | bytes:
        """The run in this format; `failures` says, by task, case and target, what went wrong."""
        found: str | bytes = self._required(
            "harness_export", (str, bytes), run=run, failures=failures, trials=trials
        )
        return found

    @classmethod
    def for_file(cls, path: Path, found: Iterable[EntryPoint] | None = None) -> Exporter:
        """The exporter for a file's suffix; one that does not serve is named and passed over."""
        points = None if found is None else [*found]
        suffixes: dict[str, Exporter] = {}
        for name in sorted(cls._claims(points)):
            try:
                exporter = cls.find(name, points)
                suffixes.setdefault(exporter.suffix(), exporter)
            except (AdapterError, PluginFailed) as problem:
                say(Problem(name, "", problem.message, problem.hint))
        if path.suffix.lower() not in suffixes:
            raise UsageError(
                f"no exporter writes {path.suffix or 'a file without a suffix'}: {path};"
                f" there are {', '.join(sorted(suffixes))}",
                hint="--export-format NAME says which one to use.",
            )
        return suffixes[path.suffix.lower()]
