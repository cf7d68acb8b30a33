"""Stored runs, files that are written whole or not at all, locks and seals.

- `runs`      the folder of a run, written trial by trial
- `run_file`  `run.json`
- `run_index` what was read of many runs, so that it is not read again
- `stream`    `trials.stream`
- `parquet`   `trials.parquet`
- `rows`      a trial as a row, there and back
- `columns`   trials by columns, for readers of many runs
- `numbers`   the same as numpy arrays
- `described` the metrics and builds that a file of trials describes
- `frames`    tables of trials for pandas
- `files`     files that are written whole or not at all
- `lock`      a lock that names its holder
- `flock`     the kernel's lock, on which it rests
- `at_work`   a mark that tells of a killed process
- `seal`      the manifest of a sealed folder, and its digest
"""
