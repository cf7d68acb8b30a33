"""What a file of trials says of itself beside its rows: its metrics, and what made its builds."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

import msgspec

from harness.frozen import dataclass
from harness.model import BuildFacts, MetricInfo
from harness.model.jsonable import numbers_back, to_plain

Value = TypeVar("Value")

_METRICS = b"harness_metrics"
_BUILDS = b"harness_builds"


@dataclass(frozen=True, slots=True)
class Described:
    """The metrics and builds that a run's trials name."""

    metrics: tuple[MetricInfo, ...] = ()
    builds: tuple[BuildFacts, ...] = ()

    def plus(
        self, metrics: Iterable[MetricInfo] = (), builds: Iterable[BuildFacts] = ()
    ) -> Described:
        """The descriptions with further ones; of two with one name or digest, the later."""
        by_name = {m.name: m for m in (*self.metrics, *metrics)}
        by_digest = {b.digest: b for b in (*self.builds, *builds)}
        return Described(tuple(by_name.values()), tuple(by_digest.values()))

    def to_json(self) -> dict[str, Any]:
        """The descriptions in the form that `run.json` has."""
        return {"metrics": to_plain(self.metrics), "builds": to_plain(self.builds)}

    @property
    def metadata(self) -> dict[bytes, bytes]:
        """The descriptions in the form that the metadata of a Parquet file has."""
        told = self.to_json()
        return {
            _METRICS: json.dumps(told["metrics"]).encode(),
            _BUILDS: json.dumps(told["builds"]).encode(),
        }

    @classmethod
    def from_metadata(cls, metadata: Mapping[bytes, bytes]) -> Described:
        """The inverse of `metadata`; files of schema 1 say nothing. ValueError for nonsense."""
        return cls(
            _values(metadata.get(_METRICS, b"[]"), tuple[MetricInfo, ...]),
            _values(metadata.get(_BUILDS, b"[]"), tuple[BuildFacts, ...]),
        )


def _values(text: bytes, kind: type[Value]) -> Value:
    return msgspec.convert(numbers_back(msgspec.json.decode(text)), kind)
