"""`harness adapters`: what is installed and what it finds on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from harness.cli.base import Answer, command
from harness.errors import HarnessError
from harness.plugins import Adapters, InstalledAdapter
from harness.render.tables import FORMATS, layout


@command(epilog="Example: harness adapters --json")
@click.option("--format", "style", type=click.Choice(FORMATS), default="plain")
def adapters_command(style: str) -> Answer:
    """List installed adapters with the toolchain that each finds, or how to get it."""
    import tempfile

    from harness.edge.process import LocalRunner

    adapters = Adapters()
    with tempfile.TemporaryDirectory(prefix="harness-") as folder:
        runner = LocalRunner(Path(folder) / "scratch", Path(folder) / "cache")
        try:
            found = [describe(adapter, adapters, runner) for adapter in adapters.installed()]
        finally:
            runner.close()
    rows = [
        [
            a["name"],
            f"{a['distribution']} {a['version']}".strip(),
            a["language"] or "-",
            f"{a['program']} {a['toolchain_version']}" if a["ok"] else f"missing: {a['problem']}",
        ]
        for a in found
    ]
    hints = [f"{a['name']}: {a['hint']}" for a in found if a["hint"]]
    table = layout(["adapter", "package", "language", "toolchain"], rows, style)
    return Answer(result={"adapters": found}, text="\n".join([table, *hints]))


def describe(adapter: InstalledAdapter, adapters: Adapters, runner: Any) -> dict[str, Any]:
    """One adapter as found here; a missing toolchain is an answer, not an error."""
    facts: dict[str, Any] = {
        "name": adapter.name,
        "module": adapter.module,
        "distribution": adapter.distribution,
        "version": adapter.version,
        "ok": False,
        "language": None,
        "program": None,
        "toolchain_version": None,
        "problem": None,
        "hint": None,
    }
    try:
        toolchain = adapters.get(adapter.name).probe(runner)
    except HarnessError as problem:
        return {**facts, "problem": problem.message, "hint": problem.hint}
    return {
        **facts,
        "ok": True,
        "language": toolchain.language,
        "program": str(toolchain.program),
        "toolchain_version": toolchain.version,
    }
