"""A witness: what somebody outside of the tree has seen of a chain of events; pure.

One line per event, in the order in which they were seen: its number, its digest, the time. Whoever
writes the whole chain anew cannot make the witness unsee the first one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from harness.campaign.events import Event
from harness.errors import DataDamaged
from harness.frozen import dataclass

_LINE = re.compile(r"(\d+) ([0-9a-f]{64})(?: \S+)?")
_TORN = re.compile(r"\d*|\d+ [0-9a-f]{0,64} ?")
"""The beginning of a line whose rest found no room on the disk."""
CHAIN = "chain: "
"""Before the last event's number and digest in the message of the tag that marks the end."""
_CHAIN = re.compile(rf"^{CHAIN}(\d+) ([0-9a-f]{{64}})$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Seen:
    """An event that was seen."""

    number: int
    digest: str


def witness_line(event: Event) -> str:
    """What a witness writes down of an event, without the line feed."""
    moment = datetime.fromtimestamp(event.at_ns // 10**9, UTC)
    return f"{event.number} {event.digest} {moment:%Y-%m-%dT%H:%M:%SZ}"


def parse_witness(text: str, where: str) -> list[Seen]:
    """What a witness has seen; lines that were torn are left out. DataDamaged for nonsense."""
    seen = []
    for number, line in enumerate(text.split("\n")[:-1], start=1):
        match = _LINE.fullmatch(line)
        if match is None and _TORN.fullmatch(line):
            continue
        if match is None:
            raise DataDamaged(
                f"{where}: line {number} is none of a witness: {line[:80]!r}",
                hint="Each line is the number of an event, its digest, and a time.",
            )
        seen.append(Seen(int(match[1]), match[2]))
    return seen


def chain_line(event: Event) -> str:
    """What the tag of the end says of the chain."""
    return f"{CHAIN}{event.number} {event.digest}"


def chain_in(message: str) -> Seen | None:
    """What a tag's message says of the chain; None where it says nothing."""
    match = _CHAIN.search(message)
    return Seen(int(match[1]), match[2]) if match else None


@dataclass(frozen=True, slots=True)
class Statement:
    """What a witness says of a chain."""

    agreed: int
    """How many events it has seen as they are."""
    problems: tuple[str, ...] = ()
    others: int = 0
    """How many other chains it has seen before or after: of campaigns that were abandoned."""


def statement_on(events: Sequence[Event], seen: Iterable[Seen]) -> Statement:
    """Hold a chain against what was seen of it."""
    chains = _chains(seen)
    known = {event.number: event.digest for event in events}
    mine = [c for c in chains if any(known.get(s.number) == s.digest for s in c)]
    if chains and not mine:
        first = chains[-1][0]
        words = (
            f"none of these events was ever seen: the chain was written anew (the witness knows one"
            f" that has {first.digest[:12]} as event {first.number})"
        )
        return Statement(0, (words,), len(chains))
    agreed, problems = 0, []
    for one in (one for chain in mine for one in chain):
        if known.get(one.number) == one.digest:
            agreed += 1
        elif one.number in known:
            problems.append(
                f"event {one.number} is not the one that was seen ({one.digest[:12]}): the chain"
                " was written anew from there on"
            )
        else:
            problems.append(f"event {one.number} ({one.digest[:12]}) was seen, and is not here")
    return Statement(agreed, tuple(problems[:1]), len(chains) - len(mine))


def _chains(seen: Iterable[Seen]) -> list[list[Seen]]:
    """What was seen, chain by chain: a number that does not grow begins another one."""
    chains: list[list[Seen]] = []
    for one in seen:
        if chains and one in chains[-1]:
            continue  # put back after a kill, and seen twice
        if not chains or one.number <= chains[-1][-1].number:
            chains.append([])
        chains[-1].append(one)
    return chains
