"""A baseline that can drift is none: it is made once, and every change of it is found."""

from __future__ import annotations

import json
import shutil

import pytest

from harness.baseline import BaselineSettings, make_baseline
from harness.baseline.document import decode, encode
from harness.errors import (
    BuildFailed,
    ConfigError,
    DataDamaged,
    MadeByNewer,
    NotAllowed,
    UsageError,
)
from harness.project.config import load_config
from harness.project.workload import Wanted, campaign_folder, find_workload, tag_name
from harness.running.session import open_session
from harness.system.git.writing import Git
from harness.system.store.seal import SEAL_NAME, make_seal, write_seal

TWO_TARGETS = """
[tasks.t.cases.fast]
[tasks.t.cases.small]
[tasks.t.cases.huge]
[targets.a]
task = "t"
adapter = "command"
sources = ["a"]
[targets.b]
task = "t"
adapter = "command"
sources = ["b"]
"""


def damage(project) -> str:
    with pytest.raises(DataDamaged) as caught:
        project.load()
    return caught.value.message


def seal_again(project) -> None:
    """What somebody does who knows how the seal is made."""
    folder = project.path / "optim"
    (folder / SEAL_NAME).unlink()
    write_seal(folder, make_seal(folder, ["baseline.json", "baseline_results"]))


class TestMaking:
    def test_it_is_loaded_as_it_was_made(self, begun):
        baseline = begun.load()
        assert baseline.commit == begun.head()
        assert baseline.warnings == ()
        fast = baseline.document.cases[0].case
        assert baseline.expected(fast).main.values == {"sum": 6.0}

    def test_both_cases_are_in_it(self, begun):
        assert [r.case.name for r in begun.load().document.cases] == ["fast", "full"]
        assert begun.test(full=True).ok

    def test_a_second_one_is_refused(self, begun):
        before = begun.read("optim/seal.sha256")
        with pytest.raises(NotAllowed, match=r"a baseline in .* already") as caught:
            begun.make()
        assert "never modified" in caught.value.hint
        assert begun.read("optim/seal.sha256") == before

    def test_it_is_refused_where_only_the_tag_is_left(self, begun):
        shutil.rmtree(begun.path / "optim")
        with pytest.raises(NotAllowed, match="tag pre-optimization exists"):
            begun.make()

    def test_ctrl_c_leaves_nothing_behind(self, begun, monkeypatch):
        begun.sh("git tag -d pre-optimization && rm -r optim")

        def interrupted(*_: object) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr("harness.running.Orchestrator.measure", interrupted)
        with pytest.raises(KeyboardInterrupt):
            begun.make()
        assert not (begun.path / "optim").exists()
        assert begun.sh("git worktree list").count("\n") == 0
        assert begun.sh("git tag") == ""

    def test_what_an_interrupted_call_left_is_made_anew(self, begun):
        begun.sh("git tag -d pre-optimization")
        (begun.path / "optim" / SEAL_NAME).unlink()
        begun.make()
        assert begun.load().warnings == ()

    def test_a_file_of_the_users_in_its_place_is_not_overwritten(self, begun):
        begun.sh("git tag -d pre-optimization && rm -r optim && mkdir optim")
        begun.write("optim/baseline.json", '{"total": 320.8}')
        with pytest.raises(DataDamaged, match="not a baseline"):
            begun.make()
        assert begun.read("optim/baseline.json") == '{"total": 320.8}'

    def test_the_tag_marks_the_commit_and_carries_the_root(self, begun):
        tag = Git(begun.path).tag("pre-optimization")
        assert tag is not None
        assert tag.commit == begun.head()
        assert f"seal: {begun.load().root}" in tag.message.splitlines()

    def test_no_private_worktree_and_no_trial_is_left(self, begun):
        assert begun.sh("git worktree list").count("\n") == 0
        assert begun.sh("git status --porcelain") == "?? optim/"

    def test_a_dirty_tree_is_noted_and_the_commit_is_measured(self, begun):
        begun.sh("git tag -d pre-optimization && rm -r optim")
        begun.write("prog", "#!/bin/sh\necho sum: 0\n")
        document = begun.make().document
        assert document.dirty
        assert document.changed_files == ("prog",)
        assert document.cases[0].outputs["sum"]["value"] == 6.0

    def test_a_detached_head_has_a_baseline_too(self, begun):
        begun.sh("git tag -d pre-optimization && rm -r optim && git checkout -q --detach")
        begun.make()
        assert begun.test().ok

    def test_a_source_that_is_not_committed_is_named(self, begun):
        begun.sh("git tag -d pre-optimization && rm -r optim")
        begun.sh("cp prog prog2 && sed -i s/prog/prog2/ harness.toml")
        with pytest.raises(ConfigError, match="prog2 is not there"):
            begun.make()

    def test_without_git_there_is_no_baseline(self, begun):
        shutil.rmtree(begun.path / ".git")
        shutil.rmtree(begun.path / "optim")
        with pytest.raises(UsageError, match="no git repository"):
            begun.make()


class TestTampering:
    def test_one_flipped_bit_in_the_stored_outputs_is_named(self, begun):
        path = begun.path / "optim" / "baseline_results" / "outputs.parquet"
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
        assert "baseline_results/outputs.parquet: changed" in damage(begun)

    def test_an_edited_timing_is_named(self, begun):
        text = begun.read("optim/baseline.json").replace('"trials": 2', '"trials": 9')
        begun.write("optim/baseline.json", text)
        assert "baseline.json: changed" in damage(begun)

    def test_an_edit_together_with_the_manifest_is_told_by_the_tag(self, begun):
        text = begun.read("optim/baseline.json").replace('"trials": 2', '"trials": 9')
        begun.write("optim/baseline.json", text)
        seal_again(begun)
        assert "the tag says" in damage(begun)

    def test_in_a_clone_without_the_tag_only_the_manifest_can_be_checked(self, begun):
        begun.sh("git tag -d pre-optimization")
        (warning,) = begun.load().warnings
        assert "git fetch --tags" in warning
        begun.write("optim/baseline_results/more", "x")
        assert "was not there when it was sealed" in damage(begun)

    def test_a_tag_of_the_users_own_carries_no_seal(self, begun):
        begun.sh("git tag -d pre-optimization && git tag pre-optimization")
        (warning,) = begun.load().warnings
        assert "carries no seal" in warning

    def test_a_moved_tag_is_found(self, begun):
        message = begun.sh("git tag -l --format='%(contents)' pre-optimization")
        begun.commit("later")
        begun.sh(f"git tag -f -a -m '{message}' pre-optimization")
        assert "was moved" in damage(begun)

    @pytest.mark.parametrize("kind", ["", "-a -m seal"])
    def test_a_tag_without_a_seal_that_leads_elsewhere_was_moved(self, begun, kind):
        begun.commit("later")
        begun.sh(f"git tag -f {kind} pre-optimization")
        assert "was moved" in damage(begun)

    def test_a_deleted_baseline_is_damage_while_its_tag_is_there(self, begun):
        shutil.rmtree(begun.path / "optim")
        assert "the seal cannot be read" in damage(begun)

    def test_no_baseline_at_all_is_not_allowed_yet(self, begun):
        begun.sh("git tag -d pre-optimization && rm -r optim")
        with pytest.raises(NotAllowed, match="no baseline") as caught:
            begun.load()
        assert "harness baseline" in caught.value.hint

    def test_a_newer_format_asks_for_an_upgrade(self, begun):
        said = json.loads(begun.read("optim/baseline.json"))
        said["schema_version"] = 99
        with pytest.raises(MadeByNewer, match="newer harness"):
            decode(json.dumps(said).encode(), "baseline.json")

    def test_the_document_and_its_text_are_inverse(self, begun):
        text = (begun.path / "optim" / "baseline.json").read_bytes()
        assert encode(decode(text, "baseline.json")) == text


class TestTheWorkloadStaysTheSame:
    @pytest.mark.parametrize(
        ("old", "new", "said"),
        [
            ("n = 3 ", "n = 2 ", "case fast.params.n: was 3, now 2"),
            (
                'kind = "deterministic"',
                'kind = "count"',
                "outputs.sum.tolerance.kind: was 'deterministic'",
            ),
            ('key = "sum"', 'key = "sum"\nrtol = 0.5', "tolerance.rtol: was 1e-09, now 0.5"),
            ("[tasks.t.cases.full]", "seed = 1\n[tasks.t.cases.full]", "case fast.seed"),
        ],
    )
    def test_an_easier_workload_or_a_looser_tolerance_is_refused(self, begun, old, new, said):
        begun.write("harness.toml", begun.read("harness.toml").replace(old, new, 1))
        with pytest.raises(NotAllowed, match=said):
            begun.test()

    def test_other_flags_and_another_case_are_allowed(self, begun):
        toml = begun.read("harness.toml").replace('args = ["{n}"]', 'args = ["{n}", "fast"]')
        begun.write("harness.toml", f"{toml}\n[tasks.t.cases.huge]\nparams = {{ n = 99 }}\n")
        assert begun.test().ok

    def test_a_case_that_the_baseline_does_not_have_is_refused(self, begun):
        toml = begun.read("harness.toml").replace("cases.full", "cases.large")
        begun.sh("git tag -d pre-optimization && rm -r optim")
        begun.write("harness.toml", toml)
        begun.make()
        begun.write("harness.toml", toml.replace("cases.large", "cases.full"))
        with pytest.raises(NotAllowed, match="no case 'full'"):
            begun.test(full=True)


class TestShallowClones:
    @pytest.fixture
    def clone(self, begun, tmp_path):
        """A clone that was cut above the baseline's commit, so that its tag is missing too."""
        begun.commit("the baseline's files")
        begun.write("a", "later")
        begun.commit()
        begun.sh(f"git clone -q --depth 1 file://{begun.path} {tmp_path / 'clone'}")
        return type(begun)(tmp_path / "clone")

    def test_the_outputs_still_check(self, clone):
        report = clone.test()
        assert report.ok
        assert "git fetch --tags" in report.warnings[0]

    def test_the_commit_that_is_missing_is_explained(self, clone):
        with pytest.raises(
            BuildFailed, match=r"can no longer be built.*not in this clone"
        ) as found:
            clone.bench(trials=2)
        assert "--unshallow" in found.value.hint
        assert "`stored`" in found.value.hint


class TestCampaigns:
    CAMPAIGN = '\n[campaigns.{0}]\ntarget = "t"\nfull_case = "full"\n'

    SAME = '\n[campaigns.one]\ntarget = "t"\nfull_case = "{}"\n'

    def config(self, project, *names):
        text = "".join(self.CAMPAIGN.format(name) for name in names)
        project.write("harness.toml", project.read("harness.toml") + text)
        return load_config(project.path / "harness.toml")

    def test_a_single_one_lives_in_optim(self, begun):
        config = self.config(begun, "one")
        assert campaign_folder(config, "one") == begun.path / "optim"
        assert tag_name("pre-optimization", config, "one") == "pre-optimization"

    def test_several_have_a_folder_and_a_tag_each(self, begun):
        config = self.config(begun, "one", "two")
        assert campaign_folder(config, "two") == begun.path / "optim" / "two"
        assert tag_name("pre-optimization", config, "two") == "pre-optimization-two"

    def test_one_that_was_alone_keeps_its_place_when_others_join(self, begun):
        begun.sh("git tag -d pre-optimization && rm -r optim")
        self.config(begun, "one")
        begun.make()
        config = self.config(begun, "two")
        assert campaign_folder(config, "one") == begun.path / "optim"
        assert campaign_folder(config, "two") == begun.path / "optim" / "two"

    def test_which_one_is_asked_where_there_are_several(self, begun):
        config = self.config(begun, "one", "two")
        with pytest.raises(UsageError, match=r"which campaign.*one, two"):
            find_workload(config)
        assert find_workload(config, Wanted(campaign="two")).campaign == "two"

    def test_a_target_is_not_named_where_campaigns_are_declared(self, begun):
        with pytest.raises(UsageError, match="`target` is the campaign's to say"):
            find_workload(self.config(begun, "one"), Wanted(target="t"))

    def test_without_campaigns_a_target_and_a_case_make_one(self, begun):
        config = load_config(begun.path / "harness.toml")
        workload = find_workload(config, Wanted(target="t", case="full"))
        assert (workload.campaign, workload.case.name, workload.full_case) == ("", "full", None)

    def test_without_campaigns_the_baseline_says_what_is_meant(self, project):
        project.write("harness.toml", TWO_TARGETS)
        for name in ("a", "b"):
            project.write(name, "#!/bin/sh\necho sum: 6.0\n").chmod(0o755)
        project.commit()
        config = load_config(project.path / "harness.toml")
        with pytest.raises(UsageError, match=r"which target.*a, b"):
            find_workload(config)
        wanted = Wanted(target="b", case="small", full_case="huge")
        with open_session(config, apart=True) as session:
            make_baseline(session, find_workload(config, wanted), BaselineSettings(10**9, 2))
        workload = find_workload(config)
        assert workload.target.name == "b"
        assert [case.name for case in workload.cases] == ["small", "huge"]
        assert find_workload(config, Wanted(case="huge")).case.name == "huge"

    def test_the_larger_case_is_another_one(self, begun):
        config = load_config(begun.path / "harness.toml")
        with pytest.raises(UsageError, match="fast is the case itself"):
            find_workload(config, Wanted(case="fast", full_case="fast"))

    def test_the_larger_case_is_another_one_than_the_first_where_none_is_named(self, begun):
        (task,) = load_config(begun.path / "harness.toml").tasks.values()
        first = task.case().name
        begun.write("harness.toml", begun.read("harness.toml") + self.SAME.format(first))
        with pytest.raises(ConfigError, match="is the case itself, not a larger one"):
            find_workload(load_config(begun.path / "harness.toml"))

    def test_an_unknown_campaign_is_named(self, begun):
        with pytest.raises(ConfigError, match="no campaign named 'tow'") as caught:
            find_workload(self.config(begun, "one", "two"), Wanted(campaign="tow"))
        assert "two" in caught.value.hint

    def test_a_workload_without_a_full_case_says_how_to_get_one(self, begun):
        config = load_config(begun.path / "harness.toml")
        workload = find_workload(config, Wanted(case="full"))
        with pytest.raises(UsageError, match="no full case"):
            workload.chosen(True)


class TestWhereTheProjectLies:
    def below(self, begun, name: str):
        """The same project in a folder of its repository, its baseline not made yet."""
        begun.sh("git tag -d pre-optimization && rm -r optim && mkdir below")
        begun.sh("git mv harness.toml prog below/ && mv .harness below/")
        begun.commit("moved")
        return type(begun)(begun.path / name)

    def test_a_folder_of_a_repository_is_a_project(self, begun):
        project = self.below(begun, "below")
        project.make()
        assert project.test().ok
        assert project.bench(trials=2).correct
        assert (begun.path / "below" / "optim" / "baseline.json").exists()

    def test_a_link_to_the_project_is_the_project(self, begun):
        (begun.path / "link").symlink_to(begun.path / "below")
        project = self.below(begun, "link")
        project.make()
        assert project.test().ok

    def test_a_source_above_the_project_is_a_part_of_it(self, begun):
        project = self.below(begun, "below")
        begun.sh('git mv below/prog shared && sed -i \'s#"prog"#"../shared"#\' below/harness.toml')
        begun.commit("shared")
        project.make()
        assert project.test().ok
        begun.write("shared", "#!/bin/sh\necho sum: 0\n")
        assert not project.test().ok

    def test_a_file_outside_of_the_repository_serves_as_it_is(self, begun, tmp_path):
        (tmp_path / "data").write_text("6.0")
        begun.sh("git tag -d pre-optimization && rm -r optim")
        toml = begun.read("harness.toml") + f'inputs = ["{tmp_path}/data"]\n'
        begun.write("harness.toml", toml)
        begun.write("prog", "#!/bin/sh\necho sum: $(cat data)\n")
        begun.commit()
        begun.make()
        assert begun.test().ok


def test_what_a_jail_lets_through_is_sealed_with_the_baseline(begun) -> None:
    toml = begun.read("harness.toml")
    begun.write("harness.toml", f'{toml}\n[jail]\nread = ["/srv/answers"]\n')
    with pytest.raises(NotAllowed, match=r"jail\.read"):
        begun.test()
