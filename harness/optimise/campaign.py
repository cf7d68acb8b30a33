"""One campaign with everything that it acts on: events, git, records; found and opened."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from harness.campaign.events import Event, Kind, builtins
from harness.campaign.folding import apply, fold
from harness.campaign.iteration import Iteration
from harness.campaign.moves import Move, Tree, permit
from harness.campaign.state import NotStarted, Progress, State, Step
from harness.errors import ConfigError, DataClosed, DataDamaged, NotAllowed, UsageError
from harness.model.draws import Seeds
from harness.optimise.checkout import RECORDS, Checkout
from harness.optimise.inputs import seeds_of
from harness.optimise.journal import JOURNAL_NAME, Journal, read_events
from harness.optimise.records import Records, rendered_digests
from harness.optimise.scoping import scope_of
from harness.optimise.witnessing import bear_witness, witness_of
from harness.project.config import CampaignSection, Config, lookup
from harness.project.state_folder import WORKTREES, campaign_state, lock_of, state_folder
from harness.project.workload import campaign_folder
from harness.system.git.remembering import remembering
from harness.system.git.writing import Git
from harness.system.process.places import expanded
from harness.system.process.touching import touched_everything
from harness.system.store.files import clear_temporaries, storage_errors
from harness.system.store.lock import hold


class Campaign:
    """A campaign of harness.toml; started or not."""

    def __init__(self, config: Config, name: str) -> None:
        self.config = config
        self.name = name
        self.section: CampaignSection = lookup(config.campaigns, name, "campaign", config.path)
        self.folder = campaign_folder(config, name)
        own = campaign_state(config.root, name)
        self.journal = Journal(self.folder / JOURNAL_NAME, own / JOURNAL_NAME)
        self.failure_path = own / "failure.json"
        """Where `failures` remembers what failed last."""
        self.records = Records(self.folder, own / "edited")
        self.git = Git(config.root)
        self.checkout = Checkout(self.git, config.root, name)
        self.warnings: list[str] = []
        """What the commands of this process have to say besides their answer."""
        self.events: list[Event] = []
        self.progress: Progress = NotStarted()
        """How far the campaign is, started or not; `state` is for those who want a started one."""
        self.recoverable = False
        """Are events that the journal lacks put back by the next step?"""
        self.trust_held = False
        """Was what decides held against what it was, by a command of this process?"""
        self.load()

    def load(self, *, recover: bool = False) -> None:
        """Read the events, with those that a git command took away and the copy still has.

        With `recover`, which wants the lock, they are put back; otherwise nothing is written. On
        another branch, whose journal ends earlier or is not there, they are never put back.
        """
        self.records.check_places()
        try:
            self.recoverable = mine = self._is_mine()
            self.events = self.journal.recover() if recover and mine else self.journal.read_all()
            self.progress = fold(self.events)
        except DataClosed:
            raise
        except DataDamaged as damage:
            if self._reads_copy_meanwhile():
                return
            hint = (
                f"`harness campaign abandon --campaign {self.name}` begins anew and loses nothing."
                f" {self._way_back(damage)}"
            )
            raise DataDamaged(damage.message, hint=hint) from None
        self.checkout.scope = self._scope()
        if self.started and self.state.name != self.name:
            raise UsageError(
                f"{self.journal.path} belongs to the campaign {self.state.name!r},"
                f" not {self.name!r}",
                hint="A campaign is not renamed while its records lie in the folder.",
            )
        if self.journal.missing and mine:
            self.warnings = [*self.warnings, self._missing(recover)]

    def _reads_copy_meanwhile(self) -> bool:
        """Take the events from the copy while a merge or the like has its marks in the journal.

        No step is taken then: what is under way has to be ended first, as `harness next` advises.
        """
        copy = self.journal.copy
        if copy is None or not (self.git.is_repository() and self.git.under_way()):
            return False
        with contextlib.suppress(DataDamaged):
            self.events = read_events(copy)
            self.progress = fold(self.events)
            self.recoverable = False
            self.checkout.scope = self._scope()
            return self.started
        return False

    def _scope(self) -> tuple[str, ...]:
        """What was agreed at the start; before it, what harness.toml says."""
        if self.started:
            return self.state.agreed.scope
        if not self.git.is_repository():
            return ()
        return scope_of(self.config, self.section, self.git)

    def _missing(self, recovered: bool) -> str:
        """What is said of events that the journal lacked."""
        end = "they were put back" if recovered else "the next step puts them back"
        return (
            f"{self.journal.missing} events are missing from {self.journal.path}, and this"
            f" machine's copy has them: {end}"
        )

    def _way_back(self, damage: DataDamaged) -> str:
        """How to mend the journal: from this machine's copy where that is whole."""
        copy = self.journal.copy
        try:
            whole = copy is not None and isinstance(fold(read_events(copy)), State)
        except DataDamaged:
            whole = False
        if not whole or str(copy) in damage.message.partition(": event")[0]:
            return damage.hint
        return f"This machine's own copy is whole: cp {copy} {self.journal.path}"

    def _is_mine(self) -> bool:
        """May events be put back here: the campaign's branch is checked out, unfinished?"""
        if not (self.journal.copy and self.journal.copy.is_file() and self.git.is_repository()):
            return False
        seen = fold(Journal(self.journal.copy).read())
        if isinstance(seen, NotStarted) or seen.step is Step.FINISHED:
            return False
        place = seen.place
        started = self.git.has_branch(place.branch)
        return self.git.branch() == (place.branch if started else place.base_branch)

    @property
    def witness(self) -> Path:
        """Where each event's digest is written down, outside of the tree."""
        return witness_of(self.config, self.name, self.section)

    @property
    def signing_key(self) -> str:
        """The key that signs the tag of the end; empty where none was asked for."""
        told = self.section.signing_key
        return str(expanded(told)) if told else ""

    @property
    def started(self) -> bool:
        return isinstance(self.progress, State)

    @property
    def seeds(self) -> Seeds:
        """What the blocks of its looks draw anew: as agreed, or as it would be agreed now."""
        if isinstance(self.progress, State):
            return Seeds(self.progress.agreed.seeds)
        target = self.config.target(self.section.target)
        return seeds_of(self.section, target, self.config.case_of(target, self.section.first_case))

    @property
    def state(self) -> State:
        """The state of a campaign that was started; NotAllowed, with the way there, before it."""
        if isinstance(self.progress, NotStarted):
            raise NotAllowed(
                f"the campaign {self.name!r} has not been started",
                hint=f"harness campaign start --campaign {self.name}",
            )
        return self.progress

    @property
    def active(self) -> bool:
        """Started, not finished, and its branch is checked out."""
        return (
            self.started
            and self.state.step is not Step.FINISHED
            and self.git.branch() == self.state.place.branch
        )

    @contextlib.contextmanager
    def locked(self) -> Iterator[Campaign]:
        """Hold the lock of the checkout, read the events again, and recover what a kill left."""
        with hold(lock_of(self.config.root)), remembering():
            touched_everything()  # by another harness, before the lock was ours
            self.warnings = []
            self._clear_killed()
            self.load(recover=True)
            yield self

    def _clear_killed(self) -> None:
        """Remove what commands that were killed left behind; nothing of it counted."""
        own = state_folder(self.config.root)
        with storage_errors(own):
            for folder in (
                *self.records.folders(),
                *self.records.inner_folders(),
                own,
                campaign_state(self.config.root, self.name),
            ):
                clear_temporaries(folder)
        if (own / WORKTREES).is_dir():
            self.git.clear_worktrees(own / WORKTREES)

    def tree(self) -> Tree:
        """The code as it is now, with what git knows of it."""
        state, checkout = self.state, self.checkout
        tree = checkout.tree(state.kept_commit, state.untracked)
        open_one = state.iteration
        if open_one is None:
            return tree
        if state.step is Step.IMPLEMENT and open_one.taken and not open_one.tests:
            tree = replace(tree, cut_off=self._cut_off(open_one, tree))
        if state.step is Step.COMMIT:
            made = checkout.commit_of(open_one.number, state.place.base_commit)
            tree = replace(tree, committed=made is not None)
        waits = state.step in (Step.BENCHMARK, Step.LOG, Step.COMMIT)
        if waits and open_one.tested_tree not in ("", tree.fingerprint):
            kept = checkout.tested(open_one.tested_tree, state.untracked)
            tree = replace(tree, tested_commit=kept)
        return tree

    def _cut_off(self, open_one: Iteration, tree: Tree) -> str:
        """The variant that a race took as the candidate, where a kill kept it out of the tree."""
        commit, checkout = open_one.taken, self.checkout
        if checkout.was_taken(open_one.number, commit) or not self.git.has_commit(commit):
            return ""
        whole = checkout.fingerprint_at(commit, self.state.untracked) == tree.fingerprint
        return "" if whole else commit

    def permit(self, move: Move) -> Tree:
        """The code as it is now; NotAllowed where the move is not allowed with it."""
        tree = self.tree()
        permit(move, self.state, tree)
        return tree

    def append(self, kind: Kind, **data: object) -> Event:
        """Write an event of this moment and render the logs."""
        return self.record(self.draft(kind, **data))

    def draft(self, kind: Kind, **data: object) -> Event:
        """The event that would come next, of this moment; nothing is written."""
        content: Mapping[str, Any] = {key: builtins(value) for key, value in data.items()}
        return self.journal.draft(self.events, kind, content)

    def record(self, draft: Event) -> Event:
        """Write an event and render the logs; the state afterwards is that of the journal.

        An event that the state machine does not allow is refused before it is written.
        """
        try:
            after = apply(self.progress, draft)
        except DataDamaged as problem:
            raise NotAllowed(problem.message, hint="`harness next` says what is allowed.") from None
        if draft.kind is Kind.FINISHED:
            # A later harness may render otherwise; what was rendered at the end stays provable.
            digests = rendered_digests(self.records.expected(after))
            draft = replace(draft, data={**draft.data, "rendered": digests})
            after = apply(self.progress, draft)
        self.journal.append(draft)
        self.events.append(draft)
        self.progress = after
        self.warnings += filter(None, (bear_witness(self.witness, draft),))
        self.warnings += self.records.refresh(self.events, after)
        return draft

    def message(self, subject: str, iteration: int | None = None) -> str:
        """A commit message with the agreed prefix, and the trailers that say whose commit it is."""
        return self.checkout.message(f"{self.state.agreed.commit_prefix}{subject}", iteration)

    def commit_records(
        self, message: str, others: tuple[str, ...] = (), *, hooks: bool = True
    ) -> str:
        """The same as `_commit_records`, and a ref keeps it whatever becomes of the branch."""
        made = self._commit_records(message, others, hooks=hooks)
        self.git.update_ref(f"{RECORDS}/{self.name}", made)
        return made

    def _commit_records(self, message: str, others: tuple[str, ...], *, hooks: bool) -> str:
        """Commit the records, and other paths as they are; returns the new HEAD.

        Where nothing differs from HEAD it is HEAD that is returned. With `hooks` the user's run
        where there is more than records; what they do to those is undone by a further commit.
        """
        # Whoever was killed between an event and its rendering left logs that are behind.
        self.warnings += self.records.refresh(self.events, self.state)
        own = [self.git.below_top(path) for path in self.records.paths()]
        self.git.align_index([*own, *others])
        changes = self.git.changes()
        # Records belong into the history, whatever the user's rules ignore of them.
        different = {*changes.tracked, *changes.untracked, *self.git.ignored_below(own)}
        paths = [path for path in (*own, *others) if path in different]
        if not paths:
            return self.git.head()
        if different.isdisjoint(others):
            return self.git.commit_paths(paths, message, hooks=False)
        content = self.records.content()
        made = self.git.commit_paths(paths, message, hooks=hooks)
        self.records.put_back(content)
        changed = {*self.git.changes().tracked}
        broken = [path for path in own if path in changed]
        if broken:
            subject = "optim: the records as they were written, which a git hook had changed"
            self.git.commit_paths(broken, self.message(subject), hooks=False)
            self.warnings.append(f"a git hook changed {', '.join(broken)}; they were put back")
        return made


def open_campaign(config: Config, name: str | None = None) -> Campaign:
    """The campaign that is named, the only one, or the one whose branch is checked out.

    Raises ConfigError where none is declared, UsageError where it is not clear which is meant.
    """
    if not config.campaigns:
        raise ConfigError(
            f"{config.path or 'there is no harness.toml, so it'} declares no campaign",
            hint='[campaigns.NAME] with target = "..." and case = "..." declares one.',
        )
    if name is not None:
        return Campaign(config, name)
    if len(config.campaigns) == 1:
        return Campaign(config, next(iter(config.campaigns)))
    active = _active(config, list(config.campaigns))
    if len(active) == 1:
        return active[0]
    raise UsageError(
        f"which campaign? There are: {', '.join(config.campaigns)}",
        hint="Name it with `campaign`, or check out its branch.",
    )


def active_campaign(config: Config, name: str | None = None) -> Campaign | None:
    """The campaign that a measurement here belongs to, or None.

    None where no campaign is declared, started and on its branch: then a command speaks for
    itself alone.
    """
    names = [name] if name is not None else list(config.campaigns)
    known = [n for n in names if n in config.campaigns]
    if not known or not Git(config.root).is_repository():
        return None
    return next(iter(_active(config, known)), None)


def _active(config: Config, names: Sequence[str]) -> list[Campaign]:
    """Those of these campaigns that are active here.

    A damaged one is in the way of no other; where none is active it may be the one that is meant,
    and its damage is raised.
    """
    found: list[Campaign] = []
    damage: DataDamaged | None = None
    for name in names:
        try:
            campaign = Campaign(config, name)
        except DataDamaged as problem:
            damage = damage or problem
        else:
            found += [campaign] * campaign.active
    if damage is not None and not found:
        raise damage
    return found


def relative(path: Path, root: Path) -> str:
    """A path as it is shown: below the root where it lies there."""
    return str(path.relative_to(root)) if path.is_relative_to(root) else str(path)
