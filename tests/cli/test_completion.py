"""`harness completion`: shells complete commands, options, targets and adapters."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CONFIG = """
[tasks.t]
cases = { small = {} }
[targets.nbody-c]
task = "t"
adapter = "command"
program = "/bin/true"
[targets.nbody-go]
task = "t"
adapter = "command"
program = "/bin/true"

"""


def offered(folder: Path, words: str) -> list[str]:
    """What is offered for the last word, as click's part of the shell script is told it."""
    env = {**os.environ, "_HARNESS_COMPLETE": "bash_complete", "COMP_WORDS": words}
    env["COMP_CWORD"] = str(len(words.split(" ")) - 1)
    script = "import sys; sys.argv = ['harness']; from harness.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=folder,
        env=env,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    return done.stdout.splitlines()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "harness.toml").write_text(CONFIG)
    return tmp_path


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("harness bis", ["plain,bisect"]),
        ("harness run --adap", ["plain,--adapter"]),
        ("harness run --adapter oc", ["plain,ocaml"]),
        ("harness run nbody-g", ["file,nbody-g", "plain,nbody-go"]),
        ("harness ci nbody-", ["plain,nbody-c", "plain,nbody-go"]),
        ("harness run --task ", ["plain,t"]),
        ("harness run --case s", ["plain,small"]),
        ("harness history --target nbody-c", ["plain,nbody-c"]),
        ("harness completion z", ["plain,zsh"]),
    ],
)
def test_what_is_begun_is_completed(project: Path, words: str, expected: list[str]) -> None:
    assert offered(project, words) == expected


def test_a_configuration_that_cannot_be_read_offers_files_and_says_nothing(tmp_path: Path) -> None:
    (tmp_path / "harness.toml").write_text("[targets\n")
    assert offered(tmp_path, "harness run nb") == ["file,nb"]


def test_bash_itself_completes_by_the_printed_script(harness, project: Path) -> None:
    script = project / "completion.bash"
    script.write_text(harness("completion", "bash").out)
    folder = Path(sys.executable).parent
    asked = (
        f"source {script}; COMP_WORDS=(harness bis); COMP_CWORD=1; _harness_whole_words harness;"
        ' echo "${COMPREPLY[@]}"; complete -p harness'
    )
    done = subprocess.run(
        ["bash", "--norc", "-c", asked],
        env={**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split()[0] == "bisect"
    assert "_harness_whole_words" in done.stdout


def begin_a_branch(folder: Path, name: str) -> None:
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b"]
    for command in (["init", "-q"], ["commit", "-q", "--allow-empty", "-m", "1"], ["branch", name]):
        subprocess.run([*git, *command], cwd=folder, check=True)


def test_behind_a_target_or_a_file_its_revisions_are_offered(project: Path) -> None:
    begin_a_branch(project, "change")
    assert offered(project, "harness run nbody-c@ch") == ["plain,nbody-c@change"]
    assert offered(project, "harness compare harness.toml@ch") == ["plain,harness.toml@change"]
    assert offered(project, "harness run other@ch") == ["file,other@ch"]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("run nbody-g", "nbody-go"),
        ("compare nbody-c nbody-", "nbody-c nbody-go"),
        ("profile nbody-g", "nbody-go"),
        ("ci --base chan", "change"),
        # as bash cuts TARGET@REVISION: what it has read of the word stays
        ("compare nbody-c @ chan", "change"),
        ("profile harness.toml @ chan", "change"),
        ("compare nbody-c @ change nbody-g", "nbody-go"),
    ],
)
def test_bash_itself_completes_targets_and_revisions(
    harness, project: Path, words: str, expected: str
) -> None:
    begin_a_branch(project, "change")
    (project / "completion.bash").write_text(harness("completion", "bash").out)
    # `compopt` is refused outside of a completion that readline began: it is no part of the answer.
    asked = (
        f"source completion.bash; compopt() {{ :; }}; COMP_WORDS=(harness {words});"
        f" COMP_WORDBREAKS=@; COMP_CWORD={len(words.split())}; _harness_whole_words harness; echo "
        '"${COMPREPLY[*]}"'
    )
    done = subprocess.run(
        ["bash", "--norc", "-c", asked],
        cwd=project,
        env={**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == expected.split()


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_the_other_shells_take_their_script(harness, project: Path, shell: str) -> None:
    script = harness("completion", shell).out
    assert f"_HARNESS_COMPLETE={shell}_complete" in script
    if (there := shutil.which(shell)) is not None:
        (project / "script").write_text(script)
        subprocess.run([there, "-n", project / "script"], check=True)


def test_another_shell_is_a_usage_error(harness, project: Path) -> None:
    said = harness("completion", "ksh")
    assert said.code == 2
    assert "'bash', 'zsh', 'fish'" in said.err
