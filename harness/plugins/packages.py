"""Which packages run inside of the harness: its own, and those that bring plugins."""

from __future__ import annotations

from importlib.metadata import entry_points

from harness import __version__
from harness.model.held import HARNESS, Package
from harness.plugins.found import OURS, entry_facts

_GROUPS = "harness."
_OWN_MODULE = "harness"


def packages_in_force() -> list[Package]:
    """The harness first, then each distribution that registers a plugin of any kind."""
    found = entry_points()
    points = [
        p
        for group in sorted(found.groups)
        if group.startswith(_GROUPS)
        for p in found.select(group=group)
    ]
    modules: dict[str, set[str]] = {_OWN_MODULE: {_OWN_MODULE}}
    versions = {_OWN_MODULE: __version__}
    for point in points:
        facts = entry_facts(point)
        ours = facts.distribution == OURS
        part = _OWN_MODULE if ours else f"plugin {facts.distribution or facts.module}"
        modules.setdefault(part, set()).add(facts.module.partition(":")[0].partition(".")[0])
        versions.setdefault(part, facts.version)
    return [Package(part, tuple(sorted(of)), versions[part]) for part, of in modules.items()]


def foreign_packages() -> list[str]:
    """The distributions that bring plugins and are not the harness's own, each with its version."""
    return [
        f"{package.part} {package.version} ({', '.join(package.modules)})"
        for package in packages_in_force()
        if package.part != HARNESS
    ]
