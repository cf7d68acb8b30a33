"""The facade over pluggy: whatever a plugin does wrong is said with its name."""

import sys
from dataclasses import replace
from importlib.metadata import EntryPoint
from pathlib import Path
from types import SimpleNamespace

import pytest

from harness.errors import AdapterError, AdapterNotFound, PluginFailed, ToolchainMissing, UsageError
from harness.hookspecs import CONTRACT, AdapterSpec, hookimpl
from harness.model import (
    Agreement,
    Command,
    EmptyProgram,
    MetricInfo,
    NamedPath,
    Output,
    PathKind,
    Profile,
    ProfileBy,
    ProfilePlan,
    Tolerance,
    Toolchain,
    TrialPlan,
)
from harness.plugins import REQUIRED_HOOKS, Adapter, Adapters, CrossCutting, Installed, Problem
from harness.testing import FakeRunner, make_build, make_case, make_target, make_trial

TOOLCHAIN = Toolchain("x", "X", Path("/bin/x"), "1", "f")


class Good:
    @hookimpl
    def harness_probe(self):
        return TOOLCHAIN

    @hookimpl
    def harness_build(self, target):
        return None

    @hookimpl
    def harness_run(self):
        raise ZeroDivisionError("oh")

    @hookimpl
    def harness_time(self):
        return "seven"


def call(adapter: Adapter, hook: str):
    arguments = {
        "probe": (None, None),
        "build": (BUILD.target, None, None, None),
        "run": (BUILD, None, None),
        "time": (BUILD, None, TrialPlan(), None),
        "profile": (BUILD, None, None, None),
    }
    return getattr(adapter, hook)(*arguments[hook])


def test_a_hook_s_result_comes_back():
    assert call(Adapter("x", Good()), "probe") is TOOLCHAIN


@pytest.mark.parametrize(
    ("hook", "words"),
    [
        ("build", "harness_build returned nothing"),
        ("run", "harness_run raised ZeroDivisionError: oh"),
        ("time", "harness_time returned str, want Trial"),
    ],
)
def test_a_hook_that_breaks_the_contract_is_named_with_its_adapter(hook, words):
    with pytest.raises(PluginFailed) as caught:
        call(Adapter("x", Good()), hook)
    assert "adapter 'x'" in caught.value.message
    assert words in caught.value.message


def test_an_optional_hook_may_be_missing():
    assert call(Adapter("x", Good()), "profile") is None


def test_an_error_of_ours_passes_through_unchanged():
    class Missing(Good):
        @hookimpl
        def harness_probe(self):
            raise ToolchainMissing("no x here")

    with pytest.raises(ToolchainMissing, match="no x here"):
        call(Adapter("x", Missing()), "probe")


def test_a_missing_required_hook_is_named():
    class Partial:
        @hookimpl
        def harness_probe(self):
            return TOOLCHAIN

    with pytest.raises(PluginFailed, match="harness_build, harness_run, harness_time"):
        Adapter("x", Partial())


def test_a_misspelt_hook_is_named():
    class Misspelt(Good):
        @hookimpl
        def harness_prob(self):
            return None

    with pytest.raises(PluginFailed, match="harness_prob"):
        Adapter("x", Misspelt())


def test_a_misspelt_parameter_is_named():
    class Misspelt(Good):
        @hookimpl
        def harness_probe(self, runer):
            return None

    with pytest.raises(PluginFailed, match="runer"):
        Adapter("x", Misspelt())


def test_two_adapters_do_not_answer_for_each_other():
    other = Toolchain("y", "Y", Path("/bin/y"), "1", "f")

    class Other(Good):
        @hookimpl
        def harness_probe(self):
            return other

    one, two = Adapter("x", Good()), Adapter("y", Other())
    assert (call(one, "probe"), call(two, "probe")) == (TOOLCHAIN, other)


def test_a_function_that_lacks_its_marker_is_named():
    class Unmarked(Good):
        def harness_time(self):
            return None

    with pytest.raises(PluginFailed) as caught:
        Adapter("x", Unmarked())
    assert "does not implement harness_time" in caught.value.message
    assert caught.value.hint == "harness_time: there, but not marked with @hookimpl."


def test_a_plugin_that_calls_exit_is_a_broken_plugin():
    class Leaves(Good):
        @hookimpl
        def harness_probe(self):
            raise SystemExit(0)

    with pytest.raises(PluginFailed, match="adapter 'x': harness_probe raised SystemExit: 0"):
        call(Adapter("x", Leaves()), "probe")


def test_the_probe_may_ask_for_the_target():
    class Chooses(Good):
        @hookimpl
        def harness_probe(self, target):
            return replace(TOOLCHAIN, version=target.options["version"] if target else "any")

    adapter = Adapter("x", Chooses())
    target = make_target(Path("/"), options={"version": "7"})
    assert [adapter.probe(None).version, adapter.probe(None, target).version] == ["any", "7"]


def test_a_floor_of_something_else_is_a_broken_plugin():
    class Odd(Good):
        @hookimpl
        def harness_floor(self):
            return ("true",)

    with pytest.raises(PluginFailed, match="harness_floor gave 'true', want EmptyProgram"):
        Adapter("x", Odd()).floor(BUILD, make_case(), None)
    assert Adapter("x", Good()).floor(BUILD, make_case(), None) == ()


# -- cross-cutting plugins ----------------------------------------------------------------------

BUILD = make_build(make_target(Path("/")))
RESULTS = {
    "harness_probe": TOOLCHAIN,
    "harness_paths": (NamedPath("sources", "x.c", PathKind.CODE),),
    "harness_build": BUILD,
    "harness_benchmarks": ("one", "two"),
    "harness_run": Output(Path("/"), Path("/o"), Path("/e"), "d"),
    "harness_time": make_trial(5),
    "harness_profile": Profile("t", ProfileBy.LINE, "ns", 1.0, ()),
    "harness_floor": (EmptyProgram("start-up", Command(("true",))),),
    "harness_compare": Agreement(ok=True, summary="fine"),
}
CALLS = {
    "harness_probe": lambda adapter: adapter.probe(None),
    "harness_paths": lambda adapter: adapter.paths(BUILD.target),
    "harness_build": lambda adapter: adapter.build(BUILD.target, TOOLCHAIN, Path("/"), None),
    "harness_benchmarks": lambda adapter: adapter.benchmarks(BUILD, None),
    "harness_run": lambda adapter: adapter.run(BUILD, make_case(), None),
    "harness_time": lambda adapter: adapter.time(BUILD, make_case(), TrialPlan(), None),
    "harness_profile": lambda adapter: adapter.profile(BUILD, make_case(), ProfilePlan(), None),
    "harness_floor": lambda adapter: adapter.floor(BUILD, make_case(), None),
    "harness_compare": lambda adapter: adapter.compare(None, None, Tolerance()),
}


def answering(**results: object) -> SimpleNamespace:
    """A plugin whose hooks return these values."""

    def hook(value: object):
        return hookimpl(lambda: value)

    return SimpleNamespace(**{name: hook(value) for name, value in results.items()})


def beside(**plugins: object) -> CrossCutting:
    """Cross-cutting plugins by name."""
    return CrossCutting(plugins=plugins)


def wrapping(name: str, wrapper) -> SimpleNamespace:
    return SimpleNamespace(**{name: hookimpl(wrapper=True)(wrapper)})


def test_the_calls_below_are_all_the_hooks():
    hooks = {name for name in vars(AdapterSpec) if name.startswith("harness_")}
    gathered = {"harness_metrics", "harness_beside"}  # of all plugins, not the first answer; below
    assert hooks - gathered == set(CALLS) == set(RESULTS)


@pytest.mark.parametrize("name", CALLS)
def test_a_cross_cutting_plugin_may_wrap_any_hook(name):
    seen = []

    def wrapper():
        result = yield
        seen.append(result)
        return result

    adapter = Adapter("x", answering(**RESULTS), beside(wrap=wrapping(name, wrapper)))
    assert CALLS[name](adapter) is RESULTS[name]
    assert seen == [RESULTS[name]]


def test_a_wrapper_may_change_the_result():
    def wrapper(plan):
        trial = yield
        return replace(trial, message=f"within {plan.timeout_ns} ns")

    adapter = Adapter("x", answering(**RESULTS), beside(wrap=wrapping("harness_time", wrapper)))
    assert CALLS["harness_time"](adapter).message == "within 600000000000 ns"


# -- metric plugins -----------------------------------------------------------------------------


def metering(infos: object, **figures: object) -> SimpleNamespace:
    """A metric plugin that declares `infos` and adds `figures` to each trial."""

    def wrapper():
        trial = yield
        return replace(trial, metrics={**trial.metrics, **figures})

    return SimpleNamespace(
        harness_metrics=hookimpl(lambda: infos), harness_time=hookimpl(wrapper=True)(wrapper)
    )


def test_a_metric_plugin_adds_figures_and_declares_them():
    watts, volts = MetricInfo("power_w", "W"), MetricInfo("core_v", "V")
    others = beside(power=metering([watts], power_w=7), volt=metering((volts,), core_v=1.1))
    adapter = Adapter("x", answering(**RESULTS), others)
    assert {info.name for info in adapter.metrics()} == {"power_w", "core_v"}
    assert CALLS["harness_time"](adapter).metrics == {"power_w": 7.0, "core_v": 1.1}


@pytest.mark.parametrize(
    ("figures", "words"),
    [
        ({"stray": 1.0}, "figure 'stray' of adapter 'x': no plugin declares it"),
        ({"power_w": float("nan")}, "nan is no finite number"),
        ({"power_w": "7"}, "'7' is no finite number"),
    ],
)
def test_a_figure_that_cannot_be_stored_is_left_out_and_named_once(figures, words):
    told: list[Problem] = []
    others = CrossCutting(
        {"power": metering([MetricInfo("power_w")], **figures)}, report=told.append
    )
    adapter = Adapter("x", answering(**RESULTS), others)
    for _ in range(3):
        assert CALLS["harness_time"](adapter).metrics == {}
    (problem,) = told
    assert words in problem.message


@pytest.mark.parametrize("declared", [["power_w"], 7, lambda: 1 / 0])
def test_a_plugin_that_declares_nonsense_is_left_out_and_named(declared):
    told: list[Problem] = []
    others = CrossCutting({"power": metering(declared)}, report=told.append)
    adapter = Adapter("x", answering(**RESULTS), others)
    assert adapter.metrics() == ()
    (problem,) = told
    assert "plugin 'power': harness_metrics" in problem.message


def test_a_metric_plugin_takes_part_only_where_it_is_asked_for():
    asked = Adapters(metrics=["temperature"])
    assert [p.name for p in asked.plugins() if "sensors" in p.module] == ["temperature"]
    assert [p.name for p in Adapters().plugins() if "sensors" in p.module] == []
    with pytest.raises(UsageError, match="no metric plugin named 'temprature'") as caught:
        Adapters(metrics=["temprature"])
    assert "Did you mean 'temperature'?" in caught.value.hint


def failing_after(served: int):
    """A wrapper that serves that often, and then breaks."""
    calls = iter(range(served + 9))

    def wrapper():
        result = yield
        if next(calls) >= served:
            raise KeyError("lost")
        return result

    return wrapper


def test_an_error_of_a_wrapper_names_the_plugin_the_adapter_and_the_hook():
    wrap = wrapping("harness_run", failing_after(1))
    adapter = Adapter("x", answering(**RESULTS), beside(wrap=wrap))
    CALLS["harness_run"](adapter)
    with pytest.raises(PluginFailed) as caught:
        CALLS["harness_run"](adapter)
    words = "adapter 'x', plugin 'wrap': harness_run raised KeyError: 'lost'; its traceback"
    assert caught.value.message.startswith(words)
    assert isinstance(caught.value.__cause__, KeyError)


def test_a_wrapper_that_never_served_is_left_out_and_takes_nothing_down():
    others = beside(wrap=wrapping("harness_run", failing_after(0)))
    told: list[Problem] = []
    others.report = told.append
    adapter = Adapter("x", answering(**RESULTS), others)
    other = Adapter("y", answering(**RESULTS), others)
    for one in (adapter, adapter, other):
        assert CALLS["harness_run"](one) is RESULTS["harness_run"]
    (problem,) = told
    assert problem.name == "wrap"
    assert "harness_run raised KeyError: 'lost'" in problem.message


def test_an_error_of_the_adapter_under_a_wrapper_is_the_adapter_s():
    def wrapper():
        return (yield)

    adapter = Adapter("x", Good(), beside(wrap=wrapping("harness_run", wrapper)))
    with pytest.raises(PluginFailed, match=r"^adapter 'x': harness_run raised ZeroDivisionError"):
        call(adapter, "run")


def test_a_required_hook_that_is_only_wrapped_is_missing():
    own = {name: value for name, value in RESULTS.items() if name != "harness_time"}

    def wrapper():
        return (yield)

    with pytest.raises(PluginFailed, match="does not implement harness_time"):
        Adapter("x", answering(**own), beside(wrap=wrapping("harness_time", wrapper)))


def left_out(plugin: object, name: str = "p") -> Problem:
    """Why a plugin does not take part; the adapter that it stands beside works."""
    others = beside(**{name: plugin})
    adapter = Adapter("x", answering(**RESULTS), others)
    assert all(call(adapter) is RESULTS[hook] for hook, call in CALLS.items())
    (problem,) = others.problems
    return problem


def test_a_plugin_may_not_stand_in_for_the_adapter():
    problem = left_out(answering(harness_build=BUILD))
    assert "plugin 'p' implements harness_build" in problem.message
    assert "wrapper=True" in problem.hint


def test_a_plugin_answers_an_optional_hook_where_the_adapter_has_no_answer():
    profile = replace(RESULTS["harness_profile"], tool="of the plugin")
    plugin = beside(p=answering(harness_profile=profile))
    silent = answering(**{**RESULTS, "harness_profile": None})
    assert CALLS["harness_profile"](Adapter("x", silent, plugin)).tool == "of the plugin"
    assert CALLS["harness_profile"](Adapter("x", answering(**RESULTS), plugin)).tool == "t"


def test_a_comparison_may_come_from_a_plugin():
    bare = {name: RESULTS[name] for name in REQUIRED_HOOKS}
    brings = beside(p=answering(harness_compare=None))
    assert not Adapter("x", answering(**bare)).compares()
    assert Adapter("x", answering(**bare), brings).compares()


def test_a_misspelt_hook_of_a_plugin_is_named():
    assert "harness_bild" in left_out(answering(harness_bild=None)).message


def test_a_plugin_with_the_adapter_s_name_is_named():
    assert "'x'" in left_out(answering(), name="x").message


# -- the contract's version -----------------------------------------------------------------------


def written_for(version: object) -> SimpleNamespace:
    return SimpleNamespace(**vars(answering(**RESULTS)), HARNESS_CONTRACT=version)


def test_a_plugin_for_this_contract_or_that_says_nothing_serves():
    for plugin in (written_for(CONTRACT), written_for(1), answering(**RESULTS)):
        assert CALLS["harness_probe"](Adapter("x", plugin)) is TOOLCHAIN


def test_an_adapter_for_a_newer_contract_is_refused_with_what_to_upgrade():
    origin = Installed("x", "harness_x", "harness-x", "2.0")
    with pytest.raises(AdapterError) as caught:
        Adapter("x", written_for(CONTRACT + 1), origin=origin)
    said = f"written for contract {CONTRACT + 1}; this harness offers {CONTRACT}"
    assert caught.value.message == f"adapter 'x' (harness-x 2.0) is {said}"
    assert caught.value.hint == "pip install --upgrade optim-harness, or take an older harness-x."


@pytest.mark.parametrize("version", ["2", 0, None])
def test_a_contract_that_is_no_version_is_refused(version):
    with pytest.raises(PluginFailed, match="HARNESS_CONTRACT"):
        Adapter("x", written_for(version))


def test_a_cross_cutting_plugin_for_a_newer_contract_is_left_out():
    plugin = SimpleNamespace(HARNESS_CONTRACT=CONTRACT + 1)
    assert "contract" in left_out(plugin).message


# -- what plugins print, and how they end ---------------------------------------------------------


def test_what_a_hook_prints_goes_to_standard_error(capsys):
    class Talks(Good):
        @hookimpl
        def harness_probe(self):
            print("hello from a plugin")
            return TOOLCHAIN

    call(Adapter("x", Talks()), "probe")
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "hello from a plugin\n")


def test_the_traceback_of_a_hook_is_kept_in_the_file_that_the_message_names():
    with pytest.raises(PluginFailed) as caught:
        call(Adapter("x", Good()), "run")
    path = Path(caught.value.message.rpartition(" ")[2])
    text = path.read_text()
    path.unlink()
    assert "ZeroDivisionError: oh" in text
    assert "in harness_run" in text


# -- entry points --------------------------------------------------------------------------------


def points(*pairs: tuple[str, str], group: str = "harness.adapters") -> list[EntryPoint]:
    return [EntryPoint(name, value, group) for name, value in pairs]


def test_an_unknown_adapter_suggests_the_near_one():
    with pytest.raises(AdapterNotFound) as caught:
        Adapters(points(("julia", "a"), ("c", "b"))).get("jula")
    assert "installed: c, julia" in caught.value.message
    assert "'julia'" in caught.value.hint


def test_two_packages_with_the_same_adapter_name_are_named_and_others_serve():
    adapters = Adapters(points(("d", "one"), ("d", "two"), ("command", "harness_command")))
    with pytest.raises(AdapterError, match="register the adapter 'd': one and two"):
        adapters.get("d")
    assert adapters.get("command").name == "command"
    assert [a.module for a in adapters.installed()] == ["harness_command", "one", "two"]


def test_an_adapter_that_does_not_import_is_named():
    with pytest.raises(PluginFailed, match="no_such_module_here"):
        Adapters(points(("x", "no_such_module_here"))).get("x")


def test_adapters_of_other_packages_say_the_suffix_of_their_sources():
    """Entry points without a distribution stand for those that another package brings."""
    others = points(
        ("broken", "no_such_module_here"), ("js", "harness_javascript:adapter"), ("none", "json")
    )
    assert Adapters(others).suffixes() == {".js": "js"}


def told_by(*plugins: tuple[str, str]) -> list[Problem]:
    """What is reported of these cross-cutting plugins; adapters serve all the same."""
    told: list[Problem] = []
    found = points(*plugins, group="harness.plugins")
    adapters = Adapters(points(("command", "harness_command")), found, told.append)
    adapters.get("command")
    return told


def test_two_plugins_of_one_name_are_named():
    (problem,) = told_by(("p", "one"), ("p", "two"))
    assert "register the plugin 'p': one and two" in problem.message


def test_the_same_entry_found_twice_is_one():
    assert len(Adapters(points(("c", "one"), ("c", "one"))).installed()) == 1


def test_a_cross_cutting_plugin_is_registered_with_every_adapter(tmp_path, monkeypatch):
    (tmp_path / "counting_plugin.py").write_text(
        "from harness.hookspecs import hookimpl\n"
        "calls = []\n"
        "@hookimpl(wrapper=True)\n"
        "def harness_probe(runner):\n"
        "    toolchain = yield\n"
        "    calls.append(toolchain.adapter)\n"
        "    return toolchain\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    adapters = Adapters(
        points(("command", "harness_command"), ("other", "harness_command")),
        points(("counting", "counting_plugin"), group="harness.plugins"),
    )
    for name in ("command", "other"):
        adapters.get(name).probe(FakeRunner(tmp_path, programs=["sh"]))
    assert sys.modules["counting_plugin"].calls == ["command", "command"]


def test_a_plugin_that_does_not_import_is_named_and_stops_no_adapter():
    (problem,) = told_by(("p", "no_such_module_here"))
    assert "plugin 'p' (no_such_module_here) cannot be imported" in problem.message


@pytest.mark.parametrize("body", ["import sys; sys.exit(0)", "raise SystemExit"])
def test_an_adapter_that_ends_the_process_at_its_import_is_a_broken_one(
    body, tmp_path, monkeypatch
):
    (tmp_path / "leaves_at_once.py").write_text(body)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(PluginFailed, match="cannot be imported: SystemExit"):
        Adapters(points(("x", "leaves_at_once"))).get("x")


def test_our_own_adapters_are_registered_as_entry_points():
    names = [adapter.name for adapter in Adapters().installed()]
    assert {"c", "command", "julia", "python"} <= set(names)


def test_an_installed_adapter_says_which_package_brings_it():
    ours = {a.name: a for a in Adapters().installed()}["c"]
    assert (ours.distribution, ours.module) == ("optim-harness", "harness_c")


@pytest.mark.parametrize(
    ("name", "hint"), [("C", "'c'"), ("pyton", "'python'"), ("cobol", "harness adapters")]
)
def test_an_unknown_adapter_suggests_what_is_near_and_nothing_far(name, hint):
    with pytest.raises(AdapterNotFound) as caught:
        Adapters().get(name)
    assert hint in caught.value.hint
    assert ("Did you mean" in caught.value.hint) is (name != "cobol")
