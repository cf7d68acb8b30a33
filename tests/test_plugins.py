"""The facade over pluggy: whatever a plugin does wrong is said with its name."""

import sys
from dataclasses import replace
from importlib.metadata import EntryPoint
from pathlib import Path
from types import SimpleNamespace

import pytest

from harness.errors import AdapterError, AdapterNotFound, PluginFailed, ToolchainMissing
from harness.hookspecs import AdapterSpec, hookimpl
from harness.model import (
    Agreement,
    Output,
    Profile,
    ProfileBy,
    ProfilePlan,
    Tolerance,
    Toolchain,
    TrialPlan,
)
from harness.plugins import REQUIRED_HOOKS, Adapter, Adapters
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
        "build": (None, None, None, None),
        "run": (None, None, None),
        "time": (None, None, None, None),
        "profile": (None, None, None, None),
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


# -- cross-cutting plugins ----------------------------------------------------------------------

BUILD = make_build(make_target(Path("/")))
RESULTS = {
    "harness_probe": TOOLCHAIN,
    "harness_build": BUILD,
    "harness_run": Output(Path("/"), Path("/o"), Path("/e"), "d"),
    "harness_time": make_trial(5),
    "harness_profile": Profile("t", ProfileBy.LINE, "ns", 1.0, ()),
    "harness_compare": Agreement(ok=True, summary="fine"),
}
CALLS = {
    "harness_probe": lambda adapter: adapter.probe(None),
    "harness_build": lambda adapter: adapter.build(BUILD.target, TOOLCHAIN, Path("/"), None),
    "harness_run": lambda adapter: adapter.run(BUILD, make_case(), None),
    "harness_time": lambda adapter: adapter.time(BUILD, make_case(), TrialPlan(), None),
    "harness_profile": lambda adapter: adapter.profile(BUILD, make_case(), ProfilePlan(), None),
    "harness_compare": lambda adapter: adapter.compare(None, None, Tolerance()),
}


def answering(**results: object) -> SimpleNamespace:
    """A plugin whose hooks return these values."""

    def hook(value: object):
        return hookimpl(lambda: value)

    return SimpleNamespace(**{name: hook(value) for name, value in results.items()})


def wrapping(name: str, wrapper) -> SimpleNamespace:
    return SimpleNamespace(**{name: hookimpl(wrapper=True)(wrapper)})


def test_the_calls_below_are_all_the_hooks():
    hooks = {name for name in vars(AdapterSpec) if name.startswith("harness_")}
    assert hooks == set(CALLS) == set(RESULTS)


@pytest.mark.parametrize("name", CALLS)
def test_a_cross_cutting_plugin_may_wrap_any_hook(name):
    seen = []

    def wrapper():
        result = yield
        seen.append(result)
        return result

    adapter = Adapter("x", answering(**RESULTS), [("wrap", wrapping(name, wrapper))])
    assert CALLS[name](adapter) is RESULTS[name]
    assert seen == [RESULTS[name]]


def test_a_wrapper_may_change_the_result():
    def wrapper(plan):
        trial = yield
        return replace(trial, message=f"within {plan.timeout_ns} ns")

    adapter = Adapter("x", answering(**RESULTS), [("wrap", wrapping("harness_time", wrapper))])
    assert CALLS["harness_time"](adapter).message == "within 600000000000 ns"


def test_an_error_of_a_wrapper_names_the_plugin_the_adapter_and_the_hook():
    def wrapper():
        yield
        raise KeyError("lost")

    adapter = Adapter("x", answering(**RESULTS), [("wrap", wrapping("harness_run", wrapper))])
    with pytest.raises(PluginFailed) as caught:
        CALLS["harness_run"](adapter)
    assert caught.value.message == "adapter 'x', plugin 'wrap': harness_run raised KeyError: 'lost'"
    assert isinstance(caught.value.__cause__, KeyError)


def test_an_error_of_the_adapter_under_a_wrapper_is_the_adapter_s():
    def wrapper():
        return (yield)

    adapter = Adapter("x", Good(), [("wrap", wrapping("harness_run", wrapper))])
    with pytest.raises(PluginFailed, match=r"^adapter 'x': harness_run raised ZeroDivisionError"):
        call(adapter, "run")


def test_a_required_hook_that_is_only_wrapped_is_missing():
    own = {name: value for name, value in RESULTS.items() if name != "harness_time"}

    def wrapper():
        return (yield)

    with pytest.raises(PluginFailed, match="does not implement harness_time"):
        Adapter("x", answering(**own), [("wrap", wrapping("harness_time", wrapper))])


def test_a_plugin_may_not_stand_in_for_the_adapter():
    other = answering(harness_build=BUILD)
    with pytest.raises(PluginFailed, match="plugin 'p' implements harness_build") as caught:
        Adapter("x", answering(**RESULTS), [("p", other)])
    assert "wrapper=True" in caught.value.hint


def test_a_plugin_answers_an_optional_hook_where_the_adapter_has_no_answer():
    profile = replace(RESULTS["harness_profile"], tool="of the plugin")
    plugin = [("p", answering(harness_profile=profile))]
    silent = answering(**{**RESULTS, "harness_profile": None})
    assert CALLS["harness_profile"](Adapter("x", silent, plugin)).tool == "of the plugin"
    assert CALLS["harness_profile"](Adapter("x", answering(**RESULTS), plugin)).tool == "t"


def test_a_comparison_may_come_from_a_plugin():
    bare = {name: RESULTS[name] for name in REQUIRED_HOOKS}
    brings = [("p", answering(harness_compare=None))]
    assert not Adapter("x", answering(**bare)).compares()
    assert Adapter("x", answering(**bare), brings).compares()


def test_a_misspelt_hook_of_a_plugin_is_named():
    with pytest.raises(PluginFailed, match="harness_bild"):
        Adapter("x", answering(**RESULTS), [("p", answering(harness_bild=None))])


def test_a_plugin_with_the_adapter_s_name_is_named():
    with pytest.raises(PluginFailed, match="'x'"):
        Adapter("x", answering(**RESULTS), [("x", answering())])


# -- entry points --------------------------------------------------------------------------------


def points(*pairs: tuple[str, str], group: str = "harness.adapters") -> list[EntryPoint]:
    return [EntryPoint(name, value, group) for name, value in pairs]


def test_an_unknown_adapter_suggests_the_near_one():
    with pytest.raises(AdapterNotFound) as caught:
        Adapters(points(("julia", "a"), ("c", "b"))).get("jula")
    assert "installed: c, julia" in caught.value.message
    assert "'julia'" in caught.value.hint


def test_two_packages_with_the_same_adapter_name_are_named():
    with pytest.raises(AdapterError, match="c = one, c = two"):
        Adapters(points(("c", "one"), ("c", "two")))


def test_an_adapter_that_does_not_import_is_named():
    with pytest.raises(PluginFailed, match="no_such_module_here"):
        Adapters(points(("x", "no_such_module_here"))).get("x")


def test_two_plugins_of_one_name_are_named():
    both = points(("p", "one"), ("p", "two"), group="harness.plugins")
    with pytest.raises(AdapterError, match="p = one, p = two"):
        Adapters(points(("c", "harness_c")), both)


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


def test_a_plugin_that_does_not_import_is_named():
    broken = points(("p", "no_such_module_here"), group="harness.plugins")
    with pytest.raises(PluginFailed, match=r"plugin 'p' \(no_such_module_here\)"):
        Adapters(points(("c", "harness_c")), broken).get("c")


def test_our_own_adapters_are_registered_as_entry_points():
    names = [adapter.name for adapter in Adapters().installed()]
    assert {"c", "command", "julia", "python"} <= set(names)


def test_an_installed_adapter_says_which_package_brings_it():
    ours = {a.name: a for a in Adapters().installed()}["c"]
    assert (ours.distribution, ours.module) == ("optim-harness", "harness_c")


@pytest.mark.parametrize(
    ("name", "hint"), [("C", "'c'"), ("pyton", "'python'"), ("fortran", "harness adapters")]
)
def test_an_unknown_adapter_suggests_what_is_near_and_nothing_far(name, hint):
    with pytest.raises(AdapterNotFound) as caught:
        Adapters().get(name)
    assert hint in caught.value.hint
    assert ("Did you mean" in caught.value.hint) is (name != "fortran")
