"""The C adapter: what a target may say, and what makes a build another one."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

import harness_c
from harness.errors import BuildFailed, ConfigError, ToolchainMissing
from harness.plugins import Adapter
from harness.testing import FakeRunner, completed, make_target
from harness_c.reading import make_words

SHOW = '#include <stdio.h>\n#include "value.h"\nint main(void) { printf("%d\\n", VALUE); }\n'


@pytest.fixture
def c(workshop_of):
    return workshop_of("c")


# -- toolchains ---------------------------------------------------------------------------------


def fake_compilers(tmp_path: Path, *names: str) -> FakeRunner:
    runner = FakeRunner(tmp_path, programs=names)
    runner.on("--version", lambda call: completed(f"{Path(call.argv[0]).name} 1.2\nmore\n"))
    runner.on("-dumpmachine", completed("x86_64-linux-gnu\n"))
    return runner


@pytest.mark.parametrize(
    ("installed", "taken"), [(("clang", "gcc", "cc"), "cc"), (("clang", "gcc"), "gcc")]
)
def test_the_first_of_cc_gcc_and_clang_is_taken(tmp_path, installed, taken):
    found = Adapter("c", harness_c).probe(fake_compilers(tmp_path, *installed))
    assert found.program == Path("/usr/bin", taken)
    assert found.version == f"{taken} 1.2"
    assert found.details == {"machine": "x86_64-linux-gnu"}


def test_a_target_may_name_its_compiler_where_the_usual_ones_are_missing(tmp_path):
    target = make_target(tmp_path, sources=(tmp_path / "x.c",), options={"compiler": "tcc"})
    found = Adapter("c", harness_c).probe(fake_compilers(tmp_path, "tcc"), target)
    assert found.program == Path("/usr/bin/tcc")


def test_a_named_compiler_that_is_missing_is_named_with_its_key(tmp_path):
    target = make_target(tmp_path, sources=(tmp_path / "x.c",), options={"compiler": "icx"})
    with pytest.raises(ToolchainMissing, match=r"targets\.sum-x\.compiler: 'icx' was not found"):
        Adapter("c", harness_c).probe(fake_compilers(tmp_path, "cc"), target)


def test_no_compiler_at_all_says_what_to_install(tmp_path):
    with pytest.raises(ToolchainMissing, match="none of cc, gcc, clang") as caught:
        Adapter("c", harness_c).probe(FakeRunner(tmp_path))
    assert "apt-get install gcc" in caught.value.hint


def test_a_compiler_of_another_version_has_another_fingerprint(tmp_path):
    def fingerprint(version: str) -> str:
        runner = fake_compilers(tmp_path, "cc")
        runner.on("--version", completed(version))
        return Adapter("c", harness_c).probe(runner).fingerprint

    assert fingerprint("cc 1.2\n") == fingerprint("cc 1.2\n") != fingerprint("cc 1.3\n")


def test_a_compiler_that_does_not_start_is_a_missing_one(tmp_path):
    runner = fake_compilers(tmp_path, "cc")
    runner.on("--version", completed(stderr="libmpc.so.3: cannot open", exit_code=127))
    with pytest.raises(ToolchainMissing, match=r"ended with 127: libmpc\.so\.3"):
        Adapter("c", harness_c).probe(runner)


# -- options ------------------------------------------------------------------------------------


def test_several_sources_headers_and_flags_make_one_program(c):
    c.write("include/value.h", "extern int value(void);\n#define VALUE value() + EXTRA\n")
    c.write("main.c", SHOW)
    c.write("value.c", "int value(void) { return 40; }\n")
    build = c.build("main.c", "value.c", include_dirs=["include"], flags="-O1 -DEXTRA=2")
    assert c.says(build) == "42\n"
    assert build.program.name == "main"


def test_two_sources_of_one_name_do_not_meet(c):
    c.write("a/part.c", "int a(void) { return 1; }\n")
    c.write("b/part.c", "int b(void) { return 2; }\n")
    c.write("main.c", '#include <stdio.h>\nint a(void), b(void);\nint main(void) '
                      '{ printf("%d\\n", a() + b()); }\n')  # fmt: skip
    assert c.says(c.build("main.c", "a/part.c", "b/part.c")) == "3\n"


def test_headers_among_the_sources_are_not_compiled(c):
    c.write("value.h", "#define VALUE 5\n")
    c.write("main.c", SHOW)
    assert c.says(c.build("value.h", "main.c")) == "5\n"


def test_a_library_of_the_user_s_is_linked_and_is_a_part_of_the_build(c):
    def make_library(number: int) -> None:
        source = c.write("lib/answer.c", f"int answer(void) {{ return {number}; }}\n")
        subprocess.run(
            ["cc", "-shared", "-fPIC", "-o", source.with_name("libanswer.so"), source], check=True
        )

    c.write("value.h", "int answer(void);\n#define VALUE answer()\n")
    c.write("main.c", SHOW)
    said = []
    for number in (1, 2):
        make_library(number)
        build = c.build("main.c", library_dirs=["lib"], libraries=["answer"])
        said.append((build.cached, c.says(build)))
    assert said == [(False, "1\n"), (False, "2\n")]


@pytest.mark.parametrize(
    "flags", ["-I include", "-Iinclude", ["-include", "include/value.h"], ["-iquote", "include"]]
)
def test_paths_in_flags_are_relative_to_the_configuration(c, flags):
    c.write("include/value.h", "#define VALUE 1\n")
    c.write("main.c", SHOW if "-include" not in flags else SHOW.replace('#include "value.h"', ""))
    build = c.build("main.c", flags=flags)
    assert c.says(build) == "1\n"
    c.write("include/value.h", "#define VALUE 2\n")
    assert c.says(c.build("main.c", flags=flags)) == "2\n"


def test_a_library_that_flags_alone_name_is_part_of_the_build(c):
    c.write("value.h", "int answer(void);\n#define VALUE answer()\n")
    c.write("main.c", SHOW)
    said = []
    for number in (1, 2):
        source = c.write("answer.c", f"int answer(void) {{ return {number}; }}\n")
        (c.root / "lib").mkdir(exist_ok=True)
        objects = c.root / "answer.o"
        subprocess.run(["cc", "-c", source, "-o", objects], check=True)
        subprocess.run(["ar", "rcs", c.root / "lib/libanswer.a", objects], check=True)
        build = c.build("main.c", link_flags="-L lib -lanswer")
        said.append((build.cached, c.says(build)))
    assert said == [(False, "1\n"), (False, "2\n")]


def test_a_kept_program_that_was_changed_is_built_again(c):
    c.write("value.h", "#define VALUE 1\n")
    c.write("main.c", SHOW)
    build = c.build("main.c")
    build.program.write_bytes(b"#!/bin/sh\necho 2\n")
    again = c.build("main.c")
    assert (again.cached, c.says(again)) == (False, "1\n")
    assert c.build("main.c").cached


def test_kept_builds_that_have_changed_places_are_built_again(c):
    built = {}
    for number in ("1", "2"):
        c.write(f"main{number}/main.c", f'#include <stdio.h>\nint main() {{ puts("{number}"); }}\n')
        built[number] = c.build(f"main{number}/main.c").workdir
    aside = built["1"].with_name("aside")
    built["1"].rename(aside)
    built["2"].rename(built["1"])
    aside.rename(built["2"])
    for number in ("1", "2"):
        again = c.build(f"main{number}/main.c")
        assert (again.cached, c.says(again)) == (False, f"{number}\n")
        assert c.build(f"main{number}/main.c").cached


@pytest.mark.parametrize("record", ["[]", "{}", '{"programs": 3}', '{"build_ns": "x"}', "null"])
def test_a_kept_build_without_its_record_is_built_again(c, record):
    c.write("main.c", "int main(void) { return 0; }\n")
    build = c.build("main.c")
    (build.workdir / "build.json").write_text(record)
    assert not c.build("main.c").cached
    assert c.build("main.c").cached


def test_a_response_file_is_read_and_its_change_is_another_build(c):
    c.write("value.h", "")
    c.write("main.c", SHOW)
    said = []
    for number in (1, 2):
        c.write("more", f"-DVALUE={number}")
        c.write("opts", "-O1\n'-DOTHER=a b' @more\n")
        build = c.build("main.c", flags=["@opts"])
        said.append((build.cached, c.says(build)))
    assert said == [(False, "1\n"), (False, "2\n")]


@pytest.mark.parametrize(
    ("text", "words"), [(None, "cannot be read"), ("@opts", "name one another"), ("'", "quotation")]
)
def test_a_response_file_that_is_wrong_is_named(c, text, words):
    c.write("main.c", "int main(void) { return 0; }")
    if text is not None:
        c.write("opts", text)
    with pytest.raises(ConfigError, match=rf"@opts: .*{words}"):
        c.build("main.c", flags=["@opts"])


INCLUDES_BYTES = """
#include <stdio.h>
#define PLACE {place}
__asm__(".section .rodata\\n.global v\\nv: .incbin {path}\\n.byte 0\\n.text");
extern const char v[];
int main(void) {{ puts(v); }}
"""


def test_what_the_assembler_includes_is_part_of_the_build(c):
    c.write("main.c", INCLUDES_BYTES.format(place="", path='\\"v.bin\\"'))
    said = []
    for text in ("one", "two"):
        c.write("data/v.bin", text)
        build = c.build("main.c", flags="-O1", include_dirs=["data"])
        said.append((build.cached, c.says(build)))
    assert said == [(False, "one\n"), (False, "two\n")]


def test_what_it_includes_by_a_computed_path_must_be_declared(c):
    c.write("main.c", INCLUDES_BYTES.format(place='"v.bin"', path='\\"" PLACE "\\"'))
    c.write("v.bin", "one")
    with pytest.raises(ConfigError, match=r"main\.c:4: the assembler reads a file") as refused:
        c.build("main.c", include_dirs=["."])
    assert "build_inputs" in refused.value.hint
    known = {"build_inputs": (c.root / "v.bin",), "include_dirs": ["."]}
    first = c.build("main.c", **known, build_inputs_digest="1")
    assert c.says(first) == "one\n"
    c.write("v.bin", "two")
    assert c.says(c.build("main.c", **known, build_inputs_digest="2")) == "two\n"


def test_flags_of_packages_are_asked_for(c, monkeypatch):
    c.write("value.h", "")
    c.write("main.c", SHOW)
    monkeypatch.setenv("PKG_CONFIG_PATH", str(c.root))
    about = "Name: v\nDescription: v\nVersion: 1\n"
    c.write("v.pc", f"{about}Cflags: -DVALUE=7\nLibs: -lm\n")
    assert c.says(c.build("main.c", pkg_config=["v"])) == "7\n"
    c.write("v.pc", f"{about}Cflags: -DVALUE=8\nLibs: -lm\n")
    assert c.says(c.build("main.c", pkg_config="v")) == "8\n"
    with pytest.raises(ToolchainMissing, match=r"pkg_config: .*nonesuch"):
        c.build("main.c", pkg_config=["nonesuch"])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"std": 99}, r"std: want a string, got 99"),
        ({"flags": "-D'x"}, r"flags: want a list of strings, got \"-D'x\""),
        ({"flags": [1]}, r"flags: want a list of strings, got \[1\]"),
        ({"entry": "no name"}, "entry: want the name of a C function, got 'no name'"),
    ],
)
def test_a_value_of_the_wrong_kind_is_shown(c, changes, words):
    c.write("main.c", SHOW)
    with pytest.raises(ConfigError, match=words):
        c.build("main.c", **changes)


def test_a_target_without_sources_is_refused(c):
    with pytest.raises(ConfigError, match="at least one source"):
        c.build()


def test_a_target_of_headers_alone_is_refused(c):
    c.write("value.h", "")
    with pytest.raises(ConfigError, match="only headers"):
        c.build("value.h")


def test_a_missing_source_is_named(c):
    with pytest.raises(ConfigError, match=r"cannot read .*gone\.c: No such file"):
        c.build("gone.c")


# -- what makes another build -------------------------------------------------------------------


def test_a_changed_header_is_another_build_even_if_a_header_includes_it(c):
    c.write("value.h", '#include "deep/number.h"\n#define VALUE NUMBER\n')
    c.write("deep/number.h", "#define NUMBER 1\n")
    c.write("main.c", SHOW)
    first = c.build("main.c")
    c.write("deep/number.h", "#define NUMBER 2\n")
    second = c.build("main.c")
    assert (second.cached, second.digest == first.digest) == (False, False)
    assert c.says(second) == "2\n"


@pytest.mark.parametrize(
    "change",
    [{"flags": ["-O3"]}, {"std": "gnu11"}, {"link_flags": ["-s"]}, {"steady": True}],
    ids=lambda change: next(iter(change)),
)
def test_another_option_is_another_build(c, change):
    c.write("value.h", "#define VALUE 1\n")
    c.write("main.c", SHOW)
    assert c.build("main.c", **change).digest != c.build("main.c").digest


def test_arguments_and_environment_are_no_part_of_a_build(c):
    c.write("value.h", "#define VALUE 1\n")
    c.write("main.c", SHOW)
    plain = c.build("main.c")
    other = c.build("main.c", args=("{seed}",), env={"X": "1"})
    assert (other.cached, other.digest) == (True, plain.digest)


def test_warnings_of_the_first_build_are_kept(c):
    c.write("main.c", "int main(void) { int unused; return 0; }\n")
    logs = [c.build("main.c", flags=["-Wall"]).log for _ in range(2)]
    assert "unused variable" in logs[0]
    assert logs[1] == logs[0]


def test_a_build_whose_program_was_deleted_is_made_again(c):
    c.write("value.h", "#define VALUE 1\n")
    c.write("main.c", SHOW)
    c.build("main.c").program.unlink()
    again = c.build("main.c")
    assert not again.cached
    assert c.says(again) == "1\n"


def test_nothing_but_whole_builds_is_left(c):
    c.write("main.c", "int main(void) { return 0; }\n")
    c.write("bad.c", "int main(void) { return undeclared; }\n")
    build = c.build("main.c")
    with pytest.raises(BuildFailed):
        c.build("bad.c")
    assert [path.name for path in c.builds.iterdir()] == [build.digest]
    assert sorted(path.name for path in build.workdir.iterdir()) == ["build.json", "main"]


@pytest.mark.parametrize("name", ["n\nl.c", "\udcff.c"])
def test_a_path_that_the_compiler_cannot_list_is_refused_in_words(c, name):
    c.write(name, "int main(void) { return 0; }\n")
    with pytest.raises(ConfigError, match=r"sources: .* this path is no part of such a line"):
        c.build(name)


def test_a_file_that_the_assembler_does_not_find_is_found_by_include_dirs(c):
    c.write("table.bin", "words")
    c.write("main.c", '__asm__(".incbin \\"table.bin\\"");\nint main(void) { return 0; }\n')
    with pytest.raises(BuildFailed) as failed:
        c.build("main.c")
    assert "table.bin in include_dirs" in failed.value.hint
    assert 'include_dirs = ["."]' in failed.value.hint
    assert c.build("main.c", include_dirs=["."]).program.exists()


# -- the compiler's words -----------------------------------------------------------------------


def test_a_missing_header_is_said_in_the_compiler_s_words(c):
    c.write("main.c", SHOW)
    with pytest.raises(BuildFailed, match=r"main\.c:2:\d+: fatal error: value\.h") as caught:
        c.build("main.c")
    assert "refused target 'sum-x'" in caught.value.message


def test_a_function_that_is_missing_is_said_in_the_linker_s_words(c):
    c.write("main.c", "int gone(void);\nint main(void) { return gone(); }\n")
    with pytest.raises(BuildFailed, match="undefined reference to `gone'"):
        c.build("main.c")


@pytest.mark.skipif(shutil.which("clang") is None, reason="no clang here")
def test_clang_makes_another_build_of_the_same_program(c):
    c.write("value.h", "#define VALUE 1\n")
    c.write("main.c", SHOW)
    by_clang = c.build("main.c", compiler="clang")
    assert by_clang.digest != c.build("main.c").digest
    assert c.says(by_clang) == "1\n"


def test_names_are_read_out_of_a_make_rule():
    assert make_words(r"a.c with\ space.h cost\$.h $$home.h") == [
        *("a.c", "with space.h", "cost$.h", "$home.h"),
    ]
    assert make_words(r"back\slash/a.c odd\\\ name.h a\#b.h x;y/(z).c") == [
        *(r"back\slash/a.c", r"odd\ name.h", "a#b.h", "x;y/(z).c"),
    ]
