"""Layouts: one program linked in several ways, and trials that take turns among them.

Where functions lie in memory can change a program's speed by more than an optimisation does, and
any edit moves them. Link order alone was worth up to 10 % (Mytkowicz, Diwan, Hauswirth and Sweeney,
"Producing Wrong Data Without Doing Anything Obviously Wrong!", ASPLOS 2009). Several layouts turn
that bias into scatter that can be seen (Curtsinger and Berger, "Stabilizer", ASPLOS 2013). They
differ in the order of objects, in padding before them, and in the order of functions, where the
linker takes a script (GNU ld does).
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from harness.errors import BuildFailed, ConfigError
from harness.hookspecs import Runner
from harness.model import Command, Target, Trial, TrialPlan

MOST_LAYOUTS = 64
OF_OLD = 8
"""As many as `vary_link_order = true` asks for."""
CODE_ALIGNMENT = 16
MOST_PADDING = 4096
"""More than any trial's `pad_bytes`, and than the code that a layout is moved by."""

OWN_SECTIONS = "-ffunction-sections"
"""What gives each function a section of its own, which the linker can place."""

_SECTION = re.compile(rb"\.text\.[A-Za-z_][\w.$@]*")
_KEPT_TOGETHER = (".text.unlikely", ".text.exit", ".text.hot", ".text.startup")
"""The compiler groups these on purpose; the linker does it where no script names them."""


def layouts_wanted(target: Target, layouts: int | None, vary_link_order: bool = False) -> int:
    """In how many layouts a target is linked, 1 for as it is; ConfigError for no such number.

    A `program` that others link (see `CompilerOptions`) is as it is, whatever is wanted.
    """
    if layouts is None:
        layouts = OF_OLD if vary_link_order else target.layouts
    elif not 1 <= layouts <= MOST_LAYOUTS:
        raise ConfigError(
            f"targets.{target.name}.layouts: want a number from 1 to {MOST_LAYOUTS}, got {layouts}",
            hint="8 tell an accident of layout from a gain; 1 is the program as it is built.",
        )
    return layouts if target.options.get("program") is None else 1


def layout_of(pad_bytes: int, layouts: int) -> int:
    """The layout of a trial, from the padding that was drawn for its block.

    By the padding's size, not by its lowest bits: those decide how the stack is aligned.
    """
    return min(pad_bytes, MOST_PADDING - 1) * layouts // MOST_PADDING


def program_in(program: Path, layout: int) -> Path:
    """Where a layout of `program` lies; the name stays, since a program may look at its own."""
    return program.parent / f"layout-{layout}" / program.name if layout > 0 else program


def order_of(names: Sequence[str], layout: int) -> list[str]:
    """Objects or functions in the order of a layout.

    Each has a place of its own, drawn by its name: what two builds have in common has the same
    order in both, and what one has alone moves the others apart, as an edit does.
    """
    return sorted(names, key=lambda name: _drawn(layout, name)) if layout > 0 else list(names)


def _drawn(layout: int, name: str) -> float:
    return random.Random(f"{layout} {name}").random()


def padding_source(layout: int) -> str:
    """Assembly of code that nothing executes, to be linked first: it moves all that follows.

    Compilers put `main` into a section of its own, which linkers place before the others. The last
    section says that the stack need not be executable.
    """
    size = _padding(layout)
    sections = ('.section .text.startup,"ax",@progbits', ".text")
    code = "".join(f"{section}\n.skip {size}, 0x90\n" for section in sections)
    return f'{code}.section .note.GNU-stack,"",@progbits\n'


def functions_in(objects: Sequence[Path]) -> list[str]:
    """The sections of functions that objects have, by the names of sections in their files."""
    found = {name.decode() for path in objects for name in _SECTION.findall(path.read_bytes())}
    return sorted(name for name in found if not name.startswith(_KEPT_TOGETHER))


def order_script(functions: Sequence[str], layout: int) -> str:
    """What has GNU ld place these sections in the order of a layout, before all other code."""
    lines = [f"    . += {_padding(layout)};"]
    for name in order_of(functions, layout):
        gap = CODE_ALIGNMENT * int(4 * _drawn(-layout, name))
        lines += [f"    . += {gap};", f"    *({name})"]
    placed = "\n".join(lines)
    return f"SECTIONS {{\n  .text.ordered : {{\n{placed}\n  }}\n}}\nINSERT BEFORE .text;\n"


def _padding(layout: int) -> int:
    steps = MOST_PADDING // CODE_ALIGNMENT
    return CODE_ALIGNMENT * random.Random(f"padding {layout}").randrange(1, steps)


def link_layouts(
    program: Path,
    objects: Sequence[str],
    layouts: int,
    link: Callable[[Sequence[str], Path], None],
) -> list[Path]:
    """Link `program` in its further layouts, from objects beside it; where they lie.

    `link` is told the words before all others (a padding, the objects in their order, perhaps a
    script of the linker) and what to make; it raises BuildFailed. A linker that takes no script
    changes the order of objects alone.
    """
    functions = functions_in([program.parent / name for name in objects])
    made = []
    for layout in range(1, layouts):
        there = program_in(program, layout)
        there.parent.mkdir()
        padding = there.parent / "padding.s"
        padding.write_text(padding_source(layout))
        words = ["-x", "assembler", str(padding), "-x", "none", *order_of(objects, layout)]
        script = there.parent / "order.ld"
        script.write_text(order_script(functions, layout))
        try:
            link([*words, f"-Wl,-T,{script}"] if functions else words, there)
        except BuildFailed:
            functions = []
            link(words, there)
        made.append(there)
    return made


def timed_in_layout(command: Command, layouts: int, plan: TrialPlan, runner: Runner) -> Trial:
    """One trial of a command, in the layout that the padding of its block draws."""
    if layouts < 2:
        return runner.trial(command, plan)
    layout = layout_of(plan.pad_bytes, layouts)
    program = program_in(Path(command.argv[0]), layout)
    moved = replace(command, argv=(str(program), *command.argv[1:]))
    return replace(runner.trial(moved, plan), layout=layout)
