"""Profiles made: runs the profiler of a target's adapter and reads its answer.

- `asking`  a whole profile, on one case or several, beside an earlier one
- `making`  makes profiles and stores them
- `sources` reads the source lines that a profile points at
- `turns`   the trials without a profiler: of the program, and of empty ones in turn
"""
