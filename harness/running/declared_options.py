"""Are the options that targets declare known to their adapters? Nothing is built for that."""

from __future__ import annotations

from harness.errors import ConfigError
from harness.plugins import Adapters
from harness.project.config import Config


def check_options(config: Config) -> None:
    """Have each adapter read its targets' options; ConfigError for one that it refuses.

    An adapter by hand that says nothing of paths reads them when it builds, and is not asked.
    Raises what loading an adapter raises, such as for one that is not installed.
    """
    adapters = Adapters()
    for target in config.targets.values():
        try:
            adapters.get(target.adapter).paths(target)
        except ConfigError as problem:
            message = f"{config.path}: {problem.message}" if config.path else problem.message
            raise ConfigError(message, hint=problem.hint) from None
