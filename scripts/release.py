"""Make what a release consists of, in dist/: distributions that were tried, and its notes.

python scripts/release.py            (make release)

Builds the source distribution and a wheel for each machine that a compiler is here for, checks
their metadata, installs each that runs here into an empty environment and measures a program with
it, and writes dist/NOTES.md from CHANGELOG.md. Nothing is uploaded and no tag is made: what is
left to do is printed.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
UNRELEASED = "Unreleased"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--dist", type=Path, default=ROOT / "dist", help="where to (dist)")
    parser.add_argument("--dirty", action="store_true", help="even with changes not committed")
    asked = parser.parse_args()
    version = version_of((ROOT / "harness/__init__.py").read_text(encoding="utf-8"))
    if not asked.dirty and output("git", "status", "--porcelain"):
        sys.exit("release: the tree has changes that are not committed; commit them, or --dirty")
    notes = notes_of((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), version)
    shutil.rmtree(asked.dist, ignore_errors=True)
    run("scripts/build_wheels.sh", str(asked.dist), PYTHON=sys.executable)
    made = sorted(asked.dist.glob("*.whl")) + sorted(asked.dist.glob("*.tar.gz"))
    run(sys.executable, "-m", "twine", "check", "--strict", *map(str, made))
    for distribution in made:
        try_out(distribution, version)
    (asked.dist / "NOTES.md").write_text(notes, encoding="utf-8")
    print(f"\n{asked.dist}: optim-harness {version}, tried. What is left to do:")
    print(f"  git tag -s v{version} -F {asked.dist / 'NOTES.md'}")
    print(f"  git push origin v{version}")
    print(f"  python -m twine upload {asked.dist}/*.whl {asked.dist}/*.tar.gz")


def version_of(text: str) -> str:
    """The version that the package says it has: the one place where it is written."""
    found = re.search(r'^__version__ = "([^"]+)"$', text, flags=re.MULTILINE)
    if found is None:
        sys.exit('release: harness/__init__.py has no line like __version__ = "1.2.3"')
    return found[1]


def notes_of(changelog: str, version: str) -> str:
    """The changelog's section of a version; of what is not released yet where it has none.

    SystemExit where neither has a line.
    """
    parts = re.split(r"^## +\[?([^\]\s]+)\]?.*$", changelog, flags=re.MULTILINE)
    sections = dict(zip(parts[1::2], parts[2::2], strict=True))
    for name in (version, UNRELEASED):
        if words := sections.get(name, "").strip():
            return f"{words}\n"
    sys.exit(f"release: CHANGELOG.md says nothing below '## {version}' or '## {UNRELEASED}'")


def try_out(distribution: Path, version: str) -> None:
    """Install it as a user does, and measure a program; a wheel of another machine is left out."""
    if distribution.suffix == ".whl" and not is_for_here(distribution.name):
        print(f"release: {distribution.name} is for another machine: not tried")
        return
    with tempfile.TemporaryDirectory(prefix="release-") as name:
        folder = Path(name)
        run(sys.executable, "-m", "venv", str(folder / "venv"))
        program = folder / "venv/bin"
        run(str(program / "python"), "-m", "pip", "install", "-q", str(distribution))
        said = output(str(program / "harness"), "--version")
        if said.split()[-1] != version:
            sys.exit(f"release: {distribution.name} says that it is {said!r}, not {version}")
        words = ("run", "--trials", "3", "--adapter", "command", "--", "/bin/true")
        run(str(program / "harness"), *words, folder=folder, XDG_CACHE_HOME=name)
    print(f"release: {distribution.name} was installed and has measured a program")


def is_for_here(wheel: str) -> bool:
    """Does the wheel's tag name this machine, or any?"""
    return wheel.endswith("-any.whl") or f"_{platform.machine()}." in wheel


def run(*words: str, folder: Path = ROOT, **env: str) -> None:
    """Run a step; its words are shown, and where it fails so does the release."""
    if subprocess.run(words, cwd=folder, env={**os.environ, **env}, check=False).returncode:
        sys.exit(f"release: this step failed: {' '.join(words)}")


def output(*words: str) -> str:
    return subprocess.run(
        words, cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.strip()


if __name__ == "__main__":
    main()
