"""The launcher: the small C program that starts every trial and owns its clock.

- `protocol`        what the harness and its launcher say to each other
- `wire`            jobs and reports as bytes
- `launching`       compiles the launcher, and keeps it by content
- `serving`         the launcher's process, which is replaced where it is lost
- `watching`        lets a harness that was stopped go on
- `fallback`        the launcher in Python
- `fallback_worker` one job of the launcher in Python
"""
