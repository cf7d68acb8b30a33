"""What of the user's git decides over contents, and is no content itself."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from shutil import which

from harness.system.git.reading import GitReading
from harness.system.process.places import expanded

_DECIDES = re.compile(
    r"(filter|include|includeif|merge|diff|gpg)\..*"
    r"|user\.signingkey|(commit|tag)\.gpgsign|tag\.forcesignannotated"
    r"|core\.(hookspath|attributesfile|worktree|autocrlf|eol|symlinks|filemode|ignorecase"
    r"|precomposeunicode|protect\w+|bare)"
    r"|extensions\..*"
)
_REPLACED = "refs/replace/"
_PROGRAMS = re.compile(r"gpg\.(.*\.)?(program|defaultkeycommand)")
_TRUSTED_KEYS = ("gpg.ssh.allowedsignersfile", "gpg.ssh.revocationfile")


def in_force(git: GitReading) -> Mapping[str, tuple[str, ...]]:
    """Settings, attributes outside of the tree, hooks, and what puts objects in others' place.

    By the name of its part, each in lines that change when it does; empty where there is none.
    """
    listed = git.run("config", "--list", "-z").split(b"\0")
    pairs = (os.fsdecode(entry).partition("\n")[::2] for entry in listed if entry)
    settings = sorted({f"{k}={v}" for k, v in pairs if _DECIDES.fullmatch(k)})
    return {
        "git config": (*settings, *_signing(git, settings)),
        "git attributes": tuple(_attributes(git, settings)),
        "git hooks": tuple(_hooks(git, settings)),
        "git replaced": tuple(_replaced(git)),
    }


def _signing(git: GitReading, settings: list[str]) -> Iterator[str]:
    """What signatures are made and checked by, beside the settings that name it, by content."""
    for setting in settings:
        name, _, told = setting.partition("=")
        if _PROGRAMS.fullmatch(name):
            program = which(os.fspath(expanded(told.split(" ")[0]))) if told else None
            yield f"{program}\n{_digest(Path(program))}" if program else told
        elif name in _TRUSTED_KEYS:
            path = git.top / expanded(told)
            yield f"{path}\n{_digest(path)}"


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as problem:
        return f"cannot be read: {problem.strerror}"


def _setting(settings: list[str], name: str) -> str:
    return next((s.partition("=")[2] for s in settings if s.startswith(f"{name}=")), "")


def _attributes(git: GitReading, settings: list[str]) -> list[str]:
    told = _setting(settings, "core.attributesfile")
    home = Path(os.environ.get("XDG_CONFIG_HOME") or expanded("~/.config"))
    users = expanded(told) if told else home / "git" / "attributes"
    paths = (git.common_dir / "info" / "attributes", users)
    return [f"{path}\n{text}" for path in paths if (text := _text(path))]


def _hooks(git: GitReading, settings: list[str]) -> list[str]:
    told = _setting(settings, "core.hookspath")
    folder = git.top / expanded(told) if told else git.common_dir / "hooks"
    try:
        found = sorted(path for path in folder.iterdir() if path.suffix != ".sample")
    except OSError:
        return []
    return [f"{p.name}\n{_text(p)}" for p in found if os.access(p, os.X_OK) and p.is_file()]


def _replaced(git: GitReading) -> list[str]:
    packed = _REPLACED in _text(git.common_dir / "packed-refs")
    tables = (git.common_dir / "reftable").exists()
    may = packed or tables or (git.common_dir / _REPLACED).exists()
    refs = [f"{name} {to}" for name, to in git.refs(_REPLACED).items()] if may else []
    files = ("info/grafts", "objects/info/alternates", "objects/info/http-alternates")
    return refs + [f"{f}\n{text}" for f in files if (text := _text(git.common_dir / f))]


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return ""
