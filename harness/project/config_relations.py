"""The relations of a task in `harness.toml`: `[[tasks.NAME.relations]]`."""

from __future__ import annotations

from collections.abc import Sequence

from harness.model import Case, OutputKind, Task
from harness.model.relations import DRAW, Relation
from harness.project.config_cases import Refuse
from harness.project.config_file import SAME, RelationSection


def relations_of(
    sections: Sequence[RelationSection], task: Task, refuse: Refuse
) -> tuple[Relation, ...]:
    """What the tables say of a task; raises what `refuse` makes of one that makes no sense."""
    kinds = {spec.tolerance.kind for spec in task.outputs}
    found: dict[str, Relation] = {}
    for number, section in enumerate(sections):
        at = f"relations[{number}]"
        if not section.name.strip() or section.name in found:
            raise refuse(f"{at}.name", f"want a name of its own, got {section.name!r}")
        expect = section.expect
        if isinstance(expect, str) and expect != SAME:
            raise refuse(f"{at}.expect", f"want {SAME!r}, or a command, got {expect!r}")
        if isinstance(expect, str) and kinds == {OutputKind.STOCHASTIC}:
            raise refuse(f"{at}.expect", "want a command: no two runs print the same here")
        comparing = () if isinstance(expect, str) else tuple(expect)
        relation = Relation(section.name, tuple(section.transform), comparing)
        _check(relation.transform, task.cases, f"{at}.transform", refuse)
        if not isinstance(expect, str):
            _check(comparing, task.cases, f"{at}.expect", refuse)
        found[relation.name] = relation
    return tuple(found.values())


def _check(command: Sequence[str], cases: Sequence[Case], where: str, refuse: Refuse) -> None:
    """Raise unless the command names a program, and every case has what it asks for."""
    if not command or not command[0]:
        raise refuse(where, "the command names no program")
    for case in cases:
        try:
            case.filled_in(command, {DRAW: 0})
        except (KeyError, IndexError) as missing:
            known = ", ".join((*case.values(), DRAW))
            raise refuse(
                where, f"no parameter {missing} in case {case.name!r} (it has: {known})"
            ) from None
        except ValueError as problem:
            raise refuse(where, f"{problem}; {{{{ and }}}} stand for braces") from None
