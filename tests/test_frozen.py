"""Frozen values that are made quickly are what the standard dataclasses are."""

import copy
import dataclasses
import inspect
import pickle
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import ClassVar

import pytest

from harness import frozen
from harness.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Ours:
    """As theirs."""

    name: str
    size: int = 3
    parts: list[int] = dataclasses.field(default_factory=list)
    aside: int = dataclasses.field(default=7, compare=False, repr=False)
    kind: ClassVar[str] = "a kind"

    def __post_init__(self) -> None:
        if self.size < 0:
            raise ValueError("size")


@dataclasses.dataclass(frozen=True, slots=True)
class Theirs:
    """As ours."""

    name: str
    size: int = 3
    parts: list[int] = dataclasses.field(default_factory=list)
    aside: int = dataclasses.field(default=7, compare=False, repr=False)
    kind: ClassVar[str] = "a kind"


@dataclass(frozen=True, slots=True)
class Point:
    x: int
    y: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Named(Point):
    """One that inherits, and whose own field is given by name."""

    name: str

    @property
    def shown(self) -> str:
        return f"{self.name} {self.x}"


@dataclass(frozen=True, slots=True, repr=False)
class Told:
    """One with a text and an equality of its own."""

    table: Mapping[str, int]

    def __repr__(self) -> str:
        return "told"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Told)

    def __hash__(self) -> int:
        return 5


class Below(Ours):
    """One of another layout, and of no decorator."""


class Alike(Ours):
    """One of the same layout."""

    __slots__ = ()


@pytest.mark.parametrize("cls", [Ours, Below, Alike])
def test_a_value_is_of_its_class_and_frozen_once_it_is_made(cls: type[Ours]):
    made = cls("a", parts=[1])
    assert type(made) is cls
    assert (made.name, made.size, made.parts, made.aside) == ("a", 3, [1], 7)
    with pytest.raises(dataclasses.FrozenInstanceError):
        made.size = 4  # type: ignore[misc]
    with pytest.raises(ValueError, match="size"):
        cls("a", -1)


def test_it_reads_and_compares_as_a_standard_one():
    one = Ours("a", parts=[1])
    assert repr(one) == repr(Theirs("a", parts=[1])).replace("Theirs", "Ours")
    assert one == Ours("a", 3, [1], aside=8)
    assert one != Ours("a", 4, [1])
    assert one != Theirs("a", 3, [1])
    assert (one.aside, one.kind) == (7, "a kind")


def test_defaults_that_are_made_are_made_anew():
    assert Ours("a").parts == []
    assert Ours("a").parts is not Ours("a").parts


def test_the_signature_is_that_of_a_standard_one_before_and_after_the_first_value():
    @dataclass(frozen=True, slots=True)
    class Fresh:
        """Of which there is no value yet."""

        name: str
        size: int = 3

    before = inspect.signature(Fresh)
    Fresh("a")
    assert before == inspect.signature(Fresh)
    assert str(before) == "(name: 'str', size: 'int' = 3) -> None".replace("'", "")
    assert list(inspect.signature(Named).parameters) == ["x", "y", "name"]


def test_a_value_is_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError, match="cannot assign to field 'x'"):
        Point(1).x = 2  # type: ignore[misc]
    with pytest.raises(dataclasses.FrozenInstanceError, match="cannot delete field 'x'"):
        del Point(1).x
    assert not hasattr(Point(1), "__dict__")


def test_arguments_that_do_not_fit_are_refused():
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'x'"):
        Point()  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="z"):
        Point(1, z=2)  # type: ignore[call-arg]
    with pytest.raises(ValueError, match="size"):
        Ours("a", -1)


@pytest.mark.parametrize("earlier", [0, frozen._UNCOMPILED, 2 * frozen._UNCOMPILED])
def test_the_first_values_are_made_as_all_later_ones(earlier: int):
    @dataclass(frozen=True, slots=True)
    class Fresh:
        self: int
        name: str = "n"
        parts: list[int] = dataclasses.field(default_factory=list)
        count: int = dataclasses.field(default=4, init=False)
        more: int = dataclasses.field(default=1, kw_only=True)

        def __post_init__(self) -> None:
            self.parts.append(self.count)

    class More(Fresh):
        __slots__ = ()

        def __post_init__(self) -> None:
            self.parts.append(9)

    for number in range(earlier):
        Fresh(number)
    for made in (Fresh(1, "a", [], more=2), Fresh(more=2, parts=[], name="a", self=1)):
        assert dataclasses.astuple(made) == (1, "a", [4], 4, 2)
    assert dataclasses.astuple(Fresh(1)) == (1, "n", [4], 4, 1)
    assert More(1).parts == [9]
    for args, kwargs, words in (
        ((), {}, "missing 1 required positional argument"),
        ((1, "a", [], 2), {}, "positional argument"),
        ((1,), {"self": 1}, "multiple values for argument 'self'"),
        ((1,), {"count": 1}, "unexpected keyword argument 'count'"),
    ):
        with pytest.raises(TypeError, match=words):
            Fresh(*args, **kwargs)  # type: ignore[arg-type]


def test_what_the_standard_functions_do_is_done():
    one = Named(1, 2, name="n")
    assert dataclasses.is_dataclass(one)
    assert dataclasses.replace(one, x=5).shown == "n 5"
    assert dataclasses.asdict(one) == {"x": 1, "y": 2, "name": "n"}
    assert [field.name for field in dataclasses.fields(Named)] == ["x", "y", "name"]
    assert pickle.loads(pickle.dumps(one)) == one
    assert copy.deepcopy(one) == one
    assert {one: 1}[Named(1, 2, name="n")] == 1
    match Point(3, 4):
        case Point(x, y):
            assert (x, y) == (3, 4)


def test_methods_of_its_own_stay():
    assert repr(Told({})) == "told"
    assert Told({}) == Told({"a": 1})
    assert hash(Told({})) == 5


def test_a_standard_one_may_inherit_and_be_inherited():
    @dataclasses.dataclass(frozen=True, slots=True)
    class Below(Point):
        z: int = 1

    assert repr(Below(1)).endswith("Below(x=1, y=0, z=1)")

    @dataclass(frozen=True)
    class Last(Below):
        end: int = 2

    assert Last(1, end=4) == Last(1, 0, 1, 4)
    with pytest.raises(TypeError, match="frozen"):

        @dataclass(frozen=True)
        class Wrong(_Open):
            pass


@dataclasses.dataclass
class _Open:
    x: int = 1


def test_what_is_not_frozen_is_a_standard_one():
    @dataclass(slots=True)
    class Open:
        x: int = 1

    value = Open()
    value.x = 2
    assert value == Open(2)
    with pytest.raises(TypeError):
        hash(value)


def test_a_value_that_holds_itself_can_be_shown():
    inside: list[object] = []
    value = Ours("a", parts=inside)  # type: ignore[arg-type]
    inside.append(value)
    assert "parts=[...]" in repr(value)


def test_a_field_for_the_initialiser_alone_is_refused():
    with pytest.raises(TypeError, match="has no place here"):

        @dataclass(frozen=True)
        class Given:
            name: dataclasses.InitVar[str]


def test_classes_of_one_parent_are_made_in_several_threads():
    def make(number: int) -> type:
        return dataclass(frozen=True, slots=True)(
            type(f"Sub{number}", (Point,), {"__annotations__": {"z": "int"}, "z": number})
        )

    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(make, range(400)))
    assert [cls(1).z for cls in made] == list(range(400))


def test_a_later_python_has_the_standard_decorator(monkeypatch):
    monkeypatch.setattr(frozen, "_KNOWN_PYTHON", False)

    @dataclass(frozen=True, slots=True)
    class Later:
        name: str

    assert Later("a") == Later("a")
    assert "name" in Later.__init__.__code__.co_varnames  # compiled when the class was made


@dataclass(frozen=True, slots=True)
class Awkward:
    """Its fields are called as an initialiser could call what is its own."""

    left_out: tuple[str, ...] = ()
    self_: int = 1
    set_: int = 2
    default_parts: int = 3
    parts: list[int] = dataclasses.field(default_factory=list)


def test_no_name_of_a_field_hides_what_makes_the_value():
    made = Awkward(("a",))
    assert (made.left_out, made.self_, made.set_, made.default_parts) == (("a",), 1, 2, 3)
    assert made.parts == []
    assert Awkward(parts=[1]).parts == [1]
