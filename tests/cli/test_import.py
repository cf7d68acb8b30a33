"""`harness import`: figures of other tools."""

from __future__ import annotations

import json

DOCUMENT = {"results": [{"command": name, "times": [1.0, 2.0]} for name in ("old", "new")]}


def test_it_stands_in_the_history_and_says_that_it_was_not_interleaved(harness, folder):
    (folder / "a.json").write_text(json.dumps(DOCUMENT))
    said = harness("import", "a.json", "--task", "sort")
    assert said.code == 0
    assert "imported from hyperfine, not interleaved" in said.out
    rows = harness("history", "--task", "sort").out
    assert rows.count("imported from hyperfine, not interleaved") == 2
    said = harness("compare", "old", "new", "--stored")
    assert said.code == 2
    assert "not interleaved" in said.err


def test_functions_of_one_process_are_judged_and_the_history_says_what_they_are(harness, folder):
    functions = [{"name": name, "batch": 4} for name in ("old", "new")]
    made = {"harness_blocks": 1, "made_by": "me", "language": "C", "functions": functions}
    made["blocks"] = [[[0, 3000 + n, 3000], [1, 2000 + n, 2000]] for n in range(24)]
    (folder / "a.json").write_text(json.dumps(made))
    said = harness("import", "a.json", "--threshold", "2%")
    assert said.code == 0
    assert "faster" in said.out
    assert "it rests on one process" in said.out
    assert harness("history").out.count("in one process") == 2
    assert harness("import", "a.json", "--threshold", "x", "--task", "t").code == 2


def test_it_can_be_exported_again(harness, folder):
    (folder / "a.json").write_text(json.dumps(DOCUMENT))
    harness("import", "a.json")
    (old, _) = json.loads(harness("export", "--format", "hyperfine").out)["results"]
    assert old["times"] == [1.0, 2.0]


def test_a_bad_file_is_a_usage_error_with_its_place(harness, folder):
    (folder / "a.json").write_text('{"results": [{"command": "x", "times": [0]}]}')
    said = harness("import", "a.json")
    assert said.code == 2
    assert "a.json: as hyperfine: results[0].times[0]: want a time above 0, got 0" in said.err
    assert harness("history", "--json").result["runs"] == []
