"""What a look's trials and texts show, as figures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness.baseline.sides import CURRENT
from harness.campaign.sightings import CaseEvidence, SideSeen
from harness.model import Agreement, CaseBench, SideFigures, Target
from harness.optimise.seen import evidence_of, with_facts

MS = 10**6


def row(target: str, block: int, cpu_ms: float, **more: Any) -> dict[str, Any]:
    cpu = int(cpu_ms * MS)
    plain = {
        "target": target,
        "block": block,
        "warmup": False,
        "status": "ok",
        "wall_ns": cpu + MS,
        "user_ns": cpu,
        "sys_ns": 0,
        "pressure_ns": 0,
        "threads": 1,
        "left_behind": 0,
        "output_digest": "same",
        "metrics": {},
        "draw": "",
    }
    return {**plain, **more}


def pairs(before: list[float], after: list[float], **more: Any) -> list[dict[str, Any]]:
    return [
        row(name, block, cpu, **more)
        for name, times in (("kept", before), (CURRENT, after))
        for block, cpu in enumerate(times)
    ]


def test_a_side_is_told_by_the_medians_of_its_timed_trials():
    rows = pairs([10, 30, 20], [5, 5, 6])
    rows += [row(CURRENT, -1, 900, warmup=True), row(CURRENT, 9, 900, status="failed")]
    found = evidence_of(rows, "kept")
    assert found is not None
    assert (found.before.cpu_ns, found.after.cpu_ns) == (20 * MS, 5 * MS)
    assert (found.before.wall_ns, found.after.waited_ns) == (21 * MS, MS)
    assert (found.draws, found.spread, found.slope) == (0, None, None)


def test_without_a_good_trial_of_each_side_there_is_no_evidence():
    rows = pairs([10], [5])
    rows[1]["status"] = "failed"
    assert evidence_of(rows, "kept") is None
    assert evidence_of(pairs([10], [5]), "other") is None


def test_outputs_threads_and_what_is_left_behind_are_counted():
    rows = pairs([10, 10], [5, 5])
    rows[0]["output_digest"] = "another"
    rows[2] |= {"left_behind": 2, "threads": 3, "metrics": {"instructions": 7.0}}
    rows[3] |= {"threads": None, "output_digest": ""}
    found = evidence_of(rows, "kept")
    assert found is not None
    assert (found.before.outputs, found.after.outputs) == (2, 1)
    assert (found.after.left_behind, found.after.threads, found.after.instructions) == (1, 3, 7.0)
    assert found.before.instructions is None


def drawn(times: dict[int, float], power: float) -> list[dict[str, Any]]:
    rows = []
    for block, (n, cpu) in enumerate(times.items()):
        draw = json.dumps({"n": n})
        rows += [
            row("kept", block, cpu, draw=draw),
            row(CURRENT, block, 10 * cpu**power, draw=draw),
        ]
    return rows


@pytest.mark.parametrize("power", [0.0, 0.5, 1.0])
def test_the_power_by_which_times_follow_the_draws(power):
    found = evidence_of(drawn({1: 10, 2: 20, 3: 40, 4: 80}, power), "kept")
    assert found is not None
    assert found.draws == 4
    assert found.spread == pytest.approx(8.0)
    assert found.slope == pytest.approx(power, abs=1e-3)


def test_short_trials_few_draws_and_seeds_alone_say_nothing_of_work():
    short = evidence_of(drawn({1: 1, 2: 2, 3: 4, 4: 8}, 1.0), "kept")
    few = evidence_of(drawn({1: 10, 2: 20, 3: 40}, 1.0), "kept")
    rows = drawn({1: 10, 2: 20, 3: 40, 4: 80}, 1.0)
    for each in rows:
        each["draw"] = each["draw"].replace('"n"', '"seed"')
    seeds = evidence_of(rows, "kept")
    for found in (short, few, seeds):
        assert found is not None
        assert (found.spread, found.slope) == (None, None)


def test_what_does_not_follow_from_trials_stays_as_it_was_stored():
    stored = CaseEvidence(
        SideSeen(1.0, 1.0, 0.0, setup_ns=3),
        SideSeen(1.0, 1.0, 0.0, setup_ns=4),
        adapter="c",
        input_bytes=5,
        tolerance_used=0.25,
        relative_error=1e-5,
        known_gain=8.0,
    )
    again = evidence_of(pairs([10], [5]), "kept", stored)
    assert again is not None
    assert (again.before.setup_ns, again.after.setup_ns) == (3, 4)
    assert (again.before.cpu_ns, again.input_bytes) == (10 * MS, 5)
    kept = (again.adapter, again.tolerance_used, again.relative_error, again.known_gain)
    assert kept == ("c", 0.25, 1e-5, 8.0)


def test_facts_come_from_the_sides_the_target_and_the_agreement(tmp_path: Path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a").write_bytes(b"12345")
    (tmp_path / "stdin").write_bytes(b"678")
    target = Target(
        "w",
        "w",
        "julia",
        tmp_path,
        inputs=(tmp_path / "data", tmp_path / "gone"),
        stdin=tmp_path / "stdin",
    )
    agreement = Agreement(ok=True, tolerance_used=0.5, relative_error=1e-4)
    sides = {name: figures(setup_ns) for name, setup_ns in (("kept", 7), (CURRENT, 8))}
    case = CaseBench("fast", agreement, sides=sides, known_gain=2.0)
    seen = evidence_of(pairs([10], [5]), "kept")
    assert seen is not None
    found = with_facts(target, case, seen, "kept")
    assert (found.before.setup_ns, found.after.setup_ns) == (7, 8)
    assert (found.adapter, found.input_bytes) == ("julia", 8)
    assert (found.tolerance_used, found.relative_error, found.known_gain) == (0.5, 1e-4, 2.0)


def figures(setup_ns: int) -> SideFigures:
    return SideFigures(
        commit="c",
        wall_ns=None,
        cpu_ns=None,
        max_rss_bytes=None,
        build_ns=1,
        build_digest="b",
        program_digest="p",
        toolchain="t",
        setup_ns=setup_ns,
    )


def test_waiting_for_a_busy_cpu_is_told_from_waiting_for_others():
    rows = pairs([10, 10], [5, 5])
    for each in rows:
        each |= {"wall_ns": each["wall_ns"] + 30 * MS, "pressure_ns": 30 * MS}
    busy = evidence_of(rows, "kept")
    rows[-1]["pressure_ns"] = rows[-2]["pressure_ns"] = 0
    others = evidence_of(rows, "kept")
    rows[0]["pressure_ns"] = None
    unknown = evidence_of(rows, "kept")
    found = [e and (e.before.unforced_ns, e.after.unforced_ns) for e in (busy, others, unknown)]
    assert found == [(MS, MS), (MS, 31 * MS), (None, 31 * MS)]


def test_evidence_of_before_it_was_kept_is_derived_without_it():
    stored = CaseEvidence(SideSeen(1.0, 1.0, 0.0), SideSeen(1.0, 1.0, 0.0))
    again = evidence_of(pairs([10], [5]), "kept", stored)
    assert again is not None
    assert (again.before.unforced_ns, again.after.unforced_ns) == (None, None)
