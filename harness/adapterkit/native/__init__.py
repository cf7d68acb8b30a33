"""Native programs: where their time goes, and the steady driver around their `main`.

- `hotspots`  a profile by the profiler that works here
- `perf`      samples by Linux perf, and hardware counters
- `callgrind` exact counts of instructions
- `symbols`   addresses to functions, files and lines
"""
