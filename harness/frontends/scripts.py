"""Scripts in Python as targets of a configuration of their own."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from harness.project.config import CONFIG_NAME, Config, load_config
from harness.project.config_words import as_toml


def config_of_scripts(task: str, scripts: Mapping[str, str], folder: Path) -> Config:
    """A configuration in an empty folder, with a target for each text by its name.

    They run under the interpreter of this process.
    """
    lines = [f"[tasks.{task}.cases.default]"]
    for number, (name, text) in enumerate(scripts.items()):
        file = f"script{number}.py"
        (folder / file).write_text(text, encoding="utf-8")
        lines += [
            f"[targets.{as_toml(name)}]",
            f"task = {as_toml(task)}",
            'adapter = "python"',
            f"sources = {as_toml([file])}",
            f"python = {as_toml(sys.executable)}",
        ]
    path = folder / CONFIG_NAME
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return load_config(path)
