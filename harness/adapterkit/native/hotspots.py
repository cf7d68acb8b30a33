"""Where a native program spends its time: by perf where it works, else by callgrind."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from harness.adapterkit.native import callgrind, perf
from harness.errors import ToolchainMissing, UsageError
from harness.hookspecs import Runner
from harness.model import Build, Case, Frame, Profile, ProfilePlan, Stack, Target
from harness.profiles.spots import START_UP

TOOLS = {
    "perf": perf.sample,
    "callgrind": callgrind.count_instructions,
    "counters": perf.count_events,
}
LOADING = "_dl_start"
"""What the dynamic loader of glibc calls first: all within it is start-up."""
SYSTEM_HEADER = re.compile(r"/lib(64|exec)?/(gcc|clang|llvm)[^/]*/.*/include/|^/usr/include/")
"""Sources that come with the compiler or the system: intrinsics, inlined library functions."""


def demand_profiler(plan: ProfilePlan, language: str) -> None:
    """Raise UsageError for allocations, which none of the TOOLS counts, and for another tool."""
    if plan.memory:
        raise UsageError(
            f"allocations are not profiled for {language}",
            hint="valgrind --tool=massif or --tool=dhat shows them.",
        )
    if plan.tool is not None and plan.tool not in TOOLS:
        raise UsageError(
            f"--with {plan.tool}: the {language} adapter profiles with {', '.join(TOOLS)}",
            hint="Without --with, perf is taken where it works, else callgrind.",
        )


def profile_native(symbols: Build, case: Case, plan: ProfilePlan, runner: Runner) -> Profile:
    """Profile a build that was made with symbols.

    Raises UsageError for a tool that there is not, ToolchainMissing where none works.
    """
    demand_profiler(plan, symbols.toolchain.language)
    folder = plan.folder or symbols.workdir / "profile"
    folder.mkdir(exist_ok=True)
    arguments = symbols.target.arguments(case)
    tool = TOOLS[plan.tool] if plan.tool is not None else _best
    found = tool(symbols, arguments, plan, folder, runner)
    stacks = without_headers(of_the_sources(found.stacks, symbols.target))
    return replace(found, stacks=loaded_as_one(stacks))


def of_the_sources(stacks: Mapping[Stack, float], target: Target) -> dict[Stack, float]:
    """Stacks whose copies of the sources, from the folder that was compiled in, are the sources.

    A compiler that writes beside what it reads is given copies, and their folder is gone.
    """
    own = {source.name: str(source) for source in target.sources}

    def placed(frame: Frame) -> Frame:
        path = Path(frame.file)
        if frame.native or path.name not in own or str(path) == own[path.name] or path.is_file():
            return frame
        return replace(frame, file=own[path.name])

    return {tuple(map(placed, stack)): weight for stack, weight in stacks.items()}


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


def loaded_as_one(stacks: Mapping[Stack, float]) -> dict[Stack, float]:
    """Stacks in which what the dynamic loader does before the program is start-up, as one.

    `handle_amd`, which asks the CPU for its caches, is no place to work on.
    """
    merged: defaultdict[Stack, float] = defaultdict(float)
    for stack, weight in stacks.items():
        loads = any(frame.native and frame.function == LOADING for frame in stack)
        merged[(START_UP,) if loads else stack] += weight
    return dict(merged)


def _best(
    build: Build, arguments: Sequence[str], plan: ProfilePlan, folder: Path, runner: Runner
) -> Profile:
    """perf, else callgrind with a word on why."""
    try:
        return perf.sample(build, arguments, plan, folder, runner)
    except ToolchainMissing as refusal:
        try:
            counted = callgrind.count_instructions(build, arguments, plan, folder, runner)
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
