"""A folder of patches, tried in the order of their names: `NAME.patch` beside `NAME.toml`.

The TOML file holds the thought and the plan (the forms of `harness next`, in one). A patch is what
`git diff` prints, with or without colours, prefixes and carriage returns. `--from DIR` names the
folder.
"""

from __future__ import annotations

from pathlib import Path

from harness.errors import UsageError
from harness.hookspecs import Runner, Worktree, hookimpl
from harness.model import Brief, Proposal
from harness.model.forms import read_fields, read_proposal


def _folder(brief: Brief) -> Path:
    folder = Path(brief.options.get("from", ""))
    if "from" not in brief.options or not folder.is_dir():
        raise UsageError(f"no folder of patches: {folder}", hint="--from DIR names it.")
    return folder


def _queue(folder: Path) -> list[tuple[Path, Proposal]]:
    """All patches with their thoughts, by name."""
    made = []
    for patch in sorted(folder.glob("*.patch")):
        form = patch.with_suffix(".toml")
        if not form.is_file():
            raise UsageError(f"{patch} has no thought: {form.name} is missing")
        fields = read_fields(form.read_text(encoding="utf-8"), str(form))
        made.append((patch, read_proposal(fields, str(form))))
    return made


@hookimpl
def harness_propose(brief: Brief, runner: Runner) -> Proposal | None:
    """The first patch whose title was not tried yet."""
    del runner
    waiting = (pair for pair in _queue(_folder(brief)) if pair[1].title not in brief.tried)
    patch, proposal = next(waiting, (None, None))
    if patch is not None and brief.problem:
        raise UsageError(
            f"the thought of {patch.name} was refused: {brief.problem}",
            hint=f"Correct {patch.with_suffix('.toml')}, or take both files away.",
        )
    return proposal


@hookimpl
def harness_implement(brief: Brief, proposal: Proposal, problem: str, worktree: Worktree) -> bool:
    """Apply the patch in the worktree; one that does not build or apply is given up."""
    if problem:
        return False
    patch = next(path for path, p in _queue(_folder(brief)) if p.title == proposal.title)
    worktree.apply(patch)
    return True
