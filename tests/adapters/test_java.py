"""The Java adapter keeps the contract."""

import json
from pathlib import Path

import pytest

from harness.errors import TrialFailed
from harness.testing import AdapterConformance
from harness_java.recorded import read_stacks

pytestmark = pytest.mark.needs("javac")


def source(body: str, imports: str = "") -> str:
    head = "".join(f"import {name};\n" for name in imports.split())
    start = "public class sum {\n  public static void main(String[] args) throws Exception {\n"
    return f"{head}{start}{body}  }}\n}}\n"


SUM = """\
    long n = Long.parseLong(args[0]), sum = 0;
    for (long i = 1; i <= n; i++) sum += i;
    System.out.println(sum);
"""


class TestJava(AdapterConformance):
    adapter = "java"
    suffix = ".java"
    option = "java_flags"
    steady = True
    gets_faster = True
    changes = (
        ("flags", ["-parameters"]),
        ("java_flags", ["-Xshare:auto"]),
        ("main", "sum"),
        ("class_path", ["."]),
    )
    extra = ("class beside {}\n", "class beside { }\n")
    program = source(SUM)
    wrong = source("    System.out.println(7);\n")
    failing = source("    System.exit(3);\n")
    hanging = source("    Thread.sleep(90_000);\n")
    broken = source("    undeclared();\n")
    broken_says = "sum.java:3: error: cannot find symbol"
    reading = source(
        """\
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
    long sum = 0;
    for (String line = in.readLine(); line != null; line = in.readLine())
      sum += Long.parseLong(line);
    System.out.println(sum);
""",
        "java.io.BufferedReader java.io.InputStreamReader",
    )
    marked = source(
        SUM.replace("    for", '    harness.Phases.begin("sum");\n    for').replace(
            "    System", '    harness.Phases.end("sum");\n    System'
        )
    )


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
