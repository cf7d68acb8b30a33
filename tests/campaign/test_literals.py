"""Changes of numbers and texts alone, told from those of code."""

import pytest

from harness.campaign.literals import FileChange, change_of


def only(path: str, old: str, new: str) -> bool:
    return change_of([FileChange(path, old, new)]).literals_only == (path,)


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("a.c", "for (i = 0; i < 1000; i++)", "for (i = 0; i < 10; i++)  // less"),
        ("a.c", "#define DT 1.0e-3", "#define DT 1e-2f"),
        ("a.c", "x = -1;", "x = 1;"),
        ("a.c", 'puts("a \\" b");', 'puts("c");'),
        ("a.c", "int t[] = {1, 2};", "int t[] = {\n  1, 2, 3, 4};"),
        ("a.py", "steps = 1_000  # many", "steps = 10"),
        ("a.py", 'x = """a\nb"""', "x = 'c'"),
        ("a.jl", "n = 0x10 #= a block =#", "n = 1"),
    ],
)
def test_literals_alone(path, old, new):
    assert only(path, old, new)


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("a.c", "a = b * 2;", "a = b + 2;"),
        ("a.c", "x1 = 1;", "x2 = 1;"),
        ("a.c", "a = 1;", "a = 1; /* 2 */"),
        ("a.c", "a = 1;", "a  =  1 ;"),
        ("a.c", "a = n;", "a = 3;"),
        ("a.py", "a = 1", "a = 1 + 1"),
        ("program.flags", "-O0", "-O3"),
        ("data.csv", "1,2", "1,3"),
    ],
)
def test_more_or_less_than_literals(path, old, new):
    assert not only(path, old, new)


def test_one_file_of_code_makes_a_change_of_code():
    number, code = FileChange("a.c", "a = 1;", "a = 2;"), FileChange("b.c", "b;", "c;")
    assert change_of([number]).literals_only == ("a.c",)
    assert change_of([number, code]).literals_only == ()
    assert change_of([FileChange("a.c", None, "a = 2;")]).literals_only == ()
    assert change_of([]).literals_only == ()
