"""The records' folder: what is in the place of a record and is none is named, not waited for."""

import os

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
