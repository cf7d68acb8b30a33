"""Comprehensions are told by the functions that they stand in."""

from __future__ import annotations

from harness.model import Frame, HotSpot, Profile, ProfileBy
from harness_python.enclosing import with_enclosing

TEXT = """\
squares = [n * n for n in range(9)]


def outer(lines):
    def inner(line):
        return [
            int(word) for word in line.split()
        ]

    return sum(inner(line)[0] for line in lines)


class Kept:
    async def those(self, lines):
        return {line for line in lines}
"""


def spot(name: str, file: str, line: int | None) -> HotSpot:
    return HotSpot(0.1, 0.2, 1.0, function=name, file=file, line=line)


def test_what_has_no_name_is_told_by_the_innermost_function_around_it(tmp_path):
    (tmp_path / "work.py").write_text(TEXT)
    (tmp_path / "other.py").write_text("print 'of another Python'")
    work, other = str(tmp_path / "work.py"), str(tmp_path / "other.py")
    places = {
        ("<listcomp>", work, 1): "<listcomp>",
        ("<listcomp>", work, 6): "inner.<listcomp>",
        ("<genexpr>", work, 10): "outer.<genexpr>",
        ("<setcomp>", work, 15): "those.<setcomp>",
        ("inner", work, 6): "inner",
        ("<lambda>", other, 1): "<lambda>",
        ("<lambda>", "", None): "<lambda>",
        ("<lambda>", str(tmp_path / "gone.py"), 3): "<lambda>",
    }
    stacks = {(Frame("outer", work, 10), Frame("<genexpr>", work, n)): 1.5 for n in (10, 10)}
    spots = tuple(spot(*place) for place in places)
    told = with_enclosing(Profile("cProfile", ProfileBy.FUNCTION, "ns", 10.0, spots, stacks))
    assert [s.function for s in told.spots] == list(places.values())
    (stack,) = told.stacks
    assert [frame.function for frame in stack] == ["outer", "outer.<genexpr>"]
