"""Programs of one source file: one with a `main`, or a script."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from harness.running.guessing import SUFFIXES
from harness.running.initial.found_program import FoundProgram
from harness.running.initial.frameworks_seen import framework_in, text_of

_MAIN = {
    "c": (r"^\s*(?:\w+\s+)?(?:int|void)\s+main\s*\(", "it has a main function"),
    "cpp": (r"^\s*(?:int|auto)\s+main\s*\(", "it has a main function"),
    "fortran": (r"(?i)^\s*program\s+\w+", "it has a main program"),
    "go": (r"^func\s+main\s*\(\)", "it has a main function"),
    "java": (r"\bstatic\s+void\s+main\s*\(", "its class has a main method"),
    "julia": (r"(?m)^(?!\s*#)[^\n]*\b(?:main|print(?:ln)?|@printf)\b", "it prints something"),
    "javascript": (r"\bconsole\.log\s*\(|process\.(?:argv|stdout)", "it prints something"),
    "lua": (r"\bprint\s*\(|io\.write\s*\(", "it prints something"),
    "ocaml": (r"\bprint_|\bPrintf\.printf\b|let\s+\(\)\s*=", "it prints something"),
    "python": (
        r"^if __name__ == ['\"]__main__['\"]:|^print\(|^\s*main\(\)\s*$"
        r"|^(?:raise SystemExit|sys\.exit)\("
        r"|^(?!def |class |#)\S[^\n]*(?:;\s*print|\.parse_args)\(",
        "it is a script",
    ),
    "rust": (r"^\s*(?:pub\s+)?fn\s+main\s*\(", "it has a main function"),
}
"""By adapter: what tells a program from a module, and how that is said."""

_BUILT_ELSEWHERE = {"c", "cpp", "fortran", "rust", "go"}
"""Languages whose sources are left to the project's build files, where there are any."""
_MEASURES = re.compile(r"(?i)bench|perf")
_NEVER = re.compile(r"^(setup|conftest|noxfile|__init__|runtests|test_.*|.*_test|tests?)$")


def programs_of_one_source(root: Path, files: list[str], *, built: bool) -> Iterator[FoundProgram]:
    """The programs among the files, which are named from the root.

    `built`: build files make some programs, and so most likely all in their languages.
    """
    has_packages = _packages(root)
    for name in files:
        path = Path(name)
        adapter = SUFFIXES.get(path.suffix)
        if adapter is None or _NEVER.match(path.stem) or (built and adapter in _BUILT_ELSEWHERE):
            continue
        pattern, why = _MAIN[adapter]
        text = text_of(root / name)
        runs = path.name == "__main__.py" or re.search(pattern, text, re.MULTILINE)
        if not runs or (adapter == "cpp" and framework_in(text)):
            continue
        if path.name == "__main__.py" and (root / name).with_name("__init__.py").is_file():
            yield _package(path)
            continue
        options: dict[str, object] = {"sources": [name]}
        if adapter == "julia" and (root / "Project.toml").is_file():
            options["project"] = "."
        if adapter == "python" and path.parent != Path() and has_packages:
            options["path"] = ["src"] if (root / "src").is_dir() else ["."]
        place = path.parent.as_posix()
        yield FoundProgram(path.stem, adapter, options, f"{name}: {why}.", place)


def shell_scripts(root: Path, files: list[str], *, alone: bool) -> Iterator[FoundProgram]:
    """Executable files with a first line `#!`: those named after benchmarks, or all where `alone`.

    Only the former are tried: a script of a shell may as well install, release or delete something.
    """
    for name in files:
        path, text = Path(name), text_of(root / name)
        measures = _MEASURES.search(path.stem) is not None
        if (
            path.suffix in ("", ".sh", ".bash", ".zsh")
            and text.startswith("#!")
            and os.access(root / name, os.X_OK)
            and (measures or (alone and not _NEVER.match(path.stem)))
        ):
            reason = f"{name}: it is a script of {text.splitlines()[0].removeprefix('#!').strip()}."
            options = {"program": name if "/" in name else f"./{name}"}
            why = "" if measures else "a script may do anything, so it was not run to try it."
            place = path.parent.as_posix()
            yield FoundProgram(path.stem, "command", options, reason, place, why)


def _package(path: Path) -> FoundProgram:
    """A Python package that `python -m` runs, whose `__main__.py` is at `path`."""
    parts = path.parent.parts
    top, inside = ("src", parts[1:]) if parts[0] == "src" and len(parts) > 1 else (".", parts)
    options = {"module": ".".join(inside), "path": [top]}
    reason = f"{path.as_posix()}: `python -m {options['module']}` runs it."
    return FoundProgram(inside[-1], "python", options, reason, path.parent.as_posix())


def _packages(root: Path) -> bool:
    """Has the project Python packages that its scripts may import?"""
    return any(root.glob("src/*/__init__.py")) or any(root.glob("*/__init__.py"))
