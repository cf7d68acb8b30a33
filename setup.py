"""Compiles the launcher into wheels, and beside its source for an editable install.

Everything else is said in `pyproject.toml`. The launcher is a static program, so a wheel with it
needs no certain Python and no certain C library: its tag names the machine alone. `CC` names
another compiler; a cross compiler gives a wheel of its machine, which is read from what it made.

Without a compiler the wheel has no launcher and is for any machine: the harness then compiles it
when it is first used, or uses the one in Python. HARNESS_REQUIRE_LAUNCHER=1 makes that an error.
"""

import importlib.util
import os
import platform
import shutil
import struct
import subprocess
import sys
from pathlib import Path

from setuptools import Command, setup
from setuptools.command.build import build
from setuptools.dist import Distribution

try:
    from setuptools.command.bdist_wheel import bdist_wheel
except ImportError:
    try:
        from wheel.bdist_wheel import bdist_wheel
    except ImportError:  # only where no wheel is built either
        bdist_wheel = None

ROOM = Path("harness", "system", "launcher")
MACHINES = {62: "x86_64", 183: "aarch64"}
"""By the number that ELF has for them; those that the tags of many Linux systems exist for."""


def load_made_of():
    """`harness.system.launcher.made_of`, without the package that is not installed yet."""
    spec = importlib.util.spec_from_file_location("made_of", ROOM.absolute() / "made_of.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def elf_facts(program):
    """The machine that a program is for (its number in ELF), and whether it is static."""
    head = program.read_bytes()
    if head[:4] != b"\x7fELF" or head[4] != 2:
        return 0, False
    order = "<" if head[5] == 1 else ">"
    (machine,) = struct.unpack_from(f"{order}H", head, 18)
    (table,) = struct.unpack_from(f"{order}Q", head, 32)
    size, count = struct.unpack_from(f"{order}HH", head, 54)
    kinds = [struct.unpack_from(f"{order}I", head, table + size * n)[0] for n in range(count)]
    return machine, 3 not in kinds  # PT_INTERP: the loader that a dynamic program asks for


def compile_launcher(folder):
    """Compile into a folder; returns the program, or None and why not in words."""
    made_of = load_made_of()
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("launcher-*"):
        old.unlink()
    said = []
    compilers = [os.environ["CC"]] if os.environ.get("CC") else made_of.COMPILERS
    for compiler in filter(shutil.which, compilers):
        for flags in made_of.FLAGS:
            made = folder / "launcher-new"
            done = subprocess.run(
                made_of.compile_command(compiler, flags, made), capture_output=True, text=True
            )
            if done.returncode == 0:
                machine = MACHINES.get(elf_facts(made)[0], platform.machine())
                return made.rename(folder / made_of.launcher_name(machine)), ""
            made.unlink(missing_ok=True)
            said.append(f"{compiler}: {(done.stderr.strip().splitlines() or ['it failed'])[-1]}")
    return None, "; ".join(said) or f"none of {', '.join(compilers)} is on PATH"


class BuildLauncher(Command):
    """A part of `build`, by the protocol of setuptools for such parts."""

    description = "compile the launcher"
    user_options = []  # noqa: RUF012
    editable_mode = False

    def initialize_options(self):
        self.build_lib = None
        self.program = None

    def finalize_options(self):
        self.set_undefined_options("build_py", ("build_lib", "build_lib"))

    def run(self):
        folder = ROOM if self.editable_mode else Path(self.build_lib) / ROOM
        self.program, why = compile_launcher(folder)
        if self.program is not None:
            return
        words = (
            f"the launcher, a small C program that starts and times every trial, was not compiled"
            f" ({why})"
        )
        if os.environ.get("HARNESS_REQUIRE_LAUNCHER"):
            raise SystemExit(f"{words}; install a C compiler, such as gcc, and try again")
        print(
            f"warning: {words}. The harness will compile it when it is first used, or use the one"
            " in Python, under which a trial costs some milliseconds more and peak memory reads 15"
            " MB at least. Install a C compiler, such as gcc, for the C one.",
            file=sys.stderr,
        )

    def get_source_files(self):
        return [str(path) for end in ("*.c", "*.h") for path in sorted(ROOM.glob(end))]

    def get_outputs(self):
        return [] if self.program is None else [str(self.program)]

    def get_output_mapping(self):
        return {}


class Build(build):
    """`build` with the launcher."""

    sub_commands = [*build.sub_commands, ("build_launcher", None)]  # noqa: RUF012


class WithPrograms(Distribution):
    """A distribution that is installed among what is for one machine."""

    def has_ext_modules(self):
        return True


commands = {"build": Build, "build_launcher": BuildLauncher}

if bdist_wheel is not None:

    class BdistWheel(bdist_wheel):
        """A wheel with the tag of the launcher in it."""

        def get_tag(self):
            program = self.get_finalized_command("build_launcher").program
            if program is None:
                return "py3", "none", "any"
            number, static = elf_facts(program)
            machine = MACHINES.get(number)
            if static and machine:
                return "py3", "none", f"manylinux_2_17_{machine}.musllinux_1_1_{machine}"
            return "py3", "none", f"linux_{machine or platform.machine()}"

    commands["bdist_wheel"] = BdistWheel

setup(cmdclass=commands, distclass=WithPrograms)
