"""Names the timings of an asv suite, or runs one of them, by asv's own runner.

    python harness_suite_asv.py FOLDER [NAME SECONDS RESULT]

It is called with the target's own Python, and imports nothing but the standard library and
`asv_runner`, which comes with asv.
"""

from __future__ import annotations

import itertools
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from asv_runner._aux import update_sys_path
from asv_runner.discovery import disc_benchmarks, get_benchmark_from_name

SAMPLES, MOST = 10, 10_000
MARK = "harness_suite_asv: "


def named(folder: str) -> Iterator[tuple[str, str]]:
    """Each timing as asv's tables show it, with what asv's runner knows it by.

    Parameters that the suite leaves out itself, by `skip_params`, are left out here.
    """
    update_sys_path(folder)
    for bench in sorted(disc_benchmarks(folder), key=lambda one: str(one.name)):
        if bench.type != "time":
            continue
        if not bench.params:
            yield bench.name, bench.name
            continue
        skipped = [tuple(values) for values in bench._skip_tuples]
        values = itertools.product(*bench._params)
        shown = itertools.product(*bench.params)
        for index, (value, words) in enumerate(zip(values, shown)):  # noqa: B905 (Python 3.9)
            if value not in skipped:
                yield f"{bench.name}({', '.join(words)})", f"{bench.name}-{index}"


def measured(folder: str, name: str, seconds: float) -> Any:
    """What asv's runner says of one timing, with its `setup_cache` made in this process.

    The suite's own `number` and `warmup_time` hold; how long a sample and all of them take is told.
    A timing with a `setup` is called once for each sample, so that many samples are allowed.
    """
    known = dict(named(folder))
    if name not in known:
        raise SystemExit(f"the suite has no timing {name}")
    told = {"repeat": [1, MOST, seconds], "sample_time": seconds / SAMPLES, "rounds": 1}
    bench = get_benchmark_from_name(folder, known[name], extra_params=told)
    bench.set_cache(bench.do_setup_cache())
    if bench.do_setup():
        raise SystemExit(f"{name} is skipped by its own setup")  # by NotImplementedError
    try:
        return bench.do_run()
    finally:
        bench.do_teardown()


if __name__ == "__main__":
    if len(sys.argv) == 2:
        for name, _ in named(sys.argv[1]):
            sys.stdout.write(f"\n{MARK}{name}\n")
    else:
        _, folder, name, seconds, result = sys.argv
        found = measured(folder, name, float(seconds))
        Path(result).write_text(json.dumps(found), encoding="utf-8")
