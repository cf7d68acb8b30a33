"""What harness.toml says of a campaign: the terms of its start, and what they leave open."""

from __future__ import annotations

from dataclasses import replace

import msgspec

from harness.campaign.values import RULES, Terms
from harness.errors import ConfigError
from harness.model import Metric, Target
from harness.model.declaring import share_or_number
from harness.model.durations import parse_duration_ns
from harness.optimise.campaign import Campaign
from harness.optimise.inputs import left_open, seeds_of
from harness.optimise.scoping import check_scope, scope_of
from harness.project.config import CampaignSection, Config, lookup
from harness.running.executing import LOCAL
from harness.running.generating import files_among, generator_files
from harness.running.relating import relation_files

MOST_FALSE_KEEPS = 0.25
"""The largest share of false keeps that a campaign is started with."""


def terms_of(campaign: Campaign) -> Terms:
    """What harness.toml says of a campaign, as it is agreed at its start."""
    section = campaign.section
    target = campaign.config.target(section.target)
    case_of, full = campaign.config.case_of, section.full_case
    where = f"campaigns.{campaign.name}"
    budget = section.time_budget
    at = campaign.checkout.at
    scope = scope_of(campaign.config, section, campaign.git)
    check_scope(scope, target, campaign.git)
    return Terms(
        target=section.target,
        case=case_of(target, section.first_case).name,
        cases=tuple(case_of(target, name).name for name in section.cases[1:]),
        full_case=case_of(target, full).name if full is not None else None,
        target_speedup=section.target_speedup,
        max_iterations=section.max_iterations,
        min_gain=share_or_number(section.min_gain, f"{where}.min_gain"),
        patience=section.patience,
        full_every=section.full_every,
        time_budget_ns=None
        if budget is None
        else parse_duration_ns(budget, f"{where}.time_budget"),
        threshold=share_or_number(section.threshold, f"{where}.threshold"),
        false_keep_rate=_rate_of_false_keeps(section, where),
        bench_budget_ns=parse_duration_ns(section.bench_budget, f"{where}.bench_budget"),
        protect=tuple(at(path) for path in (*section.protect, *_trusted_files(campaign, target))),
        paths=tuple(at(path) for path in section.paths),
        rules=RULES,
        objective=Metric(section.objective).value,
        guards=tuple(map(str, section.all_guards)),
        commit_prefix=section.commit_prefix,
        scope=scope,
        seeds=seeds_of(section, target, case_of(target, section.first_case)).value,
        jail=section.jail.value,
        executor=executor_of(section),
        executor_table=_table_of(campaign, section),
    )


def _table_of(campaign: Campaign, section: CampaignSection) -> str:
    """What is said to the executor, where one is named that is not this machine."""
    from harness.optimise.node_workbench import sealed_table

    name = executor_of(section)
    return sealed_table(campaign.config, name) if name else ""


def executor_of(section: CampaignSection) -> str:
    """Where the campaign's work is done: the name of a cluster's executor; empty: here."""
    return "" if section.executor == LOCAL else section.executor


def with_executor(config: Config, campaign: str, executor: str) -> Config:
    """The configuration with another executor of a campaign; ConfigError for an unknown one."""
    section: CampaignSection = lookup(config.campaigns, campaign, "campaign", config.path)
    changed = msgspec.structs.replace(section, executor=executor)
    return replace(config, campaigns={**config.campaigns, campaign: changed})


def _trusted_files(campaign: Campaign, target: Target) -> tuple[str, ...]:
    """The project's own files that inputs and relations are made of, and those that are run around
    trials: no iteration changes them."""
    relations = campaign.config.task(target.task).relations
    around = {word for command in (*target.prepare, *target.conclude) for word in command}
    return (
        *generator_files(target),
        *relation_files(relations, target.root),
        *sorted(files_among(around, target.root)),
    )


def _rate_of_false_keeps(section: CampaignSection, where: str) -> float:
    rate = section.rate_of_false_keeps
    if not 0 < rate <= MOST_FALSE_KEEPS:
        raise ConfigError(
            f"{where}.false_keep_rate: want a share above 0 and at most {MOST_FALSE_KEEPS:g},"
            f" got {rate:g}",
            hint="Who accepts a larger share of changes that are no gain need not measure.",
        )
    return rate


def open_inputs(campaign: Campaign) -> tuple[str, ...]:
    """In words, what of a started campaign's inputs may be answered by heart."""
    config, agreed = campaign.config, campaign.state.agreed
    target = config.target(agreed.target)
    known = left_open(target, config.case_of(target, agreed.case), campaign.seeds)
    return tuple(filter(None, (known, *campaign.state.sealed.notes)))
