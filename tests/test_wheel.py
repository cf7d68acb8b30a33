"""What a user installs: the built wheel, in an environment without a compiler."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LAUNCHER = "harness/system/launcher/launcher-"
PARTS = ("harness", "adapters", "docs", "pyproject.toml", "setup.py", "README.md", "LICENSE")


def build_wheel(tmp_path: Path, **env: str) -> Path:
    """The wheel of a copy of this tree, built as `pip install` builds it, without the network."""
    source = tmp_path / "source"
    kept = shutil.ignore_patterns("__pycache__", "launcher-*")
    for part in PARTS:
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, source / part, ignore=kept)
        else:
            source.mkdir(exist_ok=True)
            shutil.copy(ROOT / part, source / part)
    words = ["pip", "wheel", "--no-deps", "--no-build-isolation", "--no-cache-dir", "-v"]
    done = subprocess.run(
        [sys.executable, "-m", *words, "--wheel-dir", tmp_path / "wheels", source],
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = (tmp_path / "wheels").iterdir()
    (tmp_path / "said").write_text(done.stdout + done.stderr)
    return wheel


def install(wheel: Path, folder: Path) -> Path:
    """Install the wheel into an empty environment, with this one's packages beside it."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    python = folder / "bin" / "python"
    words = ["-m", "pip", "--python", python, "install", "-q", "--no-deps", "--no-index", wheel]
    subprocess.run([sys.executable, *words], check=True)
    (site,) = folder.glob("lib/python*/site-packages")
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return folder / "bin" / "harness"


def run_true(harness: Path, folder: Path) -> dict[str, object]:
    """`harness run` of a program without a compiler on PATH; the run as it was stored."""
    folder.mkdir()
    (folder / "bin").mkdir()
    done = subprocess.run(
        [harness, "run", "--json", "--trials", "2", "--adapter", "command", "--", "/bin/true"],
        cwd=folder,
        env={"PATH": str(folder / "bin"), "HOME": str(folder), "XDG_CACHE_HOME": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (stored,) = folder.glob(".harness/results/*/run.json")
    return {**json.loads(stored.read_text()), "said": json.loads(done.stdout)}


def test_a_wheel_runs_without_a_compiler(tmp_path: Path) -> None:
    wheel = build_wheel(tmp_path)
    machine = platform.machine()
    assert wheel.name.endswith(f"-py3-none-manylinux_2_17_{machine}.musllinux_1_1_{machine}.whl")
    with zipfile.ZipFile(wheel) as content:
        (name,) = [n for n in content.namelist() if n.startswith(LAUNCHER)]
        packed = {"harness/testing/scaffold/compiled.py.txt", "harness_lua/sample.toml"}
        assert packed <= set(content.namelist()), "what `harness adapters` reads"
        shipped = hashlib.sha256(content.read(name)).hexdigest()
    harness = install(wheel, tmp_path / "venv")
    run = run_true(harness, tmp_path / "work")
    plan = run["plan"]
    assert isinstance(plan, dict)
    assert plan["launchers"] == [{"kind": "shipped", "sha256": shipped, "reason": ""}]
    assert not list((tmp_path / "work").rglob("launcher-*"))


@pytest.mark.slow
def test_a_wheel_that_is_built_without_a_compiler_says_so_and_is_for_any_machine(
    tmp_path: Path,
) -> None:
    wheel = build_wheel(tmp_path, CC="no-such-compiler")
    assert wheel.name.endswith("-py3-none-any.whl")
    said = (tmp_path / "said").read_text()
    assert "was not compiled (none of no-such-compiler is on PATH)" in said
    assert "Install a C compiler" in said
    run = run_true(install(wheel, tmp_path / "venv"), tmp_path / "work")
    assert "the launcher in Python serves (no C compiler was found on PATH)" in json.dumps(run)
