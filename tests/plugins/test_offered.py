"""Entry points are found as the standard library finds them."""

import sys
from importlib import metadata
from pathlib import Path

import pytest

from harness.plugins.offered import entry_points

GROUP = "harness.adapters"


def install(folder: Path, name: str, version: str, entries: str) -> None:
    facts = folder / f"{name}-{version}.dist-info"
    facts.mkdir(parents=True)
    (facts / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n\nx\n"
    )
    (facts / "entry_points.txt").write_text(entries)


def facts_of(points: object) -> list[tuple[str, ...]]:
    return sorted((p.name, p.value, p.group, p.dist.name, p.dist.version) for p in points)  # type: ignore[attr-defined]


def test_all_groups_are_as_the_standard_library_has_them():
    groups = metadata.entry_points().groups
    assert GROUP in groups
    for group in groups:
        assert facts_of(entry_points(group)) == facts_of(metadata.entry_points(group=group))


def test_what_is_installed_later_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(tmp_path)
    before = facts_of(entry_points(GROUP))
    install(tmp_path, "their-adapter", "2.0", f"# a note\n[{GROUP}]\n perl = json : dumps \n")
    more = [found for found in facts_of(entry_points(GROUP)) if found not in before]
    assert more == [("perl", "json : dumps", GROUP, "their-adapter", "2.0")]
    (point,) = (p for p in entry_points(GROUP) if p.name == "perl")
    assert point.load()([1]) == "[1]"


def test_of_a_package_that_is_there_twice_the_first_one_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    for folder, version in (("old", "1.0"), ("new", "2.0")):
        install(tmp_path / folder, "their_adapter", version, f"[{GROUP}]\nperl = json\n")
        monkeypatch.syspath_prepend(tmp_path / folder)
    found = [each for each in facts_of(entry_points(GROUP)) if each[0] == "perl"]
    assert found == [("perl", "json", GROUP, "their_adapter", "2.0")]


def test_where_another_finder_is_the_standard_library_is_asked(monkeypatch: pytest.MonkeyPatch):
    class Finder:
        @staticmethod
        def find_spec(*_: object) -> None:
            return None

        @staticmethod
        def find_distributions(context: object = None) -> list[metadata.Distribution]:
            return [Distribution()]

    class Distribution(metadata.Distribution):
        def read_text(self, filename: str) -> str | None:
            texts = {
                "METADATA": "Name: hidden\nVersion: 1\n",
                "entry_points.txt": f"[{GROUP}]\nhidden = json\n",
            }
            return texts.get(filename)

        def locate_file(self, path: object) -> Path:
            return Path(str(path))

    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path, Finder])
    assert "hidden" in [point.name for point in entry_points(GROUP)]


def test_a_folder_that_cannot_be_listed_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.syspath_prepend(tmp_path / "missing")
    assert facts_of(entry_points(GROUP)) == facts_of(metadata.entry_points(group=GROUP))


def test_facts_in_another_encoding_take_nothing_else_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.syspath_prepend(tmp_path)
    install(tmp_path, "bad", "1.0", "")
    (tmp_path / "bad-1.0.dist-info" / "entry_points.txt").write_bytes(b"[x]\ncaf\xe9 = json\n")
    install(tmp_path, "good", "1.0", f"[{GROUP}]\nperl = json\n")
    assert "perl" in {point.name for point in entry_points(GROUP)}


def test_of_two_kinds_of_facts_in_one_folder_the_newer_kind_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.syspath_prepend(tmp_path)
    old = tmp_path / "two.egg-info"
    old.mkdir()
    (old / "PKG-INFO").write_text("Metadata-Version: 2.1\nName: two\nVersion: 0\n\n")
    (old / "entry_points.txt").write_text(f"[{GROUP}]\nperl = csv\n")
    install(tmp_path, "two", "1.0", f"[{GROUP}]\nperl = json\n")
    ours = facts_of(entry_points(GROUP))
    assert ours == facts_of(metadata.entry_points(group=GROUP))
    assert [point[1] for point in ours if point[0] == "perl"] == ["json"]


def test_a_path_that_is_no_text_is_looked_at_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    install(tmp_path, "pathlike", "1.0", f"[{GROUP}]\nperl = json\n")
    monkeypatch.setattr(sys, "path", [*sys.path, tmp_path])
    assert "perl" in {point.name for point in entry_points(GROUP)}
