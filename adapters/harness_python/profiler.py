"""Runs a Python program under a profiler and writes what it saw as JSON.

Executed by the target's interpreter, 3.8 or later, as

    profiler.py PLAN file|module NAME ARGUMENT...

PLAN is a JSON file: `tool` (cProfile, sample or line_profiler), `out` (where the result goes),
`package` (the profiler's, or null), `lend` (a folder that has it, or null), `interval_s` (sample),
`clock` (`wall`, or `cpu`: each thread's own CPU time, in which whoever waits takes none),
`functions` (line_profiler: file, first line and name of each). The program sees the same
`sys.argv`, `sys.path`, `__main__` and exit code as without. Threads are profiled by profilers of
their own and added up, and so are the processes that `multiprocessing` forks, those that a pool
terminates included; each process writes a file, `out` with its id.
"""

from __future__ import annotations

# What is imported below must come from the standard library, whatever lies beside this file.
# ruff: noqa: E402
import sys

STARTED = frozenset(sys.modules)
if len(sys.path) > 0 and __file__.startswith(sys.path[0] + "/"):
    del sys.path[0]  # this folder, whose modules are not the program's nor the profilers'

import _thread
import ast
import builtins
import functools
import json
import os
import resource
import signal
import threading
import time
import types
from importlib import import_module
from multiprocessing import process as _processes
from pathlib import Path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    Plan = dict[str, Any]
    Entries = list[dict[str, Any]]
    Function = Sequence[Any]  # file, first line and name

DECORATOR = "__harness_lines__"
ONE_MONITOR = sys.version_info >= (3, 12)
"""From 3.12 on cProfile is one for all threads of a process, and mixes their stacks."""


class CProfile:
    """Exact calls and times of every function."""

    all_threads = not ONE_MONITOR

    def __init__(self, plan: Plan) -> None:
        import cProfile

        self.profiler = cProfile.Profile()
        if plan["clock"] == "cpu" and not ONE_MONITOR:
            # By the thread's own number: the main thread ends the profiles of those that still run.
            clock = time.pthread_getcpuclockid(threading.get_ident())
            self.profiler = cProfile.Profile(functools.partial(time.clock_gettime, clock))

    def start(self) -> None:
        self.profiler.enable()

    def stop(self) -> None:
        self.profiler.disable()

    def result(self) -> Entries:
        self.profiler.create_stats()
        return [
            {
                "place": list(place),
                "calls": calls,
                "own_s": own,
                "total_s": total,
                "callers": [[*caller, figures[2]] for caller, figures in callers.items()],
            }
            for place, (_, calls, own, total, callers) in self.profiler.stats.items()
        ]


class Sample:
    """Stacks at intervals, by pyinstrument, whose cost per call can be neglected."""

    all_threads = True

    def __init__(self, plan: Plan) -> None:
        package = import_module(plan["package"])
        self.folder = str(Path(str(package.__file__)).parent)
        self.profiler: Any = package.Profiler(interval=plan["interval_s"], async_mode="disabled")
        if plan["clock"] == "cpu":
            self._count_cpu_time()

    def _count_cpu_time(self) -> None:
        """Weigh each sample by the CPU time that its thread took since the last one."""
        bare = self.profiler._sampler_saw_call_stack
        before = [time.thread_time()]

        def saw(stack: Any, since_s: float, *more: Any) -> None:
            now = time.thread_time()
            bare(stack, now - before[0], *more)
            before[0] = now

        self.profiler._sampler_saw_call_stack = saw

    def start(self) -> None:
        self.profiler.start()

    def stop(self) -> None:
        self.profiler.stop()

    def result(self) -> Entries:
        session = self.profiler.last_session
        if session is None:  # of a thread that still runs: only it can end its profile
            return []
        root = session.root_frame(trim_stem=False)
        stacks: dict[tuple[Any, ...], float] = {}
        waiting: list[tuple[Any, tuple[Any, ...]]] = [(root, ())] if root is not None else []
        while waiting:
            frame, stack = waiting.pop()
            if self._counts(frame):
                stack = (*stack, (frame.file_path, frame.line_no, frame.function))
            own = frame.time - sum(child.time for child in frame.children)
            if own > 0 and stack:
                stacks[stack] = stacks.get(stack, 0.0) + own
            waiting.extend((child, stack) for child in frame.children)
        return [{"stacks": list(stacks.items()), "samples": session.sample_count}]

    def _counts(self, frame: Any) -> bool:
        """Is it a frame of the program, and not of pyinstrument's own (a sample as it stops)?"""
        if frame.file_path in (None, "<thread>") or frame.function[0] == "[":
            return False
        return not str(frame.file_path).startswith(f"{self.folder}/")


class Lines:
    """Exact hits and times of the lines of chosen functions, by line_profiler."""

    all_threads = False

    def __init__(self, plan: Plan) -> None:
        self.profiler: Any = import_module(plan["package"]).LineProfiler()

    def start(self) -> None:
        setattr(builtins, DECORATOR, self.profiler)

    def stop(self) -> None:
        pass

    def result(self) -> Entries:
        stats = self.profiler.get_stats()
        return [
            {"place": list(place), "lines": [[line, n, t * stats.unit] for line, n, t in rows]}
            for place, rows in stats.timings.items()
        ]


TOOLS: dict[str, Any] = {"cProfile": CProfile, "sample": Sample, "line_profiler": Lines}


class Run:
    """One process's profile: its tools, one per thread, and the file it ends up in."""

    def __init__(self, plan: Plan, *, main: bool = False) -> None:
        self.plan = plan
        self.main = main
        self.tools: list[Any] = []
        self.threads = self.children = self.ended = 0
        self.finished = False
        self.began = time.perf_counter()

    def begin(self) -> Any:
        tool = TOOLS[self.plan["tool"]](self.plan)
        self.tools.append(tool)
        tool.start()
        return tool

    def end(self, tool: Any) -> None:
        tool.stop()
        self.ended += 1

    def finish(self, tool: Any) -> bool:
        """End and write this process's profile; was it the first time, and therefore done?"""
        if self.finished:
            return False
        self.finished = True
        self.end(tool)
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        result = {
            "elapsed_s": time.perf_counter() - self.began,
            "main": self.main,
            "children_cpu_s": children.ru_utime + children.ru_stime,
            "threads": self.threads,
            "running": len(self.tools) - self.ended,
            "every_thread": self.tools[0].all_threads,
            "children": self.children,
            "entries": [entry for tool in self.tools for entry in tool.result()],
        }
        path, part = (Path(f"{self.plan['out']}.{os.getpid()}{end}") for end in ("", ".part"))
        if self.plan["tool"] == "cProfile":
            self.tools[0].profiler.dump_stats(f"{path}.pstats")
        part.write_text(f'{json.dumps(result)[:-1]}, "cpu_s": {time.process_time()}}}')
        part.replace(path)
        return True


def finish_when_terminated(run: Run, tool: Any) -> None:
    """A pool ends its workers by a signal: what they did is written all the same."""

    def terminated(number: int, frame: Any) -> None:
        if run.finish(tool):  # else it is being written, and the process ends by itself
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)

    if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, terminated)
        insist(signal.SIGTERM)


def insist(number: int) -> None:
    """Send a signal of this process to its main thread until the handler has ended it.

    Python calls handlers in the main thread, between two steps. A signal that comes just before
    that thread begins to wait for a lock interrupts nothing, and would not be handled until the
    wait is over, which in a worker of a pool that is being ended is never.
    """
    main = threading.get_ident()
    reading, writing = os.pipe()
    os.set_blocking(writing, False)

    def again() -> None:
        while os.read(reading, 1) != bytes([number]):
            pass  # another signal's
        while True:
            time.sleep(0.05)
            signal.pthread_kill(main, number)

    own = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    if own != -1:  # the program's, which learns of signals by it
        signal.set_wakeup_fd(own)
        return
    # Not a thread of `threading`, which would be profiled and counted.
    _thread.start_new_thread(again, ())
    os.register_at_fork(after_in_child=lambda: signal.set_wakeup_fd(-1))


def finish_at_exit(run: Run, tool: Any) -> None:
    """Have `_exit`, which passes every `finally` by, end and write this process's profile."""
    bare, mine = os._exit, os.getpid()

    def leave(status: int) -> None:
        if os.getpid() == mine:  # else of a fork, whose parent still runs
            run.finish(tool)
        bare(status)

    os._exit = sys.modules["posix"]._exit = leave  # type: ignore[assignment, attr-defined]


def follow(run: Run) -> None:
    """Profile the threads and the forked processes that the program starts."""
    current = {"run": run}
    base: Any = _processes.BaseProcess
    bare_run, bare_bootstrap, bare_start = threading.Thread.run, base._bootstrap, base.start

    def run_thread(self: threading.Thread) -> None:
        owner = current["run"]
        owner.threads += 1
        tool = owner.begin() if TOOLS[owner.plan["tool"]].all_threads else None
        try:
            bare_run(self)
        finally:
            if tool is not None:
                owner.end(tool)

    def bootstrap(self: Any, *args: Any, **kwargs: Any) -> Any:
        for tool in current["run"].tools[:1]:
            tool.stop()  # the parent's, which the fork copied
        mine = current["run"] = Run(run.plan)
        tool = mine.begin()
        finish_when_terminated(mine, tool)
        finish_at_exit(mine, tool)
        try:
            return bare_bootstrap(self, *args, **kwargs)
        finally:
            mine.finish(tool)

    def start(self: Any) -> Any:
        current["run"].children += 1
        return bare_start(self)

    threading.Thread.run = run_thread  # type: ignore[method-assign]
    base._bootstrap, base.start = bootstrap, start


def decorate(tree: ast.Module, functions: Sequence[Function]) -> ast.Module:
    """Put the line profiler's decorator next to each function that is asked for."""
    wanted = {(line, name) for _, line, name in functions}
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
            if (first, node.name) in wanted:
                mark = ast.Name(DECORATOR, ast.Load())
                node.decorator_list.append(ast.copy_location(mark, node))
    return tree


def compile_file(path: str, functions: Sequence[Function]) -> types.CodeType:
    """The code of a file; functions of it that are asked for are decorated."""
    source = Path(path).read_bytes()
    mine = [f for f in functions if Path(f[0]).absolute() == Path(path).absolute()]
    if not mine:
        return compile(source, path, "exec", dont_inherit=True)
    return compile(decorate(ast.parse(source, path), mine), path, "exec", dont_inherit=True)


def hook_imports(functions: Sequence[Function]) -> None:
    """Decorate the functions of imported modules too."""
    from importlib.machinery import SourceFileLoader

    files = {Path(path).absolute() for path, _, _ in functions}
    bare = SourceFileLoader.get_code

    def get_code(self: Any, fullname: str) -> Any:
        path = self.get_filename(fullname)
        if Path(path).absolute() in files:
            return compile_file(path, functions)
        return bare(self, fullname)

    SourceFileLoader.get_code = get_code  # type: ignore[method-assign]


def forget(folder: Path) -> None:
    """Let the program's own modules be found where the profiler has loaded others of their name."""
    for path in folder.glob("*.py"):
        if path.stem in sys.modules and path.stem not in STARTED:
            del sys.modules[path.stem]


def load(kind: str, name: str, functions: Sequence[Function]) -> tuple[str, Any, dict[str, Any]]:
    """The program's code, and its file's `__main__` made ready."""
    if kind == "module":
        from importlib.util import find_spec

        spec: Any = find_spec(name)
        if spec is not None and spec.submodule_search_locations is not None:
            spec = find_spec(name + ".__main__")
        if spec is None or spec.origin is None:
            sys.exit(f"No module named {name}")
        path = spec.origin
    else:
        path, spec = name, None
    module = types.ModuleType("__main__")
    module.__file__ = path
    module.__dict__["__builtins__"] = builtins
    module.__spec__ = spec
    if spec is not None:
        module.__package__ = spec.parent
    sys.modules["__main__"] = module
    return path, compile_file(path, functions), module.__dict__


def main() -> None:
    plan = json.loads(Path(sys.argv[1]).read_text())
    kind, name = sys.argv[2:4]
    if plan["lend"]:
        sys.path.append(plan["lend"])
    run = Run(plan, main=True)
    TOOLS[plan["tool"]](plan)  # imports the profiler, while its folder is lent
    if plan["lend"]:
        sys.path.remove(plan["lend"])
    if not getattr(sys.flags, "safe_path", False) and not sys.flags.isolated:
        folder = Path(name).absolute().parent if kind == "file" else Path.cwd()
        sys.path.insert(0, str(folder))
        forget(folder)
    functions = plan["functions"]
    if functions:
        hook_imports(functions)
    sys.argv[:] = [name, *sys.argv[4:]]
    path, code, space = load(kind, name, functions)
    sys.argv[0] = path
    follow(run)
    run.began = time.perf_counter()
    tool = run.begin()
    finish_at_exit(run, tool)
    try:
        types.FunctionType(code, space)()  # as exec() would, but that shows in the profile
    finally:
        run.finish(tool)


if __name__ == "__main__":
    main()
