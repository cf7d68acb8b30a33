"""One exporter behind a typed facade, and the choice of one by a file's suffix."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, ClassVar

from harness.errors import AdapterError, PluginFailed, UsageError
from harness.hookspecs import ExporterSpec
from harness.model import Run, TrialRecord
from harness.plugins.found import Problem, has_ours, say
from harness.plugins.single import SinglePlugin

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint


class Exporter(SinglePlugin):
    """One exporter's hooks as ordinary typed methods."""

    KIND: ClassVar = "exporter"
    GROUP: ClassVar = "harness.exporters"
    SPEC: ClassVar = ExporterSpec
    REQUIRED: ClassVar = ("harness_suffix", "harness_export")

    def suffix(self) -> str:
        """The ending of the files or folders that it writes, in small letters: `.csv`."""
        found = self._declared_suffix().removesuffix("/")
        if not found.startswith(".") or "/" in found:
            raise PluginFailed(
                f"exporter {self.name!r}: want a suffix such as '.csv', got {found!r}"
            )
        return found.lower()

    def writes_folder(self) -> bool:
        """Does it write a folder of files, and no file?"""
        return self._declared_suffix().endswith("/")

    def _declared_suffix(self) -> str:
        found: str = self._required("harness_suffix", str)
        return found

    def export(
        self,
        run: Run,
        failures: Mapping[tuple[str, str, str], str],
        trials: Iterable[TrialRecord] = (),
        present: Callable[[str], bytes | None] = lambda _: None,
    ) -> str | bytes | Mapping[str, str | bytes]:
        """The run in this format; `failures` says, by task, case and target, what went wrong."""
        found: str | bytes | Mapping[str, str | bytes] = self._required(
            "harness_export",
            (str, bytes, Mapping),
            run=run,
            failures=failures,
            trials=trials,
            present=present,
        )
        if isinstance(found, Mapping) is not self.writes_folder():
            raise PluginFailed(
                f"exporter {self.name!r}: want a mapping of paths from one whose suffix ends with"
                f" '/', and from no other; got {type(found).__name__}"
            )
        if isinstance(found, Mapping):
            self._check_names(found)
        return found

    def _check_names(self, files: Mapping[str, str | bytes]) -> None:
        """PluginFailed for a file that would not lie in the folder which is exported to."""
        for name, content in files.items():
            parts = PurePosixPath(name).parts
            if not parts or name.startswith("/") or ".." in parts:
                raise PluginFailed(f"exporter {self.name!r}: no path within a folder: {name!r}")
            if not isinstance(content, (str, bytes)):
                raise PluginFailed(
                    f"exporter {self.name!r}: {name} is {type(content).__name__}, want str or bytes"
                )

    @classmethod
    def for_file(cls, path: Path, found: Iterable[EntryPoint] | None = None) -> Exporter:
        """The exporter for a file's suffix: ours, else the only one of a third party.

        Third parties are loaded where the suffix is none of ours; one that does not serve is named
        and passed over. Raises UsageError where none writes it, AdapterError where several do.
        """
        points = None if found is None else [*found]
        claims = sorted(cls._claims(points).items())
        suffixes: dict[str, list[Exporter]] = {}
        for ours in (True, False):
            for name in (name for name, claimed in claims if has_ours(claimed) is ours):
                for suffix, exporter in cls._serving(name, points):
                    suffixes.setdefault(suffix, []).append(exporter)
            if path.suffix.lower() in suffixes:
                return _only(path, suffixes[path.suffix.lower()])
        raise UsageError(
            f"no exporter writes {path.suffix or 'a file without a suffix'}: {path};"
            f" there are {', '.join(sorted(suffixes))}",
            hint="`format` names the one to use.",
        )

    @classmethod
    def _serving(cls, name: str, points: Sequence[EntryPoint] | None) -> list[tuple[str, Exporter]]:
        """An exporter with its suffix; nothing, and said, where it does not serve."""
        try:
            exporter = cls.find(name, points)
            return [(exporter.suffix(), exporter)]
        except (AdapterError, PluginFailed) as problem:
            say(Problem(name, "", problem.message, problem.hint))
            return []


def _only(path: Path, exporters: Sequence[Exporter]) -> Exporter:
    if len(exporters) > 1:
        names = " and ".join(exporter.name for exporter in exporters)
        raise AdapterError(
            f"several installed exporters write {path.suffix}: {names}",
            hint=f"`format={exporters[0].name!r}` says which one to use.",
        )
    return exporters[0]
