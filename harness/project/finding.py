"""Finds the configuration that is meant, from where somebody stands."""

from __future__ import annotations

from pathlib import Path

from harness.errors import ConfigError
from harness.project.config import CONFIG_NAME, Config, find_config, load_config


def read_config(path: Path | None, *, required: bool = True) -> Config:
    """The configuration named, or the nearest one upward; ConfigError where there is none.

    With `required=False` a missing one is an empty configuration rooted in the current folder.
    """
    found = path or find_config(Path.cwd())
    if found is not None:
        return load_config(found)
    nothing = Config(root=Path.cwd())
    return required_config(nothing) if required else nothing


def required_config(config: Config) -> Config:
    """The configuration, if there is one; ConfigError where it is the empty one."""
    if config.path is None:
        raise ConfigError(
            f"no {CONFIG_NAME} in {config.root} or any folder above it",
            hint="Write one (see README.md), name one with `config`, or measure a single program:"
            " `harness.run(['./program', '1000'])`. A campaign on a program begins without any"
            " file: harness optimise PROGRAM -- ARGUMENTS.",
        )
    return config
