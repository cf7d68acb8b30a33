"""The cells of a sweep: what each target is given at each point."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.errors import UsageError
from harness.model import Case, Target, Task
from harness.running.cells import Cell
from harness.running.sweep_axes import sweep_of
from harness.running.sweep_cells import cells_of


@pytest.fixture
def base(tmp_path):
    case = Case("fast", params={"n": 10})
    target = Target("a", "sum", "c", tmp_path, args=("{n}",), options={"flags": ["-O1"]})
    return Cell(Task("sum", (case,)), case, target)


def test_a_parameter_makes_a_case_of_every_point(base):
    other = replace(base, target=replace(base.target, name="b"))
    cells = cells_of(sweep_of("n=20,30", None), [base, other])
    assert [(cell.case.name, cell.name) for cell in cells] == [
        (f"fast (n={n})", name) for n in (20, 30) for name in ("a", "b")
    ]
    assert [cell.target.arguments(cell.case) for cell in cells[::2]] == [("20",), ("30",)]


def test_the_value_that_the_case_has_is_a_point_like_others(base):
    cells = cells_of(sweep_of("n=10,20", None), [base])
    assert [cell.case.name for cell in cells] == ["fast (n=10)", "fast (n=20)"]


def test_variants_stand_side_by_side_on_one_case(base):
    cells = cells_of(sweep_of(None, ["flags=-O2,-O3 -g", "compiler=gcc,cc"]), [base])
    assert {cell.case.name for cell in cells} == {"fast"}
    assert cells[2].name == "a [flags=-O3 -g, compiler=gcc]"
    assert cells[2].target.options == {"flags": ["-O3", "-g"], "compiler": "gcc"}


def test_a_variable_makes_a_case_of_every_point_too(base):
    cells = cells_of(sweep_of("env.OMP_NUM_THREADS=1,2", None), [base])
    assert [cell.target.env for cell in cells] == [
        {"OMP_NUM_THREADS": "1"},
        {"OMP_NUM_THREADS": "2"},
    ]
    assert len({cell.case.name for cell in cells}) == 2


def test_threads_are_an_argument_or_what_the_adapter_has_for_them(base):
    by_argument = replace(base, target=replace(base.target, args=("{threads}",)))
    cells = cells_of(sweep_of("threads=1,2", None), [by_argument])
    assert [cell.target.arguments(cell.case) for cell in cells] == [("1",), ("2",)]
    julia = replace(base, target=replace(base.target, adapter="julia"))
    cells = cells_of(sweep_of("threads=1,2", None), [julia])
    assert [cell.target.options["threads"] for cell in cells] == [1, 2]
    with pytest.raises(UsageError, match="a does not say how it takes a number of threads"):
        cells_of(sweep_of("threads=1,2", None), [base])


def test_braces_of_a_program_are_its_own_but_for_the_axes(base):
    program = replace(base, target=replace(base.target, args=("{{print}}", "{{n}}")))
    cells = cells_of(sweep_of("n=1,2", None), [program])
    assert cells[0].target.arguments(cells[0].case) == ("{print}", "1")


@pytest.mark.parametrize(
    ("sweep", "matrix", "words"),
    [
        ("m=1,2", None, "sweep m: no argument of a uses {m}; its arguments: '{n}'"),
        ("n=x,y", None, "'x' is not a number, as 10 of the case fast is"),
        (None, "n=1,2", "matrix n: it is a parameter of a"),
    ],
)
def test_what_no_target_takes_is_refused(base, sweep, matrix, words):
    with pytest.raises(UsageError) as caught:
        cells_of(sweep_of(sweep, matrix), [base])
    assert words in caught.value.message
