"""A run of one target imports nothing that it does not use: people call it in loops."""

import os
import subprocess
import sys
from pathlib import Path

NOT_FOR_ONE_TRIAL = (
    *("numpy", "scipy", "pandas", "pyarrow", "rich", "tabulate", "wcwidth"),
    *("importlib.metadata", "email", "statistics", "logging", "asyncio"),
)


def test_a_run_of_one_trial(tmp_path: Path):
    script = (
        "import sys\nfrom harness.cli import main\n"
        "sys.argv = ['harness', 'run', '--adapter', 'command', '--trials', '1', '--', 'true']\n"
        "try: main()\n"
        "except SystemExit as end: assert not end.code\n"
        f"print([name for name in {NOT_FOR_ONE_TRIAL!r} if name in sys.modules], file=sys.stderr)"
    )
    said = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert "true" in said.stdout
    assert said.stderr.splitlines()[-1] == "[]"
