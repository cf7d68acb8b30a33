"""Every state of the code runs its own files, through every option that names one."""

from __future__ import annotations

import contextlib
import subprocess
import sys

import pytest

from harness.errors import ConfigError
from harness.project.config import load_config
from harness.project.revisions import target_at
from harness.running.copies import private_copy, settle
from harness.running.session import open_session

TOML = """
[tasks.t.cases.fast]
[tasks.t.outputs.sum]
key = "sum"
[targets.p]
task = "t"
"""

PROGRAM = '#include <stdio.h>\nint main(void) {{ printf("sum: %d\\n", {}); return 0; }}\n'
LIBRARY = "int value(void) {{ return {}; }}\n"
USER = '#include <stdio.h>\nint value(void);\nint main(void) { printf("sum: %d\\n", value()); }\n'
MAKE_LIBRARY = "mkdir -p build; gcc -shared -fPIC -o build/libv.so v.c"


def declare(project, target, toml="harness.toml"):
    project.write(toml, TOML + target)


def one_by_setup(project):
    """A program that only its setup makes."""
    project.write(".gitignore", "build/\n")
    project.write("p.c", PROGRAM.format(1))
    project.write("Makefile", "build/p: p.c\n\tmkdir -p build; gcc -o build/p p.c\n")
    declare(project, 'adapter = "command"\nprogram = "build/p"\nsetup = [["make", "-s"]]')
    project.sh("make -s")
    project.commit()


@contextlib.contextmanager
def settled(project, revision="HEAD", toml="harness.toml"):
    """The target as `compare` and `bench` get it."""
    config = load_config(project.path / toml)
    with (
        open_session(config, apart=True) as session,
        private_copy(session, config, project.sh(f"git rev-parse {revision}")) as copy,
    ):
        target = settle(session, copy, target_at(config, "p", copy.root), revision)
        yield target, session


def printed(project, revision="HEAD", toml="harness.toml"):
    """What the target of a revision prints."""
    with settled(project, revision, toml) as (target, session):
        adapter, build = session.orchestrator.build(target)
        config = load_config(project.path / toml)
        output = session.orchestrator.check(
            adapter, build, config.task("t"), config.task("t").case()
        )
        return output.stdout.read_text()


class TestBuilds:
    def test_a_build_that_git_ignores_is_not_taken_from_the_users_tree(self, project):
        one_by_setup(project)
        project.make()
        project.write("p.c", PROGRAM.format(2))
        assert not project.test().ok  # the stale build/p would print the right sum
        project.sh("rm -rf build")
        assert not project.test().ok

    def test_a_build_below_the_top_is_not_either(self, project):
        project.write(".gitignore", "out\n")
        project.write("p.c", PROGRAM.format(1))
        setup = 'setup = [["gcc", "-o", "out", "p.c"]]'
        declare(project, f'adapter = "command"\nprogram = "./out"\n{setup}')
        project.commit()
        project.sh("gcc -o out p.c")
        project.make()
        project.write("p.c", PROGRAM.format(2))
        assert not project.test().ok

    def test_a_library_that_git_ignores_is_not_taken_from_the_users_tree(self, project):
        project.write(".gitignore", "build/\n")
        project.write("v.c", LIBRARY.format(1))
        project.write("p.c", USER)
        declare(
            project,
            'adapter = "c"\nsources = ["p.c"]\nlibrary_dirs = ["build"]\nlibraries = ["v"]\n'
            f'setup = [["sh", "-c", "{MAKE_LIBRARY}"]]',
        )
        project.commit()
        project.sh(MAKE_LIBRARY)
        project.make()
        project.write("v.c", LIBRARY.format(2))
        assert not project.test().ok
        project.commit()
        assert printed(project, "HEAD~1") == "sum: 1\n"
        assert printed(project) == "sum: 2\n"

    def test_an_absolute_path_into_the_users_tree_means_each_sides_own(self, project):
        project.write("p.sh", "#!/bin/sh\necho sum: 1\n").chmod(0o755)
        declare(project, f'adapter = "command"\nprogram = "{project.path}/p.sh"')
        project.commit()
        project.write("p.sh", "#!/bin/sh\necho sum: 2\n")
        project.commit()
        assert printed(project, "HEAD~1") == "sum: 1\n"

    def test_so_do_arguments_and_variables(self, project):
        project.write("lib/v", "1")
        place = project.path
        declare(
            project,
            'adapter = "command"\nprogram = "sh"\n'
            f'args = ["-c", "echo sum: $(cat {place}/lib/v) $(cat $PLACE/v)"]\n'
            f'env = {{ PLACE = "{place}/lib" }}',
        )
        project.commit()
        project.write("lib/v", "2")
        project.commit()
        assert printed(project, "HEAD~1") == "sum: 1 1\n"


IGNORED = [
    ('adapter = "command"\nprogram = "ignored/f"', "program"),
    ('adapter = "command"\nsources = ["ignored/f"]', "sources"),
    ('adapter = "command"\nargs = ["ignored/f"]', "args"),
    ('adapter = "c"\nsources = ["ignored/f.c"]', "sources"),
    ('adapter = "c"\nsources = ["p.c"]\ninclude_dirs = ["ignored"]', "include_dirs"),
    ('adapter = "c"\nsources = ["p.c"]\nlibrary_dirs = ["ignored"]', "library_dirs"),
    ('adapter = "c"\nsources = ["p.c"]\nflags = "-I ignored"', "flags"),
    ('adapter = "c"\nsources = ["p.c"]\nlink_flags = ["-Lignored"]', "link_flags"),
    ('adapter = "python"\nsources = ["p.py"]\npath = ["ignored"]', "path"),
    ('adapter = "julia"\nsources = ["p.jl"]\nproject = "ignored"', "project"),
]


@pytest.mark.parametrize(("target", "option"), IGNORED)
def test_code_that_git_ignores_and_nothing_makes_is_refused(project, target, option):
    for name in ("ignored/f", "ignored/f.c", "p.c", "p.py", "p.jl"):
        project.write(name, "").chmod(0o755)
    project.write(".gitignore", "ignored\n")
    declare(project, target)
    project.commit()
    with pytest.raises(ConfigError, match=rf"targets\.p\.{option}: .*is not in git") as refused:
        settled(project).__enter__()
    assert "setup" in refused.value.hint


@pytest.mark.parametrize("variable", ["LD_LIBRARY_PATH", "PYTHONPATH"])
def test_variables_that_lead_to_ignored_code_are_refused(project, variable):
    project.write(".gitignore", "ignored\n")
    project.write("ignored/f", "")
    place = project.path / "ignored"
    declare(project, f'adapter = "command"\nprogram = "true"\nenv = {{ {variable} = "{place}" }}')
    project.commit()
    with pytest.raises(ConfigError, match=rf"env\.{variable}"):
        settled(project).__enter__()


class TestWhatServesAllSides:
    def test_data_that_git_ignores_is_copied(self, project):
        project.write(".gitignore", "*.dat\n")
        for name in ("in.dat", "deep/in.dat", "std.dat", "build.dat"):
            project.write(name, "\nsum: 1\n" if name == "std.dat" else name)
        declare(
            project,
            'adapter = "command"\nprogram = "cat"\nargs = ["in.dat", "deep/in.dat", "-"]\n'
            'inputs = ["in.dat", "deep"]\nstdin = "std.dat"\nbuild_inputs = ["build.dat"]\n'
            'setup = [["test", "-f", "build.dat"]]',
        )
        project.commit()
        assert printed(project) == "in.datdeep/in.dat\nsum: 1\n"

    def test_an_interpreter_in_a_virtual_environment_stays_where_it_is(self, project):
        project.write(".gitignore", ".venv\n")
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", project.path / ".venv"])
        project.write("p.py", "import sys; print('sum:', sys.prefix)\n")
        declare(project, 'adapter = "python"\nsources = ["p.py"]\npython = ".venv/bin/python"')
        project.commit()
        assert printed(project) == f"sum: {project.path}/.venv\n"

    def test_a_compiler_that_git_ignores_does_too(self, project):
        project.write(".gitignore", "tools\n")
        project.write("tools/cc", '#!/bin/sh\nexec gcc "$@"\n').chmod(0o755)
        project.write("p.c", PROGRAM.format(1))
        declare(project, 'adapter = "c"\nsources = ["p.c"]\ncompiler = "tools/cc"')
        project.commit()
        assert printed(project) == "sum: 1\n"


class TestEditableInstalls:
    @pytest.fixture
    def package(self, project):
        """A package that the environment imports from the user's tree; two revisions of it."""
        venv = project.path / ".venv"
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True)
        (self.site,) = venv.glob("lib/python*/site-packages")
        project.write(".gitignore", ".venv\n*.so\n")
        project.write("src/pack/__init__.py", "value = 1\n")
        project.write("main.py", "import pack\nprint('sum:', pack.value)\n")
        declare(project, 'adapter = "python"\nsources = ["main.py"]\npython = ".venv/bin/python"')
        project.commit()
        project.write("src/pack/__init__.py", "value = 2\n")
        project.commit()
        return project

    def by_folder(self, project):
        (self.site / "pack.pth").write_text(f"{project.path}/src\n")

    def by_finder(self, project, name="pack", folder="src/pack"):
        finder = (
            "import importlib.machinery, importlib.util, sys\n"
            f"MAPPING = {{'{name}': '{project.path}/{folder}'}}\n"
            "class Finder:\n"
            "    @staticmethod\n"
            "    def find_spec(name, path=None, target=None):\n"
            "        if name in MAPPING:\n"
            "            return importlib.util.spec_from_file_location(\n"
            "                name, MAPPING[name] + '/__init__.py')\n"
            "def install():\n    sys.meta_path.append(Finder)\n"
        )
        (self.site / "__editable___pack_finder.py").write_text(finder)
        line = "import __editable___pack_finder; __editable___pack_finder.install()\n"
        (self.site / "pack.pth").write_text(line)

    @pytest.mark.parametrize("how", [by_folder, by_finder])
    def test_each_side_imports_its_own_checkout(self, package, how):
        how(self, package)
        assert printed(package, "HEAD~1") == "sum: 1\n"
        assert printed(package) == "sum: 2\n"

    def test_their_builds_differ(self, package):
        self.by_folder(package)
        digests = set()
        for revision in ("HEAD~1", "HEAD"):
            with settled(package, revision) as (target, session):
                digests.add(session.orchestrator.build(target)[1].digest)
        assert len(digests) == 2

    def test_a_module_that_is_started_counts_as_imported(self, package):
        self.by_folder(package)
        package.write("src/pack/__main__.py", "from pack import value\nprint('sum:', value)\n")
        declare(package, 'adapter = "python"\nmodule = "pack"\npython = ".venv/bin/python"')
        package.commit()
        package.write("src/pack/__init__.py", "value = 3\n")
        package.commit()
        assert printed(package, "HEAD~1") == "sum: 2\n"

    def test_compiled_parts_that_the_user_alone_has_are_refused(self, package):
        self.by_folder(package)
        package.write("src/pack/_fast.cpython-311.so", "")
        with pytest.raises(
            ConfigError, match=r"_fast\.cpython-311\.so is built in your tree alone"
        ):
            printed(package)

    def test_a_package_under_another_name_is_refused(self, package):
        self.by_finder(package, folder="src/elsewhere")
        with pytest.raises(ConfigError, match=r"pack is imported from .*/src/elsewhere"):
            printed(package)

    def test_an_isolated_interpreter_is_refused(self, package):
        self.by_folder(package)
        package.write("harness.toml", package.read("harness.toml") + '\nflags = ["-I"]\n')
        package.commit()
        with pytest.raises(ConfigError, match="-I and -E forbid"):
            printed(package)

    def test_an_unknown_kind_of_install_is_refused(self, package):
        note = self.site / "pack-1.0.dist-info" / "direct_url.json"
        note.parent.mkdir()
        url = package.path.as_uri()
        note.write_text(f'{{"url": "{url}", "dir_info": {{"editable": true}}}}')
        with pytest.raises(ConfigError, match="of an unknown kind"):
            printed(package)

    def test_a_program_of_the_environment_is_refused(self, package):
        self.by_folder(package)
        note = self.site / "pack-1.0.dist-info" / "direct_url.json"
        note.parent.mkdir()
        note.write_text(f'{{"url": "{package.path.as_uri()}", "dir_info": {{"editable": true}}}}')
        declare(package, 'adapter = "command"\nprogram = ".venv/bin/python"')
        package.commit()
        with pytest.raises(ConfigError, match="editable install of your tree") as refused:
            printed(package)
        assert 'adapter = "python"' in refused.value.hint

    def test_packages_that_are_not_imported_do_not_matter(self, package):
        self.by_finder(package, name="other", folder="src/elsewhere")
        package.write("main.py", "print('sum: 5')\n")
        package.commit()
        assert printed(package) == "sum: 5\n"


@pytest.mark.julia
class TestDevelopedPackages:
    UUID = "7876af07-990d-54b4-ab0e-23690620f79a"
    MANIFEST = f'[[Pack]]\npath = "{{}}"\nuuid = "{UUID}"\nversion = "0.1.0"\n'
    PROJECT = f'[deps]\nPack = "{UUID}"\n'
    PACK = f'name = "Pack"\nuuid = "{UUID}"\nversion = "0.1.0"\n'

    @pytest.fixture
    def package(self, project):
        project.write(".gitignore", "Manifest.toml\n")
        project.write("Project.toml", self.PROJECT)
        project.write("Pack/Project.toml", self.PACK)
        project.write("Pack/src/Pack.jl", "module Pack\nconst value = 1\nend\n")
        project.write("main.jl", 'using Pack\nprintln("sum: ", Pack.value)\n')
        declare(project, 'adapter = "julia"\nsources = ["main.jl"]\nproject = "."')
        project.commit()
        project.write("Pack/src/Pack.jl", "module Pack\nconst value = 2\nend\n")
        project.commit()
        return project

    def test_a_relative_path_in_an_ignored_manifest_is_each_sides_own(self, package):
        package.write("Manifest.toml", self.MANIFEST.format("Pack"))
        assert printed(package, "HEAD~1") == "sum: 1\n"

    def test_an_absolute_path_is_refused(self, package):
        package.write("Manifest.toml", self.MANIFEST.format(package.path / "Pack"))
        with pytest.raises(ConfigError, match=r"loads Pack from .* in your tree") as refused:
            printed(package)
        assert 'Pkg.develop(path="Pack")' in refused.value.hint


class TestSubmodules:
    @pytest.fixture
    def nested(self, project, tmp_path_factory, monkeypatch):
        monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
        monkeypatch.setenv("GIT_CONFIG_KEY_0", "protocol.file.allow")
        monkeypatch.setenv("GIT_CONFIG_VALUE_0", "always")
        other = tmp_path_factory.mktemp("other")
        (other / "p.c").write_text(PROGRAM.format(1))
        (other / "data").write_text("data")
        project.sh(f"cd {other}; git init -q; git add .; git commit -q -m first")
        project.sh(f"git submodule -q add {other} sub")
        declare(project, 'adapter = "c"\nsources = ["sub/p.c"]\ninputs = ["sub/data"]')
        project.commit()
        return project

    def test_a_side_has_the_files_that_its_revision_wants(self, nested):
        nested.write("sub/p.c", PROGRAM.format(2))
        nested.sh("cd sub; git commit -q -a -m second")
        nested.commit()
        assert printed(nested, "HEAD~1") == "sum: 1\n"
        assert printed(nested) == "sum: 2\n"

    def test_the_working_tree_is_measured_with_what_is_not_committed_there(self, nested):
        nested.make()
        assert nested.test().ok
        nested.write("sub/p.c", PROGRAM.format(2))
        assert not nested.test().ok

    def test_one_that_is_not_there_is_named(self, nested):
        nested.sh("git submodule -q deinit -f sub; rm -rf .git/modules")
        with pytest.raises(ConfigError, match=r"p\.c is not there") as refused:
            settled(nested).__enter__()
        assert "git submodule update --init" in refused.value.hint


def test_a_configuration_that_the_revision_did_not_have_yet(project):
    project.write("src/w.c", PROGRAM.format(1))
    project.commit()
    project.write("src/w.c", PROGRAM.format(2))
    declare(project, 'adapter = "c"\nsources = ["../src/w.c"]', "bench/harness.toml")
    project.commit()
    assert printed(project, "HEAD~1", "bench/harness.toml") == "sum: 1\n"


def test_a_source_that_was_not_there_yet_is_named(project):
    declare(project, 'adapter = "c"\nsources = ["p.c"]')
    project.commit()
    project.write("p.c", PROGRAM.format(1))
    project.commit()
    with pytest.raises(ConfigError, match=r"'p' at HEAD~1: p.c is not there"):
        settled(project, "HEAD~1").__enter__()
