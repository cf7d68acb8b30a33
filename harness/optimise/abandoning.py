"""`harness campaign abandon`: a campaign is ended wherever it stands, and nothing of it is lost.

It does not need the journal to be whole, nor branch or tag to be there. What it is about to do is
written down first, so that a call that was killed is completed by the next one.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import msgspec

from harness.campaign.folding import fold
from harness.campaign.standing import ABORT
from harness.campaign.state import State, Step
from harness.errors import HarnessError, NotAllowed
from harness.frozen import dataclass
from harness.optimise.checkout import KEPT_KINDS, Checkout
from harness.optimise.journal import JOURNAL_NAME, read_events
from harness.optimise.records import Records
from harness.optimise.scoping import scope_of
from harness.project.config import Config, lookup
from harness.project.state_folder import campaign_state, state_folder
from harness.project.workload import campaign_folder, tag_name
from harness.system.git.writing import Git, branch_ref
from harness.system.store.files import (
    demand_open,
    read_kept,
    storage_errors,
    write_atomically,
)

_CODE = "refs/harness/abandoned"
_TAGS = "refs/tags/"
_PLAN = "abandoned.json"


@dataclass(frozen=True, slots=True)
class Abandoned:
    """What became of everything that the campaign had."""

    campaign: str
    label: str
    """The campaign's name with a number, under which its things are kept."""
    base: str
    """The branch that it was started from; empty where it is no longer known."""
    branches: dict[str, str]
    """Old name to new name."""
    tags: dict[str, str]
    attempts: dict[str, str]
    """All refs that keep something of the campaign, such as attempts; old name to new name."""
    records: str
    """The folder that the records lie in now."""
    code: str = ""
    """The ref that keeps the working tree as it was; empty where it was another branch's."""
    checked_out: str = ""
    done: bool = False

    @property
    def moved(self) -> dict[str, str]:
        """All refs that were renamed; old name to new name."""
        return {**self.branches, **self.tags, **self.attempts}


def abandon(config: Config, name: str) -> Abandoned:
    """End a campaign: its branch, tags, attempts and records get other names, its base is back.

    Raises NotAllowed where there is nothing of it, or it is finished and merged, and DataClosed
    where a folder of it may not be read: what is in there could not be kept.
    """
    lookup(config.campaigns, name, "campaign", config.path)
    work = _Work(config, name)
    work.demand_open()
    # The plan is on the disk before the first rename: who is killed between two of them finds the
    # new names there, and does not make others up.
    plan = work.unfinished() or work.plan()
    work.write(plan)
    done = work.carry_out(plan)
    work.write(done)
    return done


class _Work:
    """One campaign's things, found by their names where its journal cannot be read."""

    def __init__(self, config: Config, name: str) -> None:
        self.name = name
        self.git = Git(config.root)
        self.checkout = Checkout(self.git, config.root, name)
        self.folder = campaign_folder(config, name)
        self.machine = campaign_state(config.root, name)
        self.aside = state_folder(config.root) / "abandoned"
        self._config = config
        state = self._state()
        known = scope_of(config, config.campaigns[name], self.git)
        self.checkout.scope = state.agreed.scope if state else known

    def demand_open(self) -> None:
        """DataClosed where a folder of the campaign may not be read."""
        parts = (p for folder in (self.folder, self.machine) for p in sorted(folder.rglob("*")))
        for folder in (*self._records().folders(), self.machine, *parts):
            demand_open(folder)

    # -- what is to be done --------------------------------------------------------------------

    def unfinished(self) -> Abandoned | None:
        """What a call that was killed had begun."""
        for path in sorted(self.aside.glob(f"{self.name}-*/{_PLAN}")):
            with contextlib.suppress(HarnessError, OSError, msgspec.MsgspecError):
                found = msgspec.json.decode(read_kept(path), type=Abandoned)
                if not found.done and found.campaign == self.name:
                    return found
        return None

    def plan(self) -> Abandoned:
        """New names for everything that is there."""
        state = self._state()
        place = state.place if state else None
        branch = place.branch if place else tag_name("optimization", self._config, self.name)
        refs = self.git.refs("refs/")
        label = self._label(refs)
        number = label.rpartition("-")[2]
        ref = branch_ref(branch)
        branches = [r for r in refs if r == ref or r.startswith(f"{ref}/")]
        kinds = ("pre-optimization", "post-optimization")
        names = (tag_name(kind, self._config, self.name) for kind in kinds)
        tags = [f"{_TAGS}{tag}" for tag in names if f"{_TAGS}{tag}" in refs]
        if not (branches or tags or self._files() or self.machine.exists()):
            raise NotAllowed(
                f"there is nothing of a campaign {self.name!r} to abandon",
                hint="harness campaign start begins it.",
            )
        if state and state.step is Step.FINISHED and self._is_merged(state):
            raise NotAllowed(
                f"the campaign {self.name!r} is finished and merged",
                hint="Declare the next one, with a name of its own, in harness.toml.",
            )
        return Abandoned(
            campaign=self.name,
            label=label,
            base=place.base_branch if place else "",
            branches={r: f"{branch_ref('abandoned-')}{_flat(r)}-{number}" for r in branches},
            tags={r: f"{_TAGS}abandoned-{r.removeprefix(_TAGS)}-{number}" for r in tags},
            attempts=_kept_refs(refs, self.name, label),
            records=str(self.aside / label),
        )

    def _label(self, refs: dict[str, str]) -> str:
        number = 1
        while (self.aside / f"{self.name}-{number}").exists() or any(
            ref.endswith(f"/{self.name}-{number}") or f"/{self.name}-{number}/" in ref
            for ref in refs
        ):
            number += 1
        return f"{self.name}-{number}"

    def _state(self) -> State | None:
        """The state by the journal or its copy, whichever is whole and knows more."""
        known: list[State] = []
        for path in (self.folder / JOURNAL_NAME, self.machine / JOURNAL_NAME):
            with contextlib.suppress(HarnessError, OSError):
                progress = fold(read_events(path))
                if isinstance(progress, State) and progress.name == self.name:
                    known.append(progress)
        return max(known, key=lambda state: state.events, default=None)

    def _is_merged(self, state: State) -> bool:
        ours, base = branch_ref(state.place.branch), branch_ref(state.place.base_branch)
        refs = self.git.refs("refs/heads/")
        return not {ours, base} <= refs.keys() or self.git.is_ancestor(ours, base)

    def _records(self) -> Records:
        return Records(self.folder, self.machine / "edited")

    def _files(self) -> list[Path]:
        return self._records().paths()

    # -- doing it ------------------------------------------------------------------------------

    def write(self, plan: Abandoned) -> None:
        folder = Path(plan.records)
        with storage_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)
            write_atomically(folder / _PLAN, msgspec.json.encode(plan))

    def carry_out(self, plan: Abandoned) -> Abandoned:
        """Every part finds out whether it was done already."""
        self._move_misplaced(Path(plan.records) / "misplaced")
        under_way = self.git.under_way()
        if under_way and self._is_here(plan):
            self.git.run(*ABORT[under_way].split()[1:])
        self._move_records(plan)
        ref = f"{_CODE}/{plan.label}"
        if self._is_here(plan):
            self._leave_branch(plan, ref)
        else:
            self._forget_records()
        for old, new in plan.branches.items():
            if old in self.git.refs(old):
                names = [name.removeprefix("refs/heads/") for name in (old, new)]
                self.git.run("branch", "-m", *names)
        for old, new in {**plan.tags, **plan.attempts}.items():
            known = self.git.refs(old).get(old)
            if known is not None:
                self.git.update_ref(new, known)
                self.git.delete_ref(old)
        shutil.rmtree(self.machine, ignore_errors=True)
        self.git.prune_worktrees()
        here = self.git.branch() or f"no branch, at {self.git.head()[:12]}"
        code = ref if ref in self.git.refs(ref) else ""
        return replace(plan, checked_out=here, code=code, done=True)

    def _move_misplaced(self, goal: Path) -> None:
        """Move what is no file away: git would wait for a pipe in the place of its attributes."""
        for path in self._records().misplaced():
            with storage_errors(goal):
                goal.mkdir(parents=True, exist_ok=True)
                path.rename(goal / path.name)

    def _is_here(self, plan: Abandoned) -> bool:
        """Is the campaign's branch checked out?"""
        here = self.git.branch()
        return here is not None and branch_ref(here) in plan.branches

    def _move_records(self, plan: Abandoned) -> None:
        """Copy what lies in the campaign's folders; a second call adds what is not there yet."""
        goal = Path(plan.records)
        pairs = [(path, goal / "records" / path.relative_to(self.folder)) for path in self._files()]
        machine = (p for p in self.machine.rglob("*") if p.is_file())
        pairs += [(p, goal / "machine" / p.relative_to(self.machine)) for p in machine]
        for old, new in pairs:
            if not new.exists():
                with storage_errors(new.parent):
                    new.parent.mkdir(parents=True, exist_ok=True)
                    fresh = new.with_name(f"{new.name}.new")
                    _copy(old, fresh)
                    fresh.replace(new)

    def _leave_branch(self, plan: Abandoned, ref: str) -> None:
        """Keep the working tree under a ref, then check the base out as it is."""
        git, head = self.git, self.git.head()
        base = branch_ref(plan.base)
        known = bool(plan.base) and git.has_branch(plan.base)
        tracked = git.changes().tracked
        mine = [p for p in tracked if self.checkout.is_own(p)]
        mine += self.checkout.in_the_way(base) if known else ()
        if mine and ref not in git.refs(ref):
            subject = f"optim: the tree of {self.name} as it was abandoned"
            git.snapshot(self.checkout.message(subject), ref=ref)
        git.restore(head, mine)
        if known and git.worktree_of(plan.base) is None:
            git.switch(plan.base)
        else:
            git.run("switch", "--quiet", "--detach", *([base] if known else []))
        self._forget_records()

    def _forget_records(self) -> None:
        """Take the records out of the working tree, and out of the branch where it has them."""
        paths = [self.git.below_top(path) for path in self._files()]
        tracked = set(self.git.files_at("HEAD", paths)) if paths else set()
        for path in self._files():
            path.unlink(missing_ok=True)
        for folder in sorted(self.folder.rglob("*"), reverse=True):
            with contextlib.suppress(OSError):
                folder.rmdir()
        with contextlib.suppress(OSError):
            self.folder.rmdir()
        if tracked:
            subject = f"optim: put the records of the abandoned campaign {self.name} aside"
            self.git.commit_paths(sorted(tracked), self.checkout.message(subject))


def _kept_refs(refs: Iterable[str], name: str, label: str) -> dict[str, str]:
    """Old to new name of every ref that the harness made for a campaign, whatever it keeps."""
    found = {}
    for ref in refs:
        for kind in KEPT_KINDS:
            own = f"{kind}/{name}"
            if ref == own or ref.startswith(f"{own}/"):
                found[ref] = f"{kind}/{label}{ref.removeprefix(own)}"
    return found


def _copy(old: Path, new: Path) -> None:
    """Copy a record; one of ours that may not be read is moved, which wants no look into it."""
    try:
        shutil.copy2(old, new)
    except PermissionError:
        old.rename(new)


def _flat(ref: str) -> str:
    """A branch's name without slashes: `x/y` cannot be beside `x`."""
    return ref.removeprefix("refs/heads/").replace("/", "-")
