"""Where a Julia program's time goes, by the Profile standard library in a process of its own.

The work is done once before it is profiled, so that compiling is told from computing. Allocations
by line come from `--track-allocation=user`, which every Julia has; as Julia writes its counts
beside the sources, the sources are linked into a folder of ours for that.
"""

from __future__ import annotations

import re
import shutil
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from harness.errors import TrialFailed, UsageError
from harness.hookspecs import Runner
from harness.model import (
    PROGRAMS,
    Build,
    Case,
    Frame,
    HotSpot,
    Profile,
    ProfileBy,
    ProfilePlan,
    Stack,
    Trial,
    TrialPlan,
    TrialStatus,
)
from harness_julia import build as _build
from harness_julia.toolchain import HINT

HERE = Path(__file__).parent
SCRIPTS = ("profile.jl", "samples.jl", "driver.jl")
TOOLS = ("julia-profile",)
SEPARATOR = "\x1f"
SEGMENTATION_FAULT = 11
FEW_SAMPLES = 100
MOST_START_UP = 0.99
WORTH_A_WORD = 0.3
"""Compiling is mentioned where it takes this share of the first run."""
WORTH_A_ROW = 0.005
WAITS = re.compile(r"epoll_p?wait|^_*(p?poll|p?select)$|uv_run|uv__io_poll|task_get_next")
"""Native functions in which Julia waits for what other processes do."""
PROCESSES = "process.jl"
"""The file of Base that starts programs and waits for them."""
COUNTED = re.compile(r"^\s*(?P<bytes>\d+|-) (?P<source>.*)$")
FUNCTION = re.compile(
    r"^(?:@\w+\s+)*(?:function\s+(?P<long>[\w.!]+)|(?P<short>[\w.!]+)\([^=]*\)\s*=[^=])"
)


@dataclass(slots=True)
class Said:
    """What the profiling driver wrote."""

    stacks: defaultdict[Stack, float] = field(default_factory=lambda: defaultdict(float))
    figures: dict[str, int] = field(default_factory=dict)


def profile(build: Build, case: Case, plan: ProfilePlan, runner: Runner) -> Profile:
    """Profile a target's work, warmed up; with `plan.memory`, its allocations by line.

    Raises TrialFailed, with cause and remedy, for a Julia that dies while it profiles.
    """
    if plan.tool is not None and plan.tool not in TOOLS:
        raise UsageError(
            f"--with {plan.tool}: the Julia adapter profiles with {', '.join(TOOLS)}",
            hint="Allocations by line: --memory.",
        )
    folder = plan.folder or build.workdir / "profile"
    folder.mkdir(exist_ok=True)
    if plan.memory:
        return allocations(build, case, plan, folder, runner)
    return times(build, case, plan, folder, runner)


def times(build: Build, case: Case, plan: ProfilePlan, folder: Path, runner: Runner) -> Profile:
    """Stacks by the sampling profiler."""
    out = folder / "julia-profile.txt"
    delay_s = min(0.01, max(0.0005, plan.plain_wall_ns / 1e9 / 3000))
    through = [str(HERE / SCRIPTS[0]), str(out), "time", f"{delay_s:.6f}"]
    trial = _run(build, case, (*through, *_program(build)), plan, runner)
    said = read_report(_text(out, trial))
    figures = said.figures
    wanted = figures.get("children_ns", 0) * figures.get("repeats", 1) / (delay_s * 1e9)
    stacks = with_programs(said.stacks, wanted)
    total = sum(stacks.values())
    if not total:
        raise TrialFailed(
            f"Julia took no sample in {said.figures.get('repeats', 0)} runs of the work",
            hint="Take a larger case.",
        )
    return Profile(
        tool="julia-profile",
        by=plan.by,
        unit="samples",
        total=total,
        stacks=stacks,
        slowdown=_slowdown(said, said),
        warnings=tuple(_remarks(said, total)),
        start_up_share=_start_up_share(said, plan),
        compilation_share=_compilation_share(said, plan),
        exports={out.name: str(out)},
    )


def with_programs(stacks: Mapping[Stack, float], wanted: float) -> dict[Stack, float]:
    """Stacks in which what waited for programs that the target started has a frame for them.

    That are all waits of Base's processes, and of other waits as many as are wanting to the
    programs' CPU time, of which `wanted` is the number of samples.
    """
    waits = {
        s: float(w) for s, w in stacks.items() if s[-1].native and WAITS.search(s[-1].function)
    }
    sure = {s for s in waits if any(frame.file.endswith(PROCESSES) for frame in s)}
    certain = sum(waits[s] for s in sure)
    unsure = sum(waits.values()) - certain
    part = min(1.0, max(0.0, wanted - certain) / unsure) if unsure else 0.0
    found: defaultdict[Stack, float] = defaultdict(float)
    for stack, weight in stacks.items():
        share = (1.0 if stack in sure else part if stack in waits else 0.0) if wanted else 0.0
        if share:
            found[*stack[:-1], PROGRAMS] += share * weight
        if share < 1:
            found[stack] += (1 - share) * weight
    return dict(found)


def _start_up_share(said: Said, plan: ProfilePlan) -> float:
    """The share of a plain run that is not warm work: Julia's start, loading and compiling.

    What programs take that the work starts is the work's, and so it is in `plan.plain_cpu_ns`.
    """
    whole_ns = plan.plain_cpu_ns
    warm_ns = said.figures.get("plain_ns", 0) + said.figures.get("children_ns", 0)
    return min(MOST_START_UP, max(0.0, 1 - warm_ns / whole_ns)) if whole_ns and warm_ns else 0.0


def _compilation_share(said: Said, plan: ProfilePlan) -> float:
    """The share of a plain run by which the first call of the work is longer than the later ones.

    It is a part of what is not warm work.
    """
    first_ns, warm_ns = said.figures.get("first_ns", 0), said.figures.get("plain_ns", 0)
    if not (plan.plain_cpu_ns and warm_ns):
        return 0.0
    return min(max(0.0, (first_ns - warm_ns) / plan.plain_cpu_ns), _start_up_share(said, plan))


def _slowdown(plain: Said, profiled: Said) -> float | None:
    """The profiler's cost on warm work: while it compiles, a run is not comparable."""
    bare, slowed = plain.figures.get("plain_ns", 0), profiled.figures.get("work_ns", 0)
    return slowed / bare if bare and slowed else None


def _remarks(said: Said, total: float) -> Iterator[str]:
    figures = said.figures
    first, later = figures.get("first_ns", 0), figures.get("plain_ns", 0)
    if first and later and first - later > WORTH_A_WORD * first:
        yield (
            f"the work took {first / 1e6:.0f} ms the first time and {later / 1e6:.0f} ms"
            f" afterwards: {1 - later / first:.0%} of a cold run of it is compiling, which counts"
            " as start-up"
        )
    if figures.get("repeats", 1) > 1:
        yield f"the work is short: it was profiled {figures['repeats']} times"
    if total < FEW_SAMPLES:
        yield f"only {total:.0f} samples: shares are rough; take a larger case"
    if (programs_ns := figures.get("children_ns", 0)) > WORTH_A_ROW * later:
        yield (
            f"programs that it started took {programs_ns / 1e9:.3g} s of CPU time: their own"
            " profilers say where"
        )
    if figures.get("full"):
        yield "the profiler's buffer was full before the work ended: the profile is of its start"


def _run(
    build: Build, case: Case, through: Sequence[str], plan: ProfilePlan, runner: Runner
) -> Trial:
    folder = plan.folder or build.workdir / "profile"
    command = _build.command(build, case, through)
    command = replace(command, reads=(*command.reads, HERE), profile=folder)
    trial = runner.trial(command, TrialPlan(timeout_ns=plan.timeout_ns, phases=False))
    if trial.signal == SEGMENTATION_FAULT:
        raise TrialFailed(
            f"{build.program} crashed while it profiled (signal 11): it was built against another"
            " libunwind than the one that it finds here, and dies where it walks a stack",
            hint=HINT,
        )
    if trial.status is TrialStatus.TIMED_OUT:
        raise TrialFailed(f"the profiled run did not end: {trial.message}")
    return trial


def _program(build: Build) -> tuple[str, str]:
    target = build.target
    return str(target.sources[0]), target.entry or ""


def _text(out: Path, trial: Trial) -> str:
    if not out.is_file():
        raise TrialFailed(
            f"Julia left no profile: {trial.message or 'the program ended the process itself'}",
            hint="The work must return: the profile is written after it.",
        )
    return out.read_text(errors="replace")


def read_report(text: str) -> Said:
    """Parse what profile.jl writes."""
    said = Said()
    for line in text.splitlines():
        key, _, rest = line.partition("\t")
        if key == "stack":
            count, *frames = rest.split("\t")
            said.stacks[tuple(_frame(f) for f in frames)] += int(count)
        elif rest:
            said.figures[key] = int(rest)
    return said


def _frame(text: str) -> Frame:
    function, file, line, from_c = text.split(SEPARATOR)
    library = "/stdlib/" in file or file.startswith(f"{HERE}/")
    own = file.startswith("/") and from_c == "0" and not library
    at = int(line) if int(line) > 0 else None
    name = file if own else file.rsplit("/", 1)[-1]
    return Frame(function or f"[{name}]", name, at, native=not own)


def allocations(
    build: Build, case: Case, plan: ProfilePlan, folder: Path, runner: Runner
) -> Profile:
    """Allocated bytes by line of the target's own sources, compilation left out."""
    out = folder / "julia-memory.txt"
    tree = folder / "sources"
    with_links(tree, _build.reached_files(build.target.sources))
    for name in SCRIPTS:
        shutil.copy(HERE / name, folder / name)
    script, entry = _program(build)
    bare = [str(HERE / SCRIPTS[0]), str(out), "plain", "0", script, entry]
    plain = read_report(_text(out, _run(build, case, bare, plan, runner)))
    out.unlink()
    through = [
        *("--track-allocation=user", str(folder / SCRIPTS[0]), str(out), "memory", "0"),
        *(str(tree / script.lstrip("/")), entry),
    ]
    try:
        trial = _run(build, case, through, plan, runner)
        _text(out, trial)
        counted = {
            Path("/") / re.sub(r"\.\d+\.mem$", "", str(path.relative_to(tree))): path.read_text()
            for path in sorted(tree.rglob("*.mem"))
        }
    finally:
        shutil.rmtree(tree)
        for path in (*folder.glob("*.jl"), *folder.glob("*.mem"), *_build.MARKERS.glob("*.mem")):
            path.unlink()
    rows = [row for file, text in counted.items() for row in read_counts(text, str(file))]
    total = sum(size for _, size in rows)
    spots = [
        HotSpot(
            size / total, size / total, float(size), function=f.function, file=f.file, line=f.line
        )
        for f, size in sorted(rows, key=lambda row: -row[1])
    ]
    return Profile(
        tool="julia-allocations",
        by=ProfileBy.LINE,
        unit="bytes",
        total=float(total),
        spots=tuple(spots),
        slowdown=_slowdown(plain, read_report(out.read_text())),
        warnings=() if rows else ("no line of the target's own allocates once it is compiled",),
    )


def with_links(tree: Path, files: Iterable[Path]) -> None:
    """Make `tree` look like the root folder as far as `files` go, by links.

    What lies beside each file is linked too, since a program finds its data there.
    """
    shutil.rmtree(tree, ignore_errors=True)
    folders = {path.parent for path in files}
    inner = {parent for folder in folders for parent in (folder, *folder.parents)}
    for folder in sorted(folders):
        mirrored = tree / str(folder).lstrip("/")
        mirrored.mkdir(parents=True, exist_ok=True)
        for entry in folder.iterdir():
            link = mirrored / entry.name
            if entry not in inner and not link.exists():
                link.symlink_to(entry)


def read_counts(text: str, file: str) -> Iterator[tuple[Frame, int]]:
    """The lines of a `.mem` file that allocate: where they are, and how many bytes."""
    function = ""
    for number, line in enumerate(text.splitlines(), 1):
        match = COUNTED.match(line)
        if match is None:
            continue
        if (named := FUNCTION.match(match["source"].strip())) is not None:
            function = named["long"] or named["short"]
        if match["bytes"] not in ("-", "0"):
            yield Frame(function, file, number), int(match["bytes"])
