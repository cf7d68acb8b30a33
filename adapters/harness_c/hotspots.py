"""Where a C program's time goes: perf where it works, callgrind elsewhere or when asked for."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from harness.errors import ToolchainMissing, UsageError
from harness.hookspecs import Runner
from harness.model import Build, Case, Profile, ProfilePlan, Stack, Target
from harness_c import build as _build
from harness_c import callgrind, perf
from harness_c.options import Options

TOOLS = {"perf": perf.sample, "callgrind": callgrind.count, "counters": perf.count}
SYSTEM_HEADER = re.compile(r"/lib(64|exec)?/(gcc|clang|llvm)[^/]*/.*/include/|^/usr/include/")
"""Sources that come with the compiler or the system: intrinsics, inlined library functions."""
STRIPPING = frozenset({"-s", "-Wl,-s", "-Wl,--strip-all", "-Wl,--strip-debug", "-g0"})


def profile(build: Build, case: Case, plan: ProfilePlan, runner: Runner) -> Profile:
    """Profile a build of the same flags with symbols.

    Raises UsageError for a tool that there is not, ToolchainMissing where none works.
    """
    if plan.memory:
        raise UsageError(
            "allocations are not profiled for C",
            hint="valgrind --tool=massif or --tool=dhat shows them.",
        )
    if plan.tool is not None and plan.tool not in TOOLS:
        raise UsageError(
            f"--with {plan.tool}: the C adapter profiles with {', '.join(TOOLS)}",
            hint="Without --with, perf is taken where it works, else callgrind.",
        )
    symbols = with_symbols(build, runner)
    folder = plan.folder or symbols.workdir / "profile"
    folder.mkdir(exist_ok=True)
    arguments = symbols.target.arguments(case)
    tool = TOOLS[plan.tool] if plan.tool is not None else _best
    found = tool(symbols, arguments, plan, folder, runner)
    return replace(found, stacks=without_headers(found.stacks))


def without_headers(stacks: Mapping[Stack, float]) -> dict[Stack, float]:
    """Stacks in which what was inlined from the compiler's and system's headers is its caller's.

    `_mm256_and_si256` is no place to work on; the user's line that it stands in is.
    """
    merged: defaultdict[Stack, float] = defaultdict(float)
    for stack, weight in stacks.items():
        end = len(stack)
        while end > 1 and SYSTEM_HEADER.search(stack[end - 1].file):
            end -= 1
        merged[stack[:end]] += weight
    return dict(merged)


def _best(
    build: Build, arguments: Sequence[str], plan: ProfilePlan, folder: Path, runner: Runner
) -> Profile:
    """perf, else callgrind with a word on why."""
    try:
        return perf.sample(build, arguments, plan, folder, runner)
    except ToolchainMissing as refusal:
        try:
            counted = callgrind.count(build, arguments, plan, folder, runner)
        except ToolchainMissing:
            forbidden = isinstance(refusal, perf.Forbidden)
            raise ToolchainMissing(
                f"no profiler works here: {refusal.message}, and valgrind is not installed",
                hint=refusal.hint
                if forbidden
                else "Debian: apt-get install linux-perf valgrind; one of them is enough.",
            ) from None
        why = f"{refusal.message}, so callgrind counted instructions instead. {refusal.hint}"
        return replace(counted, warnings=(why, *counted.warnings))


def with_symbols(build: Build, runner: Runner) -> Build:
    """The same target, compiled by the same compiler with the same flags and `-g`.

    `-g` changes no instruction. It is a build of its own, with its own digest.
    """
    options = Options.of(build.target)
    changed = {
        **build.target.options,
        "flags": (*_keeping(options.flags), "-g"),
        "link_flags": _keeping(options.link_flags),
    }
    target: Target = replace(build.target, options=changed, steady=False)
    recipe = _build.Recipe.of(target, build.toolchain, runner)
    return _build.build(recipe, build.workdir.parent, runner)


def _keeping(flags: Sequence[str]) -> tuple[str, ...]:
    """The flags without those that throw symbols away."""
    return tuple(flag for flag in flags if flag not in STRIPPING)
