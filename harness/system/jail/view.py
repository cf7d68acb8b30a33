"""What of the machine a command is shown: system, toolchain, its own build and sources."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from harness.frozen import dataclass
from harness.model import Command, Target
from harness.model.jails import JailTerms
from harness.on_demand import pattern
from harness.system.jail.grounds import GIT, Grounds
from harness.system.process.places import expanded

SYSTEM = (
    *("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/opt"),
    *("/nix/store", "/gnu/store", "/sys/devices/system", "/etc/alternatives", "/etc/OpenCL"),
)
"""Folders of the system that every program may read; each makes a jail some microseconds dearer."""

OF_TOOLS = ("/etc/ld.so.conf.d", "/etc/ssl/certs", "/etc/fonts", "/sys/kernel/mm")
"""Those that compilers and setup commands may read besides."""

SYSTEM_FILES = (
    *("passwd", "group", "hosts", "nsswitch.conf", "ld.so.cache", "ld.so.conf", "localtime"),
    *("timezone", "os-release", "gai.conf", "protocols", "services", "ssl/openssl.cnf"),
)
"""Files below /etc that programs look into; those that say how to reach others are not among
them."""

DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")

_BETWEEN = pattern("[:=,;]")
"""What stands between paths in one word."""
_MOST_LETTERS = 8
"""As many of these may be letters of one path."""
_WORD = pattern(r"[^\s\"'`$(){}|&<>]+")
_SCRIPT_BYTES = 4096
_BIN = ("bin", "sbin")


@dataclass(frozen=True, slots=True)
class View:
    """What there is in a jail, by real paths; everything else is not there."""

    read: tuple[Path, ...] = ()
    write: tuple[Path, ...] = ()
    devices: tuple[Path, ...] = ()
    copies: tuple[Path, ...] = ()
    """Small files that are shown as they were when the jail was made."""
    links: tuple[tuple[Path, str], ...] = ()
    """Symbolic links, and where each leads."""
    hidden: tuple[Path, ...] = ()
    network: bool = False
    counters: bool = False
    """May the kernel's performance counters be used?"""


@dataclass(slots=True)
class _Shown:
    """Paths as they are found, links on the way included."""

    paths: list[Path]
    links: dict[Path, str]

    def add(self, path: Path) -> None:
        """Show a path by its real name, with all links that lead there."""
        done, waiting, budget = Path("/"), list(path.parts[1:]), 40
        while waiting:
            name = waiting.pop(0)
            if name == "..":
                done = done.parent
                continue
            here = done / name
            try:
                to = os.readlink(here)  # noqa: PTH115
            except OSError:
                done = here
                continue
            self.links[here] = to
            budget -= 1
            if budget < 0:
                return  # it leads round in a circle
            if to.startswith("/"):
                done = Path("/")
            waiting[:0] = [part for part in Path(to).parts if part != "/"]
        if done not in self.paths and os.path.lexists(done):
            self.paths.append(done)


def view_of_command(command: Command, program: Path, grounds: Grounds) -> View:
    """What a target's command sees, whose `program` was found."""
    target = command.target
    terms = target.jail if target else JailTerms()
    named = (*command.argv[1:], *command.env.values())
    read = [*_program(program, grounds), *_named_in(named, grounds), *command.reads]
    if target is not None and not _is_built(program, grounds):
        read += [target.root, *(p for p in target.sources if not _is_below(p, target.root))]
    own = [command.profile] if command.profile else []
    view = _view(read, own, terms, target.root if target else None, grounds)
    return replace(view, counters=command.profile is not None)


@dataclass(frozen=True, slots=True)
class Tool:
    """A compiler, a setup command or another tool that is called for a target."""

    program: Path
    """Where it was found."""
    words: tuple[str, ...]
    """Its arguments and the values in its environment: what they name it may read."""
    target: Target
    own: tuple[Path, ...]
    """The folders that it may write to."""


def view_of_tool(tool: Tool, grounds: Grounds) -> View:
    """What a tool sees: the target's sources, what it names, and the folders of its own."""
    target = tool.target
    read = [*_program(tool.program, grounds), *_named_in(tool.words, grounds), target.root]
    read += map(Path, OF_TOOLS)
    read += [p for p in (*target.sources, *target.build_inputs) if not _is_below(p, target.root)]
    return _view(read, tool.own, target.jail, target.root, grounds)


def _view(
    read: Iterable[Path],
    write: Iterable[Path],
    terms: JailTerms,
    root: Path | None,
    grounds: Grounds,
) -> View:
    base = root or Path("/")
    shown, writable = _Shown([], {}), _Shown([], {})
    for path in (*map(Path, SYSTEM), *read, *(_told(word, base) for word in terms.read)):
        shown.add(path)
    for path in (*write, *(_told(word, base) for word in terms.write)):
        writable.add(path)
    devices = _Shown([], {})
    for path in (*map(Path, DEVICES), *(_told(word, base) for word in terms.devices)):
        devices.add(path)
    links = {**shown.links, **writable.links, **devices.links}
    trees = [path for path in (root, root.resolve()) if path] if root else []
    told = {_told(word, base) for word in (*terms.read, *terms.write)}
    hidden = dict.fromkeys(
        place
        for tree in trees
        for name in grounds.hidden
        if (place := tree / name) not in told or name != GIT
    )
    return View(
        read=tuple(shown.paths),
        write=tuple(writable.paths),
        devices=tuple(devices.paths),
        copies=tuple(Path("/etc") / name for name in SYSTEM_FILES),
        links=tuple(sorted(links.items())),
        hidden=tuple(hidden),
        network=terms.network,
    )


def _told(word: str, base: Path) -> Path:
    return Path(os.path.normpath(base / expanded(word)))


def _is_below(path: Path, folder: Path) -> bool:
    return path == folder or folder in path.parents


def _is_built(program: Path, grounds: Grounds) -> bool:
    """Was the program compiled for its target? Then it needs no sources."""
    return grounds.builds is not None and _is_below(program, grounds.builds)


def _program(program: Path, grounds: Grounds) -> Iterator[Path]:
    """The program with what was installed beside it, wherever links to it lead."""
    if _is_built(program, grounds):
        yield program.parent
        return
    at = program
    for _ in range(40):
        prefix = at.parent.parent if at.parent.name in _BIN else at.parent
        yield next((p for p in (prefix, at.parent) if grounds.is_narrow(p)), at)
        if not at.is_symlink():
            yield from _wrapped(at, grounds)
            return
        at = Path(os.path.normpath(at.parent / at.readlink()))


def _wrapped(script: Path, grounds: Grounds) -> Iterator[Path]:
    """What a small script names, such as one that sets paths and starts the real program."""
    try:
        with script.open("rb") as file:
            text = file.read(_SCRIPT_BYTES + 1)
    except OSError:
        return
    if not text.startswith(b"#!") or len(text) > _SCRIPT_BYTES:
        return
    for path in _named_in(_WORD.findall(os.fsdecode(text)), grounds):
        prefix = path.parent.parent
        program = path.parent.name in _BIN and path.is_file()
        yield prefix if program and grounds.is_narrow(prefix) else path


def may_name_a_path(word: str) -> bool:
    """Can a command's word name a whole path? What it is shown rests on no other word."""
    return "/" in word


def _named_in(words: Iterable[str], grounds: Grounds) -> Iterator[Path]:
    """The files and folders that a command names by their whole path."""
    for word in filter(may_name_a_path, words):
        for path in _paths_in(word):
            if grounds.is_narrow(path) and not grounds.is_hidden(path):
                yield path


def _paths_in(word: str) -> Iterator[Path]:
    """The paths in a word, such as -I/usr/include/x or /a:/b, that are there: of those that begin
    at one place the longest, since what stands between paths may be a letter of a folder's name."""
    ends = [*(mark.start() for mark in _BETWEEN.finditer(word)), len(word)]
    for start in (0, *(end + 1 for end in ends[:-1])):
        slash = word.find("/", start)
        first = next((n for n, end in enumerate(ends) if end >= start), 0)
        if not word.startswith(("/", "-"), start) or not start <= slash < ends[first]:
            continue
        for end in reversed(ends[first : first + _MOST_LETTERS + 1]):
            path = Path(os.path.normpath(word[slash:end]))
            if os.path.lexists(path):
                yield path
                break
