"""Programs that deserve suspicion: what `harness baseline` and `harness test` say of them."""

from __future__ import annotations

import json
import sys
import textwrap

import numpy as np
import pytest

from harness.baseline.document import decode
from harness.errors import AnswerIsNo, BuildFailed, ConfigError, TrialFailed

TOML = """
[tasks.t.cases.fast]
params = {{ n = 3 }}
{case}
[tasks.t.outputs.sum]
{output}
[targets.t]
task = "t"
adapter = "command"
sources = ["prog"]
args = ["{{n}}"]
{target}
"""


def declare(project, output='key = "sum"\nkind = "deterministic"', target="", case=""):
    project.write("harness.toml", TOML.format(output=output, target=target, case=case))


def program(project, text, shell="/bin/sh"):
    path = project.write("prog", f"#!{shell}\n{textwrap.dedent(text)}")
    path.chmod(0o755)


def python(project, text):
    program(project, text, sys.executable)


def begin(project, text, **declared):
    """Commit a program and make its baseline."""
    declare(project, **declared)
    program(project, text)
    project.commit()
    return project.make()


class TestWrongOutput:
    def test_the_same_program_passes(self, project):
        begin(project, "echo sum: 6.0")
        report = project.test()
        assert report.ok
        assert report.warnings == ()

    def test_a_wrong_number_with_exit_code_0_fails(self, project):
        begin(project, "echo sum: 6.0")
        program(project, "echo sum: 5.0")
        report = project.test()
        assert not report.ok
        (mismatch,) = report.agreement.mismatches
        assert (mismatch.output, mismatch.place) == ("sum", "value")
        assert (float(mismatch.expected), float(mismatch.actual)) == (6.0, 5.0)
        assert (mismatch.error, mismatch.allowed) == (1.0, pytest.approx(6e-9))

    def test_a_missing_output_fails(self, project):
        begin(project, "echo sum: 6.0")
        program(project, "echo done")
        report = project.test()
        assert not report.ok
        assert "key 'sum' is not found" in report.agreement.summary

    def test_an_empty_output_fails(self, project):
        begin(project, "echo sum: 6.0")
        program(project, "true")
        assert not project.test().ok

    def test_a_crash_is_a_failed_trial(self, project):
        begin(project, "echo sum: 6.0")
        program(project, "echo sum: 6.0; kill -SEGV $$")
        with pytest.raises(TrialFailed, match="SIGSEGV"):
            project.test()

    def test_an_output_that_is_right_but_for_its_format_passes_where_numbers_are_compared(
        self, project
    ):
        begin(project, "echo sum: 6.0")
        program(project, "echo 'Result:  sum = 6.00000000'")
        assert project.test().ok

    def test_the_same_format_change_fails_where_all_of_the_text_counts(self, project):
        declare(project)
        text = (project.path / "harness.toml").read_text()
        start, end = text.index("[tasks.t.outputs"), text.index("[targets")
        project.write("harness.toml", text[:start] + text[end:])
        program(project, "echo sum: 6.0")
        project.commit()
        project.make()
        assert project.test().ok
        program(project, "echo 'sum:  6.0'")
        assert not project.test().ok

    def test_layout_can_be_declared_as_meaningless(self, project):
        begin(project, "echo sum: 6.0", output='kind = "exact"\nignore_layout = true')
        program(project, "printf '  sum:\\n6.0 '")
        assert project.test().ok

    @pytest.mark.parametrize(("rtol", "ok"), [("1e-6", True), ("1e-8", False)])
    def test_one_part_in_ten_million_is_judged_by_rtol(self, project, rtol, ok):
        output = f'key = "sum"\nkind = "deterministic"\nrtol = {rtol}'
        begin(project, "echo sum: 1.00000000000", output=output)
        program(project, "echo sum: 1.00000010000")
        assert project.test().ok is ok

    @pytest.mark.parametrize(("kind", "ok"), [("deterministic", True), ("exact", False)])
    def test_another_order_of_summation_is_rounding_not_a_mistake(self, project, kind, ok):
        declare(project, output=f'key = "sum"\nkind = "{kind}"')
        python(project, "print('sum:', repr(sum(1 / i for i in range(1, 1000))))")
        project.commit()
        project.make()
        python(project, "print('sum:', repr(sum(1 / i for i in range(999, 0, -1))))")
        assert project.test().ok is ok

    def test_a_target_that_does_not_build_says_so(self, project):
        declare(project)
        toml = project.read("harness.toml").replace('"command"', '"c"').replace("prog", "p.c")
        project.write("harness.toml", toml)
        project.write("p.c", '#include <stdio.h>\nint main(void) { puts("sum: 6.0"); return 0; }')
        project.commit()
        project.make()
        project.write("p.c", "int main(void) { return x; }")
        with pytest.raises(BuildFailed, match="undeclared") as caught:
            project.test()
        assert f"{project.path}/p.c:1" in caught.value.message


class TestNotANumber:
    def test_a_baseline_of_nan_is_refused(self, project):
        with pytest.raises(AnswerIsNo, match="nan"):
            begin(project, "echo sum: nan")
        assert not (project.path / "optim").exists()

    def test_nan_can_be_declared_as_right(self, project):
        output = 'key = "sum"\nkind = "deterministic"\nnan_equal = true'
        begin(project, "echo sum: nan", output=output)
        assert project.test().ok
        program(project, "echo sum: 1.5")
        assert not project.test().ok

    def test_nan_everywhere_in_an_array_fails(self, project):
        output = 'from = "file"\npath = "x.npy"\nkind = "deterministic"'
        declare(project, output=output)
        python(project, "import numpy; numpy.save('x.npy', numpy.arange(1000.0))")
        project.commit()
        project.make()
        python(project, "import numpy; numpy.save('x.npy', numpy.full(1000, numpy.nan))")
        report = project.test()
        assert report.agreement.differing == 1000
        assert len(report.agreement.mismatches) == 5


class TestRunsThatDiffer:
    def test_a_baseline_that_differs_from_run_to_run_is_refused_with_a_remedy(self, project):
        with pytest.raises(AnswerIsNo, match="from run to run") as caught:
            begin(project, "echo sum: 1.$(date +%N | tail -c 7)")
        assert "stochastic" in caught.value.hint

    STOCHASTIC = """
        import random, sys
        rng = random.Random(int(sys.argv[2]) {twist})
        n = 400
        print("sum:", sum(rng.random() for _ in range(n)) / n {shift})
    """

    def stochastic(self, project, twist="", shift=""):
        python(project, self.STOCHASTIC.format(twist=twist, shift=shift))

    @pytest.fixture
    def sampled(self, project):
        """The baseline of a mean of random numbers, over 8 seeds."""
        output = 'key = "sum"\nkind = "stochastic"\nmargin = 0.1'
        declare(project, output=output, case="seed = 42")
        toml = project.read("harness.toml").replace('["{n}"]', '["{n}", "{seed}"]')
        project.write("harness.toml", toml)
        self.stochastic(project)
        project.commit()
        project.make()
        return project

    def test_the_seeds_are_stored(self, sampled):
        (record,) = sampled.load().document.cases
        assert record.seeds == (43, 44, 45, 46, 47, 48, 49)
        assert len(sampled.load().expected(record.case).further) == 7

    def test_the_same_program_is_equivalent_however_much_it_scatters(self, project):
        # 4 draws scatter by 30 %: only the same seeds on both sides can show sameness.
        declare(project, output='key = "sum"\nkind = "stochastic"', case="seed = 42")
        toml = project.read("harness.toml").replace('["{n}"]', '["{n}", "{seed}"]')
        project.write("harness.toml", toml)
        python(project, self.STOCHASTIC.format(twist="", shift="").replace("n = 400", "n = 4"))
        project.commit()
        project.make()
        assert project.test().ok

    def test_another_stream_of_random_numbers_is_equivalent(self, sampled):
        self.stochastic(sampled, twist="+ 1000")
        report = sampled.test()
        assert report.ok
        assert "8 seeds" in report.agreement.summary

    def test_a_shifted_distribution_is_wrong(self, sampled):
        self.stochastic(sampled, shift="+ 0.2")
        report = sampled.test()
        assert not report.ok
        assert "mean" in report.agreement.mismatches[0].place

    def test_a_program_that_ignores_its_seed_is_wrong(self, sampled):
        python(sampled, "print('sum: 0.5')")
        assert not sampled.test().ok


class TestAnswersLearnedByHeart:
    """A program that knows the case's seed is asked for another one."""

    @pytest.fixture
    def seeded(self, project):
        declare(project, case="seed = 42")
        toml = project.read("harness.toml").replace('["{n}"]', '["{n}", "{seed}"]')
        project.write("harness.toml", toml)
        program(project, "echo sum: $(( $1 * $2 )).0")
        project.commit()
        project.make()
        return project

    def test_the_true_program_passes_with_both_seeds(self, seeded):
        (record,) = seeded.load().document.cases
        assert record.seeds == (43,)
        assert seeded.test().ok

    def test_the_right_answer_to_the_cases_seed_alone_is_wrong(self, seeded):
        program(seeded, "echo sum: 126.0")
        report = seeded.test()
        assert not report.ok
        assert report.agreement.summary.startswith("with seed 43: ")
        (mismatch,) = report.agreement.mismatches
        assert (mismatch.place, mismatch.expected) == ("value, seed 43", "129.0")


class TestStaleFiles:
    """A program that finds what an earlier run left has nothing to compute."""

    OUTPUT = 'from = "file"\npath = "result.txt"\nkey = "sum"\nkind = "deterministic"'

    @pytest.mark.parametrize("folder", ["scratch", "root"])
    def test_every_run_finds_a_folder_without_earlier_results(self, project, folder):
        # It would answer 0 where it finds a result: then the baseline would not agree with itself.
        text = "test -e result.txt && echo sum: 0 > result.txt || echo sum: 6.0 > result.txt"
        begin(project, text, output=self.OUTPUT, target=f'working_folder = "{folder}"')
        assert project.test().ok
        assert not (project.path / "result.txt").exists()

    def test_a_result_that_is_in_git_does_not_pass_for_a_new_one(self, project):
        project.write("result.txt", "sum: 6.0")
        begin(
            project,
            "echo sum: 6.0 > result.txt",
            output=self.OUTPUT,
            target='working_folder = "root"',
        )
        program(project, "true")
        report = project.test()
        assert not report.ok
        assert "wrote no file 'result.txt'" in report.agreement.summary

    def test_a_stale_result_in_the_users_folder_is_not_seen(self, project):
        begin(project, "echo sum: 6.0 > result.txt", output=self.OUTPUT)
        project.write("result.txt", "sum: 6.0")
        program(project, "true")
        assert not project.test().ok

    def test_a_program_that_keeps_results_beside_its_source_is_found_out(self, project):
        text = 'c="$(dirname "$0")/cache"; test -e "$c" || echo 6.0 > "$c"; echo sum: $(cat "$c")'
        with pytest.raises(TrialFailed, match=r"wrote outside of its working folder.*cache"):
            begin(project, text)

    def test_the_bytecode_of_imported_modules_is_no_result(self, project):
        declare(project)
        project.write("helper.py", "VALUE = 6.0\n")
        python(project, "import helper; print('sum:', helper.VALUE)")
        project.commit()
        project.make()
        assert project.test().ok

    def test_a_result_among_the_bytecode_is_found_out(self, project):
        text = """
            c="$(dirname "$0")/__pycache__"; mkdir -p "$c"
            test -e "$c/sum" || echo 6.0 > "$c/sum"; echo sum: $(cat "$c/sum")
        """
        with pytest.raises(TrialFailed, match="__pycache__/sum"):
            begin(project, text)

    def test_the_baselines_outputs_lie_nowhere_above_a_program(self, project):
        seek = """
            for start in "$PWD" "$(dirname "$0")"; do
                cd "$start"
                for step in 1 2 3 4 5 6 7 8 9; do
                    found=$(find . -maxdepth 4 -path '*optim/baseline*' -print -quit 2>/dev/null)
                    test "$PWD" = /tmp && break
                    test -n "$found" && echo sum: 0 && exit
                    cd ..
                done
            done
            echo sum: 6.0
        """
        begin(project, seek)
        project.commit("with the baseline")
        assert project.test().ok
        assert project.sh("find . -path '*optim/baseline*' -not -path './.git/*' | wc -l") != "0"

    def test_no_variable_leads_to_the_project(self, project):
        leak = f"env | grep -q '{project.path}' && echo sum: 0 || echo sum: 6.0"
        begin(project, leak)
        assert project.test().ok


class TestWhatGitDoesNotHave:
    def test_data_that_git_ignores_is_brought_along(self, project):
        project.write(".gitignore", "data.txt\n")
        project.write("data.txt", "6.0\n")
        begin(project, "echo sum: $(cat data.txt)", target='inputs = ["data.txt"]')
        assert project.test().ok

    def test_a_program_in_a_virtual_environment_serves_both_sides(self, project):
        project.write(".gitignore", "env/\n")
        project.write("env/pyvenv.cfg", "")
        project.write("env/bin/tool", "#!/bin/sh\necho sum: 6.0\n").chmod(0o755)
        begin(project, "true", target='program = "env/bin/tool"')
        assert project.test().ok

    def test_any_other_program_that_git_ignores_is_refused(self, project):
        project.write(".gitignore", "build/\n")
        project.write("build/tool", "#!/bin/sh\necho sum: 6.0\n").chmod(0o755)
        with pytest.raises(ConfigError, match="program: build/tool is not in git") as refused:
            begin(project, "true", target='program = "build/tool"')
        assert "setup" in refused.value.hint

    def test_data_too_large_for_git_is_brought_along(self, project, monkeypatch):
        declare(project, target='inputs = ["data"]')
        program(project, "echo sum: $(cat data/n)")
        project.write("data/.gitkeep", "")
        project.commit()
        monkeypatch.setattr("harness.system.git.reading.LARGE_BYTES", 2)
        project.write("data/n", "6.0\n")
        project.make()
        assert project.test().ok

    def test_a_new_file_that_is_not_ignored_is_part_of_the_tree(self, project):
        begin(project, "echo sum: 6.0")
        project.write("helper", "echo sum: 7.0")
        program(project, '. "$(dirname "$0")/helper"')
        report = project.test()
        assert not report.ok
        assert float(report.agreement.mismatches[0].actual) == 7.0

    def test_setup_runs_in_the_private_copy(self, project):
        target = 'setup = [["sh", "-c", "echo echo sum: 6.0 > made"]]'
        begin(project, '. "$(dirname "$0")/made"', target=target)
        assert project.test().ok
        assert not (project.path / "made").exists()


class TestBinaryOutputs:
    def test_raw_numbers_are_compared_as_numbers(self, project):
        output = 'from = "file"\npath = "x.bin"\ndtype = "<f8"\nkind = "deterministic"'
        declare(project, output=output)
        write = "import array; array.array('d', [1.0, 2.0, {}]).tofile(open('x.bin', 'wb'))"
        python(project, write.format("3.0"))
        project.commit()
        project.make()
        python(project, write.format("3.0 + 1e-12"))
        assert project.test().ok
        python(project, write.format("3.1"))
        report = project.test()
        assert report.agreement.mismatches[0].place == "[2]"

    def test_bytes_without_a_dtype_must_be_equal(self, project):
        begin(project, "printf '\\377\\000\\001'", output='format = "raw"')
        assert project.test().ok
        program(project, "printf '\\377\\000\\002'")
        report = project.test()
        assert report.agreement.mismatches[0].place == "byte 2"

    def test_the_file_itself_is_kept_for_people(self, project):
        output = 'from = "file"\npath = "out/x.txt"'
        begin(project, "mkdir out; echo 6.0 > out/x.txt; echo hello", output=output)
        kept = project.path / "optim" / "baseline_results" / "files" / "fast"
        assert (kept / "stdout.txt").read_text() == "hello\n"
        assert (kept / "out" / "x.txt").read_text() == "6.0\n"


def test_what_baseline_json_says(project):
    begin(project, "echo sum: 6.0")
    said = json.loads(project.read("optim/baseline.json"))
    assert said["commit"] == project.head()
    assert said["dirty"] is False
    assert said["recipe"]["sources"] == ["prog"]
    assert said["cases"][0]["case"]["params"] == {"n": 3}
    assert said["cases"][0]["timing"]["trials"] == 2
    assert said["cases"][0]["outputs"] == {"sum": {"type": "number", "value": 6.0}}
    files = {
        path.relative_to(project.path / "optim").as_posix()
        for path in (project.path / "optim" / "baseline_results").rglob("*")
        if path.is_file()
    }
    assert set(said["files"]) == files
    assert "baseline_results/outputs.parquet" in files
    assert not np.isnan(said["cases"][0]["timing"]["wall_ns"]["point"])


def test_a_baseline_of_before_inputs_kept_their_folder_is_measured_as_it_was(project):
    inputs = {"target": 'inputs = ["sub/in"]', "text": "cat in sub/in 2>/dev/null; true"}
    project.write("sub/in", "sum: 6.0\n")
    begin(project, **inputs)
    said = json.loads(project.read("optim/baseline.json"))
    assert said["schema_version"] == 2
    assert decode(json.dumps(said).encode(), "new").recipe.inputs_by_name is False
    old = {**said, "schema_version": 1}
    for name in ("inputs_by_name", "build_inputs", "build_inputs_digest", "private_copy"):
        del old["recipe"][name]
    assert decode(json.dumps(old).encode(), "old").recipe.inputs_by_name is True
