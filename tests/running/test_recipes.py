"""Builds of the user's own, as docs/building.md lists them: each on a small project of its kind."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

import harness
from harness.cli.root import cli
from harness.cli.shared.base import guard
from harness.system.jail.means import find_means
from harness.system.launcher.launching import get_launcher

DATA = Path(__file__).parents[1] / "data" / "recipes"
SHORT = {"trials": 2, "warmup": 0}


@dataclass(frozen=True)
class Recipe:
    """A project of `tests/data/recipes`: what it needs, and the two edits that tests make of it."""

    name: str
    needs: str
    """The program without which it cannot be built."""
    source: str = "src/work.c"
    same: tuple[str, str] = ("sum += i", "sum += i, sum += 0")
    """What is replaced by what, for a program that computes the same."""
    wrong: tuple[str, str] = ("sum += i", "undeclared += i")
    says: str = "undeclared"
    """What the compiler says of the wrong one."""
    slow: bool = False
    """Does it take seconds? Then it waits for `make soak`."""


MAKE = Recipe("make", "make")
CMAKE = Recipe("cmake", "cmake")
GO = Recipe("go", "go", "work/work.go", ("sum += i", "sum += i + 0"))
CARGO = Recipe(
    "cargo",
    "cargo",
    "work/src/lib.rs",
    ("black_box(i)", "black_box(i + 0)"),
    ("black_box(i)", "black_box(undeclared)"),
    "cannot find value `undeclared`",
)
JULIA = Recipe(
    "julia",
    "julia",
    "src/App.jl",
    ("0:n-1", "0:(n-1)"),
    ("work(n) =", "work(n) = ]"),
    "syntax",
    slow=True,
)
RECIPES = (
    MAKE,
    CMAKE,
    CARGO,
    GO,
    JULIA,
    Recipe("cmake_presets", "cmake", slow=True),
    Recipe("meson", "meson", slow=True),
    Recipe("autotools", "autoreconf", slow=True),
    Recipe("npm", "npm", "src/work.js", slow=True),
    Recipe("python_in_place", "python3", "app/work.c", slow=True),
    Recipe("python_pip", "python3", "app/work.c", slow=True),
)


def needing(recipes: tuple[Recipe, ...]) -> list:
    """Each with the program that it needs."""
    return [
        pytest.param(
            recipe,
            id=recipe.name,
            marks=[
                pytest.mark.julia if recipe.needs == "julia" else pytest.mark.needs(recipe.needs),
                *([pytest.mark.soak] if recipe.slow else []),
            ],
        )
        for recipe in recipes
    ]


@pytest.fixture
def write(project, monkeypatch):
    """Makes a recipe's project, committed, in the current folder."""

    def make(recipe: Recipe):
        shutil.copytree(DATA / recipe.name, project.path, dirs_exist_ok=True)
        (project.path / "gitignore").rename(project.path / ".gitignore")
        project.commit()
        monkeypatch.chdir(project.path)
        return project

    return make


def edit(project, recipe: Recipe, change: tuple[str, str]) -> None:
    text = project.read(recipe.source)
    assert change[0] in text
    project.write(recipe.source, text.replace(*change))


def ran(project, **asked):
    return harness.run("app", config=project.path / "harness.toml", **{**SHORT, **asked})


@pytest.mark.parametrize("recipe", needing(RECIPES))
def test_a_revision_and_the_working_tree_are_built_apart_and_the_tree_stays(write, recipe):
    project = write(recipe)
    edit(project, recipe, recipe.same)
    before = project.sh("git status --porcelain --ignored")
    config = project.path / "harness.toml"
    result = harness.compare("app@HEAD", "app", config=config, **SHORT)
    assert not result.failures
    assert len({m.build_digest for m in result.run.measurements}) == 2
    after = project.sh("git status --porcelain --ignored")
    assert set(after.splitlines()) - set(before.splitlines()) <= {"!! .harness/"}


@pytest.mark.parametrize("recipe", needing(RECIPES))
def test_a_build_that_fails_says_why_in_the_compilers_words(write, recipe):
    project = write(recipe)
    edit(project, recipe, recipe.wrong)
    result = ran(project)
    assert recipe.says in result.failures["app"]
    assert result.exit_code in (4, 5)  # 5: Julia meets it when the program runs


@pytest.mark.parametrize("recipe", needing(RECIPES))
def test_it_is_built_in_a_strict_jail(write, recipe, launcher_cache):
    found = find_means(get_launcher(launcher_cache).command)
    if found.best is None:
        pytest.skip(f"no strict jail here: {found.why_not}")
    result = ran(write(recipe), jail="strict")
    assert result.ok, result.failures


@pytest.mark.parametrize("recipe", needing((MAKE, CARGO)))
def test_a_campaigns_commands_work_on_it(write, recipe, capfd):
    write(recipe)
    for words in (["baseline", "--trials", "2"], ["test"], ["bench", "--trials", "3"]):
        code = guard(cli, words)
        assert code in (0, 8), capfd.readouterr().err


@pytest.mark.parametrize("recipe", needing((MAKE, CARGO)))
def test_a_profile_names_the_files_of_the_users_tree(write, recipe):
    project = write(recipe)
    for path in project.path.rglob("main.*"):  # long enough for samples
        path.write_text(path.read_text().replace("9000000", "90000000"))
    (report,) = harness.profile("app", config=project.path / "harness.toml").reports
    files = {spot.file for spot in report.spots.spots}
    assert str(project.path / recipe.source) in files
    assert not any(".harness" in name for name in files)


@pytest.mark.parametrize(
    ("recipe", "says"),
    [
        pytest.param(MAKE, "GCC: ", marks=pytest.mark.needs("gcc")),
        pytest.param(CARGO, "rustc version ", marks=pytest.mark.needs("cargo")),
        pytest.param(GO, "go1.", marks=pytest.mark.needs("go")),
    ],
)
def test_the_compiler_is_the_one_that_the_program_names(write, recipe, says):
    result = ran(write(recipe))
    assert result.measurements[0].toolchain.startswith(says)


@pytest.mark.needs("objcopy")
def test_compilers_that_differ_between_two_sides_are_told(write):
    project = write(MAKE)
    project.write("version", "another compiler 1.0\0")
    rule = "-Lbuild -lwork\n"
    other = f"{rule}\tobjcopy --update-section .comment=version $@\n"
    project.write("Makefile", project.read("Makefile").replace(rule, other))
    result = harness.compare("app@HEAD", "app", config=project.path / "harness.toml", **SHORT)
    (told,) = [warning for warning in result.warnings if "different compilers made" in warning]
    assert "app by another compiler 1.0" in told


def test_a_build_made_outside_of_a_jail_does_not_serve_within_one(write, tmp_path, launcher_cache):
    found = find_means(get_launcher(launcher_cache).command)
    if found.best is None:
        pytest.skip(f"no strict jail here: {found.why_not}")
    secret = tmp_path / "elsewhere"
    secret.write_text("#!/bin/sh\necho 7\n")
    copy = f'["sh", "-c", "mkdir build && cp {secret} build/app && chmod +x build/app"]'
    project = write(CMAKE)
    toml = project.read("harness.toml").splitlines()
    lines = [f"build = {copy}" if line.startswith("build =") else line for line in toml]
    project.write("harness.toml", "\n".join(lines))
    assert ran(project).ok
    jailed = ran(project, jail="strict")
    assert "No such file" in jailed.failures["app"]
