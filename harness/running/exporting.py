"""Writes a run's report to a file, in the format of an exporter."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from harness.errors import UsageError
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
        exporter = Exporter.find(name) if name else Exporter.for_file(path)
        if path.exists() and path.is_dir() is not exporter.writes_folder():
            is_one = "a folder" if path.is_dir() else "a file"
            wanted = "folders" if exporter.writes_folder() else "files"
            raise UsageError(
                f"{path} is {is_one}, and {exporter.name} writes {wanted}",
                hint="Choose another name.",
            )
        return cls(path, exporter)

    def write(self, report: Report) -> None:
        """Write each file at once, or leave what was there."""
        content = exported(self.exporter, report, self._present)
        with storage_errors(self.path):
            if not isinstance(content, Mapping):
                write_atomically(self.path, _as_bytes(content))
                return
            for name, part in content.items():
                path = self.path / name
                path.parent.mkdir(parents=True, exist_ok=True)
                write_atomically(path, _as_bytes(part))

    def _present(self, name: str) -> bytes | None:
        """A file of the folder that is exported to, as it is."""
        path = self.path / name
        if not path.is_file():
            return None
        with storage_errors(path):
            if path.stat().st_size > _MOST_BYTES:
                raise UsageError(f"{path} is larger than {_MOST_BYTES:,} bytes: no exporter's")
            return path.read_bytes()


_MOST_BYTES = 64 * 2**20


def _as_bytes(content: str | bytes) -> bytes:
    return (content.rstrip("\n") + "\n").encode() if isinstance(content, str) else content


@dataclass(frozen=True, slots=True)
class StoredTrials:
    """The trials of a stored run, read anew whenever they are asked for."""

    folder: Path

    def __iter__(self) -> Iterator[TrialRecord]:
        return (record for _, record in stored_records(read_run(self.folder)))


def exported(
    exporter: Exporter,
    report: Report,
    present: Callable[[str], bytes | None] = lambda _: None,
) -> str | bytes | Mapping[str, str | bytes]:
    """The report in the exporter's format."""
    failures = {key: failure.words for key, failure in report.failures.items()}
    return exporter.export(report.run, failures, StoredTrials(report.folder), present)
