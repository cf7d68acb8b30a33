"""A build that fails for want of something is told what to do about it."""

import pytest

from harness.model import Jail
from harness.running.build_advice import advice_on

NETWORK = "curl: (6) Could not resolve host: example.com\nmake: *** [Makefile:3: app] Error 6"
CARGO = "error: failed to download from `https://index.crates.io/config.json`"


@pytest.mark.parametrize("words", [NETWORK, CARGO, "dial tcp: lookup proxy.golang.org: timeout"])
def test_a_build_that_wants_the_network_in_a_strict_jail_is_told_how_it_is_let(words):
    assert "`network = true` in [jail]" in advice_on("", words, Jail.STRICT)
    assert "[jail]" not in advice_on("", words, Jail.NONE)
    assert "network" in advice_on("", words, Jail.NONE)


@pytest.mark.parametrize(
    ("stdout", "stderr"),
    [
        ("Install it? [y/N] ", "make: *** [Makefile:25: ask] Error 1"),
        ("", "/bin/sh: 1: cannot open /dev/tty: No such device or address"),
        ("", "EOFError: EOF when reading a line"),
        ("Which compiler?", ""),
        ("Password: ", ""),
    ],
)
@pytest.mark.parametrize("jail", [Jail.NONE, Jail.STRICT])
def test_a_build_that_asks_a_question_is_told_to_answer_it_in_the_command(stdout, stderr, jail):
    assert "It asks a question" in advice_on(stdout, stderr, jail)


def test_a_build_that_writes_outside_its_tree_in_a_strict_jail_is_told_where_it_may():
    words = "/bin/sh: 1: cannot create /usr/local/lib/x: Read-only file system"
    assert "`write` of [jail]" in advice_on("", words, Jail.STRICT)
    assert advice_on("", words, Jail.NONE) == ""


def test_a_build_that_does_not_see_a_file_in_a_strict_jail_is_told_how_it_would():
    words = "cc1: fatal error: /home/me/lib/x.h: No such file or directory"
    assert "`read` of [jail]" in advice_on("", words, Jail.STRICT)
    assert advice_on("", words, Jail.NONE) == ""


@pytest.mark.parametrize(
    ("words", "module"),
    [
        ("      error: invalid command 'bdist_wheel'\n      [end of output]", "wheel"),
        ("pip._vendor.BackendUnavailable: Cannot import 'setuptools.build_meta'", "setuptools"),
        ("ModuleNotFoundError: No module named 'Cython'", "Cython"),
        ("/usr/bin/python: No module named pip", "pip"),
    ],
)
@pytest.mark.parametrize("jail", [Jail.NONE, Jail.STRICT])
def test_a_build_whose_python_lacks_a_module_is_told_which(words, module, jail):
    assert f"no module '{module}': install it there" in advice_on("", words, jail)


@pytest.mark.parametrize("jail", Jail)
def test_a_compiler_s_error_alone_gives_no_advice(jail):
    words = "main.c:3:5: error: expected ';' before 'return'\nmake: *** [Makefile:2: app] Error 1"
    assert advice_on("cc -c main.c\nIs this right? No.\n", words, jail) == ""
