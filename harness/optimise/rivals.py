"""Many variants as one iteration: raced against the last kept state, the best put into the tree.

The prediction was registered before the race. One that the race does not show to gain is no
candidate. Whether the best one is kept is not for the race to say: it is tested and measured like
any other candidate, on blocks that had no part in its choice.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from harness.analysis.question import AUTO
from harness.baseline.limiting import longest_ns
from harness.campaign.events import Kind
from harness.campaign.iteration import TriedVariant
from harness.campaign.moves import Move, forbidden
from harness.campaign.objectives import objective_words
from harness.errors import NotAllowed, UsageError
from harness.model import Jail
from harness.optimise.campaign import Campaign
from harness.optimise.checkout import TRIED
from harness.optimise.standing import demand_active
from harness.running.session import Session
from harness.running.together import race_together
from harness.running.try_results import TryResult
from harness.running.trying_options import Trying
from harness.running.unions import in_time
from harness.running.variants import (
    Field,
    Unmade,
    Variant,
    VariantKind,
    field_of,
    keep_leftover,
    put_aside,
    variant_label,
)


def try_rivals(
    campaign: Campaign, session: Session, variants: Sequence[Variant], trying: Trying
) -> TryResult:
    """Race variants of the campaign's target, keep them all, and put the best into the tree.

    The tree stays that of the last kept state where none is shown to gain.
    NotAllowed where the campaign does not wait for code, or where there is code already.
    """
    demand_active(campaign)
    campaign.permit(Move.TRY)
    _demand_keepable(campaign, variants)
    state = campaign.state
    session.runner.jail = Jail(state.agreed.jail)
    settings = replace(trying.settings, seeds=campaign.seeds)
    trying = replace(trying, settings=settings, confirms=False)
    target = campaign.section.target
    with field_of(
        session, (target, state.agreed.case), variants, base=state.kept_commit
    ) as everyone:
        field = in_time(_allowed(campaign, everyone), longest_ns(state.sealed.total_ns))
        result = race_together(session, field, trying)
    chosen = result.leader.name if result.leader is not None else ""
    commits = dict(field.commits)
    if result.together is not None:
        commits[chosen] = result.together.commit
    _keep(campaign, commits.values())
    # Written before the tree is touched: what is interrupted after it, `harness restore` completes.
    campaign.append(Kind.TRIED, variants=_tried(result, commits, chosen))
    if chosen:
        commit = commits[chosen]
        campaign.git.restore(commit, _code(campaign, commit))
        campaign.checkout.mark_taken(len(campaign.state.iterations), commit)
    return keep_leftover(campaign.git, result, field.commits.values())


def by_objective(campaign: Campaign, trying: Trying) -> Trying:
    """The race by what the campaign has agreed on, where the call names nothing else.

    Campaigns of the first rules have no objective: theirs go by whichever time serves.
    """
    objective = campaign.state.agreed.objective
    if trying.metric != AUTO:
        words = f"{objective_words(trying.metric)}: as asked for"
        told = f"{words}; the campaign goes by {objective_words(objective)}" if objective else words
        return replace(trying, because=words if trying.metric == objective else told)
    if not objective:
        return trying
    because = f"{objective_words(objective)}: the campaign's objective"
    return replace(trying, metric=objective, because=because)


def _demand_keepable(campaign: Campaign, variants: Sequence[Variant]) -> None:
    """UsageError for flags that no iteration could keep: harness.toml is agreed at the start."""
    target = campaign.section.target
    flags = next((v.name for v in variants if v.kind is VariantKind.FLAGS), None)
    if flags is not None and target not in campaign.config.flags_files:
        raise UsageError(
            f"--flags {flags!r} would be raced in vain: the target {target!r} has no flags_file,"
            " and harness.toml is agreed at the start of a campaign",
            hint=f'flags_file = "{target}.flags" in the target, and the file, before a campaign'
            " starts; or race them without one, on another branch.",
        )


def save_rival(campaign: Campaign, name: str) -> str:
    """Put the iteration's code aside as a variant, and the last kept state back; the commit."""
    demand_active(campaign)
    state, tree = campaign.state, campaign.tree()
    return put_aside(campaign.git, name, state.kept_commit, tree.changed)


def _code(campaign: Campaign, commit: str) -> tuple[str, ...]:
    """What a variant changes of the last kept state, but for records."""
    changed = campaign.git.diff_names(campaign.state.kept_commit, commit)
    return tuple(path for path in changed if not campaign.checkout.is_record(path))


def _allowed(campaign: Campaign, field: Field) -> Field:
    """The variants that change nothing which the campaign may not change."""
    bad = {
        name: found
        for name, commit in field.commits.items()
        if (found := forbidden(_code(campaign, commit), campaign.state.agreed))
    }
    refused = tuple(
        Unmade(
            name.removeprefix(variant_label(field.reference.name, "")),
            NotAllowed(f"it changes what this campaign may not change: {', '.join(paths)}"),
        )
        for name, paths in bad.items()
    )
    return replace(
        field,
        variants=tuple(cell for cell in field.variants if cell.name not in bad),
        unmade=(*field.unmade, *refused),
    )


def _keep(campaign: Campaign, commits: Iterable[str]) -> None:
    """Keep the code of every variant under a ref of the iteration."""
    prefix = f"{TRIED}/{campaign.name}/{len(campaign.state.iterations)}-"
    first = 1 + len(campaign.git.refs(f"{TRIED}/{campaign.name}"))
    for number, commit in enumerate(commits, first):
        campaign.git.update_ref(f"{prefix}{number}", commit)


def _tried(result: TryResult, kept: Mapping[str, str], chosen: str) -> tuple[TriedVariant, ...]:
    return tuple(
        TriedVariant(
            name=result.short(s.name),
            rank=s.rank.value,
            ratio=(s.ratio.low, s.ratio.point, s.ratio.high)
            if s.ratio is not None and all(map(math.isfinite, (s.ratio.low, s.ratio.high)))
            else None,
            why=s.why,
            commit=kept.get(s.name, ""),
            chosen=s.name == chosen,
        )
        for s in result.standings
    )
