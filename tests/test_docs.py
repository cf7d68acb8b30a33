"""What the documentation says is what the code does: names, keys, defaults, columns, links."""

from __future__ import annotations

import dataclasses
import enum
import importlib.util
import inspect
import json
import re
import subprocess
import sys
import types
import typing
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import click
import msgspec
import pytest

import harness_c.options
import harness_command
import harness_go
import harness_java
import harness_julia.options
import harness_ocaml
import harness_python.options
import harness_rust
import harness_suite
from harness import adapterkit
from harness.adapterkit import (
    CompiledLanguage,
    GnuLanguage,
    GnuOptions,
    InterpretedLanguage,
    InterpreterOptions,
    Language,
    LanguageTool,
)
from harness.cli import cli
from harness.errors import ExitCode
from harness.hookspecs import AdapterSpec, Runner, hookimpl
from harness.model import Frame, HotSpot, Profile, ProfilePlan, TrialPlan
from harness.plugins import Adapter, CrossCutting
from harness.project import config, config_file
from harness.system.store.rows import trials_schema
from harness.testing import (
    AdapterConformance,
    make_build,
    make_case,
    make_target,
    make_trial,
)
from harness.testing.fakes import EmptyMachine
from harness.testing.promises import PROMISES

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted([*DOCS.rglob("*.md"), *ROOT.glob("*.md"), *(ROOT / "examples").rglob("*.md")])


def text_of(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def sections(text: str) -> dict[str, str]:
    """Heading (without its marks): what stands below it, up to the next heading of any level."""
    parts = re.split(r"^#+ +(.*)$", without_blocks(text), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def without_blocks(text: str) -> str:
    return re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)


def blocks(text: str, language: str) -> list[str]:
    """Fenced code of one language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)


def rows(text: str) -> list[list[str]]:
    """The body of the first table."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    cells = [re.split(r"(?<!\\)\|", line)[1:-1] for line in lines[2:]]
    return [[cell.strip() for cell in row] for row in cells]


# -- the contract: docs/adapters.md -------------------------------------------------------------

HOOKS = {name: hook for name, hook in vars(AdapterSpec).items() if name.startswith("harness_")}


def parameters(hook: Any) -> list[str]:
    return [name for name in inspect.signature(hook).parameters if name != "self"]


@pytest.mark.parametrize("name", HOOKS)
def test_a_hook_has_a_heading_with_its_parameters_and_says_what_each_is(name):
    heading = f"{name}({', '.join(parameters(HOOKS[name]))})"
    section = sections(text_of("adapters.md"))[heading]
    items = " ".join(line for line in section.splitlines() if line.startswith("- "))
    assert [p for p in parameters(HOOKS[name]) if f"`{p}`" not in items] == []
    assert "Returns a" in section


@pytest.mark.parametrize("name", HOOKS)
def test_a_hook_s_own_words_cover_every_parameter_and_the_result(name):
    words = inspect.getdoc(HOOKS[name]) or ""
    assert re.findall(r":param (\w+):", words) == parameters(HOOKS[name])
    assert ":returns:" in words


@pytest.mark.parametrize("name", HOOKS)
def test_a_hook_s_errors_stand_in_the_docs(name):
    raised = re.findall(r":raises (\w+):", inspect.getdoc(HOOKS[name]) or "")
    section = next(s for h, s in sections(text_of("adapters.md")).items() if h.startswith(name))
    spoken = section.replace("Raises", "raises")
    missing = [error for error in raised if f"`{error}`" not in spoken]
    assert missing == []


def test_the_docs_describe_no_hook_that_does_not_exist():
    headings = [h.partition("(")[0] for h in sections(text_of("adapters.md"))]
    assert {h for h in headings if h.startswith("harness_")} == set(HOOKS)


def test_the_runner_s_methods_stand_in_the_docs_with_their_parameters():
    table = rows(sections(text_of("adapters.md"))["The Runner"])
    methods = {n: m for n, m in vars(Runner).items() if inspect.isfunction(m) and n[0] != "_"}
    wanted = set()
    for name, method in methods.items():
        told = [
            *(p.name for p in inspect.signature(method).parameters.values() if p.kind.value < 3),
            *(["*"] if any(p.kind.value == 3 for p in signature_of(method)) else []),
            *(p.name for p in signature_of(method) if p.kind.value == 3),
        ]
        wanted.add(f"`{name}({', '.join(told[1:])})`")
    assert {row[0] for row in table} == wanted


def signature_of(method: Any) -> list[inspect.Parameter]:
    return list(inspect.signature(method).parameters.values())


def test_every_conformance_check_stands_in_the_docs():
    checks = {name for name in dir(AdapterConformance) if name.startswith("test_")}
    table = rows(sections(text_of("adapters.md"))["The conformance suite"])
    assert checks == PROMISES.keys()
    assert {row[0].strip("`"): row[1] for row in table} == PROMISES


def test_the_cross_cutting_plugin_of_the_docs_works():
    space: dict[str, Any] = {}
    (code,) = (b for b in blocks(text_of("adapters.md"), "python") if "wrapper=True" in b)
    exec(code, space)
    build = make_build(make_target(ROOT), digest="0123456789abcdef")
    names = ("harness_probe", "harness_build", "harness_run")
    own = {name: hookimpl(lambda: None) for name in names}
    adapter = Adapter(
        "x",
        types.SimpleNamespace(**own, harness_time=hookimpl(lambda: make_trial())),
        CrossCutting({"note": types.SimpleNamespace(harness_time=space["harness_time"])}),
    )
    trial = adapter.time(build, make_case(), TrialPlan(), EmptyMachine())
    assert trial.message == "measured after 01234567"


KIT = [LanguageTool, Language, InterpretedLanguage, CompiledLanguage, GnuLanguage]


@pytest.mark.parametrize("kind", KIT)
def test_every_attribute_of_the_kit_stands_in_the_docs(kind):
    table = rows(sections(text_of("adapters.md"))[kind.__name__])
    own = [
        name for name in vars(kind) if not name.startswith("_") and not callable(vars(kind)[name])
    ]
    named = dict.fromkeys([*kind.__annotations__, *own])
    options = {"options"} & vars(kind).keys()
    assert {row[0].strip("`") for row in table} == named.keys() | options


def test_every_class_of_the_kit_stands_in_the_docs():
    text = text_of("adapters.md")
    classes = [name for name in adapterkit.__all__ if name[0].isupper() and not name.isupper()]
    left_out = {"Kept", "MadeBuild"}  # what `keep` takes and gives
    assert [n for n in classes if f"`{n}" not in text and n not in left_out] == []


@pytest.mark.parametrize("value", [Frame, HotSpot, Profile, ProfilePlan])
def test_every_field_of_a_profile_stands_in_the_docs(value):
    table = rows(sections(text_of("adapters.md"))[value.__name__])
    assert [row[0].strip("`") for row in table] == [f.name for f in dataclasses.fields(value)]


def test_the_driver_of_the_docs_is_the_one_that_the_tests_drive():
    code = (ROOT / "examples/driver/steady.c").read_text(encoding="utf-8")
    assert code in blocks(text_of("steady.md"), "c")


@pytest.mark.parametrize(
    "name",
    ["harness_perl_short.py", "harness_perl.py", "pyproject.toml", "test_harness_perl.py"],
)
def test_the_worked_example_is_the_code_that_the_tests_run(name):
    text = text_of("writing-an-adapter.md")
    language = "toml" if name.endswith("toml") else "python"
    code = (ROOT / "examples/adapter" / name).read_text(encoding="utf-8")
    assert f"`examples/adapter/{name}`" in text
    assert code in blocks(text, language)


def test_the_attributes_of_the_suite_stand_in_the_docs():
    table = rows(sections(text_of("writing-an-adapter.md"))["3. The proof"])
    assert [row[0].strip("`") for row in table] == list(AdapterConformance.__annotations__)


# -- the command line: docs/cli.md --------------------------------------------------------------


def renderer(name: str = "render_cli_docs") -> types.ModuleType:
    path = ROOT / "scripts" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_of_the_command_line_is_up_to_date():
    assert text_of("cli.md") == renderer().render(), "run: python scripts/render_cli_docs.py"


def test_the_manual_page_is_up_to_date(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    page = (DOCS / "harness.1").read_text(encoding="utf-8")
    assert page == renderer("render_man").render(), "run: python scripts/render_cli_docs.py"


def test_the_page_of_the_languages_is_up_to_date():
    wanted = renderer("render_languages").render()
    assert text_of("languages.md") == wanted, "run: python scripts/render_languages.py"


def test_the_page_for_agents_says_what_skills_and_tools_tell_them():
    script, page = renderer("render_agents_docs"), text_of("agents.md")
    assert page == script.render(page), "run: python scripts/render_agents_docs.py"
    assert sorted(script.parts_of(page)) == sorted(script.PARTS)


def test_every_command_says_what_it_does_and_every_option_too():
    silent = [
        f"{path} {parameter.opts[0]}"
        for path, command in renderer().commands()
        for parameter in command.get_params(click.Context(command))
        if isinstance(parameter, click.Option) and not parameter.help
    ]
    assert silent == []
    assert [path for path, command in renderer().commands() if not command.help] == []


def test_every_exit_code_has_its_meaning_in_the_docs_and_in_the_help():
    assert renderer().CODES.keys() == set(ExitCode)
    told = re.findall(r"(\d+) [a-z]", cli.epilog or "")
    assert {int(code) for code in told} == {int(code) for code in ExitCode}


def test_every_command_named_in_the_docs_exists():
    known = {path for path, _ in renderer().commands()}
    groups = {path for path, command in renderer().commands() if isinstance(command, click.Group)}
    unknown = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for call in re.findall(r"(?:^\$? ?|`)(harness [a-z][^`\n]*)", text, re.MULTILINE):
            words = [word for word in call.split()[:3] if re.fullmatch(r"[a-z][a-z-]*", word)]
            path = " ".join(words if " ".join(words[:2]) in groups else words[:2])
            if path not in known:
                unknown.append(f"{page.relative_to(ROOT)}: {call}")
    assert unknown == []


# -- the configuration: docs/configuration.md ---------------------------------------------------

SECTIONS: Mapping[str, type[msgspec.Struct]] = {
    "[tasks.NAME]": config_file.TaskSection,
    "[[tasks.NAME.relations]]": config_file.RelationSection,
    "[tasks.NAME.cases.NAME]": config_file.CaseSection,
    "[tasks.NAME.outputs.NAME]": config_file.OutputSection,
    "[tasks.NAME.metrics.NAME]": config_file.MetricSection,
    "[targets.NAME]": config_file.TargetSection,
    "[targets.NAME.cases.NAME]": config_file.TargetCaseSection,
    "[matrix.NAME]": config_file.MatrixSection,
    "[campaigns.NAME]": config_file.CampaignSection,
    "[jail]": config_file.JailSection,
}
OPTIONS = {
    "Options of the adapter c": harness_c.options.Options,
    "Options of the adapter julia": harness_julia.options.Options,
    "Options of the adapter python": harness_python.options.Options,
    "Options of the adapter command": harness_command.Options,
    "Options of the adapters cpp and fortran": GnuOptions,
    "Options of the adapter rust": harness_rust.Options,
    "Options of the adapter go": harness_go.Options,
    "Options of the adapter java": harness_java.Options,
    "Options of the adapter ocaml": harness_ocaml.Options,
    "Options of the adapter suite": harness_suite.frameworks.Options,
    "Options of the adapters javascript and lua": InterpreterOptions,
}
WORDS: Mapping[Any, str] = {
    str: "string",
    int: "integer",
    float: "number",
    bool: "true or false",
    list[str]: "list of strings",
    tuple[str, ...]: "list of strings",
    list[int]: "list of integers",
    list[list[str]]: "list of lists of strings",
    list[str | list[str]]: "list of strings or lists of strings",
    dict[str, str]: "table of strings",
    dict[str, bool | int | float | str]: "table of values",
    config_file.DrawSection: "table",
    dict[str, bool | int | float | str | config_file.DrawSection]: "table of values and tables",
    dict[str, config_file.CaseSection]: "tables",
    dict[str, config_file.OutputSection]: "tables",
    dict[str, config_file.MetricSection]: "tables",
    dict[str, config_file.TargetCaseSection]: "tables",
    list[config_file.RelationSection]: "list of tables",
    str | list[str]: "string, list of strings",
}


def words_of(kind: Any) -> str:
    """A type as the tables write it."""
    if kind in WORDS:
        return WORDS[kind]
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return ", ".join(json.dumps(member.value) for member in kind)
    if typing.get_origin(kind) is Literal:
        return ", ".join(json.dumps(choice) for choice in typing.get_args(kind))
    kinds = [k for k in typing.get_args(kind) if k is not types.NoneType]
    assert kinds, f"no words for the type {kind}"
    return ", ".join(words_of(k) for k in kinds)


def default_of(value: Any) -> str:
    return (
        "-" if value is None else msgspec.json.format(msgspec.json.encode(value), indent=0).decode()
    )


def keys_of_section(section: type[msgspec.Struct]) -> Iterator[list[str]]:
    for field in msgspec.structs.fields(section):
        default = field.default
        if field.default_factory is not msgspec.NODEFAULT:
            default = field.default_factory()
        told = "required" if default is msgspec.NODEFAULT else default_of(default)
        yield [field.encode_name, words_of(field.type), told]


def keys_of_options(options: type) -> Iterator[list[str]]:
    hints = typing.get_type_hints(options)
    for field in dataclasses.fields(options):
        yield [field.name, words_of(hints[field.name]), default_of(field.default)]


@pytest.mark.parametrize("heading", SECTIONS)
def test_a_section_s_keys_types_and_defaults_are_those_of_the_reader(heading):
    table = rows(sections(text_of("configuration.md"))[heading])
    assert [row[:3] for row in table] == list(keys_of_section(SECTIONS[heading]))
    assert all(row[3] for row in table)


@pytest.mark.parametrize("heading", OPTIONS)
def test_an_adapter_s_options_types_and_defaults_are_those_of_the_adapter(heading):
    table = rows(sections(text_of("configuration.md"))[heading])
    assert [row[:3] for row in table] == list(keys_of_options(OPTIONS[heading]))
    assert all(row[3] for row in table)


def test_every_section_of_the_file_is_described():
    assert {f.name for f in msgspec.structs.fields(config_file.ConfigFile)} == {
        heading.strip("[]").split(".")[0]
        for heading in (*SECTIONS, "[defaults.ADAPTER]", "[metrics]", "[executors.NAME]")
    }


def test_the_example_is_a_configuration_that_is_read(tmp_path):
    example, _ = blocks(text_of("configuration.md"), "toml")
    for name in ("src/nbody.c", "src/vector.c", "src/nbody.jl", "data/stars.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "harness.toml").write_text(example)
    read = config.load_config(tmp_path / "harness.toml")
    assert read.target("nbody-c").options == {"flags": ["-O3", "-march=native"],
                                              "libraries": ["gsl"]}  # fmt: skip
    assert read.campaigns["nbody-c"].target_speedup == 35.0


def test_the_example_of_a_matrix_is_read_as_the_docs_say(tmp_path):
    _, example = blocks(text_of("configuration.md"), "toml")
    (tmp_path / "harness.toml").write_text(example)
    read = config.load_config(tmp_path / "harness.toml")
    names = ["nbody-c", "sort-c", "nbody-python", "sort-python"]
    assert list(read.targets) == names
    assert read.targets["sort-c"].options == {"flags": ["-O3", "-march=native"]}
    assert read.case_of(read.targets["sort-python"], None).name == "fast (n=10000)"


def test_tolerances_in_the_docs_are_those_of_the_kinds():
    from harness.correctness import default_tolerance
    from harness.model import OutputKind, Tolerance

    told = {row[0]: row[3] for row in rows(sections(text_of("configuration.md"))[
        "[tasks.NAME.outputs.NAME]"])}  # fmt: skip
    for kind in OutputKind:
        rtol = default_tolerance(kind).rtol
        assert rtol == 0 or f"{rtol:g} for {kind.value}" in told["rtol"].replace("1e-9", "1e-09")
    plain = Tolerance()
    for name in ("atol", "margin", "margin_abs", "confidence", "seeds"):
        assert told[name].endswith(f"; {getattr(plain, name):g}"), name
    assert told["statistics"].endswith("; " + ", ".join(plain.statistics))


# -- the store: docs/store.md -------------------------------------------------------------------


def test_the_columns_in_the_docs_are_those_of_the_schema():
    heading = next(h for h in sections(text_of("store.md")) if h.startswith("Schema"))
    told = {}
    for names, kind, _ in rows(sections(text_of("store.md"))[heading]):
        told.update({name.strip(): kind for name in names.split(",")})
    assert list(told) == trials_schema().names
    assert {name: kind for name, kind in told.items() if not kind.startswith("list")} == {
        field.name: str(field.type)
        for field in trials_schema()
        if not str(field.type).startswith("list")
    }


def test_the_nested_columns_in_the_docs_are_those_of_the_schema():
    table = {names: kind for names, kind, _ in rows(sections(text_of("store.md"))[
        next(h for h in sections(text_of("store.md")) if h.startswith("Schema"))])}  # fmt: skip
    for name in ("phases", "samples", "ranks", "rank_phases"):
        fields = [field.name for field in trials_schema().field(name).type.value_type]
        assert table[name] == f"list of ({', '.join(fields)})"


# -- links --------------------------------------------------------------------------------------


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub gives to headings."""
    headings = re.findall(r"^#+ +(.*)$", without_blocks(page.read_text(encoding="utf-8")), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page):
    broken = []
    text = without_blocks(page.read_text(encoding="utf-8"))
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        place, _, anchor = link.partition("#")
        if place.startswith(("http:", "https:", "mailto:")):
            continue
        target = (page.parent / place).resolve() if place else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert broken == []


def test_every_page_is_reachable_from_the_readme():
    seen: set[Path] = set()
    waiting = [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in seen or not page.is_file():
            continue
        seen.add(page)
        links = re.findall(r"\]\(([^)#\s]+\.md)", page.read_text(encoding="utf-8"))
        waiting += [(page.parent / link).resolve() for link in links if ":" not in link]
    assert sorted(str(p.relative_to(ROOT)) for p in {*DOCS.rglob("*.md")} - seen) == []


def test_the_drawing_of_the_floors_is_that_of_the_tests():
    path = ROOT / "scripts/render_architecture.py"
    done = subprocess.run([sys.executable, path, "--check"], check=False)
    assert done.returncode == 0, "run: python scripts/render_architecture.py"


def test_the_table_of_the_cheat_suite_is_that_of_what_it_found():
    path = ROOT / "scripts/render_security.py"
    spec = importlib.util.spec_from_file_location("render_security", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    told = text_of("security.md")
    assert told == module.page(told, module.merged("", [])), (
        "run: python scripts/render_security.py"
    )


def test_every_place_of_the_architecture_page_exists():
    """The table that says where a change belongs names files that are there."""
    named = re.findall(
        r"`((?:harness|adapters|tests|cli|running|analysis|system|render|executors|correctness|model|project|plugins)/[\w./]*)`",
        text_of("architecture.md"),
    )
    lost = [
        name
        for name in named
        if not any((base / name).exists() for base in (ROOT, ROOT / "harness"))
    ]
    assert named
    assert lost == []
