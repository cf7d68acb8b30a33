"""The house stands as it was drawn: read from the imports and calls of every module.

Imports count wherever they stand, within functions and under TYPE_CHECKING too: a module that
needs a type of an upper floor depends on that floor.
"""

import ast
import graphlib
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from harness import errors

ROOT = Path(__file__).parents[1]

FLOORS: tuple[tuple[str, ...], ...] = (
    ("errors", "frozen", "on_demand"),
    ("model",),
    ("hookspecs", "stats", "correctness", "profiles"),
    ("adapterkit", "analysis", "render", "plugins", "system", "project", "metrics", "executors"),
    ("campaign", "running"),
    ("baseline", "cluster", "pages", "profiling", "testing", "redteam"),
    ("bench",),
    ("optimise",),
    ("api",),
    ("cli", "frontends"),
    ("__main__",),
)
"""Rooms of `harness`, lowest floor first; a room imports only from itself and from below."""

PURE = ("errors", "model", *FLOORS[2], "analysis", "render", "campaign")

PURE_BANS = {
    "asyncio",
    "ctypes",
    "datetime.datetime.now",
    "glob",
    "http",
    "input",
    "io.open",
    "multiprocessing",
    "open",
    "os",
    "pathlib.Path.cwd",
    "pathlib.Path.home",
    "pickle",
    "platform",
    "secrets",
    "shutil",
    "signal",
    "socket",
    "subprocess",
    "tempfile",
    "threading",
    "time",
    "tomllib.load",
    "urllib",
    "uuid",
}
"""Modules that no pure room imports, and functions that none calls."""

FILE_METHODS = {
    *("read_text", "write_text", "read_bytes", "write_bytes", "mkdir", "unlink", "rmdir", "touch"),
    *("exists", "is_file", "is_dir", "iterdir", "rglob", "stat", "lstat", "symlink_to", "resolve"),
    *("to_parquet", "to_csv", "tofile", "memmap", "fromfile", "loadtxt", "savetxt"),
}
"""Methods that touch a file whatever they are called on."""

KEEPERS: dict[str, tuple[str, ...]] = {
    "subprocess": ("system.process.calling",),
    "pluggy": ("plugins", "hookspecs"),
    "importlib.metadata": ("plugins", "system.machine"),
    "click": ("cli",),
    "rich": ("cli",),
    "tabulate": ("render",),
    "tomllib": ("project.config_text", "campaign.templates"),
    "pyarrow": ("system",),
    "pandas": ("system", "running", "api"),
    "scipy": ("stats", "correctness"),
    "ruptures": ("stats",),
    "matplotlib": ("render.pictures", "render.plotting"),
    "difflib": ("model.suggesting",),
    "fcntl": ("system.store.flock", "system.launcher", "system.process.stuck"),
    "ctypes": ("system.launcher", "system.process.descent", "system.process.stuck"),
    "pytest": ("testing", "frontends"),
    "harness.system.process.runner": ("system",),
}
"""Who may import what: a thing of the outside has one module that knows it."""

HEAVY = ("numpy", "scipy", "pandas", "pyarrow", "rich", "msgspec", "pluggy", "tabulate", "asyncio")
"""What `harness --help` has no use for."""

LATE = ("scipy", "pandas", "pyarrow", "matplotlib", "rich", "ruptures", "pyperf")
"""What no module imports at its top."""

ADAPTER_MAY_USE = ("harness.errors", "harness.hookspecs", "harness.model", "harness.adapterkit")
PROCESS_MAKERS = {"subprocess", "multiprocessing", "socket", "ctypes", "asyncio", "pty"}
OS_PROCESS_MAKERS = (
    *("os.system", "os.popen", "os.fork", "os.exec", "os.spawn", "os.posix_spawn", "os.kill"),
)
IN_THE_TARGET = {
    *("driver.py", "check.py", "harness_phases.py", "profiler.py", "stock.py"),
    *("harness_suite_pytest.py", "harness_suite_asv.py"),
}
"""Executed by the target's own interpreter, which knows nothing of the harness."""


@dataclass(frozen=True)
class Module:
    """One source file, read once."""

    name: str
    """Below `harness`: `system.store.runs`; of an adapter: `harness_c.build`."""
    path: Path
    tree: ast.Module

    @property
    def room(self) -> str:
        return self.name.partition(".")[0]

    def imports(self) -> Iterator[tuple[int, str]]:
        """Line and dotted name of everything imported; `from a import b` is `a.b`."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from ((node.lineno, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                dots = "." * node.level
                for alias in node.names:
                    yield node.lineno, f"{dots}{node.module or ''}.{alias.name}"

    def calls(self) -> Iterator[tuple[int, str]]:
        """Line and dotted name of everything called, in the words of its import."""
        known = dict(self._names())
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Call) and (name := dotted(node.func)):
                first, dot, rest = name.partition(".")
                yield node.lineno, known.get(first, first) + dot + rest

    def _names(self) -> Iterator[tuple[str, str]]:
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from ((a.asname, a.name) for a in node.names if a.asname)
            elif isinstance(node, ast.ImportFrom):
                yield from ((a.asname or a.name, f"{node.module}.{a.name}") for a in node.names)

    def at(self, line: int, what: str) -> str:
        return f"{self.path.relative_to(ROOT)}:{line}: {what}"


def dotted(node: ast.expr) -> str:
    """`a.b.c` of an expression; what is called on a value is `?.c`."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value) or '?'}.{node.attr}"
    return ""


def read(folder: Path, base: Path) -> list[Module]:
    modules = []
    for path in sorted(folder.rglob("*.py")):
        parts = path.relative_to(base).with_suffix("").parts
        name = ".".join(part for part in parts if part != "__init__")
        modules.append(Module(name, path, ast.parse(path.read_bytes(), str(path))))
    return modules


CORE = [m for m in read(ROOT / "harness", ROOT / "harness") if m.name]
ADAPTERS = read(ROOT / "adapters", ROOT / "adapters")


def within(name: str, places: tuple[str, ...] | set[str]) -> bool:
    """Is the dotted name one of the places or below one?"""
    return any(name == place or name.startswith(f"{place}.") for place in places)


def floor_of(room: str) -> int:
    return next((n for n, rooms in enumerate(FLOORS) if room in rooms), -1)


def violations(
    modules: list[Module],
    facts: Callable[[Module], Iterator[tuple[int, str]]],
    wrong: Callable[[Module, str], bool],
) -> list[str]:
    return [m.at(line, name) for m in modules for line, name in facts(m) if wrong(m, name)]


def test_commands_of_a_campaign_choose_no_exit_code():
    """What is said below them has one."""
    parted = (m for m in CORE if m.name.startswith("cli.campaign"))
    assert [
        m.at(node.lineno, f"ExitCode.{node.attr}")
        for m in parted
        for tree in ast.walk(m.tree)
        if not isinstance(tree, ast.Compare)
        for node in ast.iter_child_nodes(tree)
        if isinstance(node, ast.Attribute)
        and dotted(node).startswith("ExitCode.")
        and node.attr != "FINE"
    ] == []


OPTION = re.compile(r"(?<![\w-])--[a-z]")
A_COMMAND = re.compile(r"`(?:git|harness) [^`]*`")
ASKED_FOR_BY_PROGRAMS = ("running", "bench", "baseline", "api", "analysis", "profiling", "project")


def test_what_programs_are_told_names_no_option_of_the_command_line():
    """A keyword in backticks becomes the option of that name where a shell is answered."""
    told = []
    for module in CORE:
        if module.room not in ASKED_FOR_BY_PROGRAMS:
            continue
        for call in ast.walk(module.tree):
            name = dotted(call.func).rpartition(".")[2] if isinstance(call, ast.Call) else ""
            if not isinstance(call, ast.Call) or not (name in errors.__dict__ or name == "remark"):
                continue
            words = [n for n in ast.walk(call) if isinstance(n, ast.Constant)]
            text = "".join(w.value for w in words if isinstance(w.value, str))
            if OPTION.search(A_COMMAND.sub("", text)):
                told.append(module.at(call.lineno, text))
    assert told == []


def test_every_room_has_its_floor():
    assert sorted({m.room for m in CORE if floor_of(m.room) < 0}) == []


def test_a_room_imports_only_from_itself_and_from_below():
    def upwards(module: Module, name: str) -> bool:
        if not name.startswith("harness.") or name == "harness.__version__":
            return False
        room = name.split(".")[1]
        return room != module.room and floor_of(room) >= floor_of(module.room)

    assert violations(CORE, Module.imports, upwards) == []


def test_imports_are_absolute():
    relative = violations(CORE + ADAPTERS, Module.imports, lambda _, name: name.startswith("."))
    assert relative == []


def test_the_core_knows_no_adapter():
    own = tuple({m.room for m in ADAPTERS})
    assert own
    assert violations(CORE, Module.imports, lambda _, name: within(name, own)) == []


def test_pure_rooms_import_nothing_that_touches_the_outside():
    pure = [m for m in CORE if m.room in PURE]
    assert pure
    assert violations(pure, Module.imports, lambda _, name: within(name, PURE_BANS)) == []


def test_pure_rooms_call_nothing_that_touches_the_outside():
    pure = [m for m in CORE if m.room in PURE]

    def touches(_: Module, name: str) -> bool:
        method = name.rpartition(".")[2]
        return within(name, PURE_BANS) or ("." in name and method in FILE_METHODS)

    assert violations(pure, Module.calls, touches) == []


def test_chance_in_pure_rooms_has_a_seed():
    def unseeded(_: Module, name: str) -> bool:
        return name.startswith("random.") and name != "random.Random"

    pure = [m for m in CORE if m.room in PURE]
    assert violations(pure, Module.calls, unseeded) == []
    bare = [
        m.at(node.lineno, "a generator without a seed")
        for m in pure
        for node in ast.walk(m.tree)
        if isinstance(node, ast.Call)
        and dotted(node.func).endswith(("random.Random", "default_rng"))
        and not node.args
    ]
    assert bare == []


@pytest.mark.parametrize("thing", KEEPERS)
def test_a_thing_of_the_outside_is_known_to_its_keepers_alone(thing: str):
    def stranger(module: Module, name: str) -> bool:
        # A keeper may be split into several files.
        ours = any(
            module.name == keeper or module.name.startswith((f"{keeper}.", f"{keeper}_"))
            for keeper in KEEPERS[thing]
        )
        return within(name, (thing,)) and not ours

    assert violations(CORE, Module.imports, stranger) == []


def test_only_one_module_calls_git():
    def words(module: Module) -> Iterator[tuple[int, str]]:
        for node in ast.walk(module.tree):
            if isinstance(node, (ast.List, ast.Tuple)) and node.elts:
                first = node.elts[0]
                if isinstance(first, ast.Constant) and first.value == "git" and len(node.elts) > 1:
                    yield node.lineno, "a git command"

    strangers = [m for m in CORE + ADAPTERS if not m.name.startswith("system.git")]
    assert violations(strangers, words, lambda *_: True) == []


def test_only_the_command_line_prints_and_exits():
    loud = {"print", "sys.exit", "exit", "quit", "SystemExit", "sys.stdout.write", "click.echo"}
    hosts = [m for m in ADAPTERS if m.path.name not in IN_THE_TARGET]
    quiet = [m for m in CORE if m.room not in ("cli", "__main__")] + hosts
    assert violations(quiet, Module.calls, lambda _, name: name in loud) == []


def test_adapters_use_the_contract_and_the_standard_library_alone():
    def foreign(module: Module, name: str) -> bool:
        if within(name, ADAPTER_MAY_USE) or within(name, (module.room,)):
            return False
        return name.partition(".")[0] not in sys.stdlib_module_names

    hosts = [m for m in ADAPTERS if m.path.name not in IN_THE_TARGET]
    assert violations(hosts, Module.imports, foreign) == []


BUILT_IN: dict[str, tuple[str, ...]] = {
    "optimise.proposers": (),
    "metrics": (),
    "executors": ("harness.executors.slurm",),  # its own modules
    # A format's own library is a dependency like any third party's.
    "render.exporters": (
        "harness.render.main_table",
        "harness.render.tables",
        "harness.render.units",
        "pyperf",
    ),
}
"""Where the plugins of each kind stand that come with the harness, and what those of this kind may
use beside the contract; docs/plugins.md says it to third parties."""


@pytest.mark.parametrize("place", BUILT_IN)
def test_built_in_plugins_use_what_a_third_party_may(place: str):
    ours = [m for m in CORE if m.name.startswith(f"{place}.")]
    assert ours

    def foreign(_: Module, name: str) -> bool:
        if within(name, (*ADAPTER_MAY_USE, *BUILT_IN[place])):
            return False
        return name.partition(".")[0] not in sys.stdlib_module_names

    assert violations(ours, Module.imports, foreign) == []
    assert violations(ours, Module.imports, lambda _, n: within(n, PROCESS_MAKERS)) == []
    assert violations(ours, Module.calls, lambda _, n: n.startswith(OS_PROCESS_MAKERS)) == []


def test_adapters_start_no_process():
    hosts = [m for m in ADAPTERS if m.path.name not in IN_THE_TARGET]
    assert violations(hosts, Module.imports, lambda _, n: within(n, PROCESS_MAKERS)) == []
    assert violations(hosts, Module.calls, lambda _, n: n.startswith(OS_PROCESS_MAKERS)) == []


def test_what_runs_in_a_target_needs_the_standard_library_alone():
    inside = [m for m in ADAPTERS if m.path.name in IN_THE_TARGET]
    assert inside
    of_the_suite = {"harness_suite_asv.py": "asv_runner"}

    def foreign(module: Module, name: str) -> bool:
        package = name.partition(".")[0]
        known = package in sys.stdlib_module_names
        return not known and package != of_the_suite.get(module.path.name)

    assert violations(inside, Module.imports, foreign) == []


def test_heavy_libraries_are_imported_where_they_are_used():
    """Within functions: a command that needs none of them does not pay for them."""
    early = [
        m.at(node.lineno, name)
        for m in CORE
        for node in m.tree.body
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for _, name in Module("", m.path, ast.Module([node], [])).imports()
        if within(name, LATE)
    ]
    assert early == []


def test_help_imports_nothing_heavy():
    script = (
        "import sys; from harness.cli import main\n"
        "sys.argv = ['harness', '--help']\n"
        "try: main()\n"
        "except SystemExit as end: assert not end.code\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"
    )
    said = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True
    )
    assert "Usage: harness" in said.stdout
    assert said.stderr.strip() == "[]"


LINES_OF_A_FILE = 400
LINES_OF_A_FUNCTION = 50
PARAMETERS = 5


def functions(module: Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(module.tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node


def test_a_file_is_read_in_one_sitting():
    long = [
        m.at(1, f"{count} lines")
        for m in CORE + ADAPTERS
        if (count := m.path.read_bytes().count(b"\n")) >= LINES_OF_A_FILE
    ]
    assert long == []


def test_a_function_fits_a_screen():
    long = [
        m.at(f.lineno, f"{f.name} has {count} lines")
        for m in CORE + ADAPTERS
        for f in functions(m)
        if (count := (f.end_lineno or 0) - f.lineno + 1) > LINES_OF_A_FUNCTION
    ]
    assert long == []


def test_a_function_takes_up_to_five_parameters():
    """But for the functions of commands, whose parameters are the options of the command line."""
    greedy = [
        m.at(f.lineno, f"{f.name} takes {len(names)}")
        for m in CORE + ADAPTERS
        if m.room != "cli"
        for f in functions(m)
        if len(names := parameters(f.args)) > PARAMETERS
    ]
    assert greedy == []


def parameters(arguments: ast.arguments) -> list[str]:
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    return [each.arg for each in every if each.arg not in ("self", "cls")]


TWINS = {
    "harness_propose": "every proposer implements this hook",
    "harness_implement": "every proposer implements this hook",
    "harness_metrics": "every metric plugin implements this hook",
    "harness_beside": "every metric plugin that counts apart implements this hook",
    "harness_suffix": "every exporter implements this hook",
    "harness_export": "every exporter implements this hook",
    "main": "the fallback launcher is a program of its own, which imports nothing of the harness",
}
"""Names that stand in two modules, each with the reason why one name is right."""


def defined(modules: list[Module]) -> dict[str, list[str]]:
    """Where each public class and function at the top of a module is defined, by its name."""
    places: dict[str, list[str]] = {}
    for m in modules:
        for node in m.tree.body:
            overloaded = [dotted(each) for each in getattr(node, "decorator_list", ())]
            if "overload" in overloaded:  # says the types of the one that follows
                continue
            if isinstance(node, (ast.ClassDef, ast.FunctionDef)) and not node.name.startswith("_"):
                places.setdefault(node.name, []).append(m.at(node.lineno, node.name))
    return places


def test_no_two_public_things_have_one_name():
    twins = {name: at for name, at in defined(CORE).items() if len(at) > 1}
    assert {name: at for name, at in twins.items() if name not in TWINS} == {}
    assert sorted(TWINS) == sorted(twins), "an allowed twin that no longer is one"


SAME_STEM = {
    "advice": "the campaign's rules say what comes next, and optimise asks them",
    "asking": "bench and profiling each say what they are asked for",
    "bench": "the command, and how what it found is shown",
    "config": "the command, and what it checks",
    "history": "the command, and what it lists",
    "loop": "the command, and what it starts",
    "profile": "the command, and how what it found is shown",
    "reading": "each reads the thing of its folder: git, outputs",
    "settings": "bench and running each declare how they measure",
    "standing": "the campaign's rules say what follows, and optimise finds out",
    "status": "the command, and the text that it prints",
    "steady": "the statistics of repeated work, and what the conformance suite asks about it",
    "steps": "the commands, and the steps that they take",
    "surprises": "the command, and what it searches",
    "verify": "the command, and what it derives again",
    "workload": "the commands' view of it, and what it is",
}
"""Stems of two modules that are one idea on two floors or in two rooms, and why."""


def stems(modules: list[Module]) -> dict[str, list[str]]:
    """The modules of each stem; a package is known by its folder and has none."""
    found: dict[str, list[str]] = {}
    for m in modules:
        if m.path.stem != "__init__":
            found.setdefault(m.path.stem, []).append(m.name)
    return found


def test_no_two_modules_share_a_stem_for_two_ideas():
    shared = {stem: names for stem, names in stems(CORE).items() if len(names) > 1}
    assert {stem: names for stem, names in shared.items() if stem not in SAME_STEM} == {}
    assert {stem: names for stem, names in shared.items() if len(names) > 2} == {}
    assert sorted(SAME_STEM) == sorted(shared), "an allowed stem that no longer stands twice"


def unknown_parts(module: Module, doc: str) -> list[str]:
    """What a package's docstring lists, and is neither one of its modules nor imported by it."""
    listed = re.findall(r"^- `([a-z_]+)`", doc, re.MULTILINE)
    here = module.path.parent
    known = {path.stem for path in here.iterdir()}
    known |= {name.rpartition(".")[2] for _, name in module.imports()}
    return [name for name in listed if name not in known]


def test_a_package_s_docstring_lists_the_modules_that_it_has():
    packages = [(m, ast.get_docstring(m.tree)) for m in CORE if m.path.stem == "__init__"]
    assert {m.name: wrong for m, doc in packages if (wrong := unknown_parts(m, doc or ""))} == {}


MOST_REPEATED_LINES = 12


def repeated(modules: list[Module], most: int) -> list[str]:
    """Runs of more than `most` lines that stand twice; empty lines and imports do not count.

    Adapters are not held to this: each is written as a third party would write it, alone.
    """
    seen: dict[tuple[str, ...], str] = {}
    found = []
    for m in modules:
        imported = {
            line
            for node in ast.walk(m.tree)
            if isinstance(node, (ast.Import, ast.ImportFrom))
            for line in range(node.lineno, (node.end_lineno or 0) + 1)
        }
        numbered = [
            (number, text.strip())
            for number, text in enumerate(m.path.read_text(encoding="utf-8").splitlines(), 1)
            if text.strip() and number not in imported
        ]
        for at in range(len(numbered) - most):
            run = numbered[at : at + most + 1]
            here = f"{m.name}:{run[0][0]}"
            first = seen.setdefault(tuple(text for _, text in run), here)
            if first != here:
                found.append(f"{here} is the same as {first}")
    return found


def test_no_long_run_of_lines_stands_twice():
    assert repeated(CORE, MOST_REPEATED_LINES) == []


def circle(modules: list[Module]) -> list[str]:
    """Modules each of which imports the one before, for types or later too; empty without any."""
    names = {m.name for m in modules}
    graph: dict[str, set[str]] = {}
    for m in modules:
        own = (name.removeprefix("harness.") for _, name in m.imports())
        homes = (n if n in names else n.rpartition(".")[0] for n in own)
        graph[m.name] = {home for home in homes if home in names and home != m.name}
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as problem:
        return list(problem.args[1])
    return []


def test_no_module_imports_in_a_circle_not_even_for_types():
    assert circle(CORE) == []


# The rules themselves are checked: a rule that cannot fail protects nothing.


def module(text: str, name: str = "stats.x") -> Module:
    return Module(name, ROOT / "x.py", ast.parse(text))


def test_an_import_within_a_function_is_seen():
    assert list(module("def f():\n    import time").imports()) == [(2, "time")]


def test_a_circle_of_imports_is_seen():
    later = "def f():\n    from harness.stats import x"
    modules = [module("from harness.stats.y import Y"), module(later, "stats.y")]
    assert circle(modules) == ["stats.x", "stats.y", "stats.x"]
    assert circle(modules[:1]) == []


def test_an_import_for_types_alone_is_seen():
    text = "if TYPE_CHECKING:\n    from harness.system.store import runs"
    assert list(module(text).imports()) == [(2, "harness.system.store.runs")]


def test_a_call_is_seen_under_the_name_of_its_import():
    text = "from os import system as s\ns('x')\nPath(p).read_text()"
    assert [name for _, name in module(text).calls()] == ["os.system", "?.read_text", "Path"]


def test_a_name_that_stands_twice_is_seen():
    two = [module("class A: pass"), module("def A(): pass\ndef _b(): pass"), module("_b = 1")]
    assert {name: len(at) for name, at in defined(two).items()} == {"A": 2}


def test_a_stem_that_stands_twice_is_seen():
    two = [Module(f"{room}.x", ROOT / room / "x.py", ast.parse("")) for room in ("a", "b")]
    assert stems([*two, Module("c", ROOT / "c/__init__.py", ast.parse(""))]) == {
        "x": ["a.x", "b.x"]
    }


def test_a_module_that_a_docstring_invents_is_seen(tmp_path: Path):
    (tmp_path / "real.py").touch()
    package = Module("p", tmp_path / "__init__.py", ast.parse(""))
    assert unknown_parts(package, "Two:\n\n- `real`  it is\n- `gone`  it was") == ["gone"]


def test_lines_that_stand_twice_are_seen(tmp_path: Path):
    path = tmp_path / "x.py"
    path.write_text("import os\na = 1\n\nb = 2\nc = 3\n", encoding="utf-8")
    one, other = (Module(name, path, ast.parse(path.read_bytes())) for name in ("one", "other"))
    assert repeated([one], 2) == []
    assert repeated([one, other], 2) == ["other:2 is the same as one:2"]
    assert repeated([one, other], 3) == []
