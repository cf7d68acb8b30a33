"""What other tools measured, in the history and in no verdict."""

from __future__ import annotations

import json
from typing import Any

import pytest

from harness.errors import NotAllowed, UsageError
from harness.model import Mode, Verdict
from harness.running.importing import MOST_BYTES, import_file
from harness.running.loading import load_frame
from harness.running.reading_back import checked_report
from harness.system.store.run_file import read_run
from harness.system.store.runs import stored_records


def hyperfine(**more: Any) -> dict[str, Any]:
    return {
        "results": [
            {
                "command": "sort {n}",
                "mean": 2.0,
                "times": [1.0, 2.0, 3.0],
                "exit_codes": [0, 0, 0],
                "parameters": {"n": "10"},
                **more,
            }
        ]
    }


PYPERF = {
    "version": "1.0",
    "metadata": {"name": "json", "unit": "second", "loops": 4, "cpu_model_name": "X9"},
    "benchmarks": [
        {
            "runs": [
                {"metadata": {"calibrate_loops": 4}, "warmups": [[1, 0.5]]},
                {"metadata": {"date": "2026-01-31 10:00:00", "mem_max_rss": 9}, "values": [0.5, 1]},
                {"values": [0.75, 0.75], "metadata": {"date": "2026-01-31 10:00:01"}},
            ]
        },
        {"metadata": {"name": "size", "unit": "byte"}, "runs": [{"values": [3]}]},
    ],
}

PYTEST = {
    "machine_info": {"node": "box", "release": "6.1", "cpu": {"brand_raw": "X9", "count": 4}},
    "commit_info": {"id": "ab" * 20, "time": "2026-01-31T10:00:00+01:00", "dirty": True},
    "datetime": "2026-01-31T09:00:00+00:00",
    "benchmarks": [
        {
            "name": "test_s[10]",
            "params": {"n": 10},
            "stats": {"iterations": 5, "rounds": 2, "mean": 2.0, "data": [1.0, 3.0]},
        },
        {"name": "test_t", "params": None, "stats": {"iterations": 5, "rounds": 2, "mean": 2.0}},
    ],
}


def google(**more: Any) -> dict[str, Any]:
    each = {
        "name": "BM_sort/8/threads:2",
        "run_name": "BM_sort/8/threads:2/min_time:1.0",
        "run_type": "iteration",
        "iterations": 10,
        "real_time": 2.0,
        "cpu_time": 3.0,
        "time_unit": "us",
        **more,
    }
    mean = {**each, "run_type": "aggregate", "aggregate_name": "mean"}
    context = {"host_name": "box", "num_cpus": 4, "date": "2026-01-31T10:00:00+01:00"}
    return {"context": context, "benchmarks": [each, each, mean]}


@pytest.fixture
def imported(tmp_path):
    def call(document: object, tool: str | None = None, task: str | None = None):
        path = tmp_path / "given.json"
        text = document if isinstance(document, str) else json.dumps(document)
        path.write_text(text)
        return import_file(path, tool, task, tmp_path / "results")

    return call


def test_hyperfine_is_whole_processes_with_their_parameters(imported):
    report = imported(hyperfine(memory_usage_byte=[5, 7, 6]))
    (m,) = report.run.measurements
    assert (m.task, m.case, m.target) == ("hyperfine", "n=10", "sort {n}")
    assert (m.mode, m.trials, m.max_rss_bytes, m.cpu_ns) == (Mode.COLD, 3, 7, None)
    assert m.wall_ns is not None
    assert m.wall_ns.point == 2e9
    assert read_run(report.folder).plan["origin"]["parameters"] == {"n=10": {"n": "10"}}


def test_a_trial_of_hyperfine_that_failed_counts_as_failed(imported):
    report = imported(hyperfine(exit_codes=[0, 3, None]))
    (m,) = report.run.measurements
    assert (m.trials, m.failures) == (1, 2)
    assert [r.trial.exit_code for _, r in stored_records(read_run(report.folder))] == [0, 3, None]


def test_one_command_twice_is_two_targets(imported):
    document = hyperfine()
    report = imported({"results": document["results"] * 2})
    assert [m.target for m in report.run.measurements] == ["sort {n}", "sort {n} (2)"]


def test_a_file_is_imported_once_for_each_task(imported, tmp_path):
    first = imported(hyperfine())
    with pytest.raises(NotAllowed, match=first.run.id):
        imported(hyperfine())
    imported(hyperfine(), task="sort")
    imported(hyperfine(mean=3.0))
    assert len(list((tmp_path / "results").glob("*/run.json"))) == 3


def test_pyperf_is_one_trial_per_process_and_no_sizes(imported):
    report = imported(PYPERF)
    (m,) = report.run.measurements
    assert (m.target, m.mode, m.trials) == ("json", Mode.STEADY, 2)
    assert m.wall_ns is not None
    assert m.wall_ns.point == 0.75e9
    assert report.run.host.cpu == "X9"
    assert report.run.id.startswith("20260131-100000-")
    assert any("size is no time: its unit is byte" in words for words in report.run.warnings)
    first = stored_records(read_run(report.folder))[0][1].trial.samples[0]
    assert (first.batch, first.wall_ns) == (4, 2 * 10**9)


def test_pytest_benchmark_has_rounds_or_their_mean_and_its_commit(imported):
    report = imported(PYTEST, task="sums")
    one, other = report.run.measurements
    assert (one.task, one.case, one.target) == ("sums", "n=10", "test_s")
    assert (other.case, other.target) == ("default", "test_t")
    for m in (one, other):
        assert m.wall_ns is not None
        assert m.wall_ns.point == 2e9
    assert report.run.commit is not None
    assert (report.run.commit.digest, report.run.commit.changed) == ("ab" * 20, True)
    assert any("1 of 2 have no rounds" in words for words in report.run.warnings)


def test_google_benchmark_is_repetitions_in_their_unit_and_no_aggregates(imported):
    report = imported(google())
    (m,) = report.run.measurements
    assert (m.target, m.case) == ("BM_sort/min_time:1.0", "arg0=8,threads=2")
    assert m.trials == 2
    assert m.wall_ns is not None
    assert m.cpu_ns is not None
    assert (m.wall_ns.point, m.cpu_ns.point) == (2000, 3000)


def test_a_benchmark_that_failed_is_a_failed_trial(imported):
    document = google(error_occurred=True, error_message="no memory")
    document["benchmarks"][1] = google()["benchmarks"][0]
    (m,) = imported(document).run.measurements
    assert (m.trials, m.failures) == (1, 1)


@pytest.mark.parametrize("document", [hyperfine(), PYPERF, PYTEST, google()])
def test_it_is_read_back_and_loaded_like_any_run_and_marked(imported, document):
    report = imported(document)
    assert checked_report(read_run(report.folder)).run == report.run
    rows = load_frame(report.folder.parent, "trials", None, None)
    assert set(rows.adapter.str.partition(":")[0]) == {"imported"}
    assert rows.groupby("block").target.count().max() == 1, "a block with a pair in it"


TWO = {"results": [{"command": name, "times": [1.0, 2.0]} for name in ("old", "new")]}


def test_no_verdict_rests_on_it(imported, tmp_path):
    from harness import compare_stored

    imported(TWO)
    with pytest.raises(UsageError, match="old and new: runs of another tool have them") as caught:
        compare_stored("old", "new", results=tmp_path / "results")
    assert "their trials were not interleaved" in caught.value.message


def blocks(count: int = 24, **more: Any) -> dict[str, Any]:
    """Two functions that were called in turns: the second takes two thirds of the time."""
    pairs = [[[0, 3000 + n, 3000 + n, 0, 0], [1, 4000 + n, 4000 + n, 0, 1]] for n in range(count)]
    return {
        "harness_blocks": 1,
        "made_by": "harness_compare.h",
        "language": "C",
        "made_at_ns": 1795829957195498752,
        "seed": 7,
        "hostname": "box",
        "notes": {"gc": "off"},
        "functions": [
            {"name": "old", "batch": 2, "metrics": {"allocations": 3, "allocated_bytes": 48}},
            {"name": "new", "batch": 4},
        ],
        "blocks": [pair[::-1] if n % 3 else pair for n, pair in enumerate(pairs)],
        **more,
    }


def test_functions_of_one_process_are_judged_by_their_blocks_and_the_verdict_says_so(imported):
    report = imported(blocks())
    (found,) = report.run.comparisons
    assert (found.reference, found.candidate, found.blocks) == ("old", "new", 24)
    assert found.verdict is Verdict.FASTER
    assert found.ratio.point == pytest.approx(1.5, rel=0.01)
    assert "it rests on one process" in found.metric_because
    assert any("called in turns within one process" in words for words in report.run.warnings)
    assert "gc: off" in report.run.warnings
    assert checked_report(read_run(report.folder)).run == report.run
    rows = load_frame(report.folder.parent, "trials", None, None)
    assert set(rows.groupby("block").target.count()) == {2}
    assert list(rows.position[rows.target == "old"])[:3] == [0, 1, 1]
    assert set(rows["metrics.allocations"][rows.target == "old"]) == {3}
    assert set(rows.involuntary_switches[rows.target == "new"]) == {1}


def test_a_function_that_does_nothing_is_named(imported):
    functions = [{"name": name, "batch": 1 << 23} for name in ("old", "new")]
    warnings = imported(blocks(functions=functions)).run.warnings
    assert sum("the compiler has left out what it does" in words for words in warnings) == 2


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"harness_blocks": 2}, "harness_blocks: want 1, which is all that this harness reads"),
        ({"functions": [{"name": "a", "batch": 1}]}, "functions: want two functions"),
        ({"functions": [{"name": "a", "batch": 1}] * 2}, "want another name than the first"),
        (
            {"functions": [{"name": "a", "batch": 1}, {"name": "b", "batch": 0}]},
            "functions[1].batch: want a whole number from 1 on, got 0",
        ),
        (
            {
                "functions": [
                    {"name": "a", "batch": 1},
                    {"name": "b", "batch": 1, "metrics": {"x": 1}},
                ]
            },
            "functions[1].metrics.x: want one of allocations, allocated_bytes",
        ),
        ({"blocks": []}, "blocks: there is none"),
        ({"blocks": [[[0, 1, 1], [0, 1, 1]]]}, "blocks[0]: want a sample of each function"),
        ({"blocks": [[[0, 1, 1], [1, 1]]]}, "blocks[0][1]: want a function's place"),
        ({"blocks": [[[0, 0, 1], [1, 1, 1]]]}, "blocks[0][0][1]: want a whole number from 1 on"),
        ({"language": None}, "language is missing"),
    ],
)
def test_blocks_that_make_no_sense_are_refused(imported, tmp_path, more, words):
    with pytest.raises(UsageError) as caught:
        imported(blocks(**more))
    assert words in caught.value.message
    assert not (tmp_path / "results").exists()


@pytest.mark.parametrize(
    ("document", "tool", "words"),
    [
        ("{", None, "is no JSON"),
        ("[" * 100_000, None, "is no JSON"),
        ('{"results": [{"command": "x", "times": [NaN]}]}', None, "NaN is no number of JSON"),
        ({}, None, "of none of the formats that are imported"),
        ({}, "hyprfine", "no format 'hyprfine' to import"),
        ([], "hyperfine", "the file: want an object, got []"),
        ({"results": 3}, "hyperfine", "results: want a list, got 3"),
        ({"results": []}, "hyperfine", "there is no time in it"),
        (hyperfine(times=None), None, r"results[0].times is missing"),
        (hyperfine(times=[1, -1, 1]), None, r"results[0].times[1]: want a time above 0, got -1"),
        (hyperfine(times=[1, 1e300, 1]), None, r"times[1]: want a time above 0"),
        (hyperfine(times=[1, 10**400, 1]), None, r"times[1]: want a finite number"),
        (hyperfine(times=[1, True, 1]), None, r"times[1]: want a number, got True"),
        (hyperfine(exit_codes=[0]), None, "want as many entries as there are times, 3"),
        (hyperfine(command=""), None, "results[0].command: want a text, got ''"),
        (hyperfine(command="x" * 2000), None, "want a text of at most 1000 letters"),
        (hyperfine(parameters=[1]), None, "results[0].parameters: want an object"),
        (
            {"benchmarks": [{"runs": [{"values": ["a"]}]}]},
            None,
            "values[0]: want a number",
        ),
        ({**PYPERF, "benchmarks": PYPERF["benchmarks"][1:]}, None, "size is no time"),  # type: ignore[index]
        (google(time_unit="min"), None, "time_unit: want a unit of time, one of ns, us, ms, s"),
        (google(iterations=0), None, "iterations: want a whole number from 1 on, got 0"),
        (google(run_type="aggregate"), None, "there are aggregates alone, and no repetition"),
    ],
)
def test_what_makes_no_sense_is_named_and_nothing_stored(imported, tmp_path, document, tool, words):
    with pytest.raises(UsageError) as caught:
        imported(document, tool)
    assert words in caught.value.message
    assert not (tmp_path / "results").exists()


def test_a_file_without_end_is_not_read_to_its_end(tmp_path):
    path = tmp_path / "large"
    with path.open("wb") as file:
        file.truncate(MOST_BYTES + 1)
    with pytest.raises(UsageError, match=f"larger than {MOST_BYTES:,} bytes"):
        import_file(path, None, None, tmp_path / "results")


def test_a_name_does_nothing_to_a_terminal(imported):
    report = imported(hyperfine(command="a\x1b[31mb\nc"))
    assert report.run.measurements[0].target == "a\ufffd[31mb\ufffdc"
