"""Packages that an interpreter imports from the user's tree, and how a private copy's are instead.

`pip install -e .` leaves no files in the environment but a note of where they lie. Both sides of a
comparison share the environment, so that both would import the user's present tree whatever they
were checked out at. Folders on PYTHONPATH come before what the environment says, and so each side's
own are named there; what cannot be led elsewhere is refused.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.errors import ConfigError
from harness.model import Target, Toolchain, moved_into
from harness_python.options import Options

# Executed within the interpreter's description of itself. Entries of sys.path come from .pth files;
# setuptools has finders with a MAPPING; other build backends leave direct_url.json alone.
DESCRIBE = """
def editable():
    import glob, site, urllib.parse, urllib.request
    own = (sys.prefix, sys.base_prefix, sys.exec_prefix, site.getusersitepackages())
    inside = {os.path.realpath(p) for p in own}
    def foreign(path):
        real = os.path.realpath(path)
        return not any(real == p or real.startswith(p + os.sep) for p in inside)
    paths = [p for p in sys.path if p and os.path.isdir(p) and foreign(p)]
    modules = {}
    for name, module in list(sys.modules.items()):
        if name.startswith('__editable__'):
            modules.update(getattr(module, 'MAPPING', {}))
    projects = {}
    for note in (n for p in sys.path for n in glob.glob(os.path.join(p, '*', 'direct_url.json'))):
        try:
            with open(note) as file:
                said = json.load(file)
            if said['dir_info'].get('editable'):
                place = urllib.request.url2pathname(urllib.parse.urlparse(said['url']).path)
                projects[os.path.basename(os.path.dirname(note)).split('-')[0]] = place
        except (OSError, ValueError, KeyError, AttributeError):
            pass
    return {'paths': paths, 'modules': modules, 'projects': projects}
"""


@dataclass(frozen=True, slots=True)
class Editable:
    """What an interpreter imports from elsewhere than its own folders."""

    paths: tuple[Path, ...]
    """Folders that all kinds of modules are found in."""
    modules: tuple[tuple[str, Path], ...]
    """A module's name, and its file or folder."""
    projects: tuple[tuple[str, Path], ...]
    """An editable distribution's name and where its project lies."""

    @classmethod
    def of(cls, toolchain: Toolchain) -> Editable:
        """The interpreter as it was when it was probed."""
        said = json.loads(toolchain.details.get("editable", "{}"))
        return cls(
            tuple(map(Path, said.get("paths", ()))),
            tuple((name, Path(path)) for name, path in said.get("modules", {}).items()),
            tuple((name, Path(path)) for name, path in said.get("projects", {}).items()),
        )

    def folders(self) -> list[Path]:
        """The folders that would find the same modules on PYTHONPATH."""
        found = [*self.paths, *(path.parent for name, path in self.modules if _fits(name, path))]
        return list(dict.fromkeys(found))


def own_folders(target: Target, toolchain: Toolchain) -> list[Path]:
    """The folders of the target's own tree that stand for those of editable packages."""
    folders = Editable.of(toolchain).folders()
    if target.private_copy is None:
        return folders
    original, copy = target.private_copy
    return [
        moved_into(folder, original, copy) if folder.is_relative_to(original) else folder
        for folder in folders
    ]


def redirections(target: Target, toolchain: Toolchain) -> list[Path]:
    """What must stand on PYTHONPATH so that a private copy imports its own packages."""
    if target.private_copy is None:
        return []
    copy = target.private_copy[1]
    own = own_folders(target, toolchain)
    return [folder for folder in own if folder.is_relative_to(copy) and folder.is_dir()]


def check(target: Target, toolchain: Toolchain, reached: Iterable[Path]) -> None:
    """Raise ConfigError where the program would import from the user's tree all the same.

    `reached`: the files that the program is made of; what none of them imports is no matter.
    """
    if target.private_copy is None:
        return
    original, _ = target.private_copy
    found = Editable.of(toolchain)
    started = {(Options.of(target).module or "").partition(".")[0]} - {""}
    imported = started | {name for path in reached for name in _imports(path)}
    for problem in _problems(target, found, original, imported):
        raise ConfigError(
            f"targets.{target.name}: {problem}",
            hint="Name the folder to import from in the target, such as path = ['src'], and let"
            " setup build what must be compiled; or install the package without -e.",
        )


def _problems(target: Target, found: Editable, original: Path, imported: set[str]) -> Iterator[str]:
    users = [(name, path) for name, path in found.modules if path.is_relative_to(original)]
    folders = [path for path in found.paths if path.is_relative_to(original)]
    for name, path in users:
        if name.partition(".")[0] in imported and not _fits(name, path):
            yield f"{name} is imported from {path}, in your tree, by an editable install"
    places = [*folders, *(path.parent for _, path in users)]
    blind = _hides_environment(Options.of(target).flags)
    for folder in places:
        packages = [name for name in sorted(imported) if _has(folder, name)]
        if packages and blind:
            yield (
                f"{packages[0]} is imported from {folder}, in your tree, by an editable install,"
                " and the flags -I and -E forbid to name another folder"
            )
        for name in packages:
            yield from _only_the_users(target, folder, name)
    for name, project in found.projects:
        known = any(
            path.is_relative_to(project) for path in (*found.paths, *dict(found.modules).values())
        )
        if name.lower() in imported and project.is_relative_to(original) and not known:
            yield f"{name} is an editable install of {project}, in your tree, of an unknown kind"


def _only_the_users(target: Target, folder: Path, name: str) -> Iterator[str]:
    """Compiled modules of a package that only the user's tree has."""
    assert target.private_copy is not None
    original, copy = target.private_copy
    compiled = [*folder.glob(f"{name}.*.so"), *folder.glob(f"{name}.so")]
    compiled += (folder / name).rglob("*.so") if (folder / name).is_dir() else []
    for path in sorted(compiled):
        if not moved_into(path, original, copy).exists():
            yield (
                f"{path.relative_to(original)} is built in your tree alone, and nothing makes it in"
                " a fresh checkout"
            )


def _fits(name: str, path: Path) -> bool:
    """Would the module be found in the folder that its file or folder lies in?"""
    return "." not in name and path.name.partition(".")[0] == name


def _has(folder: Path, name: str) -> bool:
    return (folder / name).is_dir() or any(folder.glob(f"{name}.*"))


def _hides_environment(flags: Sequence[str]) -> bool:
    """Do the interpreter's flags make it overlook PYTHONPATH?"""
    takes_word = ("-X", "-W")
    alone = [
        flag
        for before, flag in zip(("", *flags), flags, strict=False)
        if before not in takes_word and flag[:1] == "-" and not flag.startswith(("--", *takes_word))
    ]
    return any(letter in flag for flag in alone for letter in "IE")


def _imports(path: Path) -> set[str]:
    """The first names of what a file imports."""
    try:
        tree = ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError):
        return set()
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.partition(".")[0])
    return names
