"""What plugins print."""

import sys

from harness.plugins.found import standard_output_kept


def test_output_is_put_back_in_whatever_order_threads_leave() -> None:
    before = sys.stdout
    first, second = standard_output_kept(), standard_output_kept()
    first.__enter__()
    second.__enter__()
    first.__exit__()
    assert sys.stdout is sys.stderr
    second.__exit__()
    assert sys.stdout is before
