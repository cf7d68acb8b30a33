"""Commands and `import harness` import nothing that they do not use: they are called in loops."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

NOT_FOR_ONE_TRIAL = (
    *("numpy", "scipy", "pandas", "pyarrow", "rich", "tabulate", "wcwidth"),
    *("importlib.metadata", "email", "statistics", "logging", "asyncio", "html"),
)
HEAVY = ("click", "pluggy", "msgspec", "dataclasses", "inspect", "json", *NOT_FOR_ONE_TRIAL)
OF_HELP = {
    *("harness", "harness.cli", "harness.cli.command_names", "harness.cli.help_text"),
    *("harness.cli.streams", "harness.on_demand"),
}
AS_HELP = "sys.argv = ['harness', '--help']\nfrom harness.cli import main\n"


def said_by(script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "import sys\n" + script],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )


@pytest.mark.parametrize(
    ("script", "ours"),
    [
        (AS_HELP + "try: main()\nexcept SystemExit: pass\n", OF_HELP),
        ("import harness\n", {"harness", "harness.on_demand"}),
    ],
    ids=["--help", "import"],
)
def test_what_comes_with(script: str, ours: set[str], tmp_path: Path):
    said = said_by(script + "print(*sys.modules, file=sys.stderr)", tmp_path).stderr.split()
    assert {name for name in said if name.partition(".")[0] == "harness"} <= ours
    assert not {*said} & {*HEAVY}


def test_a_command_looks_for_no_garbage_when_it_ends(tmp_path: Path):
    """What ends with the process is out of reach of the look that Python takes then."""
    script = "import atexit, gc\natexit.register(lambda: print(gc.get_freeze_count() > 1000))\n"
    assert said_by(script + AS_HELP + "main()", tmp_path).stdout.splitlines()[-1] == "True"


def test_a_run_of_one_trial(tmp_path: Path):
    script = (
        "from harness.cli import main\n"
        "sys.argv = ['harness', 'run', '--adapter', 'command', '--trials', '1', '--', 'true']\n"
        "try: main()\n"
        "except SystemExit as end: assert not end.code\n"
        f"print([name for name in {NOT_FOR_ONE_TRIAL!r} if name in sys.modules], file=sys.stderr)"
    )
    said = said_by(script, tmp_path)
    assert "true" in said.stdout
    assert said.stderr.splitlines()[-1] == "[]"
