"""The records' folder: what is in the place of a record and is none is named, not waited for."""

import os
from pathlib import Path

import pytest

from harness.errors import DataDamaged
from harness.optimise.records import Records


@pytest.mark.parametrize("name", [".gitattributes", "seal.sha256"])
@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda path: path.symlink_to("x")])
def test_what_is_no_file_in_place_of_a_record_is_named(tmp_path, name, make):
    records = Records(tmp_path, tmp_path / "aside")
    records.check_places()
    make(tmp_path / name)
    with pytest.raises(DataDamaged, match=name):
        records.check_places()


def test_folders_below_those_of_the_baseline_are_cleared_too(tmp_path: Path) -> None:
    """What a killed command left in them would break the seal."""
    sealed = tmp_path / "baseline_results/files/fast"
    sealed.mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "baseline_results/a link").symlink_to(tmp_path / "elsewhere")
    records = Records(tmp_path, tmp_path / "aside")
    assert list(records.inner_folders()) == [sealed.parent, sealed]
