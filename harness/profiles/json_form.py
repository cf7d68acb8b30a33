"""Reports to JSON and back; pure. Stacks are kept in the speedscope file, not here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import msgspec

from harness.errors import DataDamaged
from harness.model import ProfileReport

FORMAT = 1


def report_to_json(report: ProfileReport) -> bytes:
    """A report as JSON, one format number first."""
    spots = replace(report.spots, stacks={}) if report.spots else None
    bare = replace(report, spots=spots, phases=replace(report.phases, stacks={}))
    return msgspec.json.format(
        msgspec.json.encode({"format": FORMAT, "report": bare}, enc_hook=str), indent=1
    )


def report_from_json(text: bytes, where: str) -> ProfileReport:
    """The report again; DataDamaged, naming `where`, for anything else."""
    try:
        data: Mapping[str, Any] = msgspec.json.decode(text, type=dict[str, Any])
        if data.get("format") != FORMAT:
            raise _damaged(where, f"format {data.get('format')!r}, want {FORMAT}")
        return msgspec.convert(data["report"], ProfileReport)
    except (msgspec.MsgspecError, KeyError) as problem:
        raise _damaged(where, str(problem)) from None


def _damaged(where: str, what: str) -> DataDamaged:
    return DataDamaged(f"{where}: not a stored profile: {what}", hint="Profile the target again.")
