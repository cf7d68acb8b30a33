"""Writes a run's report to a file, in the format of an exporter."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from harness.frozen import dataclass
from harness.model import TrialRecord
from harness.plugins import Exporter
from harness.running.reports import Report
from harness.system.store.files import storage_errors, write_atomically
from harness.system.store.run_file import read_run
from harness.system.store.runs import stored_records


@dataclass(frozen=True, slots=True)
class Export:
    """A file to be written once the run is over, and the exporter that writes it."""

    path: Path
    exporter: Exporter

    @classmethod
    def of(cls, path: Path, name: str | None) -> Export:
        """Find the exporter by its name, or by the file's suffix; UsageError where neither serves.

        Asked before anything is measured: a run is not lost to a misspelt name.
        """
        return cls(path, Exporter.find(name) if name else Exporter.for_file(path))

    def write(self, report: Report) -> None:
        """Write the whole file at once, or leave what was there."""
        content = exported(self.exporter, report)
        if isinstance(content, str):
            content = (content.rstrip("\n") + "\n").encode()
        with storage_errors(self.path):
            write_atomically(self.path, content)


@dataclass(frozen=True, slots=True)
class StoredTrials:
    """The trials of a stored run, read anew whenever they are asked for."""

    folder: Path

    def __iter__(self) -> Iterator[TrialRecord]:
        return (record for _, record in stored_records(read_run(self.folder)))


def exported(exporter: Exporter, report: Report) -> str | bytes:
    """The report in the exporter's format."""
    failures = {key: failure.words for key, failure in report.failures.items()}
    return exporter.export(report.run, failures, StoredTrials(report.folder))
