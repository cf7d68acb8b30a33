"""Settings: every option declared once, stored, and read back."""

from __future__ import annotations

import json
import re
from dataclasses import fields, replace
from typing import Any, get_type_hints

import pytest

from harness.analysis import Question
from harness.analysis.schedule import Design
from harness.errors import UsageError
from harness.model import Better, Jail, Metric, MetricInfo, Mode, SteadyPlan
from harness.model.declaring import options_of
from harness.model.draws import Seeds
from harness.model.guards import Guard
from harness.model.noise import Noise
from harness.running.settings import (
    STRETCH,
    Asked,
    Settings,
    TimeLimit,
    of_plan,
    read_settings,
    to_plan,
    to_words,
)

OTHER = Settings(
    mode=Mode.STEADY,
    trials=7,
    budget_ns=10**9,
    max_blocks=9,
    warmup=3,
    seed=5,
    seeds=Seeds.FRESH,
    given_draw='{"n": 7}',
    cpus=(0, 1),
    jail=Jail.STRICT,
    family=3,
    design=Design.MIRRORED,
    vary_layout=False,
    metrics=("temperature",),
    question=Question(
        *(Metric("watts"), 0.9, 0.02, 0.03, Noise(4, 0.02, 1), 5),
        per_comparison=True,
        tails=False,
        early=False,
        confirm=True,
        of_all=0.8,
        late=False,
        figure=MetricInfo("watts", "W", Better.LOWER, 0.5, "meter", deterministic=True),
        guards=(Guard("memory", "5%"), Guard("binary_bytes", "50 KiB")),
        guarded=(MetricInfo("watts", "W", Better.LOWER),),
    ),
    steady=SteadyPlan(5, 6, 7),
)
"""Nothing in it is as it is by default."""


def test_the_words_of_a_command_line_make_the_same_settings():
    asked = replace(OTHER.question, noise=None, fewest=0, figure=None, guarded=())
    asked = replace(asked, early=True, confirm=False, of_all=None, late=True)
    other = replace(OTHER, question=asked, steady=SteadyPlan())  # which no option says
    words = to_words(other)
    said = [words[at + 1] for at, word in enumerate(words) if word == "--guard"]
    assert said == ["memory=5%", "binary_bytes=50 KiB"]
    assert "--no-vary-layout" in words
    assert "--budget" in words
    assert "--per-comparison" in words
    switches = ("--no-vary-layout", "--per-comparison", "--no-tails")
    given = dict(zip(*[iter(w for w in words if w not in switches)] * 2, strict=True))
    read = {
        option.keyword: option.kind(given[option.flag])
        for option in options_of(Settings)
        if option.flag in given
    }
    # Both of these at once are refused, but each alone is written and read.
    trials = read.pop("trials")
    read |= {"vary_layout": False, "per_comparison": True, "tails": False, "guard": said}
    made = read_settings(read)
    assert replace(made, trials=trials) == other
    assert to_words(Settings()) == []


def leaves(value: object) -> dict[str, object]:
    return {each.name: getattr(value, each.name) for each in fields(value)}  # type: ignore[arg-type]


def test_nothing_of_the_example_is_the_default():
    for one, other in (
        (OTHER, Settings()),
        (OTHER.question, Question()),
        (OTHER.steady, SteadyPlan()),
    ):
        same = [name for name, value in leaves(one).items() if value == leaves(other)[name]]
        assert same == []


@pytest.mark.parametrize("settings", [OTHER, Settings()])
def test_every_field_is_read_back_from_a_stored_plan(settings: Settings):
    assert of_plan(json.loads(json.dumps(to_plan(settings)))) == settings


@pytest.mark.parametrize("name", [each.name for each in fields(Settings)])
def test_what_an_older_harness_did_not_store_is_the_default(name: str):
    plan = to_plan(OTHER)
    del plan[name]
    assert of_plan(plan) == replace(OTHER, **{name: getattr(Settings(), name)})


def test_the_rest_of_a_plan_says_nothing_of_settings():
    assert of_plan({"command": ["run"], "host": {}, "cells": []}) == Settings()


@pytest.mark.parametrize("change", [{"mode": 7}, {"trials": "x"}, {"question": {"metric": "x y"}}])
def test_a_plan_that_makes_no_sense_is_a_value_error(change: dict[str, object]):
    with pytest.raises(ValueError, match=r"[Ii]nvalid|Expected"):
        of_plan({**to_plan(OTHER), **change})


def test_the_typed_keywords_are_those_that_are_declared():
    assert list(get_type_hints(Asked)) == [option.keyword for option in options_of(Settings)]


def test_friendly_forms_are_read():
    settings = read_settings({"budget": "2m", "cpus": 0, "precision": "2%", "mode": "steady"})
    assert settings == Settings(
        budget_ns=120 * 10**9, cpus=(0,), question=Question(precision=0.02), mode=Mode.STEADY
    )


def test_what_is_left_out_is_as_in_the_settings_that_are_gone_over():
    assert read_settings({"warmup": 0}, over=OTHER) == replace(OTHER, warmup=0)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"trails": 3}, "unknown option 'trails'"),
        ({"budget": "soon"}, "budget: want a duration"),
        (
            {"trials": 3, "max_trials": 5},
            "`trials` says exactly how many, `max_trials` when",
        ),
        ({"cpus": "0-"}, "cpus: want numbers and ranges"),
        ({"cpus": [4711]}, "cpus: 4711 is not among the CPUs"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(given: dict[str, object], words: str):
    with pytest.raises(UsageError, match=words):
        read_settings(given)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"trials": -1}, "Settings: trials: want a whole number of at least 1 or None, got -1"),
        ({"trials": "x"}, "trials: want a whole number of at least 1 or None, got 'x'"),
        ({"trials": True}, "trials: want a whole number"),
        ({"warmup": -1}, "warmup: want a whole number of at least 0, got -1"),
        ({"mode": "cold"}, "mode: want one of Mode.COLD, Mode.STEADY, got 'cold'"),
        ({"cpus": 0}, "cpus: want a tuple, each of it a whole number, got 0"),
        ({"cpus": (-1,)}, "cpus: want numbers of CPUs"),
        ({"budget_ns": -5}, "budget_ns: want at least 0"),
        ({"question": 0.95}, "question: want a Question, got 0.95"),
    ],
)
def test_settings_that_make_no_sense_cannot_be_made(given: dict[str, Any], words: str):
    with pytest.raises(UsageError, match=re.escape(words)):
        Settings(**given)
    with pytest.raises(ValueError, match="Invalid plan"):
        of_plan({**to_plan(OTHER), "trials": -1})


def test_the_default_budget_grows_with_the_groups_and_may_stretch():
    assert Settings().time_limit(2) == TimeLimit(40 * 10**9, STRETCH)
    assert Settings().time_limit(5) == TimeLimit(100 * 10**9, STRETCH)
    assert Settings().time_limit(5, tasks=5) == TimeLimit(40 * 10**9)
    assert Settings(budget_ns=5).time_limit(2) == TimeLimit(5)
    assert Settings(trials=5).time_limit(2) == TimeLimit(None)


def test_a_seed_is_drawn_once():
    drawn = Settings().seeded()
    assert drawn.seeded() is drawn
    assert drawn.drawn_seed == drawn.seed
    with pytest.raises(ValueError, match="no seed"):
        _ = Settings().drawn_seed
