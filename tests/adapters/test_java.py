"""The Java adapter keeps the contract."""

import json
from pathlib import Path

import pytest

from harness.errors import TrialFailed
from harness.testing import suite_of
from harness_java.recorded import read_stacks

pytestmark = pytest.mark.needs("javac")


class TestJava(suite_of("java")):
    """The programs are in `adapters/harness_java/sample.toml`."""


def event(*frames: tuple[str, str, int], state: str = "STATE_RUNNABLE") -> dict:
    trace = [
        {"method": {"type": {"name": kind}, "name": name}, "lineNumber": line}
        for kind, name, line in frames
    ]
    return {"values": {"state": state, "stackTrace": {"frames": trace}}}


def test_samples_are_counted_by_stack_with_the_files_of_the_target():
    own = event(("java.util.HashMap", "get", 5), ("Work$Inner", "step", 12), ("Work", "main", 3))
    asleep = event(("Work", "main", 4), state="STATE_SLEEPING")
    text = json.dumps({"recording": {"events": [own, own, asleep]}})
    (stack, count), *others = read_stacks(text, (Path("/p/Work.java"),)).items()
    assert (count, others) == (2.0, [])
    assert [(f.function, f.file, f.line, f.native) for f in stack] == [
        ("Work.main", "/p/Work.java", 3, False),
        ("Work$Inner.step", "/p/Work.java", 12, False),
        ("java.util.HashMap.get", "java.util.HashMap", None, True),
    ]


@pytest.mark.parametrize("text", ["", "{}", '{"recording": 7}'])
def test_what_cannot_be_read_is_a_failed_profile(text: str):
    with pytest.raises(TrialFailed, match="cannot be read"):
        read_stacks(text, ())
