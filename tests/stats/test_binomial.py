"""The binomial law by its terms is what scipy has, which is not imported for it."""

import subprocess
import sys

import pytest
from scipy.special import bdtr, bdtri

from harness.stats.binomial import at_most, share_for


@pytest.mark.parametrize("n", [1, 2, 7, 40, 1000, 4096, 100_000])
@pytest.mark.parametrize("of_n", [0.0, 0.01, 0.3, 0.49, 0.9])
def test_the_law_and_its_inverse_are_those_of_scipy(n: int, of_n: float) -> None:
    k = min(int(of_n * n), n - 1)
    for share in (0.001, 0.1, 0.3, 0.45, 0.5, 0.7, 0.999):
        assert at_most(k, n, share) == pytest.approx(bdtr(k, n, share), rel=1e-8, abs=1e-12)
    for probability in (0.05, 0.5, 0.8):
        assert share_for(k, n, probability) == pytest.approx(bdtri(k, n, probability), rel=1e-9)


def test_at_its_ends_a_share_decides_alone() -> None:
    assert at_most(3, 9, 0.0) == 1.0
    assert at_most(3, 9, 1.0) == 0.0


def test_what_a_run_could_have_found_is_told_without_scipy() -> None:
    said = (
        "import sys; from harness.stats.boundary import sign_boundary;"
        "from harness.stats.paired import sequence_of; from harness.stats import power;"
        "seen = sequence_of([1.0 + i % 7 for i in range(30)], [2.0 + i % 5 for i in range(30)],"
        " sign_boundary(0.95), None, ());"
        "power.detectable(seen.ratios, sign_boundary(0.95));"
        "power.blocks_needed(seen.ratios, seen.interval(), sign_boundary(0.95), 0.01);"
        "sys.exit('scipy' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", said], check=True)
