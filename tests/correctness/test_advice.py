"""Exact outputs that differ by the way they are written alone: what to declare instead."""

from __future__ import annotations

import numpy as np
import pytest

from harness.correctness import agree
from harness.model import OutputKind, Tolerance

EXACT = Tolerance("stdout")


@pytest.mark.parametrize(
    ("expected", "actual"),
    [
        ("x 9.9999999999999995e-08\n", "x 0.0000001\n"),
        ("1.5D+03\n", "1500.0\n"),
        ("total: 1_000\n", "total: 1000\n"),
        (0.1 + 0.2, 0.3),
        (3, 3.0),
        (np.array([1.0, 2.0]), np.array([1.0, 2.0 + 1e-15])),
    ],
)
def test_numbers_that_are_written_otherwise_lead_to_deterministic(
    expected: object, actual: object
) -> None:
    agreement = agree(expected, actual, EXACT)  # type: ignore[arg-type]
    assert not agreement.ok
    assert 'kind = "deterministic"' in agreement.summary


def test_white_space_leads_to_ignore_layout() -> None:
    summary = agree("a  b\r\nc\r\n", "a b\nc\n", EXACT).summary
    assert "ignore_layout = true" in summary
    assert "deterministic" not in summary
    both = agree("a  1.0\nb\n", "a 1.00\nb", EXACT).summary
    assert "ignore_layout = true" in both
    assert 'kind = "deterministic"' in both


@pytest.mark.parametrize(
    ("expected", "actual"),
    [("1.0\n", "1.1\n"), ("a\n", "b\n"), ("1\n2\n", "1\n"), (b"1.0", b"1.00"), (1, "1")],
)
def test_what_differs_in_earnest_gets_no_such_advice(expected: object, actual: object) -> None:
    summary = agree(expected, actual, EXACT).summary  # type: ignore[arg-type]
    assert "deterministic" not in summary
    assert "ignore_layout" not in summary


def test_other_kinds_give_no_such_advice() -> None:
    close = Tolerance("stdout", OutputKind.DETERMINISTIC, rtol=1e-15)
    assert 'deterministic" compares' not in agree("1.0000001\n", "1.0\n", close).summary
