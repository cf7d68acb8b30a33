"""Exports that other tools read, and the flame graph."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from harness.errors import DataDamaged
from harness.model import Frame, Profile, ProfileFailure
from harness.profiles import (
    collapsed,
    count_spots,
    flame_graph,
    report_from_json,
    report_to_json,
    speedscope,
)
from harness.profiles.flame import colour, fit_label

Make = Callable[..., Any]
MAIN = Frame("main", "/src/a.c", 20)


SVG = "{http://www.w3.org/2000/svg}"


def test_collapsed_stacks_join_lines_of_a_function(profile: Profile) -> None:
    assert collapsed(profile).splitlines() == [
        "main (a.c) 10",
        "main (a.c);step (a.c) 50",
        "main (a.c);step (a.c);exp (libm.so.6) 40",
    ]


def test_a_semicolon_in_a_name_does_not_break_a_collapsed_stack(make_profile: Make) -> None:
    odd = make_profile(stacks={(Frame("operator;x\ny"),): 2.0})
    assert collapsed(odd) == "operator:x y 2\n"


def test_speedscope_keeps_every_stack_and_its_weight(profile: Profile) -> None:
    written = speedscope(profile, "sum-c on fast")
    shown = written["profiles"][0]
    names = [frame["name"] for frame in written["shared"]["frames"]]
    stacks = [tuple(names[i] for i in sample) for sample in shown["samples"]]
    assert ("main", "step", "exp") in stacks
    assert shown["endValue"] == sum(shown["weights"]) == 100.0
    assert len(shown["samples"]) == len(shown["weights"]) == 4


def test_speedscope_frames_carry_file_and_line(profile: Profile) -> None:
    frames = speedscope(profile, "x")["shared"]["frames"]
    assert {"name": "main", "file": "/src/a.c", "line": 20} in frames
    assert {"name": "exp", "file": "libm.so.6"} in frames


def boxes(svg: str) -> dict[str, ET.Element]:
    found = {}
    for group in ET.fromstring(svg).iter(f"{SVG}g"):
        title = group.find(f"{SVG}title")
        assert title is not None
        found[group.attrib["data-n"]] = group
    return found


def test_a_box_is_as_wide_as_its_share(profile: Profile) -> None:
    found = boxes(flame_graph(profile, "t"))
    assert float(found["step (a.c)"].attrib["data-s"]) == pytest.approx(0.9)
    assert float(found["exp (libm.so.6)"].attrib["data-s"]) == pytest.approx(0.4)
    rect = found["all"].find(f"{SVG}rect")
    assert rect is not None
    assert float(rect.attrib["width"]) == pytest.approx(1180.0)


def test_a_box_lies_upon_its_caller(profile: Profile) -> None:
    def top(name: str) -> float:
        rect = boxes(flame_graph(profile, "t"))[name].find(f"{SVG}rect")
        assert rect is not None
        return float(rect.attrib["y"])

    assert top("exp (libm.so.6)") < top("step (a.c)") < top("main (a.c)") < top("all")


def test_a_hover_title_says_shares_and_weight(profile: Profile) -> None:
    title = boxes(flame_graph(profile, "t"))["step (a.c)"].find(f"{SVG}title")
    assert title is not None
    assert title.text == "step (a.c): 90.0% in all, 50.0% itself, 90 samples"


def test_the_graph_needs_no_network(profile: Profile) -> None:
    addresses = re.findall(r"https?://[^\"' ]+", flame_graph(profile, "t"))
    assert set(addresses) == {"http://www.w3.org/2000/svg"}  # a name, never fetched


def test_names_and_titles_are_escaped(make_profile: Make) -> None:
    odd = make_profile(stacks={(Frame('std::less<int> "&"'),): 1.0})
    assert 'std::less<int> "&"' in boxes(flame_graph(odd, "a < b"))


def test_deep_recursion_is_drawn(make_profile: Make) -> None:
    deep = tuple(Frame("f", "a.c", n) for n in range(3000))
    assert len(list(ET.fromstring(flame_graph(make_profile(stacks={deep: 1.0}), "t")))) > 3000


def test_boxes_too_narrow_to_see_are_left_out(make_profile: Make) -> None:
    stacks = {(MAIN,): 1e6, (MAIN, Frame("speck")): 1.0}
    assert "speck" not in boxes(flame_graph(make_profile(stacks=stacks), "t"))


def test_without_stacks_there_is_no_graph(profile: Profile) -> None:
    assert flame_graph(replace(profile, stacks={}), "t") == ""


def test_a_label_is_cut_to_the_room_that_it_has() -> None:
    assert fit_label("compute_accelerations", 100) == "compute_acce.."
    assert fit_label("f", 100) == "f"
    assert fit_label("compute", 12) == ""


def test_library_code_has_another_colour() -> None:
    def blue(frame: Frame) -> bool:
        red, _, blue = map(int, re.findall(r"\d+", colour(frame)))
        return blue > red

    assert blue(Frame("exp", native=True))
    assert not blue(Frame("exp"))


def test_a_report_comes_back_as_it_was_stored_but_for_its_stacks(
    profile: Profile, make_phases: Make, make_report: Make
) -> None:
    report = make_report(
        phases=make_phases(force=0.5),
        spots=count_spots(profile),
        failure=ProfileFailure("no", "get one", 3),
        slowdown=1.2,
    )
    read = report_from_json(report_to_json(report), "x")
    assert report.spots is not None
    assert read == replace(report, spots=replace(report.spots, stacks={}))


@pytest.mark.parametrize("text", [b"", b"{}", b'{"format": 99}', b'{"format": 1, "report": {}}'])
def test_a_damaged_report_is_named(text: bytes) -> None:
    with pytest.raises(DataDamaged, match=r"profile\.json: not a stored profile"):
        report_from_json(text, "profile.json")
