"""Where a C program spends its time: a build of the same flags with symbols, under a profiler."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from harness.adapterkit import OWN_SECTIONS
from harness.adapterkit.native.hotspots import demand_profiler, profile_native
from harness.hookspecs import Runner
from harness.model import Build, Case, Profile, ProfilePlan, Target
from harness_c import build as _build
from harness_c.options import Options

STRIPPING = frozenset({"-s", "-Wl,-s", "-Wl,--strip-all", "-Wl,--strip-debug", "-g0"})


def profile(build: Build, case: Case, plan: ProfilePlan, runner: Runner) -> Profile:
    """Profile a build of the same flags with symbols.

    Raises UsageError for a tool that there is not, ToolchainMissing where none works.
    """
    demand_profiler(plan, build.toolchain.language)
    if Options.of(build.target).program is not None:
        return profile_native(build, case, plan, runner)
    return profile_native(with_symbols(build, runner), case, plan, runner)


def with_symbols(build: Build, runner: Runner) -> Build:
    """The same target, compiled by the same compiler with the same flags and `-g`.

    `-g` changes no instruction. It is a build of its own, with its own digest, in one layout: the
    first of those of the program, for which each function has a section of its own.
    """
    options = Options.of(build.target)
    sections = (OWN_SECTIONS,) if options.layouts_of(build.target) > 1 else ()
    changed = {
        **build.target.options,
        "flags": (*_keeping(options.flags), *sections, "-g"),
        "link_flags": _keeping(options.link_flags),
        "layouts": 1,
    }
    target: Target = replace(build.target, options=changed, steady=False)
    recipe = _build.Recipe.of(target, build.toolchain, runner)
    return _build.build(recipe, build.workdir.parent, runner)


def _keeping(flags: Sequence[str]) -> tuple[str, ...]:
    """The flags without those that throw symbols away."""
    return tuple(flag for flag in flags if flag not in STRIPPING)
