"""What of a toolchain a campaign holds."""

from pathlib import Path

from harness.model.jails import JailTerms
from harness.model.trials import LIBRARIES
from harness.optimise.toolchain_parts import libraries_of
from harness.testing.makers import make_target, make_toolchain


def test_folders_that_both_sides_load_from_by_part(tmp_path: Path) -> None:
    root = tmp_path / "project"
    root.mkdir()
    toolchain = make_toolchain(details={LIBRARIES: "/depot/packages:/depot/compiled"})
    target = make_target(root, jail=JailTerms(read=("../data", ".git", "src")))
    assert libraries_of(toolchain, target) == {
        "shown": (tmp_path / "data",),
        "libraries": (Path("/depot/packages"), Path("/depot/compiled")),
    }
    stock = root / ".harness/builds/x/stock" / toolchain.fingerprint[:16]
    stock.mkdir(parents=True)
    assert libraries_of(make_toolchain(), make_target(root)) == {"bytecode": (stock,)}
