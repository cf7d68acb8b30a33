"""The harness's own work, as a target: a whole `harness run` of a program that does nothing.

    own_overhead.py TRIALS

Prints how many trials ended well. What takes time here is starting up and everything around the
trials; the campaign `harness` in harness.toml is about it.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
import tempfile

from harness_phases import phase


def main() -> None:
    trials = sys.argv[1]
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        os.environ["PATH"] = os.defpath
        with phase("start"):
            from harness.cli import cli
            from harness.cli.shared.base import guard
        said = io.StringIO()
        with phase("run"), contextlib.redirect_stdout(said):
            guard(cli, ["run", "--adapter", "command", "--trials", trials, "--json", "--", "true"])
    [measurement] = json.loads(said.getvalue())["result"]["measurements"]
    print(f"trials: {measurement['trials']}")


if __name__ == "__main__":
    main()
