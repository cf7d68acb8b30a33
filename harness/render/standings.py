"""Who is best, in a sentence; pure."""

from __future__ import annotations

from harness.model import Overall, Ranking
from harness.render.units import show_speed_up


def ranking_line(ranking: Ranking, because: str = "", *, named: bool = False) -> str:
    """The sets of a ranking in a line, the best first: within a set nobody is told from all."""
    where = f"{ranking.task} {ranking.case}: " if named else ""
    if ranking.tag is not None:
        where += f"of those tagged {ranking.tag}: " if ranking.tag else "of those without a tag: "
    best, *others = map(", ".join, ranking.sets)
    sure = f"{100 * ranking.confidence:.10g} %"
    if not others:
        said = f"not told apart: {best}"
    else:
        one = len(ranking.best) == 1
        said = f"{'the fastest is' if one else 'the fastest are among'} {best}"
        said += "".join(f"; then {names}" for names in others)
    after = f"; {because}" if because else ""
    return f"{where}{said} (all orders at {sure} together{after})"


def overall_line(found: Overall) -> str:
    """An implementation over all tasks, in a line."""
    ratio = show_speed_up(found.ratio)
    return (
        f"{found.name} over {found.tasks} tasks: {ratio} against {found.reference}, geometric mean"
    )
