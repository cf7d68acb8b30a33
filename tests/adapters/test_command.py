"""The command adapter: any program, as it is."""

from __future__ import annotations

import pytest

from harness.errors import ConfigError, ToolchainMissing
from harness.testing import make_case


@pytest.fixture
def command(workshop_of):
    return workshop_of("command")


def test_a_program_on_path_is_run_with_its_arguments(command):
    assert command.says(command.build(program="echo", args=("a b", "{n}")), make_case(n=3)) == (
        "a b 3\n"
    )


def test_words_of_argv_stand_before_the_arguments_and_are_taken_as_they_are(command):
    build = command.build(program="echo", argv=["{n}", "$HOME"], args=("{n}",))
    assert command.says(build, make_case(n=3)) == "{n} $HOME 3\n"


def test_the_first_source_is_the_program(command):
    command.write("tool.sh", '#!/bin/sh\necho "$@"\n', mode=0o755)
    assert command.says(command.build("tool.sh", args=("x",))) == "x\n"


def test_the_first_argument_is_the_program_where_there_is_no_other(command):
    assert command.says(command.build(args=("echo", "{{x}}"))) == "{x}\n"


def test_a_program_whose_name_has_braces_is_found(command):
    command.write("a{b}", "#!/bin/sh\necho braces\n", mode=0o755)
    assert command.says(command.build(args=("./a{{b}}",))) == "braces\n"


def test_a_path_is_relative_to_the_root_not_to_where_the_trial_runs(command):
    command.write("bin/tool", "#!/bin/sh\npwd\n", mode=0o755)
    assert command.says(command.build(program="bin/tool")).strip() != str(command.root)


def test_a_changed_program_is_another_build(command):
    command.write("tool.sh", "#!/bin/sh\necho 1\n", mode=0o755)
    first = command.build("tool.sh")
    command.write("tool.sh", "#!/bin/sh\necho 2\n", mode=0o755)
    assert command.build("tool.sh").digest != first.digest


def test_a_changed_script_of_an_interpreter_is_another_build(command):
    command.write("work.awk", "BEGIN { print 1 }\n")
    first = command.build("work.awk", program="awk", argv=["-f"])
    command.write("work.awk", "BEGIN { print 2 }\n")
    assert command.build("work.awk", program="awk", argv=["-f"]).digest != first.digest


def test_a_missing_source_is_named(command):
    with pytest.raises(ConfigError, match=r"cannot read .*gone\.awk: No such file"):
        command.build("gone.awk", program="awk")


@pytest.mark.parametrize("name", ["no-such-program", "./no-such-program"])
def test_a_program_that_is_not_there_is_named(command, name):
    with pytest.raises(ToolchainMissing, match=f"{name}' is not a program") as caught:
        command.build(program=name)
    assert "chmod +x" in caught.value.hint


def test_a_file_beside_the_configuration_is_named_as_it_is_to_be_written(command):
    command.write("sudoku", "#!/bin/sh\n")
    with pytest.raises(ToolchainMissing) as caught:
        command.build(program="sudoku")
    assert '"./sudoku"' in caught.value.hint


def test_a_file_that_may_not_be_executed_is_no_program(command):
    command.write("tool.sh", "#!/bin/sh\n")
    with pytest.raises(ToolchainMissing, match="is not a program"):
        command.build("tool.sh")


def test_a_target_with_nothing_to_run_is_refused(command):
    with pytest.raises(ConfigError, match="there is no program to run"):
        command.build()


def test_steady_mode_is_refused_with_what_to_use(command):
    with pytest.raises(ConfigError, match="no steady mode") as caught:
        command.build(program="true", steady=True)
    assert "python adapter" in caught.value.hint


def test_what_a_build_made_is_named_without_a_slash_as_well(command):
    command.write("true", "#!/bin/sh\necho made\n", mode=0o755)
    assert command.says(command.build(program="true", build=(("make",),))) == "made\n"
    assert command.says(command.build(program="true")) == "", "without a build it is that on PATH"


def test_what_a_build_makes_is_named_by_a_path(command):
    copy = (command.root, command.root)
    with pytest.raises(ToolchainMissing) as caught:
        command.build(program="made", private_copy=copy)
    assert 'the file beside harness.toml is "./made"' in caught.value.hint
