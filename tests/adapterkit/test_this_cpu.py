"""A build for the machine's own CPU is handed to no other kind of CPU."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.adapterkit import kind_asked_for, kind_of_cpu, this_cpu
from tests.adapters.conftest import workshop_of  # noqa: F401  (a fixture)

CPU = "processor\t: 0\nmodel name\t: {model}\nflags\t\t: fpu {flags}\ncpu MHz\t: 2000\n"


class Cpuinfo:
    """What the kernel says of a machine's CPUs."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def says(self, model: str, flags: str) -> None:
        self.path.write_text(CPU.format(model=model, flags=flags))


@pytest.fixture
def cpuinfo(tmp_path, monkeypatch) -> Cpuinfo:
    monkeypatch.setattr(this_cpu, "CPUINFO", tmp_path / "cpuinfo")
    made = Cpuinfo(tmp_path / "cpuinfo")
    made.says("One CPU", "avx2")
    return made


def test_the_kind_is_the_model_and_the_flags_and_not_what_changes_by_itself(cpuinfo):
    first = kind_of_cpu()
    cpuinfo.path.write_text(CPU.format(model="One CPU", flags="avx2").replace("2000", "3100"))
    assert kind_of_cpu() == first
    cpuinfo.says("One CPU", "avx2 avx512f")
    more_flags = kind_of_cpu()
    cpuinfo.says("Another CPU", "avx2")
    assert len({first, more_flags, kind_of_cpu()}) == 3
    cpuinfo.path.unlink()
    assert kind_of_cpu() == "unknown"


@pytest.mark.parametrize(
    "words",
    [("-O3", "-march=native"), ("-C", "target-cpu=native"), ("-xHost",), ("-tp=host",)],
)
def test_what_asks_for_this_cpu_has_its_kind_in_the_digest(cpuinfo, words):
    assert kind_asked_for(words) == (kind_of_cpu(),)


def test_what_asks_for_no_cpu_is_the_same_build_everywhere(cpuinfo):
    assert kind_asked_for(("-O3", "-march=x86-64-v3", "-DHOST=1")) == ()


@pytest.mark.parametrize(
    ("language", "source"), [("c", "int main(void) { return 0; }"), ("cpp", "int main() {}")]
)
def test_march_native_is_never_carried_to_another_kind(
    language,
    source,
    cpuinfo,
    workshop_of,  # noqa: F811
):
    work = workshop_of(language)
    name = f"a.{language}"
    work.write(name, source)

    def digests() -> tuple[str, str]:
        flags = (["-O0", "-march=native"], ["-O0"])
        native, plain = (work.make(work.target(name, flags=each)).digest for each in flags)
        return native, plain

    here = digests()
    assert digests() == here
    cpuinfo.says("One CPU", "avx2 avx512f")
    there = digests()
    assert there[0] != here[0]
    assert there[1] == here[1]
