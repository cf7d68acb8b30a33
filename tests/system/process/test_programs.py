"""Names become real programs; shims are seen through without being run."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.system.process.programs import FoundPrograms, find_program, past_shim


def program(path: Path, text: str = "#!/bin/sh\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """Two folders that alone are on PATH."""
    both = (tmp_path / "shims", tmp_path / "bin")
    for folder in both:
        folder.mkdir()
    monkeypatch.setenv("PATH", os.pathsep.join(map(str, both)))
    return both


def pyenv_shim(shims: Path, name: str, answer: str) -> None:
    """A shim as pyenv writes it, which fails when run, beside a pyenv that knows `which`."""
    manager = program(
        shims.parent / "libexec" / "pyenv",
        f'#!/bin/sh\n[ "$1 $2" = "which {name}" ] && {answer}\n',
    )
    program(
        shims / name,
        '#!/usr/bin/env bash\nset -e\nprogram="${0##*/}"\nexit 9\n'
        f'exec "{manager}" exec "$program" "$@"\n',
    )


def test_the_first_executable_on_path_is_found(folders: tuple[Path, Path]) -> None:
    first, second = folders
    (first / "tool").write_text("not executable")
    expected = program(second / "tool")
    assert find_program("tool") == expected


def test_a_link_is_not_followed(folders: tuple[Path, Path]) -> None:
    real = program(folders[1] / "python3.11")
    (folders[0] / "python").symlink_to(real)
    assert find_program("python") == folders[0] / "python"


def test_a_shim_is_resolved_to_what_its_manager_names(folders: tuple[Path, Path]) -> None:
    real = program(folders[1].parent / "versions" / "python")
    pyenv_shim(folders[0], "python", f"echo {real}")
    assert find_program("python") == real
    assert find_program(str(folders[0] / "python")) == real


@pytest.mark.parametrize("answer", ["exit 1", "echo /no/such/python", "echo relative"])
def test_a_shim_that_leads_nowhere_is_passed_over(folders: tuple[Path, Path], answer: str) -> None:
    pyenv_shim(folders[0], "python", answer)
    assert find_program("python") is None
    expected = program(folders[1] / "python")
    assert find_program("python") == expected


def test_a_link_to_a_manager_is_a_shim(folders: tuple[Path, Path]) -> None:
    real = program(folders[1].parent / "versions" / "node")
    program(folders[1] / "mise", f'#!/bin/sh\n[ "$1 $2" = "which node" ] && echo {real}\n')
    (folders[0] / "node").symlink_to(folders[1] / "mise")
    assert find_program("node") == real
    assert find_program("mise") == folders[1] / "mise"


@pytest.mark.parametrize("link", [os.symlink, os.link])
def test_a_proxy_of_rustup_is_resolved_whatever_home_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, link: Callable[[Path, Path], None]
) -> None:
    """Rustup finds its toolchains below HOME, which a test or a jail may have moved."""
    bin_folder, home = tmp_path / ".cargo" / "bin", tmp_path / ".rustup"
    real = program(home / "toolchains" / "stable" / "bin" / "rustc")
    answer = f'[ "$RUSTUP_HOME $1 $2" = "{home} which rustc" ] && echo {real}'
    rustup = program(bin_folder / "rustup", f"#!/bin/sh\n{answer}\n")
    link(rustup, bin_folder / "rustc")
    monkeypatch.setenv("PATH", str(bin_folder))
    monkeypatch.setenv("HOME", str(tmp_path / "elsewhere"))
    monkeypatch.delenv("RUSTUP_HOME", raising=False)
    assert find_program("rustc") == real
    assert find_program("rustup") == rustup


def test_a_script_of_the_users_own_that_starts_a_manager_is_no_shim(
    folders: tuple[Path, Path],
) -> None:
    script = program(folders[0] / "run.sh", '#!/bin/sh\nexec pyenv exec python model.py "$@"\n')
    assert find_program(str(script)) == script


def test_a_relative_path_becomes_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = program(tmp_path / "a folder" / "tool")
    monkeypatch.chdir(tmp_path)
    assert find_program("a folder/tool") == expected


@pytest.mark.parametrize("name", ["", "no-such-program", "/", "/no/such/program"])
def test_what_is_no_program_is_none(name: str) -> None:
    assert find_program(name) is None


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is closed to root")
def test_a_closed_folder_on_path_is_passed_over(folders: tuple[Path, Path]) -> None:
    folders[0].chmod(0)
    expected = program(folders[1] / "tool")
    assert find_program("tool") == expected
    folders[0].chmod(0o755)


def test_a_program_that_was_found_is_looked_for_again_when_something_has_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = [tmp_path / name for name in ("first", "second")]
    for folder in folders:
        folder.mkdir()
        tool = folder / "tool"
        tool.write_text("#!/bin/sh\n")
        tool.chmod(0o755)
    monkeypatch.setenv("PATH", os.pathsep.join(map(str, folders)))
    programs = FoundPrograms()
    assert programs.find("tool") == programs.find("tool") == folders[0] / "tool"
    (folders[0] / "tool").chmod(0o644)
    assert programs.find("tool") == folders[1] / "tool"
    (folders[0] / "tool").chmod(0o755)
    monkeypatch.setenv("PATH", str(folders[0]))
    assert programs.find("tool") == folders[0] / "tool"
    (folders[0] / "tool").unlink()
    assert programs.find("tool") is None
    assert programs.find(str(folders[1] / "tool")) == folders[1] / "tool"


def test_a_relative_path_is_looked_for_in_the_folder_that_one_is_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = FoundPrograms()
    for name in ("a", "b"):
        (tmp_path / name / "bin").mkdir(parents=True)
        (tmp_path / name / "bin/tool").write_text("#!/bin/sh\n")
        (tmp_path / name / "bin/tool").chmod(0o755)
        monkeypatch.chdir(tmp_path / name)
        assert programs.find("bin/tool") == tmp_path / name / "bin/tool"


def test_past_a_shim_the_folder_of_the_real_program_is_first_on_path(tmp_path: Path) -> None:
    program(tmp_path / "shims" / "cargo")
    real = program(tmp_path / "toolchain" / "cargo")
    env = {"PATH": str(tmp_path / "shims")}
    assert past_shim("cargo", real, env)["PATH"] == f"{real.parent}{os.pathsep}{env['PATH']}"


def test_a_program_that_path_finds_by_itself_changes_nothing(tmp_path: Path) -> None:
    real = program(tmp_path / "bin" / "make")
    env = {"PATH": str(tmp_path / "bin")}
    assert past_shim("make", real, env) == env
    assert past_shim("./make", real, env) == env
