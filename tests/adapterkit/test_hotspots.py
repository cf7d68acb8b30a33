"""Profiles of native programs name the user's files."""

from harness.adapterkit.native.hotspots import of_the_sources
from harness.model import Frame
from harness.testing import make_target


def test_a_copy_of_a_source_that_is_gone_is_the_source(tmp_path):
    source = tmp_path / "sum.ml"
    source.write_text("let () = ()\n")
    target = make_target(tmp_path, sources=(source,))
    copy = Frame("main", str(tmp_path / ".building-x" / "sum.ml"), 1)
    other = Frame("helper", "/usr/src/helper.ml", 7)
    library = Frame("exp", "sum.ml", None, native=True)
    (stack,) = of_the_sources({(copy, other, library): 3.0}, target)
    assert stack == (Frame("main", str(source), 1), other, library)


def test_another_file_of_the_same_name_that_is_there_is_kept(tmp_path):
    inner = tmp_path / "inner" / "sum.ml"
    inner.parent.mkdir()
    inner.write_text("let f = 1\n")
    target = make_target(tmp_path, sources=(tmp_path / "sum.ml",))
    frame = Frame("f", str(inner), 1)
    assert of_the_sources({(frame,): 1.0}, target) == {(frame,): 1.0}
