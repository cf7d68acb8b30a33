"""`harness adapters`: what is installed and what it finds on this machine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from harness.cli.shared.base import Answer, command
from harness.cli.shared.common_options import format_option
from harness.errors import HarnessError, ToolchainMissing
from harness.hookspecs import Runner
from harness.plugins import (
    Adapters,
    Executor,
    Exporter,
    Installed,
    Problem,
    Proposer,
    installed_metrics,
)
from harness.plugins.found import OURS
from harness.plugins.single import SinglePlugin
from harness.render.tables import layout


@command(epilog="Example: harness adapters --json")
@format_option
def adapters_command(style: str) -> Answer:
    """List installed adapters with the toolchain that each finds, or how to get it.

    The plugins of all other kinds follow, and what had to be left out.

    The exit code is 0 whatever is missing: a machine need not have every language.
    """
    import tempfile

    from harness.system.process.opening import open_runner

    left_out: list[Problem] = []
    adapters = Adapters(report=left_out.append)
    with tempfile.TemporaryDirectory(prefix="harness-") as folder:
        runner = open_runner(Path(folder) / "scratch", Path(folder) / "cache")
        try:
            found = [adapter_facts(adapter, adapters, runner) for adapter in adapters.installed()]
        finally:
            runner.close()
    others = other_kinds(left_out)
    plugins = [asdict(plugin) for plugin in adapters.plugins()]
    dropped = {problem.name for problem in left_out}
    taking_part = [plugin for plugin in plugins if plugin["name"] not in dropped]
    hints = [f"{a['name']}: {a['hint']}" for a in found if a["hint"]]
    problems = [f"left out: {problem.message}\n  {problem.hint}" for problem in left_out]
    text = layout(["adapter", "package", "language", "toolchain"], [*map(row, found)], style)
    if style == "plain":
        kinds = [kind_line(kind, installed) for kind, installed in others.items() if installed]
        text = "\n".join([text, *hints, *map(plugin_line, taking_part), *kinds, *problems])
    result = {
        "adapters": found,
        "plugins": plugins,
        **{kind: [asdict(each) for each in installed] for kind, installed in others.items()},
        "left_out": [asdict(p) for p in left_out],
    }
    return Answer(result=result, text=text, next_actions=hints)


def other_kinds(left_out: list[Problem]) -> dict[str, list[Installed]]:
    """What is installed of every other kind; one that does not serve is added to `left_out`."""
    found = {"metrics": installed_metrics()}
    kinds: tuple[type[SinglePlugin], ...] = (Proposer, Exporter, Executor)
    for kind in kinds:
        serving = found.setdefault(f"{kind.KIND}s", [])
        for each in kind.installed():
            try:
                kind.find(each.name)
            except HarnessError as problem:
                left_out.append(
                    Problem(each.name, each.distribution, problem.message, problem.hint or "")
                )
            else:
                serving.append(each)
    return found


def kind_line(kind: str, installed: Sequence[Installed]) -> str:
    """The plugins of a kind in a line; those of a third party with their package."""
    names = [
        each.name if each.distribution == OURS else f"{each.name} ({each.distribution})"
        for each in installed
    ]
    return f"{kind}: {', '.join(names)}"


def adapter_facts(adapter: Installed, adapters: Adapters, runner: Runner) -> dict[str, Any]:
    """One adapter as found here; a missing toolchain is an answer, not an error."""
    facts: dict[str, Any] = {
        **asdict(adapter),
        "ok": False,
        "status": "found",
        "language": None,
        "program": None,
        "toolchain_version": None,
        "problem": None,
        "hint": None,
    }
    try:
        toolchain = adapters.get(adapter.name).probe(runner)
    except HarnessError as problem:
        status = "missing" if isinstance(problem, ToolchainMissing) else "broken"
        return {**facts, "status": status, "problem": problem.message, "hint": problem.hint}
    return {
        **facts,
        "ok": True,
        "language": toolchain.language,
        "program": str(toolchain.program),
        "toolchain_version": toolchain.version,
    }


def row(facts: dict[str, Any]) -> Sequence[str]:
    """What the table says of one adapter."""
    version = f"{facts['program']} ({facts['toolchain_version']})"
    return (
        facts["name"],
        f"{facts['distribution']} {facts['version']}".strip(),
        facts["language"] or "-",
        version if facts["ok"] else f"{facts['status']}: {facts['problem']}",
    )


def plugin_line(facts: dict[str, Any]) -> str:
    """A cross-cutting plugin, in words."""
    package = f"{facts['distribution']} {facts['version']}".strip() or facts["module"]
    return f"plugin {facts['name']} ({package}) takes part in every adapter's hooks"
