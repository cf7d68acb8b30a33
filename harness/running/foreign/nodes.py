"""A place in another tool's JSON: every look at it is checked, and every complaint says where."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, NoReturn

from harness.errors import UsageError
from harness.frozen import dataclass

MOST_TIMES = 1_000_000
"""Times that one file may have."""
_MOST_LETTERS, _MOST_NS = 1000, 2**62


@dataclass(frozen=True, slots=True)
class Node:
    """A value of the document, and the words for where it stands."""

    value: Any
    where: str = ""

    def refuse(self, want: str) -> NoReturn:
        """UsageError: what is wanted here, and what is there."""
        shown = repr(self.value)
        shown = shown if len(shown) <= 60 else f"{shown[:57]}..."
        raise UsageError(f"{self.where or 'the file'}: want {want}, got {shown}")

    def has(self, key: str) -> bool:
        """Is it an object with something under a key? Null is nothing."""
        return isinstance(self.value, dict) and self.value.get(key) is not None

    def at(self, key: str) -> Node:
        """What an object has under a key; UsageError where it is no object, or has nothing."""
        if not isinstance(self.value, dict):
            self.refuse("an object")
        where = f"{self.where}.{key}".lstrip(".")
        if self.value.get(key) is None:
            raise UsageError(f"{where} is missing")
        return Node(self.value[key], where)

    def find(self, *keys: str) -> Node | None:
        """What is found along keys, or None."""
        node = self
        for key in keys:
            if not node.has(key):
                return None
            node = node.at(key)
        return node

    def items(self) -> Iterator[Node]:
        """The entries of a list; UsageError where it is none, or too long."""
        if not isinstance(self.value, list):
            self.refuse("a list")
        if len(self.value) > MOST_TIMES:
            raise UsageError(f"{self.where}: want at most {MOST_TIMES:,} entries")
        for number, each in enumerate(self.value):
            yield Node(each, f"{self.where}[{number}]")

    def pairs(self, key: str) -> Iterator[tuple[str, Node]]:
        """The names and values of an object under a key; nothing where there is none."""
        found = self.find(key)
        if found is None:
            return
        if not isinstance(found.value, dict):
            found.refuse("an object")
        for name, value in found.value.items():
            where = f"{found.where}.{name}"[:200]
            yield Node(name, where).text(), Node(value, where)

    def number(self) -> float:
        """A finite number."""
        if isinstance(self.value, bool) or not isinstance(self.value, (int, float)):
            self.refuse("a number")
        try:
            number = float(self.value)
        except OverflowError:
            number = math.inf
        if not math.isfinite(number):
            self.refuse("a finite number")
        return number

    def whole(self, least: int = 1) -> int:
        """A whole number from `least` on."""
        number = self.number()
        if number != int(number) or not least <= number < _MOST_NS:
            self.refuse(f"a whole number from {least} on")
        return int(number)

    def ns(self, unit_ns: float = 1e9, times: int = 1) -> int:
        """A time above 0 in nanoseconds, `times` over; `unit_ns` of them are its unit."""
        number = self.number() * unit_ns * times
        if not 0 < number < _MOST_NS:
            self.refuse("a time above 0")
        return round(number)

    def text(self) -> str:
        """A text of a line, in which whatever a terminal would obey is replaced."""
        if not isinstance(self.value, str) or not self.value.strip():
            self.refuse("a text")
        if len(self.value) > _MOST_LETTERS:
            self.refuse(f"a text of at most {_MOST_LETTERS} letters")
        return "".join(c if c.isprintable() else "\ufffd" for c in self.value)

    def words(self) -> str:
        """What a person reads of a plain value: a text, a number, true or false."""
        if isinstance(self.value, (bool, int, float)):
            return str(self.value)[:_MOST_LETTERS]
        return self.text()


def date_ns(node: Node | None) -> int:
    """A date in nanoseconds since the epoch; 0 where none is said or it is no date."""
    if node is None or not isinstance(node.value, str):
        return 0
    try:
        moment = datetime.fromisoformat(node.value)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return max(0, int(moment.timestamp() * 1e9))
    except (ValueError, OverflowError):
        return 0
