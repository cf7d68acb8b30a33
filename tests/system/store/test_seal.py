"""The seal finds every change, and says which file and how."""

from __future__ import annotations

import errno
import hashlib
import subprocess

import pytest

from harness.errors import DataClosed, DataDamaged, StorageFailed, UsageError
from harness.system.store import seal
from harness.system.store.files import not_read
from harness.system.store.seal import (
    SEAL_NAME,
    Seal,
    make_seal,
    parse_seal,
    read_seal,
    verify_seal,
    write_seal,
)


@pytest.fixture
def sealed(tmp_path):
    """A folder with a sealed file and a folder that was sealed whole."""
    (tmp_path / "baseline.json").write_text("{}")
    results = tmp_path / "results"
    (results / "deep").mkdir(parents=True)
    (results / "trials.parquet").write_bytes(bytes(range(256)) * 40)
    (results / "deep" / "é ü.txt").write_text("text")
    write_seal(tmp_path, make_seal(tmp_path, ["baseline.json", "results"]))
    return tmp_path


def damage(folder, expected=None) -> str:
    with pytest.raises(DataDamaged) as caught:
        verify_seal(folder, expected)
    return caught.value.message


def test_an_untouched_folder_passes(sealed):
    found = read_seal(sealed)
    assert verify_seal(sealed, found.root) == found
    assert verify_seal(sealed, found) == found
    assert [entry.path for entry in found.entries] == [
        "baseline.json",
        "results/deep/é ü.txt",
        "results/trials.parquet",
    ]


def test_the_root_is_what_sha256sum_prints(sealed):
    content = (sealed / SEAL_NAME).read_bytes()
    assert read_seal(sealed).root == hashlib.sha256(content).hexdigest()


def test_sha256sum_itself_can_check_it(sealed):
    check = ["sha256sum", "--check", "--strict", "--quiet", SEAL_NAME]
    assert subprocess.run(check, cwd=sealed, check=False, capture_output=True).returncode == 0
    (sealed / "baseline.json").write_text("[]")
    assert subprocess.run(check, cwd=sealed, check=False, capture_output=True).returncode == 1


@pytest.mark.parametrize("position", [0, 5_000, 10_239])
def test_one_flipped_bit_is_found(sealed, position):
    path = sealed / "results" / "trials.parquet"
    content = bytearray(path.read_bytes())
    content[position] ^= 1
    path.write_bytes(content)
    said = damage(sealed)
    assert "results/trials.parquet: changed: SHA-256" in said
    assert "baseline.json" not in said


def test_another_length_is_said_as_such(sealed):
    (sealed / "baseline.json").write_text("{} ")
    assert "baseline.json: changed: 3 bytes, sealed with 2" in damage(sealed)


def test_a_closed_file_is_not_called_changed(sealed, monkeypatch):
    def closed(path):
        raise not_read(path, PermissionError(errno.EACCES, "Permission denied"))

    monkeypatch.setattr(seal, "open_kept", closed)
    with pytest.raises(DataClosed, match="cannot be read: Permission denied") as caught:
        verify_seal(sealed)
    assert caught.value.hint.startswith("Nothing says that it is damaged.")


def test_a_missing_file_is_named(sealed):
    (sealed / "results" / "deep" / "é ü.txt").unlink()
    assert "results/deep/é ü.txt: missing" in damage(sealed)


def test_a_new_file_in_a_whole_folder_is_named(sealed):
    (sealed / "results" / "deep" / "more").touch()
    assert "results/deep/more: was not there when it was sealed" in damage(sealed)


def test_a_new_file_beside_what_was_sealed_is_nobodys_business(sealed):
    (sealed / "optimization_log.md").touch()
    verify_seal(sealed)


def test_a_link_in_place_of_a_file_is_named(sealed):
    path = sealed / "baseline.json"
    path.rename(sealed / "elsewhere")
    path.symlink_to(sealed / "elsewhere")
    assert "baseline.json: replaced by a link" in damage(sealed)


def test_a_manifest_edited_together_with_its_file_is_found_by_the_root(sealed):
    root = read_seal(sealed).root
    (sealed / "baseline.json").write_text('{"wall_ns": 1}')
    (sealed / SEAL_NAME).unlink()
    write_seal(sealed, make_seal(sealed, ["baseline.json", "results"]))
    verify_seal(sealed)  # the manifest alone cannot tell
    said = damage(sealed, root)
    assert "seal.sha256: edited: its root is" in said
    assert root in said


def test_with_the_whole_seal_known_the_changed_file_is_named_too(sealed):
    seal = read_seal(sealed)
    (sealed / "baseline.json").write_text("[]")
    (sealed / SEAL_NAME).unlink()
    write_seal(sealed, make_seal(sealed, ["baseline.json", "results"]))
    said = damage(sealed, seal)
    assert "baseline.json: changed" in said


def test_a_missing_manifest_is_damage(sealed):
    (sealed / SEAL_NAME).unlink()
    assert "the seal cannot be read" in damage(sealed)


@pytest.mark.parametrize(
    "edit",
    [
        lambda text: text + "\n",
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.replace("# complete: results\n", "# complete: results \n# x\n"),
        lambda text: text.upper(),
        lambda text: "",
    ],
)
def test_a_manifest_in_another_form_is_none(sealed, edit):
    with pytest.raises(DataDamaged, match="not a seal as it was written"):
        parse_seal(edit((sealed / SEAL_NAME).read_text()))


def test_the_text_and_its_parse_are_inverse(sealed):
    seal = read_seal(sealed)
    assert parse_seal(seal.text) == seal
    assert parse_seal(Seal(()).text) == Seal(())


def test_at_most_five_changes_are_shown(tmp_path):
    (tmp_path / "d").mkdir()
    for number in range(9):
        (tmp_path / "d" / str(number)).touch()
    write_seal(tmp_path, make_seal(tmp_path, ["d"]))
    for number in range(9):
        (tmp_path / "d" / str(number)).write_text("x")
    said = damage(tmp_path)
    assert said.count(": changed") == 5
    assert "and 4 more" in said


def test_a_seal_is_never_replaced(sealed):
    with pytest.raises(StorageFailed, match="cannot write"):
        write_seal(sealed, read_seal(sealed))


@pytest.mark.parametrize("name", ["../outside", "/etc/hosts", "nothing"])
def test_what_cannot_be_sealed_is_refused(sealed, name):
    with pytest.raises(UsageError, match="cannot seal"):
        make_seal(sealed, [name])


@pytest.mark.parametrize("name", ["a\nb", "a\\b"])
def test_a_name_that_breaks_the_manifest_is_refused(tmp_path, name):
    (tmp_path / name).touch()
    with pytest.raises(UsageError, match="breaks the manifest"):
        make_seal(tmp_path, [name])
