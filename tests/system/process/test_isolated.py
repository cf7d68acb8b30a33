"""Code from PYTHONPATH or the current folder does not run inside of a campaign's commands."""

import importlib.util
import marshal
import os
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from harness.system.process import isolated


def said(words: list[str], cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    whole = {**os.environ, **env}
    return subprocess.run(words, cwd=cwd, env=whole, capture_output=True, text=True, check=False)


@pytest.fixture
def evil(tmp_path: Path) -> Path:
    """A folder with a module of msgspec's name."""
    (tmp_path / "msgspec.py").write_text("raise SystemExit('evil ran')\n")
    return tmp_path


def test_pythonpath_does_not_reach_a_campaigns_commands(evil: Path, tmp_path: Path) -> None:
    harness = Path(sys.executable).with_name("harness")
    done = said([str(harness), "verify"], tmp_path, PYTHONPATH=str(evil))
    assert "evil ran" not in done.stdout + done.stderr
    assert "no harness.toml" in done.stderr
    assert done.returncode == 2


def test_bytecode_of_another_cache_does_not_reach_a_campaigns_commands(tmp_path: Path) -> None:
    """Bytecode in that cache, as if of our source, would run in its place."""
    source = Path(isolated.__file__).parents[2] / "errors.py"
    code = compile("raise SystemExit('evil ran')", str(source), "exec")
    facts = source.stat()
    times = (int(facts.st_mtime) & 0xFFFFFFFF, facts.st_size & 0xFFFFFFFF)
    head = importlib.util.MAGIC_NUMBER + struct.pack("<III", 0, *times)
    cached = Path(importlib.util.cache_from_source(str(source))).name
    place = tmp_path / "cache" / source.parent.relative_to("/") / cached
    place.parent.mkdir(parents=True)
    place.write_bytes(head + marshal.dumps(code))
    harness = Path(sys.executable).with_name("harness")
    done = said([str(harness), "verify"], tmp_path, PYTHONPYCACHEPREFIX=str(tmp_path / "cache"))
    assert "evil ran" not in done.stdout + done.stderr
    assert done.returncode == 2


@pytest.mark.parametrize("name", ["optim_harness-1.dist-info", "__editable__.other.pth"])
def test_an_install_for_this_user_alone_is_found_without_pythonpath(
    evil: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    started: list[list[str]] = []
    (evil / "users").mkdir()
    (evil / "users" / name).touch()
    monkeypatch.setattr(sys, "argv", ["harness"])
    monkeypatch.setenv("PYTHONPATH", str(evil))
    monkeypatch.setattr(isolated.site, "getusersitepackages", lambda: str(evil / "users"))
    monkeypatch.setattr(isolated.os, "execv", lambda _, words: started.append(words))
    isolated.start_isolated(["verify"])
    flags = ["-E", "-P"] if "optim" in name else ["-I"]
    assert started == [[sys.executable, *flags, "-m", "harness", "verify"]]


def test_the_current_folder_does_not_reach_a_campaigns_commands(evil: Path) -> None:
    done = said([sys.executable, "-m", "harness", "verify"], evil)
    assert "evil ran" not in done.stdout + done.stderr
    assert done.returncode == 2


def test_other_commands_take_plugins_from_pythonpath(evil: Path, tmp_path: Path) -> None:
    harness = Path(sys.executable).with_name("harness")
    done = said(
        [str(harness), "run", "--adapter", "command", "--", "true"], tmp_path, PYTHONPATH=str(evil)
    )
    assert "evil ran" in done.stderr
