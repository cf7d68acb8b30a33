"""C programs in several layouts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness.adapterkit.layouts import OF_OLD as LAYOUTS
from harness.adapterkit.layouts import layout_of, order_of, program_in
from harness.analysis.schedule import padding_bytes
from harness.errors import ConfigError
from harness.model import Build, Case, Target, TrialPlan
from harness.plugins import Adapters
from harness.system.process.runner import LocalRunner
from harness.testing import make_target
from harness_c.options import Options

CASE = Case("only")
MAIN = """\
#include <stdio.h>
void other(void);
int main(int argc, char **argv) {
    (void)argc;
    printf("%s %p-%p\\n", argv[0], (void *)main, (void *)other);
    other();
    return 0;
}
"""


def build(target: Target, local_runner: LocalRunner) -> Build:
    adapter = Adapters().get("c")
    return adapter.build(target, adapter.probe(local_runner), target.root / "builds", local_runner)


@pytest.fixture(scope="module")
def varied(local_runner: LocalRunner, tmp_path_factory: pytest.TempPathFactory) -> Build:
    root = tmp_path_factory.mktemp("target")
    (root / "work.c").write_text(MAIN)
    (root / "other.c").write_text("void other(void) {}\n")
    options = {"vary_link_order": True, "flags": ["-O2", "-no-pie"]}
    sources = (root / "work.c", root / "other.c")
    return build(make_target(root, adapter="c", sources=sources, options=options), local_runner)


def place(made: Build, pad_bytes: int, local_runner: LocalRunner) -> tuple[str, str]:
    """The program's own name and where two of its functions lie, in one trial."""
    trial = Adapters().get("c").time(made, CASE, TrialPlan(pad_bytes=pad_bytes), local_runner)
    assert trial.output is not None, trial.message
    name, addresses = trial.output.stdout.read_text().split()
    return name, addresses


def test_trials_with_other_padding_run_code_that_lies_elsewhere(
    varied: Build, local_runner: LocalRunner
) -> None:
    places = [place(varied, layout * 512, local_runner) for layout in range(LAYOUTS)]
    both = [addresses.split("-") for _, addresses in places]
    assert len({main for main, _ in both}) == len({other for _, other in both}) == LAYOUTS
    assert {Path(name).name for name, _ in places} == {"work"}


def test_trials_without_padding_run_the_program_as_it_was_built(
    varied: Build, local_runner: LocalRunner
) -> None:
    assert place(varied, 0, local_runner)[0] == str(varied.program)


def test_layouts_are_another_build(varied: Build, local_runner: LocalRunner) -> None:
    plain = replace(varied.target, options={"flags": ["-O2", "-no-pie"]})
    made = build(plain, local_runner)
    assert made.digest != varied.digest
    assert not program_in(made.program, 1).exists()


def test_the_order_of_a_layout_is_a_fixed_permutation() -> None:
    objects = [f"{i}.o" for i in range(5)]
    orders = {tuple(order_of(objects, layout)) for layout in range(LAYOUTS)}
    assert order_of(objects, 0) == objects
    assert len(orders) > LAYOUTS // 2
    assert all(sorted(order) == objects for order in orders)
    assert order_of(objects, 3) == order_of(objects, 3)


@pytest.mark.parametrize("layouts", [2, 4, 8, 64])
def test_blocks_take_turns_among_the_layouts(layouts: int) -> None:
    drawn = [layout_of(padding_bytes(1, block), layouts) for block in range(128)]
    assert {drawn.count(layout) for layout in range(layouts)} == {128 // layouts}


def test_functions_of_one_file_change_their_order(
    local_runner: LocalRunner, tmp_path: Path
) -> None:
    (tmp_path / "work.c").write_text(
        MAIN.replace("void other(void);", "__attribute__((noinline)) void other(void) {}")
    )
    target = make_target(
        tmp_path,
        adapter="c",
        sources=(tmp_path / "work.c",),
        options={"layouts": 6, "flags": ["-O0", "-no-pie"]},
    )
    made = build(target, local_runner)
    pairs = [place(made, layout * 4096 // 6 + 1, local_runner)[1].split("-") for layout in range(6)]
    orders = {int(main, 16) < int(other, 16) for main, other in pairs}
    assert orders == {True, False}
    trial = Adapters().get("c").time(made, CASE, TrialPlan(pad_bytes=4095), local_runner)
    assert trial.layout == 5


def test_a_number_of_layouts_that_makes_no_sense_is_refused(tmp_path: Path) -> None:
    (tmp_path / "work.c").write_text(MAIN)
    target = make_target(
        tmp_path, adapter="c", sources=(tmp_path / "work.c",), options={"layouts": 0}
    )
    with pytest.raises(ConfigError, match="layouts: want a number from 1 to 64, got 0"):
        Options.of(target)
