"""The current tree against its baseline: verdicts, phases, guards, scale, lost baselines."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from harness.baseline.document import Timing
from harness.bench.doubts import far_from_sealed
from harness.bench.scale import scale_of
from harness.errors import BuildFailed, TrialFailed, UsageError
from harness.model import Estimate, Gain, Metric, Verdict
from harness.render.bench import bench_text
from harness.system.store.parquet import read_parquet
from harness.testing.plugins import make_run

TOML = """
[tasks.t.cases.fast]
[tasks.t.outputs.sum]
key = "sum"
[targets.t]
task = "t"
adapter = "c"
sources = ["p.c"]
"""

ROW = re.compile(r"(\w+) +([\d.]+) ms +([\d.]+) ms +([\d.]+)x +\[.*\] +(\w+)")
"""Of a bench's table: name, before, now, ratio, verdict."""

LOOK_AGAIN = {"trials": None, "max_blocks": 40, "tails": False}


def change(project, cost: str, text: str = "echo sum: $(( $1 * 2 )).0") -> None:
    project.write("prog", f"#!/bin/sh\n# cost: {cost}\n{text}\n")


def only_comparison(report):
    (case,) = report.cases
    (comparison,) = case.comparisons.values()
    return comparison


class TestVerdicts:
    def test_a_faster_tree_is_faster_by_its_true_ratio(self, begun):
        change(begun, "10 work 0.4 io 0.4")
        report = begun.bench()
        comparison = only_comparison(report)
        assert report.correct
        assert report.verdict is Verdict.FASTER
        assert comparison.ratio.low < 2.0 < comparison.ratio.high
        assert (comparison.reference, comparison.candidate) == ("baseline", "current")

    def test_a_slower_tree_is_slower(self, begun):
        change(begun, "25")
        assert begun.bench().verdict is Verdict.SLOWER

    def test_the_same_tree_is_equivalent(self, begun):
        assert begun.bench().verdict is Verdict.EQUIVALENT

    def test_too_few_blocks_decide_nothing(self, begun):
        change(begun, "10")
        report = begun.bench(trials=3)
        assert report.verdict is Verdict.UNDECIDED

    def test_it_stops_as_soon_as_the_verdict_is_sure(self, begun):
        change(begun, "10")
        comparison = only_comparison(begun.bench(**LOOK_AGAIN))
        assert comparison.verdict is Verdict.FASTER
        assert comparison.blocks < 40
        assert "sure" in comparison.stopped_because

    def test_the_tree_is_measured_as_it_is_committed_or_not(self, begun):
        change(begun, "10")
        begun.commit()
        assert begun.bench().verdict is Verdict.FASTER
        begun.write("prog2", "unrelated")
        change(begun, "40")
        report = begun.bench()
        assert report.verdict is Verdict.SLOWER
        assert begun.sh(f"git show {report.snapshot}:prog2") == "unrelated"
        assert begun.sh("git status --porcelain") == "M prog\n?? prog2"


class TestCorrectness:
    def test_faster_and_wrong_with_exit_code_0_gets_no_ratio(self, begun):
        change(begun, "1", "echo sum: 0")
        report = begun.bench(full=True)
        assert not report.correct
        (case,) = report.cases
        assert case.comparisons == {}
        assert report.verdict is None
        assert "expected 2.0, got 0" in case.agreement.summary

    def test_an_output_that_is_wrong_only_sometimes_is_found_in_the_trials(self, begun):
        # Right at first, wrong from the third run on; it counts by a file outside of its folder.
        count = begun.path.parent / "count"
        begun.sh(f"rm -rf {count}; mkdir {count}")
        text = f"touch {count}/$$; test $(ls {count} | wc -l) -gt 2 && echo sum: 9 || echo sum: 2"
        change(begun, "10", text)
        report = begun.bench()
        assert not report.correct
        assert report.cases[0].comparisons == {}

    def test_trials_are_checked_by_the_baseline_not_by_the_first_output(self, project):
        # Within the tolerance of each other, but the later ones not of the baseline: 2, 2.8, 3.5.
        toml = TOML.replace('"c"', '"command"').replace("p.c", "prog")
        toml = toml.replace('key = "sum"', 'key = "sum"\nkind = "count"\nrtol = 0.5')
        project.write("harness.toml", toml)
        change(project, "10", "echo sum: 2.0")
        (project.path / "prog").chmod(0o755)
        project.commit()
        project.make()
        count = project.path.parent / "drift"
        project.sh(f"rm -rf {count}; mkdir {count}")
        text = (
            f"touch {count}/$$; test $(ls {count} | wc -l) -gt 2 && echo sum: 3.5 || echo sum: 2.8"
        )
        change(project, "10", text)
        report = project.bench(trials=4)
        assert not report.correct
        assert "expected 2.0, got 3.5" in report.cases[0].agreement.summary

    def test_a_program_that_fails_in_a_trial_is_a_failed_trial(self, begun):
        count = begun.path.parent / "crashes"
        begun.sh(f"rm -rf {count}; mkdir {count}")
        text = f"touch {count}/$$; echo sum: 2; test $(ls {count} | wc -l) -lt 4"
        change(begun, "10", text)
        report = begun.bench()
        assert "current on fast" in report.crashed
        assert not report.correct
        assert report.cases[0].comparisons == {}

    def test_a_program_that_keeps_results_for_its_next_trial_is_found_out(self, begun):
        change(begun, "10", 'echo 1 > "$(dirname "$0")/cache"; echo sum: 2')
        with pytest.raises(TrialFailed, match="outside of its working folder"):
            begun.bench()

    def test_a_bench_goes_on_with_the_blocks_of_an_earlier_one(self, begun):
        change(begun, "10")
        (first,) = begun.bench(trials=4).cases
        rows = read_parquet(first.folder / "trials.parquet")
        (second,) = begun.bench(trials=9, earlier={"fast": rows}).cases
        assert second.comparisons["baseline"].blocks == 9
        own = read_parquet(second.folder / "trials.parquet")
        assert {row["block"] for row in own} == {4, 5, 6, 7, 8}

    def test_blocks_of_other_builds_are_not_gone_on_with(self, begun):
        change(begun, "10")
        (first,) = begun.bench(trials=4).cases
        rows = read_parquet(first.folder / "trials.parquet")
        change(begun, "12")
        (second,) = begun.bench(trials=5, earlier={"fast": rows}).cases
        own = read_parquet(second.folder / "trials.parquet")
        assert {row["block"] for row in own} == {-1, 0, 1, 2, 3, 4}

    def test_the_baseline_is_built_by_its_own_recipe(self, begun):
        toml = begun.read("harness.toml").replace('args = ["{n}"]', 'args = ["9", "{n}"]')
        begun.write("harness.toml", toml)
        change(begun, "10", "echo sum: $(( $2 * 2 )).0")
        assert begun.bench().verdict is Verdict.FASTER

    def test_a_baseline_that_no_longer_gives_its_output_is_said_so(self, begun, monkeypatch):
        monkeypatch.setattr("harness.baseline.store.load_outputs", self.other_outputs)
        with pytest.raises(TrialFailed, match="baseline no longer gives the stored output"):
            begun.bench()

    @staticmethod
    def other_outputs(path, case):
        from dataclasses import replace

        from harness.system.outputs.stored import load_outputs

        # As if the library that both sides use had changed what they compute.
        return [replace(o, value=o.value + 1) for o in load_outputs(path, case)]


class TestPhases:
    def test_each_phase_has_its_own_ratio_and_verdict(self, begun):
        change(begun, "11 work 0.45454545 io 0.36363636")  # work 14 -> 5, io 4 -> 4
        (case,) = begun.bench().cases
        work, io = case.phases
        assert (work.path, io.path) == ("work", "io")
        assert work.comparison is not None
        assert io.comparison is not None
        assert work.comparison.ratio.point == pytest.approx(2.8, rel=0.01)
        assert work.comparison.verdict is Verdict.FASTER
        assert io.comparison.verdict is Verdict.EQUIVALENT

    def test_phases_of_one_side_alone_have_no_ratio(self, begun):
        change(begun, "10 io 0.4 new 0.3")
        (case,) = begun.bench().cases
        rows = {row.path: row for row in case.phases}
        assert rows["work"].current is None
        assert rows["new"].baseline is None
        assert rows["work"].comparison is None
        assert rows["new"].comparison is None


class TestGuards:
    def test_memory_and_cpus_of_both_sides(self, begun):
        change(begun, "10 rss 64 threads 2")
        (case,) = begun.bench(metric=Metric.WALL).cases
        before, now = case.sides["baseline"], case.sides["current"]
        assert (before.max_rss_bytes, now.max_rss_bytes) == (2 * 2**20, 64 * 2**20)
        assert before.cpus_used == pytest.approx(1, rel=0.01)
        assert now.cpus_used == pytest.approx(2, rel=0.01)


class TestStartUp:
    C = "#include <stdio.h>\nint main(void) {{ puts({text}); return 0; }}\n"

    def test_it_is_known_of_targets_with_a_steady_mode(self, project):
        project.write("harness.toml", TOML)
        project.write("p.c", self.C.format(text='"sum: 2.0"'))
        project.commit()
        project.make()
        (case,) = project.bench(trials=2, startup=True).cases
        assert all(side.ready_ns.point > 0 for side in case.sides.values())

    def test_a_target_without_one_is_measured_all_the_same(self, begun):
        report = begun.bench(startup=True)
        assert report.verdict is Verdict.EQUIVALENT
        assert report.cases[0].sides["current"].ready_ns is None


class TestFurtherReferences:
    def test_all_run_in_the_same_blocks_and_each_is_compared_with_the_current_tree(self, begun):
        change(begun, "15")
        kept = begun.commit()
        change(begun, "10")
        report = begun.bench(references={"kept": kept})
        (case,) = report.cases
        assert list(case.comparisons) == ["baseline", "kept"]
        assert case.comparisons["kept"].ratio.point == pytest.approx(1.5, rel=0.01)
        assert case.comparisons["baseline"].ratio.point == pytest.approx(2.0, rel=0.01)
        assert list(case.sides) == ["baseline", "kept", "current"]
        assert case.sides["kept"].commit == kept

    def test_the_verdict_against_every_reference_ends_the_run(self, begun):
        change(begun, "10.1")
        kept = begun.commit()
        change(begun, "10")
        report = begun.bench(references={"kept": kept}, **LOOK_AGAIN)
        (case,) = report.cases
        verdicts = {label: c.verdict for label, c in case.comparisons.items()}
        assert verdicts["baseline"] is Verdict.FASTER
        assert verdicts["kept"] is not Verdict.UNDECIDED or case.comparisons["kept"].blocks == 40

    def test_a_label_of_ours_is_refused(self, begun):
        with pytest.raises(UsageError, match="current"):
            begun.bench(references={"current": "HEAD"})


class TestScale:
    @pytest.mark.parametrize(
        ("cost", "gain"),
        [
            ("10 full 80", Gain.HOLDS),
            ("10 full 40", Gain.GROWS),
            ("10 full 120", Gain.SHRINKS),
            ("10 full 160", Gain.GONE),
            ("10 full 300", Gain.GONE),
            ("20 full 80", Gain.NONE),
        ],
    )
    def test_what_becomes_of_a_gain_on_the_full_case(self, begun, cost, gain):
        change(begun, cost)
        report = begun.bench(full=True)
        assert report.scale is not None
        assert report.scale.gain is gain

    def test_the_growth_of_both_sides(self, begun):
        change(begun, "10 full 40")
        growth = begun.bench(full=True).scale.growth
        assert growth["baseline"].point == pytest.approx(8, rel=0.01)
        assert growth["current"].point == pytest.approx(4, rel=0.01)
        assert growth["current"].low < 4 < growth["current"].high

    def test_where_cpu_time_decides_it_is_cpu_time_that_grows(self, begun):
        change(begun, "10 threads 2 full 40")
        report = begun.bench(full=True, metric=Metric.CPU)
        assert report.scale.growth_of is Metric.CPU
        assert report.scale.growth["current"].point == pytest.approx(4, rel=0.01)
        assert "cpu time grows from fast to full" in bench_text(report)

    def test_gains_by_two_metrics_are_compared_by_one(self, begun):
        change(begun, "10 full 40")
        fast, full = begun.bench(full=True).cases
        slow_cpu = replace(fast.comparisons["baseline"].ratio, point=4, low=3.9, high=4.1)
        by_cpu = replace(fast.comparisons["baseline"], metric=Metric.CPU, ratio=slow_cpu)
        mixed = replace(fast, comparisons={"baseline": by_cpu})
        scale = scale_of([mixed, full], "baseline", "current")
        assert scale.gain is Gain.GROWS

    def test_the_verdict_is_the_worst_of_both_cases(self, begun):
        change(begun, "10 full 300")
        assert begun.bench(full=True).verdict is Verdict.SLOWER

    @pytest.mark.parametrize(("cost", "cases"), [("30 full 80", 1), ("20 full 80", 2)])
    def test_the_full_case_is_not_measured_where_the_fast_one_decides(self, begun, cost, cases):
        change(begun, cost)
        assert len(begun.bench(full=True, unless_slower="baseline").cases) == cases
        assert len(begun.bench(full=True).cases) == 2

    def test_without_the_full_case_nothing_is_said_of_scale(self, begun):
        assert begun.bench().scale is None


class TestABaselineThatCannotBeBuilt:
    @pytest.fixture
    def gone(self, begun, monkeypatch):
        """A project whose baseline refuses to build: its commit has lost its program."""
        real = begun.load().commit
        monkeypatch.setattr(
            "harness.system.git.writing.Git.has_commit", lambda self, commit: commit != real
        )
        return begun

    def test_it_is_said_and_the_weaker_way_is_offered(self, gone):
        with pytest.raises(BuildFailed, match="the baseline can no longer be built") as caught:
            gone.bench()
        assert "`stored`" in caught.value.hint

    def test_a_great_gain_is_found_in_the_stored_trials_and_marked(self, gone):
        change(gone, "5 work 0.5")
        report = gone.bench(stored=True)
        assert report.stored
        assert report.verdict is Verdict.FASTER
        assert only_comparison(report).ratio.point == pytest.approx(4, rel=0.01)
        assert "weaker" in bench_text(report)

    def test_a_gain_that_drift_could_explain_is_undecided(self, gone):
        change(gone, "17")
        assert gone.bench(stored=True).verdict is Verdict.UNDECIDED

    def test_the_output_is_judged_all_the_same(self, gone):
        change(gone, "1", "echo sum: 0")
        report = gone.bench(stored=True)
        assert not report.correct
        assert report.cases[0].comparisons == {}

    def test_the_full_case_is_compared_too(self, gone):
        change(gone, "5 full 40")
        report = gone.bench(stored=True, full=True)
        assert [case.case for case in report.cases] == ["fast", "full"]
        assert report.scale is not None
        assert report.scale.gain is Gain.HOLDS


class TestTheTable:
    def test_it_is_the_guides(self, begun):
        change(begun, "11 work 0.45454545 io 0.36363636")
        text = bench_text(begun.bench())
        lines = text.splitlines()
        assert re.match(r"Phase +Baseline +Current +Speedup", lines[0])
        rows = {row[1]: row for row in map(ROW.match, lines) if row}
        for name, *figures, verdict in (
            ("work", 14, 5, 2.8, "faster"),
            ("io", 4, 4, 1, "equivalent"),
            ("TOTAL", 20, 11, 1.82, "faster"),
        ):
            assert list(map(float, rows[name].groups()[1:4])) == pytest.approx(figures, rel=0.01)
            assert rows[name][5] == verdict
        assert any(line.startswith("Correctness: PASS") for line in lines)

    def test_a_wrong_output_shows_the_places(self, begun):
        change(begun, "10", "echo sum: 3.5")
        text = bench_text(begun.bench())
        assert "Correctness: FAIL" in text
        assert re.search(r"sum +value +2\.0 +3\.5 +1\.5 +2e-09", text)
        assert "TOTAL" not in text

    def test_what_decides_is_marked_where_it_is_not_wall_time(self, begun):
        change(begun, "10")
        text = bench_text(begun.bench(metric=Metric.CPU))
        assert re.search(r"TOTAL \(wall\) .* does not decide", text)
        assert re.search(r"TOTAL \(CPU\) .* faster", text)

    def test_peak_memory_is_no_time(self, begun):
        text = bench_text(begun.bench(metric=Metric.MEMORY))
        assert re.search(r"Verdict: .* by peak memory \(", text)
        assert re.search(r"peak memory .* equivalent", text)

    def test_too_few_blocks_are_said_in_words(self, begun):
        text = bench_text(begun.bench(trials=2))
        assert re.search(r"TOTAL .* too few blocks for an interval +undecided", text)
        assert "inf" not in text

    def test_scale_is_a_sentence(self, begun):
        change(begun, "10 full 40")
        assert "At scale: the gain grows on the full case" in bench_text(begun.bench(full=True))

    def test_it_can_be_laid_out_for_github(self, begun):
        assert "| TOTAL" in bench_text(begun.bench(), "github")


def estimate(point: float) -> Estimate:
    return Estimate("median", point, point, point, 0.95)


class TestDoubts:
    """Whether the right programs ran at all."""

    @pytest.fixture(autouse=True)
    def on_a_calm_machine(self, times):
        """A baseline that was sealed in a busy moment would be far from its time, and said so."""

    C = "#include <stdio.h>\nint main(void) {{ puts({}); return 0; }}\n"
    OTHER = 'task = "t"\nadapter = "command"\nprogram = "build/p"\nsetup = [["make", "-s"]]'

    @pytest.fixture
    def compiled(self, project):
        """A build that git tracks, so that its setup finds nothing to make."""
        toml = TOML.partition("[targets.t]")[0]
        project.write("harness.toml", f"{toml}[targets.t]\n{self.OTHER}\n")
        project.write("p.c", self.C.format('"sum: 2.0"'))
        project.write("Makefile", "build/p:\n\tmkdir -p build; gcc -o build/p p.c\n")
        project.sh("make -s")
        project.commit()
        project.make()
        return project

    def test_sides_that_ran_one_program_although_their_files_differ(self, compiled):
        compiled.write("p.c", self.C.format('"sum: 2"'))
        report = compiled.bench(trials=2)
        wanted = "baseline and current ran the same program, byte for byte, although p.c"
        # A busy machine may be doubted as well.
        (said,) = [doubt for doubt in report.cases[0].doubts if wanted in doubt]
        assert said in bench_text(report)

    @pytest.mark.parametrize("changed", ["l.c", "README"])
    def test_a_library_that_setup_made_is_a_part_of_the_program(self, project, changed):
        """Two programs that are the same file do not run the same where their library differs."""
        toml = TOML.partition("[targets.t]")[0]
        target = (
            'task = "t"\nadapter = "command"\nprogram = "build/p"\nsetup = [["make", "-s"]]\n'
            f'env = {{ LD_LIBRARY_PATH = "{project.path}/build" }}'
        )
        project.write("harness.toml", f"{toml}[targets.t]\n{target}\n")
        project.write(".gitignore", "build/\n.harness/\n")
        project.write("p.c", "void say(void);\nint main(void) { say(); return 0; }\n")
        library = '#include <stdio.h>\nvoid say(void) {{ {} puts("sum: 2.0"); }}\n'
        project.write("l.c", library.format(""))
        project.write("README", "one\n")
        project.write(
            "Makefile",
            "all:\n\tmkdir -p build; gcc -shared -fPIC -o build/libl.so l.c;"
            " gcc -o build/p p.c -Lbuild -ll\n",
        )
        project.commit()
        project.make()
        project.write(changed, library.format('puts("");') if changed == "l.c" else "two\n")
        doubts = project.bench(trials=2).cases[0].doubts
        assert any("ran the same program" in said for said in doubts) is (changed == "README")

    @pytest.mark.parametrize(("body", "same"), [("return  1;", True), ("return 1 + 0 * n;", False)])
    def test_a_library_that_is_linked_from_a_folder_too(self, project, body, same):
        """By adapter C: what `setup` makes of other words may be the same program, and is said."""
        toml = TOML.partition("[targets.t]")[0]
        target = (
            'task = "t"\nadapter = "c"\nsources = ["p.c"]\nlibrary_dirs = ["build"]\n'
            'libraries = ["l"]\nsetup = [["make", "-s"]]'
        )
        project.write("harness.toml", f"{toml}[targets.t]\n{target}\n")
        project.write(".gitignore", "build/\n.harness/\n")
        main = 'int main(int n, char **w) { printf("sum: %d.0\\n", one(n)); return !w; }\n'
        project.write("p.c", f"#include <stdio.h>\nint one(int n);\n{main}")
        project.write("l.c", "int one(volatile int n) { return 1; }\n")
        make = "mkdir -p build; gcc -c -o build/l.o l.c; ar rcs build/libl.a build/l.o"
        project.write("Makefile", f"all:\n\t{make}\n")
        project.commit()
        project.sh("make -s")  # in the user's own tree, where no side may find it
        project.make()
        project.write("l.c", f"int one(volatile int n) {{ {body} }}\n")
        doubts = project.bench(trials=2).cases[0].doubts
        assert any("ran the same program" in said and "l.c" in said for said in doubts) is same

    def test_a_script_among_the_inputs_is_a_part_of_the_program(self, project):
        target = (
            'task = "t"\nadapter = "command"\nprogram = "sh"\nargs = ["s.sh"]\ninputs = ["s.sh"]'
        )
        project.write("harness.toml", f"{TOML.partition('[targets.t]')[0]}[targets.t]\n{target}\n")
        project.write("s.sh", "echo sum: 2.0\n")
        project.commit()
        project.make()
        project.write("s.sh", "echo sum: 2\n")
        assert project.bench(trials=2).cases[0].doubts == ()

    def test_equal_trees_are_expected_to_run_one_program(self, compiled):
        assert compiled.bench(trials=2).cases[0].doubts == ()

    def test_a_build_from_other_files_is_another_program(self, compiled):
        compiled.sh("git rm -rq --cached build; echo build/ > .gitignore")
        compiled.write("p.c", self.C.format('"sum: 2"'))
        assert compiled.bench(trials=2).cases[0].doubts == ()

    @pytest.mark.parametrize(
        ("cost", "words"), [("4", "5.0 times faster"), ("80", "4.0 times slower")]
    )
    def test_a_baseline_far_from_its_sealed_time(self, begun, cost, words):
        change(begun, "10")
        original = begun.load
        sealed = 20 / float(cost)

        def as_if_sealed_otherwise():
            found = original()
            (*cases,) = found.document.cases
            timing = cases[0].timing
            wall = replace(timing.wall_ns, point=timing.wall_ns.point * sealed)
            cpu = replace(timing.cpu_ns, point=timing.cpu_ns.point * sealed)
            cases[0] = replace(cases[0], timing=replace(timing, wall_ns=wall, cpu_ns=cpu))
            return replace(found, document=replace(found.document, cases=tuple(cases)))

        object.__setattr__(begun, "load", as_if_sealed_otherwise)
        (said,) = begun.bench(trials=2).cases[0].doubts
        assert f"the baseline ran {words} than when it was sealed" in said

    def test_a_busy_moment_casts_no_doubt_on_a_baseline_that_computes(self):
        sealed = Timing(2, estimate(10.0), estimate(2.0), 0)
        now = replace(make_run().measurements[0], wall_ns=estimate(2.0), cpu_ns=estimate(1.9))
        assert [*far_from_sealed(sealed, now)] == []

    def test_a_baseline_that_waits_is_known_by_its_wall_time(self):
        sealed = Timing(2, estimate(10.0), estimate(0.1), 0)
        now = replace(make_run().measurements[0], wall_ns=estimate(2.0), cpu_ns=estimate(0.1))
        (said,) = far_from_sealed(sealed, now)
        assert "ran 5.0 times faster" in said

    def test_a_program_that_is_replaced_while_it_is_measured(self, project, monkeypatch):
        project.write("harness.toml", TOML)
        project.write("p.c", self.C.format('"sum: 2.0"'))
        project.commit()
        project.make()
        seen = iter(["one", "one", "one", "another"])
        monkeypatch.setattr("harness.bench.measure.executed", lambda build: next(seen))
        with pytest.raises(TrialFailed, match="is not what was built any more"):
            project.bench(trials=2)
