"""The table `[executors.slurm]`: its keys, and the words of `sbatch` that they become."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from harness.errors import ConfigError
from harness.model.suggesting import did_you_mean

_TEXTS = ("partition", "account", "qos", "constraint", "memory")
_NUMBERS = ("nodes", "cpus", "at_once")
_LISTS = ("setup", "options")
_KEYS = (*_TEXTS, *_NUMBERS, "exclusive", *_LISTS, "environment")


@dataclass(frozen=True, slots=True, kw_only=True)
class SlurmOptions:
    """What is said to SLURM for each job; a key that is left out is as the cluster has it."""

    partition: str | None = None
    account: str | None = None
    qos: str | None = None
    constraint: str | None = None
    memory: str | None = None
    nodes: int = 1
    cpus: int | None = None
    at_once: int | None = None
    """How many jobs of a run may run at once: `%` of an array."""
    exclusive: bool = True
    setup: Sequence[str] = ()
    options: Sequence[str] = ()
    environment: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, table: Mapping[str, Any]) -> SlurmOptions:
        """The options of a decoded table; ConfigError names the key."""
        for key, value in table.items():
            if key not in _KEYS:
                raise ConfigError(
                    f"executors.slurm: unknown key {key!r}; there are: {', '.join(_KEYS)}, and"
                    " those of every cluster",
                    hint=did_you_mean(key, _KEYS),
                )
            if not _fits(key, value):
                want = "a table of texts" if key == "environment" else _WANTED[_kind(key)]
                raise ConfigError(f"executors.slurm.{key}: want {want}, got {value!r}")
        return cls(**table)

    @property
    def words(self) -> list[str]:
        """The options of `sbatch`."""
        named = {
            "partition": self.partition,
            "account": self.account,
            "qos": self.qos,
            "constraint": self.constraint,
            "cpus-per-task": self.cpus,
            "mem": self.memory,
        }
        words = [f"--{name}={value}" for name, value in named.items() if value is not None]
        # Shards are measured: who shares a node with others measures them as well.
        return [f"--nodes={self.nodes}", *words, *["--exclusive"] * self.exclusive, *self.options]


_WANTED = {
    "text": "a text",
    "number": "a number of at least 1",
    "list": "a list of texts",
    "truth": "true or false",
}


def _kind(key: str) -> str:
    if key in _TEXTS:
        return "text"
    if key in _NUMBERS:
        return "number"
    return "list" if key in _LISTS else "truth"


def _fits(key: str, value: object) -> bool:
    if key == "environment":
        return isinstance(value, dict) and all(isinstance(each, str) for each in value.values())
    kind = _kind(key)
    if kind == "number":
        return isinstance(value, int) and not isinstance(value, bool) and value >= 1
    if kind == "list":
        return isinstance(value, list) and all(isinstance(each, str) for each in value)
    return isinstance(value, str if kind == "text" else bool)
