"""The facade over pluggy: whatever a plugin does wrong is said with its name."""

from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from harness.errors import AdapterError, AdapterNotFound, PluginFailed, ToolchainMissing
from harness.hookspecs import hookimpl
from harness.model import Toolchain
from harness.plugins import Adapter, Adapters

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
        "probe": (None,),
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


def test_a_cross_cutting_plugin_may_wrap_any_hook():
    seen = []

    class Wrap:
        @hookimpl(wrapper=True)
        def harness_probe(self):
            result = yield
            seen.append(result)
            return result

    call(Adapter("x", Good(), [("wrap", Wrap())]), "probe")
    assert seen == [TOOLCHAIN]


def points(*pairs: tuple[str, str]) -> list[EntryPoint]:
    return [EntryPoint(name, value, "harness.adapters") for name, value in pairs]


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


def test_our_own_adapters_are_registered_as_entry_points():
    names = [adapter.name for adapter in Adapters().installed()]
    assert {"c", "command", "julia", "python"} <= set(names)


def test_an_installed_adapter_says_which_package_brings_it():
    ours = {a.name: a for a in Adapters().installed()}["c"]
    assert (ours.distribution, ours.module) == ("optim-harness", "harness_c")
