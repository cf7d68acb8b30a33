"""Profiles made: runs the profiler of a target's adapter and reads its answer."""
